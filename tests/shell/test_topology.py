"""Names and permissions on the broker: one-directional, of one realm, of one epoch."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel import wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind
from beaconfire.shell.topology import OWN_AFFAIRS, Lane, log_name, now_name, quoted

LANE = Lane("KOR", "JPN", realm=Realm.EXERCISE, epoch=17)
BACK = Lane("JPN", "KOR", realm=Realm.EXERCISE, epoch=4)


def matches(pattern: str, subject: str) -> bool:
    """NATS's own rule: `*` is one token, `>` one or more at the end."""
    wanted, given_ = pattern.split("."), subject.split(".")
    for index, token in enumerate(wanted):
        if token == ">":
            return len(given_) > index
        if index >= len(given_) or token not in ("*", given_[index]):
            return False
    return len(wanted) == len(given_)


def allowed(patterns: tuple[str, ...], subject: str) -> bool:
    return any(matches(pattern, subject) for pattern in patterns)


def test_accounts_tell_the_realm() -> None:
    assert LANE.account == "X_JPN"
    assert Lane("KOR", "JPN", realm=Realm.LIVE, epoch=1).account == "P_JPN"


def test_what_one_sends_the_other_receives() -> None:
    assert (LANE.sent, LANE.control_sent, LANE.source_sent) == (
        BACK.received, BACK.control_received, BACK.source_received,
    )  # fmt: skip
    assert LANE.inbox == "IN_JPN"


def test_the_wires_subjects_lie_in_the_lanes() -> None:
    envelope = wire.ExerciseEnvelope(
        format=1, sender="KOR", recipient="JPN", realm=Realm.EXERCISE, epoch=17, number=1, previous=wire.NO_HASH,
        kind=Kind.LAUNCH, content=b"x",
    )  # fmt: skip
    assert wire.subject(envelope, "E1").startswith(LANE.sent + ".")
    assert wire.release_subjects(Realm.EXERCISE, sender="KOR", recipient="JPN") == f"{LANE.sent}.>"


def test_outboxes_of_two_epochs_have_two_names() -> None:
    later = Lane("KOR", "JPN", realm=Realm.EXERCISE, epoch=18)
    assert {LANE.log, LANE.now} & {later.log, later.now} == set()
    assert (LANE.log, LANE.now) == (log_name("JPN", 17), now_name("JPN", 17))


@pytest.mark.parametrize(
    ("subject", "enters"),
    [
        ("bf.EXERCISE.rel.JPN.KOR.track.T1", True),
        ("bf.EXERCISE.ctl.JPN.KOR.beat", True),
        ("bf.EXERCISE.src.JPN.KOR.x1", True),
        ("$JS.KOR.API.CONSUMER.CREATE.LOG_JPN_17.x.y", True),
        ("$JS.KOR.API.CONSUMER.CREATE.NOW_JPN_17", True),
        ("$JS.FC.LOG_JPN_17.c.1", True),
        ("bf.EXERCISE.rel.KOR.JPN.track.T1", False),  # our own words
        ("bf.EXERCISE.rel.USA.KOR.track.T1", False),  # another's
        ("bf.LIVE.rel.JPN.KOR.track.T1", False),  # another realm's
        ("bf.EXERCISE.rel.JPN.USA.track.T1", False),
        ("$JS.KOR.API.CONSUMER.CREATE.LOG_USA_17", False),
        ("$JS.KOR.API.CONSUMER.CREATE.LOG_JPN_16", False),
        ("$JS.KOR.API.CONSUMER.CREATE.IN_JPN", False),
        ("$JS.KOR.API.CONSUMER.DELETE.LOG_JPN_17.c", False),
        ("$JS.KOR.API.STREAM.PURGE.LOG_JPN_17", False),
        ("$JS.API.STREAM.NAMES", False),
        ("$JS.ACK.IN_JPN.intake.1.1.1.1.0", False),
        ("_INBOX.a.b", False),
        ("bf-own.JPN.acks.1", False),
        ("anything", False),
    ],
)
def test_a_dialing_partner_may_say_this_and_no_more(subject: str, enters: bool) -> None:
    assert allowed(LANE.may_enter(), subject) is enters


@pytest.mark.parametrize(
    ("subject", "leaves"),
    [
        ("bf.EXERCISE.rel.KOR.JPN.track.T1", True),
        ("bf.EXERCISE.ctl.KOR.JPN.beat", True),
        ("$JS.JPN.API.CONSUMER.CREATE.LOG_KOR_4", True),
        ("bf.EXERCISE.rel.KOR.USA.track.T1", False),
        ("bf.EXERCISE.rel.JPN.KOR.track.T1", False),
        ("$JS.JPN.API.STREAM.PURGE.LOG_KOR_4", False),
        ("inside.picture", False),
    ],
)
def test_a_dialing_partner_may_hear_this_and_no_more(subject: str, leaves: bool) -> None:
    assert allowed(LANE.may_leave(), subject) is leaves


def test_the_deny_list_leaves_the_two_calls_that_sourcing_needs() -> None:
    denied = LANE.never_enter()
    for stream in (LANE.log, LANE.now):
        assert not allowed(denied, f"$JS.KOR.API.CONSUMER.CREATE.{stream}.name.filter")
        assert not allowed(denied, f"$JS.FC.{stream}.c.1")
    for subject in (LANE.received, LANE.control_received, LANE.source_received, LANE.sent, LANE.control_sent):
        assert not allowed(denied, f"{subject}.x.y")


@given(
    st.sampled_from(["STREAM", "CONSUMER", "DIRECT", "META", "ACCOUNT", "SERVER"]), st.text("ABCDEFGH.", max_size=12)
)
def test_the_deny_list_holds_every_call_but_making_a_consumer(kind: str, rest: str) -> None:
    call = ".".join(token for token in (kind, *rest.split(".")) if token)
    if kind == "CONSUMER":
        call = call.replace("CONSUMER", "CONSUMER.DELETE", 1)
    assert allowed(LANE.never_enter(), f"$JS.KOR.API.{call}")


def test_our_own_affairs_never_cross_either_way() -> None:
    for subject in ("$JS.API.INFO", "$JS.ACK.x", "$SYS.REQ", "_INBOX.x", "bf-own.JPN.acks.3"):
        assert allowed(LANE.never_enter(), subject)
        assert allowed(LANE.never_leave(), subject)
        assert allowed(OWN_AFFAIRS, subject)
    assert allowed(LANE.never_leave(), "$JS.KOR.API.STREAM.NAMES")


def test_lists_are_written_for_the_broker() -> None:
    assert quoted(["a.>", "b"]) == '["a.>", "b"]'
    assert quoted([]) == "[]"
