"""P6: No public alert without the nation's approval rule; correction and cancel need no more approvals than the alert
and go by the same channels.

Everything that may approve is tried in every order: two officers, an author, the desk itself, a rule that the root
signed or did not. What comes out as a message to be published was paid for, and its end costs one officer.
"""

from itertools import permutations

import msgspec
import pytest

from beaconfire.kernel.alerts import AlertAction, Approved, MessageKind, Ready
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.warn import Desk
from tests.warn.desks import ROOT_PUBLIC, RULE, Bench, area, desk, people_toml, rule_file, warning_toml

A = AlertAction
ORDERS = (
    ("aoki", A.SUBMIT),  # an author
    ("baba", A.APPROVE),
    ("chiba", A.APPROVE),
    ("baba", A.APPROVE),  # the same officer once more
)


def sent() -> Bench:
    bench = Bench()
    bench.see(area("JP-02"), area("JP-05"))
    bench.send()
    return bench


def test_of_all_orders_in_every_sequence_only_two_officers_after_a_submission_send() -> None:
    for steps in permutations(range(len(ORDERS))):
        bench = Bench()
        bench.see(area("JP-02"))
        done = set()
        for step in steps:
            person, action = ORDERS[step]
            if bench.view.draft is not None and not bench.order(person, action) and action is A.APPROVE:
                done.add(person)
        order = [ORDERS[step] for step in steps]
        first = order.index(("aoki", A.SUBMIT))
        approvers = {person for person, action in order[first:] if action is A.APPROVE and person != "aoki"}
        assert (len(bench.published) == 1) == (len(approvers) == 2), order
        assert done == approvers


@pytest.mark.parametrize("hours", [0.1, 1.0])
def test_time_alone_sends_nothing(hours: float) -> None:
    bench = Bench()
    bench.wait(hours * 3600.0, area("JP-02", after_s=4_000.0), step_s=10.0)
    assert bench.published == []


def test_without_people_and_rules_nobody_can_send() -> None:
    bench = Bench(
        Desk(
            nation="JPN", realm=Realm.EXERCISE, epoch=1, root=ROOT_PUBLIC, warning_toml=warning_toml(), people_toml=b"",
            rules=(),
        )
    )  # fmt: skip
    bench.see(area("JP-02"))
    for person, action in ORDERS:
        assert bench.order(person, action) == "person"
    assert bench.published == []


def test_a_rule_counts_as_the_root_signed_it() -> None:
    bench = Bench(desk(RULE))
    bench.see(area("JP-02"))
    assert bench.published[0].approved_by == ("rule:exercise",)
    wider = rule_file().replace(b"min_probability = 0.5", b"min_probability = 0.1")
    with pytest.raises(Refused):
        Desk(
            nation="JPN", realm=Realm.EXERCISE, epoch=1, root=ROOT_PUBLIC, warning_toml=warning_toml(),
            people_toml=people_toml(), rules=(wider,),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("action", "kind"),
    [
        (A.CORRECT, MessageKind.CORRECTION),
        (A.CANCEL, MessageKind.CANCEL),
        (A.ALL_CLEAR, MessageKind.ALL_CLEAR),
    ],
)
def test_an_end_costs_one_officer_in_one_step_and_goes_the_same_way(action: AlertAction, kind: MessageKind) -> None:
    bench = sent()
    alert = bench.published[0]
    ready = bench.ready(kind)
    assert ready.needs < len(alert.approved_by)
    assert refers_to(ready, alert)
    assert bench.order("doi", action, digest=ready.digest) == ""
    end = bench.published[-1]
    assert (end.kind, end.approved_by, end.channels) == (kind, ("doi",), alert.channels)
    assert end.unsigned == ready.unsigned, "what lay ready is what goes"


def test_the_ends_lie_ready_from_the_first_draft_on() -> None:
    bench = Bench()
    bench.see(area("JP-02"))
    draft = bench.draft
    for kind in (MessageKind.CORRECTION, MessageKind.CANCEL, MessageKind.ALL_CLEAR):
        assert refers_to(bench.ready(kind), draft)


def test_the_ends_follow_every_update() -> None:
    bench = sent()
    bench.see(area("JP-02"), area("JP-03"), area("JP-05"))
    bench.send()
    cancel = bench.ready(MessageKind.CANCEL)
    assert all(refers_to(cancel, item) for item in bench.published)
    assert {item.area_id for item in cancel.message.areas} == {"JP-02", "JP-03", "JP-05"}


def test_new_channels_do_not_take_the_cancel_elsewhere() -> None:
    bench = sent()
    other = warning_toml().replace(b'name = "net"', b'name = "another"')
    bench.took(bench.desk.load(other, people_toml(), (), now_ns=bench.now_ns))
    assert bench.order("doi", A.CANCEL, digest=bench.ready(MessageKind.CANCEL).digest) == ""
    assert bench.published[-1].channels == bench.published[0].channels == ("files", "net")


def test_an_approval_is_of_the_very_bytes() -> None:
    """Of two drafts that differ in nothing but when they were made, the approval of one is not one of the other."""
    bench = Bench()
    bench.see(area("JP-02"))
    assert bench.order("aoki", A.SUBMIT) == ""
    first = bench.draft
    assert bench.order("baba", A.APPROVE) == ""
    bench.at_s = 1.0
    assert bench.order("doi", A.DRAFT) == ""
    second = bench.draft
    assert bench.order("aoki", A.SUBMIT) == ""
    assert same_but_for_times(first, second)
    assert bench.order("chiba", A.APPROVE, digest=first.digest) == "other_bytes"
    assert bench.order("chiba", A.APPROVE) == ""
    assert bench.published == []


def refers_to(ready: Ready, item: Ready | Approved) -> bool:
    return any(item.identifier in reference.split(",") for reference in ready.message.references)


def same_but_for_times(first: Ready, second: Ready) -> bool:
    blank = {"identifier": "", "sent_ns": 0, "expires_ns": 0, "words": ""}
    return msgspec.structs.replace(first.message, **blank) == msgspec.structs.replace(second.message, **blank)
