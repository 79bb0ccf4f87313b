"""One partner lies in every way that the promises name, with keys that are its own: OWN keeps the same bytes (P8).

Korea and Japan see one rise with a radar each. Japan's node is honest; what it says is then turned into lies, signed as
Japan would sign them, and brought to Korea between the same scans. OWN, and what Korea would warn of, must not change
in a byte, nor come later, nor may anything but a typed refusal come of it. Lies of substance that keep all forms (far
off, over-sure, no launch) are told over a whole flight in tests/promises/test_p08.py.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import msgspec
import numpy as np
import pytest

from beaconfire.kernel import codec, wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind, TrajectoryBody, WithdrawalBody
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import (
    ControlIn,
    Effect,
    EnvelopeIn,
    Input,
    ScanIn,
    Send,
    ShowAlert,
    ShowAudit,
    ShowEvent,
    ShowTrack,
    Tick,
    digest,
    initial,
    step,
)
from beaconfire.share import Link
from tests.exchange import grant_toml
from tests.node.flight import SENSORS, START_NS, genesis, scan

LOOKS = 30
Mail = dict[int, list[bytes]]
Lie = Callable[[Mail], Iterator[tuple[int, Input]]]
POLICY = (
    'version = 1\nnation = "JPN"\n[[grant]]\n'
    + grant_toml("KOR", more="drop_sensor_identity = false").replace('["KOR"]', '["JPN"]')
).encode()


def at(look: int) -> int:
    return START_NS + 2 * look * NS_PER_S


@cache
def honest() -> Mail:
    """What Japan's node sends to Korea, by the look after which it is there."""
    words = genesis("KOR", sensors=SENSORS.replace(b"KOR", b"JPN"), policy=POLICY)
    state = initial(msgspec.structs.replace(words, nation="JPN"), now_ns=START_NS)
    mail: Mail = {}
    for look in range(1, LOOKS):
        for item in (ScanIn(scan(look, sensor_id="JPN-R1", seed=7)), Tick()):
            state, effects = step(state, item, now_ns=at(look))
            mail.setdefault(look, []).extend(effect.unsigned for effect in effects if isinstance(effect, Send))
    return mail


def korea(lies: list[tuple[int, Input]]) -> tuple[list[tuple[int, bytes]], list[ShowAudit]]:
    """What is OWN of Korea's effects, by look, and every audit row, when these inputs come after these looks."""
    state, own, rows = initial(genesis("JPN"), now_ns=START_NS), [], []
    for look in range(1, LOOKS + 3):
        scans: list[Input] = [ScanIn(scan(look))] if look < LOOKS else []
        for item in (*scans, *(item for place, item in lies if place == look), Tick()):
            state, effects = step(state, item, now_ns=at(look))
            own += [(look, digest([plain(effect)])) for effect in effects if is_own(effect)]
            rows += [effect for effect in effects if isinstance(effect, ShowAudit)]
    return own, rows


def is_own(effect: Effect) -> bool:
    if isinstance(effect, ShowTrack):
        return effect.update.picture == "own"
    if isinstance(effect, ShowAlert):
        return effect.row.picture == "own"
    return isinstance(effect, ShowEvent) and effect.revision.picture == "own"


def plain(effect: Effect) -> Effect:
    """An event counts the revisions of both its pictures, and knows its partners' names for it."""
    if isinstance(effect, ShowEvent):
        return ShowEvent(msgspec.structs.replace(effect.revision, revision=0, aliases=()))
    return effect


@cache
def alone() -> list[tuple[int, bytes]]:
    return korea([])[0]


def letters(mail: Mail) -> Iterator[tuple[int, wire.Envelope]]:
    for look, row in mail.items():
        for unsigned in row:
            yield look, wire.decode_envelope(unsigned, realm=Realm.EXERCISE)


def envelope_in(envelope: wire.Envelope) -> EnvelopeIn:
    return EnvelopeIn("JPN", codec.encode(envelope), b"")


def chained(rows: Iterator[tuple[int, wire.Envelope]]) -> Iterator[tuple[int, Input]]:
    """Envelopes numbered and chained anew, as their sender would do it."""
    head = wire.NO_HASH
    for number, (look, envelope) in enumerate(rows, start=1):
        one = msgspec.structs.replace(envelope, number=number, previous=head)
        head = wire.chain_hash(codec.encode(one))
        yield look, envelope_in(one)


def inside(envelope: wire.Envelope, **changes: Any) -> wire.Envelope:
    release = msgspec.structs.replace(wire.decode_release(envelope), **changes)
    return msgspec.structs.replace(envelope, content=codec.encode(release))


