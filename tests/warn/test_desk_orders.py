"""People at the desk: two of them, with own keys, in own sessions, about these very bytes, now, once."""

import hashlib

import msgspec
import pytest

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AlertAction, AlertStatus, MessageKind
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.sealed import seal
from beaconfire.kernel.time import NS_PER_S
from beaconfire.warn import Desk, signed_bytes
from tests.warn.desks import (
    ROOT,
    ROOT_PUBLIC,
    TOKEN,
    Bench,
    area,
    desk,
    key_of,
    people_text,
    people_toml,
    warning_toml,
)

A = AlertAction


def submitted() -> Bench:
    bench = Bench()
    bench.see(area("JP-02"))
    assert bench.order("aoki", A.SUBMIT) == ""
    return bench


def sent() -> Bench:
    bench = submitted()
    assert bench.order("baba", A.APPROVE) == ""
    assert bench.order("chiba", A.APPROVE) == ""
    assert len(bench.published) == 1
    return bench


def test_one_person_is_not_two() -> None:
    bench = submitted()
    assert bench.order("baba", A.APPROVE) == ""
    assert bench.order("baba", A.APPROVE, session="another one") == "twice"
    assert bench.order("doi", A.APPROVE, session="session of baba") == "session"
    assert bench.published == []


def test_the_author_cannot_approve_nor_anyone_in_the_same_session() -> None:
    bench = Bench()
    bench.see(area("JP-02"))
    assert bench.order("baba", A.DRAFT, words="by hand") == ""
    assert bench.draft.author == "baba"
    assert bench.order("baba", A.SUBMIT) == ""
    assert bench.order("baba", A.APPROVE) == "author"
    assert bench.order("doi", A.APPROVE, session="session of baba") == "session"
    assert bench.order("chiba", A.APPROVE) == ""
    assert bench.order("doi", A.APPROVE) == ""
    assert len(bench.published) == 1


def test_a_draft_by_hand_keeps_its_author_when_the_desk_adds_areas() -> None:
    bench = Bench()
    bench.see(area("JP-02"))
    assert bench.order("baba", A.DRAFT) == ""
    bench.see(area("JP-02"), area("JP-03"))
    assert {item.area_id for item in bench.draft.message.areas} == {"JP-02", "JP-03"}
    assert bench.order("baba", A.SUBMIT) == ""
    assert bench.order("baba", A.APPROVE) == "author"


def test_an_author_by_role_approves_nothing() -> None:
    bench = submitted()
    for action in (A.APPROVE, A.SEND, A.CANCEL, A.CORRECT, A.ALL_CLEAR, A.WITHDRAW):
        assert bench.order("aoki", action) == "role"


def test_a_stranger_and_a_wrong_key_are_nobody() -> None:
    bench = submitted()
    assert bench.order("eto", A.APPROVE) == "person"
    order = bench.signed("baba", A.APPROVE)
    forged = msgspec.structs.replace(order, signature=key_of("chiba").sign(signed_bytes(order, realm=Realm.EXERCISE)))
    assert bench.give(forged) == "signature"
    assert bench.give(msgspec.structs.replace(order, signature=b"")) == "signature"


