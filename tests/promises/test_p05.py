"""P5: An exercise record can never reach a live channel: different type, label, key, process; the live channel
refuses without asking anyone.

Here type, label and key of what nations send each other, and of what a desk may approve and publish. That a live
channel refuses an exercise's message by itself is tested with the channels.
"""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaconfire.kernel import codec, wire
from beaconfire.kernel.alerts import AlertAction
from beaconfire.kernel.errors import InvalidInput, Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Released
from beaconfire.share import Link, open_control, open_envelope
from beaconfire.warn import Desk, parse_cap, parse_settings, signed_bytes
from tests.exchange import (
    NOW_NS,
    envelope,
    grant_toml,
    key_pair,
    link_pair,
    policy_toml,
    product,
    release,
    releaser,
    sign,
)
from tests.warn import desks

EXERCISE_KEY = key_pair(1)[0]
LIVE_PUBLIC = key_pair(2)[1]
EXERCISE_TAG, LIVE_TAG = codec.encode("exercise/envelope"), codec.encode("live/envelope")


def live_link() -> Link:
    return link_pair(realm=Realm.LIVE)[1]


@pytest.mark.parametrize("outer", [False, True])
@pytest.mark.parametrize("inner", [False, True])
@pytest.mark.parametrize("tag", [False, True])
def test_every_subset_of_marks_changed_but_all(tag: bool, outer: bool, inner: bool) -> None:
    """An exercise record whose marks are changed one by one; with all of them it is live, and then the key decides."""
    realms = {True: Realm.LIVE, False: Realm.EXERCISE}
    content = release(realm=realms[inner])
    forged = envelope(content=codec.encode(content), realm=realms[outer])
    unsigned = codec.encode(forged)
    if tag:
        unsigned = unsigned.replace(EXERCISE_TAG, LIVE_TAG, 1)
    if tag and outer and inner:
        with pytest.raises(Refused) as caught:
            open_envelope(sign(unsigned, EXERCISE_KEY), key=LIVE_PUBLIC, realm=Realm.LIVE)
        assert caught.value.reason == "signature"
    else:
        with pytest.raises(Refused) as caught:
            live_link().accept(unsigned, now_ns=NOW_NS)
        assert caught.value.reason == "realm"


@settings(max_examples=300)
@given(st.data())
def test_mutated_exercise_envelopes(data: st.DataObject) -> None:
    """Up to three bytes anywhere: a live intake, even one with the exercise key, takes none."""
    unsigned = bytearray(codec.encode(envelope()))
    for _ in range(data.draw(st.integers(0, 3))):
        unsigned[data.draw(st.integers(0, len(unsigned) - 1))] = data.draw(st.integers(0, 255))
    with pytest.raises(Refused):
        live_link().accept(bytes(unsigned), now_ns=NOW_NS)


def test_controls() -> None:
    exercise, _ = link_pair()
    hello = exercise.hello(now_ns=NOW_NS).unsigned
    with pytest.raises(Refused) as caught:
        live_link().on_control(hello, now_ns=NOW_NS)
    assert caught.value.reason == "realm"
    with pytest.raises(Refused) as caught:
        open_control(sign(hello, EXERCISE_KEY), key=LIVE_PUBLIC, realm=Realm.LIVE)
    assert caught.value.reason == "signature"


def test_a_grant_for_one_realm_gives_nothing_in_the_other() -> None:
    data = policy_toml(grant_toml(realm="EXERCISE"))
    for realm in Realm:
        decision = releaser(data, realm=realm).decide(product(), "JPN", now_ns=NOW_NS)
        assert isinstance(decision, Released) == (realm is Realm.EXERCISE)


def test_what_an_exercise_node_sends_says_so_three_times() -> None:
    decision = releaser().decide(product(), "JPN", now_ns=NOW_NS)
    assert isinstance(decision, Released)
    sent = link_pair()[0].number(decision, now_ns=NOW_NS)
    opened = wire.decode_envelope(sent.unsigned, realm=Realm.EXERCISE)
    assert isinstance(opened, wire.ExerciseEnvelope)
    assert opened.realm is wire.decode_release(opened).realm is Realm.EXERCISE
    assert sent.subject.split(".")[1] == "EXERCISE"


# --- the desk -------------------------------------------------------------------------------------------------------


def live_bench() -> desks.Bench:
    """A LIVE desk with a draft that waits for its second approval."""
    bench = desks.Bench(desks.desk(realm=Realm.LIVE))
    bench.see(desks.area("JP-02"))
    for person, action in (("aoki", AlertAction.SUBMIT), ("baba", AlertAction.APPROVE)):
        order = bench.signed(person, action)
        signature = desks.key_of(person).sign(signed_bytes(order, realm=Realm.LIVE))
        assert bench.give(msgspec.structs.replace(order, signature=signature)) == ""
    return bench


def test_an_order_signed_in_an_exercise_approves_nothing_live() -> None:
    bench = live_bench()
    order = bench.signed("chiba", AlertAction.APPROVE)  # the right key, the right bytes, the other realm
    assert bench.give(order) == "signature"
    assert bench.published == []
    live = desks.key_of("chiba").sign(signed_bytes(order, realm=Realm.LIVE))
    assert bench.give(msgspec.structs.replace(order, signature=live)) == ""
    assert len(bench.published) == 1


def test_people_and_rules_of_an_exercise_are_refused_by_a_live_desk() -> None:
    people, rule = desks.people_toml(), desks.rule_file()
    live_people = desks.people_toml(realm=Realm.LIVE)
    for people_toml, rules in ((people, ()), (live_people, (rule,))):
        with pytest.raises(Refused) as caught:
            Desk(
                nation="JPN", realm=Realm.LIVE, epoch=1, root=desks.ROOT_PUBLIC,
                warning_toml=desks.warning_toml(realm=Realm.LIVE), people_toml=people_toml, rules=rules,
            )  # fmt: skip
        assert caught.value.reason == "signature"


def test_settings_and_channels_belong_to_one_realm() -> None:
    exercise = desks.warning_toml()
    with pytest.raises(InvalidInput, match="the settings of JPN for LIVE"):
        parse_settings(exercise, nation="JPN", realm=Realm.LIVE, where="w")
    mixed = desks.warning_toml(realm=Realm.LIVE).replace(
        b'realm = "LIVE"\nkind = "http"', b'realm = "EXERCISE"\nkind = "http"'
    )
    with pytest.raises(InvalidInput, match="channel net: realm: is EXERCISE"):
        parse_settings(mixed, nation="JPN", realm=Realm.LIVE, where="w")


def test_what_an_exercise_publishes_says_so_in_its_bytes() -> None:
    bench = desks.Bench(desks.desk(desks.RULE))
    bench.see(desks.area("JP-02"))
    (approved,) = bench.published
    assert b"<status>Exercise</status>" in approved.unsigned
    assert b"EXERCISE" in approved.unsigned.split(b"<headline>")[1]
    assert parse_cap(approved.unsigned) is not None
    live = live_bench().draft.unsigned
    assert b"<status>Actual</status>" in live
    assert b"EXERCISE" not in live.split(b"<headline>")[1]
