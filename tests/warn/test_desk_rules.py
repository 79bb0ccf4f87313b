"""What goes without people: only under a rule that the root signed, on a confirmed, fresh, live word, and in time."""

import pytest

from beaconfire.kernel.alerts import AlertAction, AlertStatus, MessageKind
from beaconfire.kernel.errors import InvalidInput, Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import EventStatus
from beaconfire.warn import Desk, parse_rule
from tests.warn.desks import NOW_NS, ROOT_PUBLIC, RULE, Bench, area, desk, rule_file, warning_toml

ENDING = RULE.replace('"lost"]', '"lost", "cancel", "all_clear"]')


def changed(**values: str) -> str:
    """The rule with other or more keys."""
    kept = [line for line in RULE.splitlines() if line.partition(" = ")[0] not in values]
    return "\n".join([*kept, *(f"{key} = {value}" for key, value in values.items())]) + "\n"


def test_a_rule_sends_in_the_same_step_and_the_log_names_it() -> None:
    bench = Bench(desk(RULE))
    bench.see(area("JP-02"))
    (approved,) = bench.published
    assert approved.approved_by == ("rule:exercise",)
    assert [row.who for row in bench.rows][-2:] == ["rule:exercise", "rule:exercise"]
    assert bench.rows[-1].time_ns == NOW_NS


def test_without_a_rule_nothing_goes() -> None:
    bench = Bench()
    bench.wait(60.0, area("JP-02"))
    assert bench.published == []


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        (RULE, {"status": EventStatus.SUSPECTED}),
        (RULE, {"status": EventStatus.LOST}),
        (RULE, {"reach": "lost"}),
        (RULE, {"sources": 1}),
        (RULE, {"measured_ns": NOW_NS - 11 * 10**9}),
        (changed(min_probability="0.95"), {}),
        (changed(areas='["JP-01"]'), {}),
        (changed(pictures='["fused"]'), {}),
        (changed(while_boosting="false"), {"reach": "boosting"}),
        (changed(valid_from='"2025-01-06T03:00:01Z"'), {}),
        (changed(valid_until='"2025-01-06T03:00:00Z"'), {}),
        (changed(kinds='["update"]'), {}),
    ],
)
def test_each_condition_holds_it_back(text: str, changes: dict[str, object]) -> None:
    bench = Bench(desk(text))
    bench.see(area("JP-02"), **changes)
    assert bench.published == []


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        (changed(single_source="true"), {"sources": 1}),
        (RULE, {"reach": "boosting"}),
        (changed(areas='["JP-02", "JP-05"]'), {}),
        (changed(valid_from='"2025-01-06T03:00:00Z"'), {}),
    ],
)
def test_and_lets_it_go_where_it_is_met(text: str, changes: dict[str, object]) -> None:
    bench = Bench(desk(text))
    bench.see(area("JP-02"), **changes)
    assert len(bench.published) == 1


def test_it_goes_as_soon_as_the_event_is_confirmed() -> None:
    bench = Bench(desk(RULE))
    bench.see(area("JP-02"), status=EventStatus.SUSPECTED)
    bench.at_s = 2.0
    bench.see(area("JP-02"))
    assert [item.kind for item in bench.published] == [MessageKind.SHELTER]


def test_what_a_person_wrote_waits_for_people() -> None:
    bench = Bench(desk(changed(min_probability="0.95")))
    bench.see(area("JP-02"))
    assert bench.order("aoki", AlertAction.DRAFT) == ""
    bench.see(area("JP-02", pass_p=0.99))
    assert bench.published == []


def test_updates_by_rule_leave_people_time_to_read() -> None:
    bench = Bench(desk(RULE))
    bench.see(area("JP-02"))
    bench.wait(3.0, area("JP-02"), area("JP-03"))
    bench.wait(20.0, area("JP-02"), area("JP-03"), area("JP-05"))
    sent_ns = [row.time_ns for row in bench.rows if row.status in (AlertStatus.SENT, AlertStatus.UPDATED)]
    assert [item.kind for item in bench.published] == [MessageKind.SHELTER, MessageKind.UPDATE]
    assert sent_ns[1] - sent_ns[0] >= 10 * 10**9
    assert {item.area_id for item in bench.view.sent[-1].message.areas} == {"JP-02", "JP-03", "JP-05"}


def test_the_whole_overflight_goes_by_rule_but_its_end() -> None:
    bench = Bench(desk(RULE))
    bench.wait(285.0, area("JP-02"), step_s=5.0)
    bench.wait(10.0)
    assert [item.kind for item in bench.published] == [MessageKind.SHELTER, MessageKind.PASSED]
    bench.see(status=EventStatus.CLOSED)
    bench.wait(120.0, status=None, step_s=2.0)
    assert bench.rows[-1].why == "the countdown is over; an officer decides: the event is closed"
    assert bench.status() is AlertStatus.UPDATED


