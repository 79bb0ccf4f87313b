"""The course of an alert: proposed, drafted, approved by people, sent, followed, ended; never more than rules let."""

import hashlib

import pytest

from beaconfire.kernel.alerts import AlertAction, AlertStatus, MessageKind
from beaconfire.kernel.records import EventStatus
from tests.warn.desks import NOW_NS, Bench, area, desk

S = AlertStatus


def sent_bench(*areas_: str) -> Bench:
    """An alert for Aomori (and others) that two people sent ten seconds after it was proposed."""
    bench = Bench()
    bench.see(*(area(name) for name in areas_ or ("JP-02",)))
    bench.at_s = 10.0
    bench.send()
    return bench


def test_a_threat_is_proposed_and_drafted_at_once_with_its_correction_and_cancel() -> None:
    bench = Bench()
    bench.see(area("JP-02"), area("JP-05"))
    assert bench.statuses() == [S.PROPOSED, S.DRAFTED]
    assert bench.draft.kind is MessageKind.SHELTER
    assert [item.area_id for item in bench.draft.message.areas] == ["JP-02", "JP-05"]
    assert {item.kind for item in bench.view.ready} >= {MessageKind.CORRECTION, MessageKind.CANCEL}
    assert all(item.needs == 1 for item in bench.view.ready)
    assert bench.draft.needs == 2
    assert bench.draft.digest == hashlib.sha256(bench.draft.unsigned).digest()
    assert bench.published == []


def test_two_people_send_it_and_every_step_is_a_row_with_who_when_and_why() -> None:
    bench = sent_bench()
    assert bench.statuses() == [S.PROPOSED, S.DRAFTED, S.SUBMITTED, S.APPROVED, S.SENT]
    rows = [row for row in bench.rows if row.picture is None]
    assert [row.who for row in rows] == ["desk", "desk", "aoki", "baba", "chiba", "chiba"]
    assert all(row.why and row.time_ns >= NOW_NS for row in rows)
    (approved,) = bench.published
    assert approved.approved_by == ("baba", "chiba")
    assert approved.channels == ("files", "net")
    assert hashlib.sha256(approved.unsigned).digest() == approved.digest == rows[-1].digest
    assert bench.view.draft is None
    assert bench.view.sent[-1].unsigned == approved.unsigned


def test_a_picture_logs_the_probability_of_every_area_and_the_thresholds() -> None:
    bench = Bench()
    small = area("JP-01", pass_p=0.05)
    bench.see(area("JP-02"), threats=(area("JP-02"), small))
    (row,) = [row for row in bench.rows if row.picture == "own"]
    assert (row.status, row.alert_id, row.regime) == (S.PROPOSED, "JPN-E1", "default")
    assert [(item.area_id, item.pass_p) for item in row.areas] == [("JP-02", 0.9), ("JP-01", 0.05)]
    assert (row.p_hit, row.p_pass) == (bench.desk.regime.p_hit, bench.desk.regime.p_pass)
    assert len(row.digest) == 32


def test_an_event_that_threatens_nobody_is_logged_once_it_is_confirmed() -> None:
    bench = Bench()
    far = area("JP-01", pass_p=0.02)
    bench.see(status=EventStatus.SUSPECTED, threats=(far,))
    assert bench.rows == []
    bench.wait(3.0, threats=(far,))
    (row,) = bench.rows
    assert (row.status, row.areas, row.previous) == (S.WITHDRAWN, (far,), None)
    assert bench.desk.alerts() == ()


def test_a_draft_whose_threat_ends_before_anybody_approved_it_is_withdrawn() -> None:
    """As on 6 January 2025: threatened while it boosts, and not when it is done."""
    bench = Bench()
    bench.see(area("JP-01"), area("JP-02"), reach="boosting")
    bench.wait(10.0, area("JP-01"), reach="boosting")
    bench.wait(8.0)
    assert bench.status() is S.DRAFTED, "an edge is no end"
    bench.wait(4.0)
    assert bench.status() is S.WITHDRAWN
    assert bench.published == []
    assert [row.why for row in bench.rows if row.status is S.WITHDRAWN and row.picture is None] == [
        "no area is threatened any more"
    ]


def test_areas_grow_at_once_and_shrink_in_the_open_after_a_while() -> None:
    bench = Bench()
    bench.see(area("JP-02"))
    bench.at_s = 1.0
    bench.see(area("JP-02"), area("JP-03"))
    assert {item.area_id for item in bench.draft.message.areas} == {"JP-02", "JP-03"}
    assert bench.rows[-1].why == "now threatened too: JP-03"
    bench.wait(2.0, area("JP-03"))
    assert {item.area_id for item in bench.draft.message.areas} == {"JP-02", "JP-03"}
    bench.wait(3.0, area("JP-03"))
    assert {item.area_id for item in bench.draft.message.areas} == {"JP-03"}
    assert "no longer threatened, or behind it: JP-02" in [row.why for row in bench.rows]


