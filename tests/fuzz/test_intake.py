"""The intake under Hypothesis: any bytes on any lane are an input or counted, and its memory stays within its bound."""

from hypothesis import given, settings
from hypothesis import strategies as st

from beaconfire.kernel import codec, limits
from beaconfire.kernel.labels import Realm
from beaconfire.node import ControlIn, EnvelopeIn
from beaconfire.shell.intake import Intake
from beaconfire.shell.link import LaneName
from tests.exchange import envelope, key_pair, sign

PRIVATE, PUBLIC = key_pair()
GENUINE = sign(codec.encode(envelope()), PRIVATE)
lanes: st.SearchStrategy[LaneName] = st.sampled_from(["direct", "stored", "control"])
messages = st.binary(max_size=400) | st.just(GENUINE) | st.integers(1, len(GENUINE) - 1).map(lambda at: GENUINE[:at])


def door(passed: list[EnvelopeIn | ControlIn], clock: list[float]) -> Intake:
    return Intake(
        "KOR", key=PUBLIC, realm=Realm.EXERCISE, clock=lambda: clock[0], envelope=lambda _, item: passed.append(item),
        control=lambda _, item: passed.append(item),
    )  # fmt: skip


@settings(max_examples=200)
@given(st.lists(st.tuples(lanes, messages), max_size=30))
def test_any_bytes_are_taken_copied_or_counted(said: list[tuple[LaneName, bytes]]) -> None:
    passed: list[EnvelopeIn | ControlIn] = []
    intake = door(passed, [0.0])
    for lane, data in said:
        intake.take(lane, data)
    genuine = [lane for lane, data in said if data == GENUINE and lane != "control"]
    assert len(passed) == intake.taken == min(len(genuine), 1)
    assert intake.taken + intake.copies + intake.refused.total() == len(said)


@settings(max_examples=20)
@given(st.integers(1, 50))
def test_beyond_the_rate_the_direct_lane_loses_and_the_stored_one_waits(extra: int) -> None:
    passed: list[EnvelopeIn | ControlIn] = []
    clock = [0.0]
    intake = door(passed, clock)
    for number in range(limits.PARTNER_ENVELOPES_PER_S):
        intake.take("direct", number.to_bytes(4, "big"))
    for number in range(extra):
        intake.take("direct", b"d" + number.to_bytes(4, "big"))
        intake.take("stored", b"s" + number.to_bytes(4, "big"))
    assert intake.refused["rate"] == extra
    assert not intake.has_room()  # no more is asked of the stored lane
    clock[0] += 1.0
    intake.resume()
    assert intake.has_room()
    assert intake.refused.total() == limits.PARTNER_ENVELOPES_PER_S + 2 * extra
