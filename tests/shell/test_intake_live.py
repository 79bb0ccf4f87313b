"""A LIVE intake under attack from an exercise: a hundred thousand mutated messages, and correctly signed ones. None in.

The door is the shell's own (`shell.intake`), with the key it has in a LIVE node: never an exercise's.
"""

import random
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from beaconfire.kernel import codec, wire
from beaconfire.kernel.labels import Realm
from beaconfire.node import ControlIn, EnvelopeIn
from beaconfire.shell.intake import Intake
from beaconfire.shell.link import LaneName
from tests.exchange import NOW_NS, RELEASED_BODIES, envelope, key_pair, link_pair, release, sign

MUTATED = 100_000
EXERCISE, EXERCISE_PUBLIC = key_pair(1)
_, LIVE_PUBLIC = key_pair(2)


class Door:
    """A LIVE intake that notes what passed; its clock runs a second at every look, so that no rate helps it."""

    def __init__(self, key: bytes) -> None:
        self.passed: list[EnvelopeIn | ControlIn] = []
        self._now_s = 0.0
        self.intake = Intake(
            "KOR", key=key, realm=Realm.LIVE, clock=self._clock, envelope=lambda _, item: self.passed.append(item),
            control=lambda _, item: self.passed.append(item),
        )  # fmt: skip

    def _clock(self) -> float:
        self._now_s += 1.0
        return self._now_s


def mutated(data: bytes, chance: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(changed))
        what = chance.randrange(4)
        if what == 0:
            changed[at] ^= 1 << chance.randrange(8)
        elif what == 1:
            changed[at] = chance.randrange(256)
        elif what == 2:
            del changed[at]
        else:
            changed.insert(at, chance.randrange(256))
    return bytes(changed)


@cache
def genuine() -> tuple[bytes, ...]:
    """One signed exercise envelope of every kind, and every control."""
    bodies = [sign(codec.encode(envelope(release(build()))), EXERCISE) for build in RELEASED_BODIES.values()]
    korea, _ = link_pair()
    words = {"clock_error_s": 0.0, "clock_trusted": True, "journal_seq": 1, "journal_head": bytes(32)}
    controls = [korea.hello(now_ns=NOW_NS), korea.receipt(now_ns=NOW_NS)]
    controls.append(korea.beat(now_ns=NOW_NS, **words))  # type: ignore[arg-type]
    return (*bodies, *(sign(one.unsigned, EXERCISE) for one in controls))


def attempts(chance: random.Random) -> Iterator[tuple[LaneName, bytes]]:
    for number in range(MUTATED):
        lane: LaneName = ("direct", "stored", "control")[number % 3]
        yield lane, mutated(genuine()[number % len(genuine())], chance)


def test_a_hundred_thousand_mutated_exercise_messages() -> None:
    door = Door(LIVE_PUBLIC)
    for lane, data in attempts(random.Random(20_250_106)):
        door.intake.take(lane, data)
    assert door.passed == []
    assert door.intake.taken == 0
    assert door.intake.refused.total() >= MUTATED
    assert door.intake.refused["rate"] == 0  # every one was looked at


@pytest.mark.parametrize("key", [LIVE_PUBLIC, EXERCISE_PUBLIC], ids=["live key", "even with the exercise's key"])
@pytest.mark.parametrize("lane", ["direct", "stored", "control"])
def test_correctly_signed_exercise_messages(lane: LaneName, key: bytes) -> None:
    door = Door(key)
    for data in genuine():
        door.intake.take(lane, data)
    assert door.passed == []
    reasons = {"signature"} if key == LIVE_PUBLIC else {"realm", "invalid"}
    assert door.intake.refused.keys() <= reasons


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"exercise/envelope", b"live/envelope"),
        lambda data: data.replace(b"EXERCISE", b"LIVE"),
        lambda data: data.replace(b"exercise/envelope", b"live/envelope").replace(b"EXERCISE", b"LIVE"),
    ],
)
def test_marks_changed_and_signed_again_with_the_exercise_key(change: Callable[[bytes], bytes]) -> None:
    """With every mark changed it would be live, and then the key decides: a LIVE node holds none of an exercise's."""
    door = Door(LIVE_PUBLIC)
    for data in genuine():
        unsigned = change(wire.decode_signed(data).unsigned)
        door.intake.take("direct", sign(unsigned, EXERCISE))
    assert door.passed == []
    assert door.intake.refused["signature"] == len(genuine())


def test_the_same_door_takes_what_is_live() -> None:
    """The refusals above are not those of a door that takes nothing."""
    live, public = key_pair(2)
    door = Door(public)
    door.intake.take("direct", sign(codec.encode(envelope(release(realm=Realm.LIVE))), live))
    assert len(door.passed) == 1