def told(envelope: wire.Envelope, change: Callable[[TrajectoryBody], TrajectoryBody], fresh: bytes) -> wire.Envelope:
    """The envelope with another track inside, as a record of its own."""
    body = wire.decode_body(Kind(envelope.kind), wire.decode_release(envelope).body)
    if not isinstance(body, TrajectoryBody):
        return envelope
    return inside(envelope, body=codec.encode(change(body)), source_id=fresh)


# --- the lies ---------------------------------------------------------------------------------------------------------


def truth(mail: Mail) -> Iterator[tuple[int, Input]]:
    yield from chained(letters(mail))


def replay(mail: Mail) -> Iterator[tuple[int, Input]]:
    """Everything comes three times, the last time long after."""
    for look, one in chained(letters(mail)):
        yield from ((look, one), (look, one), (min(look + 12, LOOKS), one))


def reorder(mail: Mail) -> Iterator[tuple[int, Input]]:
    rows = list(chained(letters(mail)))
    yield from ((look, one) for (look, _), (_, one) in zip(rows, reversed(rows), strict=True))


def cut_out(mail: Mail) -> Iterator[tuple[int, Input]]:
    """Every second one never comes."""
    yield from list(chained(letters(mail)))[::2]


def splice(mail: Mail) -> Iterator[tuple[int, Input]]:
    """Each number has the content of another."""
    rows = list(letters(mail))
    for (look, one), (_, other) in zip(rows, rows[1:] + rows[:1], strict=True):
        yield look, envelope_in(msgspec.structs.replace(one, content=other.content, kind=other.kind))


def re_sign(mail: Mail) -> Iterator[tuple[int, Input]]:
    """A third nation's words under Japan's name."""
    yield from chained((look, inside(one, originator="USA")) for look, one in letters(mail))


def strip_label(mail: Mail) -> Iterator[tuple[int, Input]]:
    yield from chained((look, inside(one, releasable_to=())) for look, one in letters(mail))


def change_label(mail: Mail) -> Iterator[tuple[int, Input]]:
    yield from chained(
        (look, inside(one, releasable_to=("KOR",), onward=("USA", "KOR"))) for look, one in letters(mail)
    )


def downgrade(mail: Mail) -> Iterator[tuple[int, Input]]:
    yield from chained((look, msgspec.structs.replace(one, format=255)) for look, one in letters(mail))


def live(mail: Mail) -> Iterator[tuple[int, Input]]:
    """The marks of the other realm: type, label and both."""
    for look, one in letters(mail):
        words = msgspec.structs.asdict(one) | {"realm": Realm.LIVE}
        yield look, envelope_in(wire.LiveEnvelope(**words))
        yield look, envelope_in(wire.LiveEnvelope(**(words | {"realm": Realm.EXERCISE})))
        yield look, envelope_in(inside(one, realm=Realm.LIVE))


def ghosts(mail: Mail) -> Iterator[tuple[int, Input]]:
    """Ten launches for each one, wherever one likes."""

    def rows() -> Iterator[tuple[int, wire.Envelope]]:
        for look, one in letters(mail):
            for ghost in range(10):
                elsewhere = partial(moved, by_m=ghost * 8e4, track=f"G{ghost}")
                yield look, told(one, elsewhere, bytes([ghost, look] * 8))

    yield from chained(rows())


def suppression(mail: Mail) -> Iterator[tuple[int, Input]]:
    """All that was said is taken back at once, and what was never said too."""

    def rows() -> Iterator[tuple[int, wire.Envelope]]:
        for look, one in letters(mail):
            yield look, one
            name = wire.body_id(wire.decode_body(Kind(one.kind), wire.decode_release(one).body))
            for number, of in enumerate((Kind.TRAJECTORY, Kind.LAUNCH, Kind.IMPACT)):
                back = codec.encode(WithdrawalBody(of=of, id=name, reason="nothing was there"))
                fresh = bytes([number, look]) + name.encode().ljust(14)[:14]
                words = inside(one, kind=Kind.WITHDRAWAL, body=back, source_id=fresh)
                yield look, msgspec.structs.replace(words, kind=Kind.WITHDRAWAL)

    yield from chained(rows())


def over_sure(mail: Mail) -> Iterator[tuple[int, Input]]:
    def sure(body: TrajectoryBody) -> TrajectoryBody:
        covariance = codec.unpack_covariance(body.factor, where="lie") / 100.0
        return msgspec.structs.replace(body, factor=codec.pack_covariance(covariance))

    yield from chained((look, told(one, sure, bytes([look] * 16))) for look, one in letters(mail))


