"""Everything a node can want of the world: what `step` returns and the shell carries out after the commit.

`digest` is the hash of an input's effects; it is journaled with the input, so that a replay can be held against
what the node decided at the time.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Literal

import msgspec
import numpy as np

from beaconfire.kernel.alerts import AlertRow, Approved
from beaconfire.kernel.products import ImpactBody, LaunchBody, WithdrawalBody
from beaconfire.kernel.records import EventRevision, TrackUpdate


@dataclass(frozen=True, slots=True)
class Send:
    """Publish a released, numbered message to one partner; dropped if `generation` is no longer current.

    `unsigned` are the envelope's bytes: the shell signs them, the hash chain runs over them. `inner`, if any, is our
    release inside, which may travel on and is signed for itself; `origin_signature` is another nation's, passed on.
    """

    partner: str
    number: int
    generation: int
    kind: str
    local_id: str
    subject: str
    unsigned: bytes
    inner: bytes = b""
    origin_signature: bytes = b""


@dataclass(frozen=True, slots=True)
class Purge:
    """Empty what is queued for a partner: its policy narrowed or it was suspended."""

    partner: str
    generation: int


@dataclass(frozen=True, slots=True)
class Tell:
    """Sign this control and flush it to the broker at once, as well as that goes: the notice before a cut."""

    partner: str
    kind: str
    subject: str
    unsigned: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """Take a partner's grant out of the broker and throw its connection out; `left`: its link keys go as well."""

    partner: str
    reason: Literal["suspended", "left"]


@dataclass(frozen=True, slots=True)
class Admit:
    """A partner may connect (again) and is verified under this key; the lanes of the link's epoch come up."""

    partner: str
    public_key: bytes


@dataclass(frozen=True, slots=True)
class ShowLate:
    """A partner's record for the launch record alone: it came too late for the picture, from the future, or expired.

    `time_ns` is its validity, `body` the encoded body of its kind (`wire.decode_body`).
    """

    now_ns: int
    partner: str
    kind: str
    subject: str
    time_ns: int
    reason: str  # late | future | expired
    body: bytes


@dataclass(frozen=True, slots=True)
class ShowTrack:
    """A track of a picture changed."""

    update: TrackUpdate


@dataclass(frozen=True, slots=True)
class ShowEvent:
    """An event has a new revision."""

    revision: EventRevision


@dataclass(frozen=True, slots=True)
class ShowPartner:
    """What a partner said of a launch or an impact of its own, or took back: its word, beside any picture."""

    partner: str
    now_ns: int
    body: LaunchBody | ImpactBody | WithdrawalBody


@dataclass(frozen=True, slots=True)
class ShowAudit:
    """A decision of release, intake or sensing with its reason; equal noes come once a minute with their count."""

    time_ns: int
    partner: str
    kind: str
    subject: str
    verdict: str  # released | withheld | refused | quarantined | equivocation | clock | noise | a word of membership
    rule: str
    reason: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class ShowAlert:
    """An alert made a transition, or a line of its log is due."""

    row: AlertRow


@dataclass(frozen=True, slots=True)
class Publish:
    """Sign these exact bytes and give them to the public on the named channels; made of what `warn` approved."""

    approved: Approved


Effect = (
    Send | Purge | Tell | Cut | Admit | ShowLate | ShowTrack | ShowEvent | ShowPartner | ShowAudit | ShowAlert | Publish
)

_ENCODER = msgspec.msgpack.Encoder()


def digest(effects: Sequence[Effect]) -> bytes:
    """Return SHA-256 over the effects' canonical bytes, in order (32 bytes)."""
    total = hashlib.sha256()
    for effect in effects:
        total.update(_ENCODER.encode((type(effect).__name__, *_fields(effect))))
    return total.digest()


def _fields(effect: Effect) -> tuple[object, ...]:
    if isinstance(effect, ShowTrack):
        update = effect.update
        arrays = (_bytes(update.mean), _bytes(update.covariance), _bytes(update.modes))
        used = [measurement.id for measurement in update.accepted]
        words = (update.picture, update.track_id, update.time_ns, update.status, update.existence)
        return (*words, *arrays, update.sensors, update.nations, used, update.replaces)
    if isinstance(effect, ShowEvent):
        return (effect.revision,)
    if isinstance(effect, ShowPartner):
        return (effect.partner, effect.now_ns, effect.body)
    if isinstance(effect, ShowAlert):
        return (effect.row,)
    if isinstance(effect, Publish):
        return (effect.approved,)
    if isinstance(effect, Send):
        return (effect.partner, effect.number, effect.generation, effect.subject, effect.unsigned)
    if isinstance(effect, Purge):
        return (effect.partner, effect.generation)
    if isinstance(effect, Tell | Cut | Admit | ShowLate):
        return astuple(effect)
    return (
        effect.time_ns, effect.partner, effect.kind, effect.subject, effect.verdict, effect.rule, effect.reason,
        effect.count,
    )  # fmt: skip


def _bytes(array: np.ndarray) -> bytes:
    return np.ascontiguousarray(array, dtype="<f8").tobytes()
