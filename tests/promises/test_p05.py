"""P5: An exercise record can never reach a live channel: different type, label, key, process; the live channel
refuses without asking anyone.

Here the exchange's part of it: type, label and key of what nations send each other.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from beaconfire.kernel import codec, wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Released
from beaconfire.share import Link, open_control, open_envelope
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
