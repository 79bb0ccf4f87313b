"""Proof that a partner signed two histories: two statements of one sender that name different bytes under one number.

In: the signed statements of one partner, as a journal keeps them. Out: pairs that contradict each other, which anybody
can check with that partner's public key and nothing else. Each envelope says what stands under its own number and
under the one before it, a void under the ends of what it closes, a beat and a notice under the last number.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from beaconfire.kernel import codec, limits, wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind, VoidBody
from beaconfire.share.verify import verify


class Evidence(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag="evidence"):
    """Two statements as they were received: the bytes of two `wire.Signed`."""

    first: bytes
    second: bytes


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What two statements of `sender` to `recipient` disagree on: the bytes of one number of one epoch."""

    sender: str
    recipient: str
    epoch: int
    number: int
    first: bytes
    second: bytes


_Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Said:
    """Who says to whom which hash stands under which epoch and number; a void can contradict itself."""

    sender: str
    recipient: str
    hashes: list[tuple[_Place, bytes]]


def contradictions(statements: Iterable[wire.Signed], *, realm: Realm) -> Iterator[Evidence]:
    """Yield a pair for each number of which a partner's statements, verified before, say two things."""
    known: dict[_Place, tuple[bytes, wire.Signed]] = {}
    told: set[_Place] = set()
    for statement in statements:
        for place, digest in _said(statement.unsigned, realm).hashes:
            former = known.setdefault(place, (digest, statement))
            if former[0] != digest and place not in told:
                told.add(place)
                yield Evidence(codec.encode(former[1]), codec.encode(statement))


def encode_evidence(evidence: Evidence) -> bytes:
    """Return the bytes of a file that holds the proof."""
    return codec.encode(evidence)


def check_evidence(data: bytes, *, key: bytes, realm: Realm) -> Contradiction:
    """Return what a proof's two statements contradict each other in, verified under the partner's 32-byte public key.

    Raises `Refused`: "signature", "evidence" (they do not contradict each other), or one of the codec's reasons.
    """
    evidence = codec.decode(data, Evidence, where="evidence", limit=2 * limits.MAX_ENVELOPE_BYTES + 64)
    first, second = (_said(verify(part, key=key).unsigned, realm) for part in (evidence.first, evidence.second))
    if (first.sender, first.recipient) == (second.sender, second.recipient):
        for place, digest in first.hashes:
            for other, another in second.hashes:
                if place == other and digest != another:
                    return Contradiction(first.sender, first.recipient, *place, digest, another)
    raise Refused("evidence", where="evidence", what="proves nothing", expected="two statements that cannot both hold")


def _said(unsigned: bytes, realm: Realm) -> _Said:
    try:
        return _of_envelope(wire.decode_envelope(unsigned, realm=realm), unsigned)
    except Refused as refusal:
        if refusal.reason != "realm":
            raise
    return _of_control(wire.decode_control(unsigned, realm=realm))


def _of_envelope(envelope: wire.Envelope, unsigned: bytes) -> _Said:
    epoch, number = envelope.epoch, envelope.number
    hashes = [((epoch, number), wire.chain_hash(unsigned))]
    if number > 1:
        hashes.append(((epoch, number - 1), envelope.previous))
    if envelope.kind is Kind.VOID:
        body = wire.decode_body(Kind.VOID, envelope.content)
        assert isinstance(body, VoidBody), "decoded as one"
        hashes.append(((epoch, body.last), body.closing))
        if body.first > 1:
            hashes.append(((epoch, body.first - 1), body.anchor))
    return _Said(envelope.sender, envelope.recipient, hashes)


def _of_control(control: wire.Control) -> _Said:
    hashes = []
    if isinstance(control, wire.Beat | wire.Suspend) and control.number:
        hashes.append(((control.epoch, control.number), control.head))
    return _Said(control.sender, control.recipient, hashes)