@pytest.mark.parametrize(
    "change",
    [
        {"action": A.CANCEL},
        {"alert_id": "JPN-E1-A2"},
        {"digest": bytes(32)},
        {"nonce": bytes(16)},
        {"issued_ns": 1},
        {"words": "other words"},
        {"areas": ("JP-01",)},
        {"person": "chiba"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_everything_but_the_session_is_signed(change: dict[str, object]) -> None:
    bench = submitted()
    order = bench.signed("baba", A.APPROVE)
    assert bench.give(msgspec.structs.replace(order, **change)) == "signature"
    assert bench.give(msgspec.structs.replace(order, session="the shell says which")) == ""


def test_an_order_for_the_other_realm_is_not_signed() -> None:
    bench = submitted()
    order = bench.signed("baba", A.APPROVE)
    live = key_of("baba").sign(signed_bytes(order, realm=Realm.LIVE))
    assert bench.give(msgspec.structs.replace(order, signature=live)) == "signature"


def test_an_order_is_good_once_and_for_five_minutes() -> None:
    bench = submitted()
    order = bench.signed("baba", A.APPROVE)
    ahead = bench.signed("doi", A.APPROVE, issued_ns=bench.now_ns + 6 * NS_PER_S)
    assert bench.give(ahead) == "future"
    assert bench.give(order) == ""
    assert bench.give(order) == "nonce"  # a double click
    stale = bench.signed("chiba", A.APPROVE)
    bench.at_s = limits.ORDER_VALID_S + 1
    assert bench.give(stale) == "stale"
    assert bench.give(order) == "stale"
    assert bench.published == []


def test_a_refused_order_uses_its_nonce_up() -> None:
    bench = submitted()
    order = bench.signed("baba", A.APPROVE, digest=bytes(32))
    assert bench.give(order) == "other_bytes"
    assert bench.give(order) == "nonce"
    assert bench.order("baba", A.APPROVE, nonce=b"short") == "nonce"


def test_used_nonces_are_forgotten_only_when_their_orders_are_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_NONCES", 3)
    bench = submitted()
    for _ in range(2):
        assert bench.order("baba", A.APPROVE, digest=bytes(32)) == "other_bytes"
    assert bench.order("baba", A.APPROVE) == "busy"
    bench.at_s = limits.ORDER_VALID_S + 1
    assert bench.order("baba", A.APPROVE, digest=bytes(32)) == "other_bytes"


def test_an_approval_of_bytes_that_changed_does_not_fire() -> None:
    bench = submitted()
    assert bench.order("baba", A.APPROVE) == ""
    seen = bench.signed("chiba", A.APPROVE)
    bench.see(area("JP-02"), area("JP-03"))
    assert bench.give(seen) == "other_bytes"
    assert bench.approved_by() == ()
    assert bench.order("chiba", A.APPROVE) == "stage", "to be submitted again"
    assert bench.published == []


def test_approvals_run_out() -> None:
    bench = submitted()
    old = bench.draft.digest
    assert bench.order("baba", A.APPROVE) == ""
    bench.wait(limits.ORDER_VALID_S + 2, area("JP-02", after_s=900.0), step_s=4.0)
    assert bench.draft.digest != old
    assert (bench.draft.stage, bench.draft.approved_by) == (AlertStatus.DRAFTED, ())
    assert bench.order("chiba", A.APPROVE, digest=old) == "other_bytes"


def test_a_node_that_slept_sends_nothing_from_before() -> None:
    """Stopped for ten minutes with one approval: the second comes at once after waking, before any tick."""
    bench = submitted()
    assert bench.order("baba", A.APPROVE) == ""
    bench.at_s = 600.0
    assert bench.order("chiba", A.APPROVE) == "stale"
    assert bench.published == []


def test_approved_by_command_waits_for_an_officer_and_runs_out() -> None:
    bench = Bench(desk(send="by_command"))
    bench.see(area("JP-02", after_s=900.0))
    for person, action in (("aoki", A.SUBMIT), ("baba", A.APPROVE)):
        assert bench.order(person, action) == ""
    assert bench.order("doi", A.SEND) == "approval"
    assert bench.order("chiba", A.APPROVE) == ""
    assert bench.status() == AlertStatus.APPROVED
    assert bench.published == []
    bench.at_s = 200.0
    assert bench.order("doi", A.SEND) == ""
    assert bench.published[0].approved_by == ("baba", "chiba")

    late = Bench(desk(send="by_command"))
    late.see(area("JP-02", after_s=900.0))
    for person, action in (("aoki", A.SUBMIT), ("baba", A.APPROVE), ("chiba", A.APPROVE)):
        assert late.order(person, action) == ""
    late.wait(310.0, area("JP-02", after_s=900.0), step_s=5.0)
    assert late.draft.stage is AlertStatus.DRAFTED
    assert late.order("doi", A.SEND) == "approval"


def test_one_officer_cancels_on_every_channel_that_carried_the_alert() -> None:
    bench = sent()
    cancel = bench.ready(MessageKind.CANCEL)
    assert cancel.message.references[0].split(",")[1] == bench.published[0].identifier
    assert bench.order("doi", A.CANCEL, digest=cancel.digest, words="a false alarm") == ""
    published = bench.published[-1]
    assert (published.kind, published.approved_by) == (MessageKind.CANCEL, ("doi",))
    assert published.channels == bench.published[0].channels
    assert bench.order("doi", A.CANCEL, digest=cancel.digest) == "ended"


def test_one_officer_corrects_in_own_words_and_for_fewer_areas_but_not_for_more() -> None:
    bench = Bench()
    bench.see(area("JP-02"), area("JP-03"))
    bench.send()
    assert bench.order("doi", A.CORRECT, digest=b"", words="not Iwate", areas=("JP-02",)) == ""
    correction = bench.ready(MessageKind.CORRECTION)
    assert correction.message.words == "not Iwate"
    assert len(bench.published) == 1, "laid ready, not sent"
    assert bench.order("doi", A.CORRECT, digest=correction.digest) == ""
    assert [item.area_id for item in bench.view.sent[-1].message.areas] == ["JP-02"]
    assert bench.status() == AlertStatus.CORRECTED
    assert bench.order("doi", A.CORRECT, digest=b"", words="and more", areas=("JP-05",)) == "areas"


def test_ends_need_something_that_was_sent_and_bytes_that_lie_ready() -> None:
    bench = submitted()
    ready = bench.ready(MessageKind.CANCEL)
    assert bench.order("doi", A.CANCEL, digest=ready.digest) == "not_sent"
    bench = sent()
    assert bench.order("doi", A.CANCEL, digest=bytes(32)) == "other_bytes"
    assert bench.order("doi", A.CANCEL, alert_id="JPN-E9-A1") == "unknown"
    assert bench.order("doi", A.ALL_CLEAR, digest=bench.ready(MessageKind.ALL_CLEAR).digest) == ""
    assert bench.status() == AlertStatus.ALL_CLEAR


def test_what_a_person_withdrew_is_not_proposed_again_for_the_same_areas() -> None:
    bench = submitted()
    assert bench.order("baba", A.WITHDRAW, digest=bytes(32)) == "other_bytes"
    assert bench.order("baba", A.WITHDRAW, words="a drill object") == ""
    assert bench.status() == AlertStatus.WITHDRAWN
    bench.wait(10.0, area("JP-02"))
    assert len(bench.desk.alerts()) == 1
    bench.see(area("JP-02"), area("JP-05"))
    assert bench.view.alert_id == "JPN-E1-A2"


def test_an_update_that_was_withdrawn_stays_away() -> None:
    bench = sent()
    bench.see(area("JP-02"), area("JP-03"))
    assert bench.order("baba", A.WITHDRAW) == ""
    bench.wait(5.0, area("JP-02"), area("JP-03"))
    assert bench.view.draft is None


def test_a_person_drafts_for_an_open_event_that_nobody_proposed() -> None:
    bench = Bench()
    bench.see(threats=(area("JP-01", pass_p=0.05),))
    assert bench.order("aoki", A.DRAFT, alert_id="JPN-E2", areas=("JP-01",)) == "unknown"
    assert bench.order("aoki", A.DRAFT, alert_id="JPN-E1", areas=("US-WA",)) == "areas"
    assert bench.order("aoki", A.DRAFT, alert_id="JPN-E1", areas=("JP-01",), words="to be safe") == ""
    assert (bench.draft.author, bench.draft.message.words) == ("aoki", "to be safe")
    assert bench.order("aoki", A.UPDATE) == "order"
    bench.wait(4.0, threats=(area("JP-01", pass_p=0.05),))
    assert bench.draft.message.areas[0].area_id == "JP-01"


def test_a_person_takes_a_fused_shrink_by_an_update_without_those_areas() -> None:
    bench = Bench()
    bench.see(area("JP-02"), area("JP-03"))
    bench.send()
    bench.see(area("JP-02"), picture="fused")
    assert bench.rows[-1].beside == ("JP-03",)
    assert bench.order("aoki", A.DRAFT) == "order"
    assert bench.order("aoki", A.UPDATE, areas=("JP-02",)) == ""
    bench.see(area("JP-02"), area("JP-03"))
    assert [item.area_id for item in bench.draft.message.areas] == ["JP-02"]
    assert bench.order("baba", A.SUBMIT) == ""
    assert bench.order("baba", A.APPROVE) == ""
    assert bench.order("chiba", A.APPROVE) == ""
    bench.wait(5.0, area("JP-02"), area("JP-03"))
    assert bench.view.draft is None, "taken is taken"


def test_while_the_clock_is_not_trusted_nobody_approves_and_what_was_approved_is_void() -> None:
    bench = submitted()
    assert bench.order("baba", A.APPROVE) == ""
    bench.took(bench.desk.trust_clock(False, now_ns=bench.now_ns))
    assert bench.approved_by() == ()
    assert bench.rows[-1].why == "approvals are void: the clock is not trusted"
    assert bench.order("chiba", A.APPROVE) == "clock"
    bench.took(bench.desk.trust_clock(True, now_ns=bench.now_ns))
    assert bench.order("chiba", A.APPROVE) == ""
    assert bench.published == []
    assert bench.order("baba", A.APPROVE) == ""
    assert len(bench.published) == 1


def test_new_people_void_what_others_approved_and_wrong_files_change_nothing() -> None:
    bench = submitted()
    assert bench.order("baba", A.APPROVE) == ""
    unsealed = people_text()
    with pytest.raises(Refused, match="no signature"):
        bench.desk.load(warning_toml(), unsealed, (), now_ns=bench.now_ns)
    assert bench.approved_by() == ("baba",)
    bench.took(bench.desk.load(warning_toml(), people_toml(), (), now_ns=bench.now_ns))
    assert bench.approved_by() == ()
    bench.took(bench.desk.load(warning_toml(), b"", (), now_ns=bench.now_ns))
    assert bench.order("chiba", A.APPROVE) == "person"


def test_a_plain_token_stands_for_a_key_in_an_exercise_alone() -> None:
    extra = (
        f'[[person]]\nid = "eto"\nname = "Eto"\nroles = ["officer"]\ntokens = ["{hashlib.sha256(TOKEN).hexdigest()}"]\n'
    )
    bench = Bench(
        Desk(
            nation="JPN", realm=Realm.EXERCISE, epoch=7, root=ROOT_PUBLIC, warning_toml=warning_toml(),
            people_toml=people_toml(extra=extra), rules=(),
        )
    )  # fmt: skip
    bench.see(area("JP-02"))
    assert bench.order("aoki", A.SUBMIT) == ""
    assert bench.order("eto", A.APPROVE, signature=b"another token") == "signature"
    assert bench.order("eto", A.APPROVE, signature=TOKEN) == ""
    live = seal(people_text(realm=Realm.LIVE, extra=extra), purpose="people", realm=Realm.LIVE, sign=ROOT.sign)
    with pytest.raises(Exception, match="plain tokens are for exercises"):
        Desk(
            nation="JPN", realm=Realm.LIVE, epoch=7, root=ROOT_PUBLIC, warning_toml=warning_toml(realm=Realm.LIVE),
            people_toml=live, rules=(),
        )  # fmt: skip


def test_an_event_with_an_alert_gets_no_second_one() -> None:
    bench = submitted()
    assert bench.order("baba", A.DRAFT, alert_id="JPN-E1") == "open"
    assert len(bench.desk.alerts()) == 1
