"""One direction's receiver: two stages of acceptance, and every record's effect exactly once.

*Authentic* (verified before it comes here; realm, recipient, epoch and bounds checked here) may arrive in any order
and goes to journal and picture; *chained* (no gap but a void's, every previous hash fits) goes to the receipt. The
partner is not trusted: memory is bounded whatever it sends, and a second form of one number is kept as proof.
"""

from dataclasses import dataclass
from enum import StrEnum

from beaconfire.kernel import limits, wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import RELEASED_KINDS, Body, CaughtUpBody, VoidBody
from beaconfire.kernel.time import NS_PER_S, from_seconds
from beaconfire.share.chain import Chain, Conflict, Place
from beaconfire.share.seen import Seen
from beaconfire.share.tally import Tally

_HORIZON_NS = limits.REPLAY_HORIZON_S * NS_PER_S
_FUTURE_NS = from_seconds(limits.FUTURE_TOLERANCE_S)
_MAX_ENDS = 16  # ends of catch-ups that wait for what stands before them; an honest sender needs one


class Stage(StrEnum):
    """How far an envelope came."""

    AUTHENTIC = "authentic"  # taken, but something before it is missing
    CHAINED = "chained"  # taken, and all before it is there
    DUPLICATE = "duplicate"  # taken before, over another lane or again
    EQUIVOCATION = "equivocation"  # the partner signed two histories: see `Arrival.proof`


class Outcome(StrEnum):
    """What a record may do here."""

    APPLY = "apply"  # to tracker and warning, and to the record
    RECORD = "record"  # to the record only: late, from the future, or expired
    NOTHING = "nothing"  # a duplicate, a record that took effect before, or the link's own


@dataclass(frozen=True, slots=True)
class Proof:
    """Two signed statements that cannot both be true: number `number` has hash `first` by one, `second` by the other.

    The signed bytes of both are in the journal.
    """

    epoch: int
    number: int
    first: bytes
    second: bytes


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """A partner's catch-up came to its end here; `same` is None where voids or a long gap forbid to compare."""

    count: int
    up_to: int
    same: bool | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """What became of one envelope; `reason` says why a record does not apply.

    `renewed`, of a new epoch's first envelope: "continued" (its old head is ours), "lost" (its sender lost the old
    chain) or "unknown" (another head than ours: the end of the old chain never came, or was changed).
    """

    stage: Stage
    outcome: Outcome
    reason: str
    envelope: wire.Envelope
    release: wire.Release | None
    body: Body | None
    contiguous: int
    proof: Proof | None = None
    renewed: str = ""
    caught_up: CaughtUp | None = None