def test_an_end_by_rule_waits_for_its_countdown() -> None:
    bench = Bench(desk(ENDING))
    bench.wait(60.0, area("JP-02"), step_s=5.0)
    bench.wait(62.0)
    assert [item.kind for item in bench.published] == [MessageKind.SHELTER]
    bench.wait(2.0)
    assert [item.kind for item in bench.published] == [MessageKind.SHELTER, MessageKind.CANCEL]
    assert bench.published[1].channels == bench.published[0].channels


def test_a_node_that_slept_starts_its_countdowns_again() -> None:
    bench = Bench(desk(ENDING))
    bench.wait(60.0, area("JP-02"), step_s=5.0)
    bench.wait(10.0)
    assert bench.due_ns() is not None
    bench.at_s += 600.0
    bench.took(bench.desk.tick(now_ns=bench.now_ns))
    assert len(bench.published) == 1
    assert bench.due_ns() == bench.now_ns + 60 * 10**9


def test_a_rule_tells_that_the_track_was_lost_and_then_nothing_of_where_it_went() -> None:
    bench = Bench(desk(ENDING))
    bench.wait(60.0, area("JP-02"), step_s=5.0)
    bench.wait(700.0, status=EventStatus.LOST, reach="lost", step_s=5.0, measured_ns=bench.now_ns)
    assert [item.kind for item in bench.published] == [MessageKind.SHELTER, MessageKind.LOST, MessageKind.ALL_CLEAR]


def test_no_rule_counts_while_the_clock_is_not_trusted() -> None:
    bench = Bench(desk(RULE))
    bench.took(bench.desk.trust_clock(False, now_ns=NOW_NS))
    bench.wait(10.0, area("JP-02"))
    assert bench.published == []
    bench.took(bench.desk.trust_clock(True, now_ns=bench.now_ns))
    bench.see(area("JP-02"))
    assert len(bench.published) == 1


def test_a_debris_text_is_never_the_first_word_of_a_rule() -> None:
    bench = Bench(desk(changed(kinds='["debris", "passed"]')))
    bench.see(area("JP-02", after_s=30.0))
    bench.wait(70.0, area("JP-02", after_s=30.0))
    assert bench.draft.kind is MessageKind.DEBRIS
    assert bench.published == []


def test_a_rule_may_take_what_only_fused_lets_go() -> None:
    """OWN lost the object before the area, FUSED sees it beyond: by rule it has passed, without the rule it has not."""
    kinds = {}
    for takes in ("true", "false"):
        bench = Bench(desk(changed(takes_fused_shrink=takes)))
        bench.see(area("JP-02"))
        bench.see(area("JP-02"), picture="fused")
        for _ in range(290):
            bench.at_s += 1.0
            bench.see(reach="lost", status=EventStatus.LOST, measured_ns=NOW_NS)
            bench.see(*([area("JP-02")] if bench.at_s < 280.0 else []), picture="fused")
            bench.took(bench.desk.tick(now_ns=bench.now_ns))
        kinds[takes] = [item.kind for item in bench.published]
    assert kinds == {"true": [MessageKind.SHELTER, MessageKind.PASSED], "false": [MessageKind.SHELTER]}


# --- the files ------------------------------------------------------------------------------------------------------


def with_rules(*files: bytes, realm: Realm = Realm.EXERCISE) -> Desk:
    return Desk(
        nation="JPN", realm=realm, epoch=1, root=ROOT_PUBLIC, warning_toml=warning_toml(realm=realm), people_toml=b"",
        rules=files,
    )  # fmt: skip


def test_a_rule_that_the_root_did_not_sign_for_this_realm_is_refused() -> None:
    good = rule_file()
    assert with_rules(good).alerts() == ()
    unsealed = RULE.encode()
    other_realm = rule_file(RULE.replace('realm = "EXERCISE"', 'realm = "LIVE"'), realm=Realm.LIVE)
    tampered = good.replace(b"0.5", b"0.1")
    for data, reason in ((unsealed, "unsigned"), (other_realm, "signature"), (tampered, "signature")):
        with pytest.raises(Refused) as caught:
            with_rules(data)
        assert caught.value.reason == reason
    with pytest.raises(Refused):
        with_rules(good, realm=Realm.LIVE)
    other_root = Desk  # the same file under another root
    with pytest.raises(Refused):
        other_root(
            nation="JPN", realm=Realm.EXERCISE, epoch=1, root=bytes(32), warning_toml=warning_toml(), people_toml=b"",
            rules=(good,),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (changed(min_probability="0.0"), "min_probability"),
        (changed(kinds='["nuke"]'), "kinds"),
        (changed(nation='"KOR"'), "is for KOR"),
        (changed(min_probabillity="0.5"), "min_probability"),
        (changed(valid_from='"tomorrow"'), "valid_from"),
        ("[rules]\n", "one \\[rule\\] table"),
        (changed(id='"a b"'), "id"),
    ],
)
def test_a_wrong_rule_is_named(text: str, what: str) -> None:
    with pytest.raises(InvalidInput, match=what):
        parse_rule(text.encode(), nation="JPN", realm=Realm.EXERCISE, where="rule.toml")
