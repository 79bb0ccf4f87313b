"""The door for a partner's bytes: rate limit, copies, signature, bounds; only then they are an input of the step.

Three lanes bring the same envelope, so a copy is recognised by the hash of its bytes before anything is spent on it.
Excess beyond the written rate is dropped on the direct lane, which the stored lane makes good, and waits on the stored
lane, which the broker holds. Whatever the bytes are, they become an input or a counted refusal, never an exception.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from beaconfire.kernel import limits, wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.node import ControlIn, EnvelopeIn
from beaconfire.share import is_bundle, open_control, open_message
from beaconfire.shell.link import LaneName

_BURST_S = 1.0
_HASH_BYTES = 16
_BYTES_A_TOKEN = 4096  # of a bundle: its envelopes cost no signature each, and to decode eight costs as much as one


class TokenBucket:
    """So many per second, and at most a second's worth at once; `clock` is monotonic seconds."""

    def __init__(self, rate_per_s: float, clock: Callable[[], float]) -> None:
        """Start full."""
        self._rate_per_s, self._clock = rate_per_s, clock
        self._tokens = rate_per_s * _BURST_S
        self._filled_s = clock()

    def take(self, cost: float = 1.0) -> bool:
        """Take so many tokens if there are so many."""
        now_s = self._clock()
        room = self._rate_per_s * _BURST_S
        self._tokens = min(room, self._tokens + (now_s - self._filled_s) * self._rate_per_s)
        self._filled_s = now_s
        if self._tokens < cost:
            return False
        self._tokens -= cost
        return True


@dataclass(frozen=True, slots=True)
class LaneSeen:
    """How far a lane has brought: its last number of the newest epoch (0: none), and seconds since it brought any."""

    number: int
    age_s: float


class Intake:
    """One partner's door. `envelope` and `control` are called with what passed, in order of arrival."""

    def __init__(
        self,
        partner: str,
        *,
        key: bytes,
        realm: Realm,
        clock: Callable[[], float],
        origins: Mapping[str, bytes] = MappingProxyType({}),
        envelope: Callable[[wire.Envelope, EnvelopeIn], None],
        control: Callable[[wire.Control, ControlIn], None],
    ) -> None:
        """Hold the partner's 32-byte public key; nothing else can open the door.

        `origins` are the keys of all partners, as they are pinned now: whose words this partner may pass on.
        """
        self._partner, self._key, self._realm, self._origins = partner, key, realm, origins
        self._envelope, self._control = envelope, control
        self._bucket, self._clock = TokenBucket(limits.PARTNER_ENVELOPES_PER_S, clock), clock
        self._recent: dict[bytes, tuple[int, int]] = {}  # epoch and number
        self._epoch = 0
        self._lane_number: dict[LaneName, int] = {}
        self._lane_s: dict[LaneName, float] = {}
        self._backlog: deque[bytes] = deque()
        self.refused: Counter[str] = Counter()
        self.taken = 0
        self.copies = 0

    def change_key(self, key: bytes) -> None:
        """Open for another 32-byte public key from now on, and for the former one no more."""
        self._key = key

    @property
    def waiting(self) -> int:
        """How many envelopes of the stored lane wait for the rate."""
        return len(self._backlog)

    def lanes(self) -> dict[LaneName, LaneSeen]:
        """Return how far each lane has come that has brought anything."""
        now_s = self._clock()
        return {lane: LaneSeen(self._lane_number.get(lane, 0), now_s - at_s) for lane, at_s in self._lane_s.items()}

    def has_room(self) -> bool:
        """Whether more may be asked of the stored lane."""
        return not self._backlog

    def take(self, lane: LaneName, data: bytes) -> None:
        """Take the bytes of one message of a lane."""
        self._lane_s[lane] = self._clock()
        if lane == "control":
            self._open_control(data)
        elif lane == "stored" and self._backlog:
            self._backlog.append(data)  # keep the order of the stored lane; bounded by what was asked for
        elif not self._open_envelope(data, lane):
            if lane == "stored":
                self._backlog.append(data)
            else:
                self.refused["rate"] += 1

    def resume(self) -> None:
        """Go on with what waited for the rate; call it now and then."""
        while self._backlog and self._open_envelope(self._backlog[0], "stored"):
            self._backlog.popleft()

    def _open_envelope(self, data: bytes, lane: LaneName) -> bool:
        """Handle one envelope; False if the rate does not allow to look at it now."""
        digest = hashlib.blake2b(data, digest_size=_HASH_BYTES).digest()
        known = self._recent.get(digest)
        if known is not None:
            self.copies += 1
            self._note(lane, *known)
            return True
        if not self._bucket.take(1.0 + (len(data) // _BYTES_A_TOKEN if is_bundle(data) else 0)):
            return False
        try:
            opened = open_message(data, key=self._key, realm=self._realm, origins=self._origins)
        except Refused as refusal:
            self.refused[refusal.reason] += 1
            return True
        last = max(opened, key=lambda one: (one.envelope.epoch, one.envelope.number)).envelope
        self._recent[digest] = (last.epoch, last.number)
        self._note(lane, last.epoch, last.number)
        if len(self._recent) > limits.RECENT_ENVELOPES:
            del self._recent[next(iter(self._recent))]
        for one in opened:
            self.taken += 1
            item = EnvelopeIn(self._partner, one.unsigned, one.signature, one.origin_signature, one.proof)
            self._envelope(one.envelope, item)
        return True

    def _note(self, lane: LaneName, epoch: int, number: int) -> None:
        if epoch > self._epoch:
            self._epoch = epoch
            self._lane_number.clear()
        if epoch == self._epoch:
            self._lane_number[lane] = max(number, self._lane_number.get(lane, 0))

    def _open_control(self, data: bytes) -> None:
        if not self._bucket.take():
            self.refused["rate"] += 1
            return
        try:
            signed, control = open_control(data, key=self._key, realm=self._realm)
        except Refused as refusal:
            self.refused[refusal.reason] += 1
            return
        if control.sender != self._partner:
            self.refused["sender"] += 1
            return
        self._control(control, ControlIn(self._partner, signed.unsigned, signed.signature))