def test_what_was_submitted_keeps_its_bytes_unless_areas_are_added() -> None:
    bench = Bench()
    bench.see(area("JP-02"), area("JP-03"))
    assert bench.order("aoki", AlertAction.SUBMIT) == ""
    bench.wait(20.0, area("JP-02"), count_at_least=3)
    assert {item.area_id for item in bench.draft.message.areas} == {"JP-02", "JP-03"}
    assert bench.stage() is S.SUBMITTED
    bench.see(area("JP-02"), area("JP-05"))
    assert bench.stage() is S.DRAFTED
    assert {item.area_id for item in bench.draft.message.areas} == {"JP-02", "JP-03", "JP-05"}


def test_more_areas_after_sending_are_an_update_that_two_people_approve_again() -> None:
    bench = sent_bench()
    bench.see(area("JP-02"), area("JP-03"))
    assert (bench.draft.kind, bench.draft.needs) == (MessageKind.UPDATE, 2)
    assert bench.draft.message.references[0].split(",")[1] == bench.published[0].identifier
    bench.send()
    assert bench.status() is S.UPDATED
    assert len({item.identifier for item in bench.published}) == 2


def test_a_salvo_is_one_alert_with_at_least_n_updated() -> None:
    bench = sent_bench()
    bench.see(area("JP-02"), count_at_least=4)
    assert bench.draft.message.count_at_least == 4
    bench.wait(5.0, area("JP-02"), count_at_least=7)
    assert bench.draft.message.count_at_least == 7
    assert len(bench.desk.alerts()) == 1


def test_another_event_for_the_same_areas_joins_the_alert_and_the_counts_add_up() -> None:
    bench = sent_bench()
    bench.see(area("JP-02"), count_at_least=2)
    bench.see(area("JP-02"), event_id="JPN-E2", count_at_least=3)
    assert len(bench.desk.alerts()) == 1
    assert bench.draft.message.count_at_least == 5
    assert bench.draft.message.incidents == ("JPN-E1", "JPN-E2")


def test_another_event_elsewhere_is_an_alert_of_its_own() -> None:
    bench = sent_bench()
    bench.see(area("JP-05"), event_id="JPN-E2")
    assert [view.event_ids for view in bench.desk.alerts()] == [("JPN-E1",), ("JPN-E2",)]


def test_measured_beyond_the_areas_it_has_passed() -> None:
    bench = sent_bench()
    bench.wait(270.0, area("JP-02"), step_s=5.0)
    bench.wait(4.0)
    assert (bench.draft.kind, bench.draft.needs) == (MessageKind.PASSED, 1)
    assert bench.order("baba", AlertAction.APPROVE) == ""
    assert bench.published[-1].kind is MessageKind.PASSED
    bench.wait(10.0)
    assert bench.view.draft is None, "said once"


def test_what_falls_short_is_a_cancel_proposed_with_a_countdown_and_never_sent_by_itself() -> None:
    bench = sent_bench()
    bench.wait(60.0, area("JP-02"), step_s=5.0)
    bench.wait(4.0)
    proposed = bench.rows[-1]
    assert (proposed.status, proposed.kind) == (S.PROPOSED, MessageKind.CANCEL)
    assert proposed.due_ns is not None
    assert bench.due_ns() == proposed.due_ns
    bench.wait(200.0, step_s=2.0)
    assert len(bench.published) == 1
    assert sum("an officer decides" in row.why for row in bench.rows) == 1
    assert bench.order("baba", AlertAction.CANCEL, digest=bench.ready(MessageKind.CANCEL).digest) == ""
    assert bench.published[-1].kind is MessageKind.CANCEL
    assert bench.published[-1].channels == bench.published[0].channels
    assert bench.status() is S.CANCELLED


def test_the_prompt_comes_within_five_seconds() -> None:
    bench = sent_bench()
    bench.wait(60.0, area("JP-02"), step_s=5.0)
    gone_ns = bench.now_ns
    bench.wait(20.0)
    (proposed,) = [row for row in bench.rows if row.due_ns is not None]
    assert proposed.time_ns - gone_ns <= 5 * 10**9


def test_a_threat_that_comes_back_recalls_the_cancel() -> None:
    bench = sent_bench()
    bench.wait(60.0, area("JP-02"), step_s=5.0)
    bench.wait(5.0)
    assert bench.due_ns() is not None
    bench.see(area("JP-02"))
    assert bench.due_ns() is None
    assert bench.rows[-1].why == "areas are threatened again"


@pytest.mark.parametrize("beyond", [False, True])
def test_a_lost_track_is_lost_and_never_passed(beyond: bool) -> None:
    """It coasts over the areas and out; whatever its forecast says, nobody is told that it passed or fell."""
    bench = sent_bench()
    bench.wait(60.0, area("JP-02"), step_s=5.0)
    coasting = () if beyond else (area("JP-02"),)
    bench.wait(900.0, *coasting, reach="lost", status=EventStatus.LOST, step_s=5.0, measured_ns=bench.now_ns)
    kinds = {row.kind for row in bench.rows}
    assert MessageKind.LOST in kinds
    assert not kinds & {MessageKind.PASSED, MessageKind.DEBRIS, MessageKind.CANCEL}
    proposed = [row for row in bench.rows if row.due_ns is not None]
    assert [row.kind for row in proposed] == [MessageKind.ALL_CLEAR]
    assert proposed[0].why == "its time and a margin are over"


