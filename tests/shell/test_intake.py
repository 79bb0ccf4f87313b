"""The door for a partner's bytes: whatever comes is an input or a counted refusal."""

from collections.abc import Callable

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel import codec, limits, wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import EpochCloseBody, Kind
from beaconfire.node import ControlIn, EnvelopeIn
from beaconfire.share import Link
from beaconfire.shell.intake import Intake, TokenBucket

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
NOW_NS = 1_750_000_000_000_000_000


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Door:
    def __init__(self, realm: Realm = Realm.EXERCISE) -> None:
        self.clock = Clock()
        self.envelopes: list[tuple[wire.Envelope, EnvelopeIn]] = []
        self.controls: list[tuple[wire.Control, ControlIn]] = []
        self.intake = Intake(
            "KOR",
            key=KEY.public_key().public_bytes_raw(),
            realm=realm,
            clock=self.clock,
            envelope=lambda envelope, item: self.envelopes.append((envelope, item)),
            control=lambda control, item: self.controls.append((control, item)),
        )


def signed(unsigned: bytes, key: Ed25519PrivateKey = KEY) -> bytes:
    return codec.encode(wire.Signed(unsigned=unsigned, signature=key.sign(unsigned)))


def envelope(number: int, realm: Realm = Realm.EXERCISE) -> bytes:
    return codec.encode(
        wire.ENVELOPE_TYPES[realm](
            format=wire.FORMAT, sender="KOR", recipient="JPN", realm=realm, epoch=5, number=number,
            previous=wire.NO_HASH, kind=Kind.EPOCH_CLOSE, content=codec.encode(EpochCloseBody(reason="leave")),
        )
    )  # fmt: skip


def test_three_lanes_make_one_input() -> None:
    door = Door()
    data = signed(envelope(1))
    for lane in ("direct", "stored", "stored"):
        door.intake.take(lane, data)
    ((opened, item),) = door.envelopes
    assert (opened.number, item.partner, item.envelope) == (1, "KOR", envelope(1))
    KEY.public_key().verify(item.signature, item.envelope)
    assert (door.intake.taken, door.intake.copies) == (1, 2)


def test_controls_pass_with_their_signature() -> None:
    door = Door()
    link = Link(nation="KOR", partner="JPN", realm=Realm.EXERCISE, epoch=5)
    for words in (link.hello(now_ns=NOW_NS), link.receipt(now_ns=NOW_NS)):
        door.intake.take("control", signed(words.unsigned))
    assert [type(control) for control, _ in door.controls] == [wire.Hello, wire.Receipt]
    assert all(item.partner == "KOR" for _, item in door.controls)


@pytest.mark.parametrize(
    ("reason", "data"),
    [
        ("signature", signed(envelope(1), OTHER)),
        ("realm", signed(envelope(1, Realm.LIVE))),
        ("malformed", b"\xc1"),
        ("too_large", bytes(limits.MAX_ENVELOPE_BYTES + 1)),
        ("invalid", msgspec.msgpack.encode(["signed", b"x"])),
    ],
)
def test_what_does_not_hold_is_counted_by_reason(reason: str, data: bytes) -> None:
    door = Door()
    for lane in ("direct", "stored", "control"):
        door.intake.take(lane, data)
    assert door.envelopes == []
    assert door.controls == []
    assert door.intake.refused[reason] >= 2
    assert sum(door.intake.refused.values()) == 3


def test_a_live_door_takes_no_exercise() -> None:
    door = Door(Realm.LIVE)
    door.intake.take("direct", signed(envelope(1)))
    door.intake.take("stored", signed(envelope(2)))
    assert (door.envelopes, door.intake.refused["realm"]) == ([], 2)


def test_a_control_of_another_sender_is_refused() -> None:
    door = Door()
    words = Link(nation="USA", partner="JPN", realm=Realm.EXERCISE, epoch=5).hello(now_ns=NOW_NS)
    door.intake.take("control", signed(words.unsigned))
    assert (door.controls, door.intake.refused) == ([], {"sender": 1})


def test_beyond_the_rate_direct_is_dropped_and_stored_waits_in_order() -> None:
    door = Door()
    burst = limits.PARTNER_ENVELOPES_PER_S
    for number in range(1, burst + 1):
        door.intake.take("direct", signed(envelope(number)))
    door.intake.take("direct", signed(envelope(burst + 1)))
    assert door.intake.refused["rate"] == 1
    for number in range(burst + 1, burst + 6):
        door.intake.take("stored", signed(envelope(number)))
    assert not door.intake.has_room()
    assert len(door.envelopes) == burst
    door.clock.now_s += 3.0 / burst
    door.intake.resume()
    door.clock.now_s += 1.0
    door.intake.resume()
    assert door.intake.has_room()
    assert [opened.number for opened, _ in door.envelopes] == list(range(1, burst + 6))


def test_the_memory_of_copies_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RECENT_ENVELOPES", 4)
    door = Door()
    for number in (1, 2, 3, 4, 5, 6, 1):
        door.intake.take("direct", signed(envelope(number)))
    assert [opened.number for opened, _ in door.envelopes] == [1, 2, 3, 4, 5, 6, 1]  # the step knows it by its number


def test_tokens_come_at_the_rate_and_never_pile_up() -> None:
    clock = Clock()
    bucket = TokenBucket(10.0, clock)
    assert sum(bucket.take() for _ in range(100)) == 10
    clock.now_s += 0.5
    assert sum(bucket.take() for _ in range(100)) == 5
    clock.now_s += 3600.0
    assert sum(bucket.take() for _ in range(100)) == 10


_MUTATIONS: list[Callable[[bytes, int, int], bytes]] = [
    lambda data, at, value: data[: at % len(data)] + bytes([value]) + data[at % len(data) + 1 :],
    lambda data, at, value: data[: at % len(data)],
    lambda data, at, value: data + bytes([value]) * (at % 7 + 1),
    lambda data, at, value: data[at % len(data) :] + data[: at % len(data)],
]


@given(st.binary(max_size=600), st.sampled_from(["direct", "stored", "control"]))
def test_any_bytes_are_refused_quietly(data: bytes, lane: str) -> None:
    door = Door()
    door.intake.take(lane, data)  # type: ignore[arg-type]
    assert (door.envelopes, door.controls) == ([], [])
    assert sum(door.intake.refused.values()) == 1


@given(st.sampled_from(_MUTATIONS), st.integers(0, 4_000), st.integers(0, 255), st.booleans())
def test_a_changed_envelope_is_never_taken(
    mutate: Callable[[bytes, int, int], bytes], at: int, value: int, resigned: bool
) -> None:
    """Changed on the way, or changed and signed again by a key of another nation."""
    genuine = signed(envelope(1))
    data = signed(mutate(envelope(1), at, value), OTHER) if resigned else mutate(genuine, at, value)
    door = Door()
    door.intake.take("direct", data)
    assert bool(door.envelopes) is (data == genuine)