class Incoming:
    """The chain from one partner to this nation in one realm."""

    def __init__(self, *, nation: str, partner: str, realm: Realm, seen: Seen | None = None) -> None:
        """Start knowing nothing of the partner; `seen` is the node's, shared by all its links."""
        self.nation, self.partner, self.realm = nation, partner, realm
        self.epoch = 0
        self.chain = Chain()
        self.conflicts = 0
        self._old_head: bytes | None = None  # of the epoch before this one, if there was one
        self._seen = seen or Seen()
        self._begin()

    def accept(self, unsigned: bytes, *, now_ns: int) -> Arrival:
        """Take one envelope whose signature has been verified.

        Raises `Refused` ("realm", "sender", "recipient", "format", "epoch", "label", "relayed", "void", or one of the
        codec's reasons), and then nothing has changed.
        """
        envelope = wire.decode_envelope(unsigned, realm=self.realm)
        self._check(envelope)
        release, body = self._open(envelope)
        if envelope.epoch > self.epoch:
            self._old_head = self.chain.head if self.epoch else None
            self.epoch, self.chain = envelope.epoch, Chain()
            self._begin()
        renewed = self._renewed(envelope)
        stage, conflict = self._place(envelope, unsigned, body)
        outcome, reason = Outcome.NOTHING, ""
        if release is not None and stage in (Stage.AUTHENTIC, Stage.CHAINED):
            outcome, reason = self._outcome(release, now_ns)
        proof = self._proof(conflict) if conflict else None
        ended = self._count(envelope, release, body) if stage in (Stage.AUTHENTIC, Stage.CHAINED) else None
        return Arrival(stage, outcome, reason, envelope, release, body, self.chain.contiguous, proof, renewed, ended)

    def on_beat(self, beat: wire.Beat | wire.Suspend) -> Proof | None:
        """Learn the partner's last number; returns proof if it names another head than it sent."""
        if beat.epoch != self.epoch:
            return None
        self.chain.highest = max(self.chain.highest, beat.number)
        known = self.chain.hash_of(beat.number) if beat.number else None
        return None if known in (None, beat.head) else self._proof(Conflict(beat.number, known, beat.head))

    def _begin(self) -> None:
        self._tally, self._ends = Tally(), dict[int, CaughtUpBody]()

    def _count(self, envelope: wire.Envelope, release: wire.Release | None, body: Body) -> CaughtUp | None:
        """Add up what is there without a gap, and hold it against what the partner says of it."""
        if isinstance(body, VoidBody):
            self._tally.void = True
        elif isinstance(body, CaughtUpBody) and len(self._ends) < _MAX_ENDS:
            self._ends[envelope.number] = body
        elif release is not None:
            self._tally.note(envelope.number, release.source_id)
        ended = None
        for number in [number for number in self._ends if number <= self.chain.contiguous]:
            said = self._ends.pop(number)
            self._tally.advance(number)
            same = None if self._tally.void else (self._tally.count, self._tally.root) == (said.count, said.root)
            ended = CaughtUp(said.count, said.up_to, same)
        self._tally.advance(self.chain.contiguous)
        return ended

    def _check(self, envelope: wire.Envelope) -> None:
        if envelope.sender != self.partner:
            raise _refused("sender", envelope.sender, self.partner)
        if envelope.recipient != self.nation:
            raise _refused("recipient", envelope.recipient, self.nation)
        if not wire.FORMAT_FLOOR <= envelope.format <= wire.FORMAT:
            raise _refused("format", envelope.format, f"{wire.FORMAT_FLOOR} to {wire.FORMAT}")
        if envelope.epoch < self.epoch:
            raise _refused("epoch", envelope.epoch, f"at least {self.epoch}")

    def _open(self, envelope: wire.Envelope) -> tuple[wire.Release | None, Body]:
        if envelope.kind not in RELEASED_KINDS:
            body = wire.decode_body(envelope.kind, envelope.content)
            if isinstance(body, VoidBody) and body.last >= envelope.number:
                raise _refused("void", body.last, f"below its own number {envelope.number}")
            return None, body
        release = wire.decode_release(envelope)
        if release.originator == self.nation:
            raise _refused("relayed", release.originator, "another nation's words: ours come to us from nobody")
        label = release.releasable_to if release.originator == self.partner else release.onward
        if self.nation not in label:
            raise _refused("label", label, f"a list with {self.nation}")
        return release, wire.decode_body(release.kind, release.body)

    def _renewed(self, envelope: wire.Envelope) -> str:
        if envelope.number != 1 or self._old_head is None:
            return ""
        if envelope.previous == self._old_head:
            return "continued"
        return "lost" if envelope.previous == wire.NO_HASH else "unknown"

    def _place(self, envelope: wire.Envelope, unsigned: bytes, body: Body) -> tuple[Stage, Conflict | None]:
        digest = wire.chain_hash(unsigned)
        place, conflict = self.chain.place(envelope.number, digest=digest, previous=envelope.previous)
        if place is Place.DUPLICATE:
            return Stage.DUPLICATE, None
        if conflict is None and isinstance(body, VoidBody):
            conflict = self.chain.void(body)
        if conflict is not None:
            return Stage.EQUIVOCATION, conflict
        return (Stage.CHAINED if envelope.number <= self.chain.contiguous else Stage.AUTHENTIC), None

    def _outcome(self, release: wire.Release, now_ns: int) -> tuple[Outcome, str]:
        """Judge a record by its source id, then by its own time; the source id counts from here on."""
        if not self._seen.first(originator=release.originator, source_id=release.source_id, brought_by=self.partner):
            return Outcome.NOTHING, "repeated"
        if now_ns - release.time_ns > _HORIZON_NS:
            return Outcome.RECORD, "late"
        if release.time_ns - now_ns > _FUTURE_NS:
            return Outcome.RECORD, "future"
        return (Outcome.RECORD, "expired") if now_ns >= release.expires_ns else (Outcome.APPLY, "")

    def _proof(self, conflict: Conflict) -> Proof:
        self.conflicts += 1
        return Proof(self.epoch, conflict.number, conflict.first, conflict.second)


def _refused(reason: str, value: object, expected: str) -> Refused:
    return Refused(reason, where=f"envelope: {reason}", what=f"is {str(value)[:80]}", expected=expected)