def test_what_was_lost_and_never_sent_is_withdrawn_without_a_word_on_where_it_went() -> None:
    bench = Bench()
    bench.see(area("JP-02"))
    bench.wait(400.0, reach="lost", status=EventStatus.LOST, step_s=5.0, measured_ns=bench.now_ns)
    assert bench.status() is S.WITHDRAWN
    assert MessageKind.DEBRIS not in {row.kind for row in bench.rows}
    assert "nothing is said of where it went" in bench.rows[-1].why


def test_what_is_found_again_is_told_again() -> None:
    bench = sent_bench()
    bench.wait(10.0, reach="lost", status=EventStatus.LOST)
    assert bench.draft.kind == MessageKind.LOST
    assert bench.order("baba", AlertAction.APPROVE) == ""
    bench.see(area("JP-02"))
    assert bench.draft.kind == "update"
    assert bench.rows[-1].why == "the track was found again"


def test_past_the_predicted_passage_shelter_gives_way_to_the_text_on_debris() -> None:
    bench = Bench()
    bench.see(area("JP-02", after_s=60.0))
    assert bench.order("aoki", AlertAction.SUBMIT) == ""
    assert bench.order("baba", AlertAction.APPROVE) == ""
    late = bench.signed("chiba", AlertAction.APPROVE)
    bench.at_s = 91.0
    assert bench.give(late) == "past"
    bench.wait(1.0, area("JP-02", after_s=60.0))
    assert (bench.draft.kind, bench.draft.needs) == (MessageKind.DEBRIS, 2)
    bench.send()
    assert [item.kind for item in bench.published] == [MessageKind.DEBRIS]


def test_an_event_that_is_retracted_is_a_cancel_and_one_that_is_closed_an_all_clear() -> None:
    for status, kind in ((EventStatus.RETRACTED, MessageKind.CANCEL), (EventStatus.CLOSED, MessageKind.ALL_CLEAR)):
        bench = sent_bench()
        bench.see(status=status)
        bench.wait(5.0, status=None)
        assert [row.kind for row in bench.rows if row.due_ns is not None] == [kind]


def test_the_last_message_runs_out() -> None:
    bench = sent_bench()
    bench.wait(30.0, area("JP-02"), step_s=5.0)
    bench.wait(4_000.0, step_s=20.0, status=None)
    assert bench.status() is S.EXPIRED
    assert bench.order("baba", AlertAction.CANCEL) == "ended"


def test_nothing_late_opens_an_alert() -> None:
    bench = Bench()
    bench.see(area("JP-02"), measured_ns=NOW_NS - 31 * 10**9)
    bench.see(area("JP-02"), status=EventStatus.LOST)
    bench.see(area("JP-02", after_s=-100.0))
    assert bench.desk.alerts() == ()


def test_cancels_that_lie_ready_are_made_afresh_and_the_last_ones_still_hold() -> None:
    bench = sent_bench()
    old = bench.ready(MessageKind.CANCEL)
    bench.wait(62.0, area("JP-02"))
    fresh = bench.ready(MessageKind.CANCEL)
    assert fresh.message.sent_ns > old.message.sent_ns
    assert bench.order("doi", AlertAction.CANCEL, digest=old.digest) == ""
    assert bench.published[-1].digest == old.digest


def test_the_same_words_give_the_same_rows() -> None:
    def played() -> Bench:
        bench = sent_bench("JP-02", "JP-03")
        bench.wait(20.0, area("JP-02"), area("JP-05"))
        bench.wait(20.0)
        return bench

    first, second = played(), played()
    assert first.rows == second.rows
    assert first.published == second.published


def test_a_desk_with_no_alert_says_nothing_as_time_passes() -> None:
    quiet = desk()
    assert quiet.tick(now_ns=NOW_NS) == []
    assert quiet.alerts() == ()


def test_an_area_once_named_stays_until_it_is_well_below_the_threshold() -> None:
    """Sampled paths waver by some per cent: what wavers about a threshold is not proposed and withdrawn by turns."""
    bench = Bench()
    bench.see(area("JP-02", pass_p=0.11))
    bench.wait(30.0, threats=(area("JP-02", pass_p=0.06),))
    assert bench.status() is S.DRAFTED
    bench.wait(12.0, threats=(area("JP-02", pass_p=0.04),))
    assert bench.status() is S.WITHDRAWN


def test_the_next_forecast_comes_sooner_where_more_hangs_on_it() -> None:
    bench = Bench()
    assert bench.desk.forecast_after_ns("JPN-E1", "own") == 0
    waits = []
    for changes in ({"reach": "boosting"}, {}, {"reach": "lost"}):
        bench.see(**changes)
        waits.append(bench.desk.forecast_after_ns("JPN-E1", "own"))
    bench.see(area("JP-02"))
    waits.append(bench.desk.forecast_after_ns("JPN-E1", "own"))
    assert waits[3] < waits[0] < waits[1] <= waits[2]
    assert bench.desk.forecast_after_ns("JPN-E1", "fused") == 0