def ramp(mail: Mail) -> Iterator[tuple[int, Input]]:
    """A slow lie: a hundred metres more with every look."""
    rows = ((look, told(one, partial(moved, by_m=100.0 * look), bytes([look] * 16))) for look, one in letters(mail))
    yield from chained(rows)


def rumour(mail: Mail) -> Iterator[tuple[int, Input]]:
    """One piece of information under ten names, batch ids and all."""

    def rows() -> Iterator[tuple[int, wire.Envelope]]:
        for look, one in letters(mail):
            for number in range(10):
                yield look, inside(one, source_id=bytes([number, look] * 8))

    yield from chained(rows())


def equivocation(mail: Mail) -> Iterator[tuple[int, Input]]:
    """Two histories: every number once more with other bytes."""
    for look, one in chained(letters(mail)):
        assert isinstance(one, EnvelopeIn)
        yield look, one
        envelope = wire.decode_envelope(one.envelope, realm=Realm.EXERCISE)
        yield look, envelope_in(inside(envelope, revision=99, source_id=bytes([look] * 16)))


def epochs(mail: Mail) -> Iterator[tuple[int, Input]]:
    """A new epoch with every word, as far ahead as there are numbers."""
    for look, one in letters(mail):
        yield look, envelope_in(msgspec.structs.replace(one, epoch=one.epoch + 2**40 + look, number=1))


def controls(mail: Mail) -> Iterator[tuple[int, Input]]:
    """Receipts for what was never sent, hellos from the future, suspensions and returns with every look."""
    liar = Link(nation="JPN", partner="KOR", realm=Realm.EXERCISE, epoch=10)
    liar.incoming.epoch, liar.incoming.chain.contiguous = 10**12, 10**9
    beat: dict[str, Any] = {"clock_error_s": 0.0, "clock_trusted": True, "journal_seq": 1, "journal_head": bytes(32)}
    for look in mail:
        liar.renew(now_ns=at(look), lost=True)
        for place in range(10):
            now_ns = at(look) + place * NS_PER_S // 20
            words = (liar.hello(now_ns=now_ns), liar.receipt(now_ns=now_ns), liar.beat(now_ns=now_ns, **beat),
                     liar.notice(now_ns=now_ns, reason="left", effective_ns=now_ns * (place % 2)))  # fmt: skip
            yield from ((look, ControlIn("JPN", word.unsigned, b"")) for word in words)


def noise(mail: Mail) -> Iterator[tuple[int, Input]]:
    for look, row in mail.items():
        for unsigned in row:
            yield look, EnvelopeIn("JPN", unsigned[:-3], b"")
            yield look, ControlIn("JPN", unsigned[::-1], b"")
            yield look, EnvelopeIn("XXX", unsigned, b"")


def moved(body: TrajectoryBody, *, by_m: float, track: str = "") -> TrajectoryBody:
    mean = codec.unpack_state(body.mean, where="lie")
    mean[:3] += np.array([by_m, 0.0, 0.0])
    batch = np.int64(by_m).tobytes() + body.batch_id[8:]
    return msgspec.structs.replace(body, mean=codec.pack_state(mean), track=track or body.track, batch_id=batch)


LIES: tuple[Lie, ...] = (
    truth, replay, reorder, cut_out, splice, re_sign, strip_label, change_label, downgrade, live, ghosts, suppression,
    over_sure, ramp, rumour, equivocation, epochs, controls, noise,
)  # fmt: skip


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.__name__)
def test_own_has_the_same_bytes_at_the_same_time(lie: Lie) -> None:
    said = list(lie(honest()))
    assert said
    own, _ = korea(said)
    assert own == alone()


def test_there_is_something_to_lie_about() -> None:
    assert len(alone()) > LOOKS
    assert sum(map(len, honest().values())) > 20
    kinds = {Kind(one.kind) for _, one in letters(honest())}
    assert kinds >= {Kind.TRAJECTORY, Kind.LAUNCH}


@pytest.mark.parametrize(
    ("lie", "reason"),
    [
        (re_sign, "label"), (strip_label, "label"), (downgrade, "format"), (live, "realm"), (noise, "partner"),
    ],
)  # fmt: skip
def test_what_breaks_a_form_is_refused_by_name(lie: Lie, reason: str) -> None:
    _, rows = korea(list(lie(honest())))
    assert reason in {row.rule for row in rows if row.verdict == "refused"}


def test_two_histories_are_shown_as_what_they_are() -> None:
    _, rows = korea(list(equivocation(honest())))
    assert [row.partner for row in rows if row.verdict == "equivocation"]
