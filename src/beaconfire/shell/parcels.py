"""What goes out for one partner after a commit, signed: envelopes one by one, or history in bundles.

A few are sent as they are. Of many at once the last of each track or event goes first and by itself, for that is what
is true now and what the lane of last values keeps; all before them is history and goes in bundles of up to 64.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from beaconfire.kernel import codec, limits, wire
from beaconfire.node import Send
from beaconfire.share import bundle_words

Sign = Callable[[bytes], bytes]
_ROOM = limits.MAX_BUNDLE_BYTES - 8 * 1024  # what is left for 64 signatures and lengths


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message for the broker, dropped if `generation` is no longer current."""

    subject: str
    data: bytes
    generation: int


def parcels(sends: Sequence[Send], sign: Sign) -> Iterator[Parcel]:
    """Yield what is to be published of one partner's sends, in their order; all of one policy generation."""
    if len(sends) < limits.BUNDLE_FROM:
        yield from (_single(send, sign) for send in sends)
        return
    last = {send.subject: send.number for send in sends}
    yield from (_single(send, sign) for send in sends if last[send.subject] == send.number)
    history = [send for send in sends if last[send.subject] != send.number]
    for group in _groups(history):
        yield _single(group[0], sign) if len(group) == 1 else _bundle(group, sign)


def _groups(sends: Sequence[Send]) -> Iterator[list[Send]]:
    group: list[Send] = []
    size = 0
    for send in sends:
        if len(group) == limits.MAX_BUNDLE or size + len(send.unsigned) > _ROOM:
            yield group
            group, size = [], 0
        group.append(send)
        size += len(send.unsigned)
    if group:
        yield group


def _single(send: Send, sign: Sign) -> Parcel:
    signed = wire.Signed(unsigned=send.unsigned, signature=sign(send.unsigned), origin_signature=_second(send, sign))
    return Parcel(send.subject, codec.encode(signed), send.generation)


def _bundle(group: Sequence[Send], sign: Sign) -> Parcel:
    unsigned = tuple(send.unsigned for send in group)
    made = wire.Bundle(
        unsigned=unsigned,
        signature=sign(bundle_words(unsigned)),
        origin_signatures=tuple(_second(send, sign) for send in group),
    )
    return Parcel(wire.bundle_subject(group[0].subject), codec.encode(made), min(one.generation for one in group))


def _second(send: Send, sign: Sign) -> bytes:
    return sign(send.inner) if send.inner else send.origin_signature
