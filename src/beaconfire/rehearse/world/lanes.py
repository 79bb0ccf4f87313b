"""One direction of one link, as the shell and two brokers make it: DIRECT, LOG with NOW, and controls.

DIRECT and controls are lost, doubled, delayed and overtaken. LOG is sourced by the partner's broker in order, waits
while the line is cut or a side is away, and is kept in the partner's inbox until its node has committed; when the line
is back, NOW brings the last word on each subject first. What crosses is held against the policy at the moment.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from beaconfire.rehearse.world.plan import Plan, Weather, stream
from beaconfire.rehearse.world.queue import Queue

_LOCAL_MS = (0.1, 3.0)  # node to its own broker
_LINE_MS = (2.0, 30.0)  # broker to broker on a fine day
_BACK_MS = (100.0, 2_000.0)  # until the stored lanes run again after a cut, an end or a start
_RESENT_MS = 20.0  # what one per cent of loss costs a stored lane


@dataclass(frozen=True, slots=True)
class Parcel:
    """One signed message under way. `digest` is the hash of its unsigned bytes; generation and epoch are the link's."""

    kind: str
    subject: str
    generation: int
    epoch: int
    digest: bytes
    unsigned: bytes
    signature: bytes


class Side(Protocol):
    """What a lane asks of the node at either end."""

    up: bool

    def arrive(self, sender: str, parcel: Parcel, *, stored: bool) -> None:
        """Take a release from a partner."""

    def hear(self, sender: str, unsigned: bytes, signature: bytes) -> None:
        """Take a control from a partner."""

    def crossing(self, recipient: str, parcel: Parcel) -> None:
        """Know that a release now leaves to a partner."""


class Lane:
    """From `sender` to `recipient`; `sides` are filled before anything is published."""

    def __init__(self, plan: Plan, queue: Queue, sides: dict[str, Side], *, sender: str, recipient: str) -> None:
        """Start with nothing under way and a fine day."""
        self.sender, self.recipient = sender, recipient
        self._queue, self._sides = queue, sides
        self._chance = stream("lane", plan.seed, sender, recipient)
        self.weather: Weather | None = None
        self.cuts = 0
        self.shut: set[str] = set()  # nations that closed the link: nothing passes, either way
        self.generation = 0
        self.epoch = 0
        self.log: deque[Parcel] = deque()
        self._inbox: list[Parcel] = []
        self._handed = 0
        self._fetching = False
        self.crossed = 0

    def publish(self, parcel: Parcel) -> None:
        """Hand a release to the sender's broker, unless its policy generation is no longer current."""
        if parcel.generation >= self.generation:
            self._queue.after(self._ms(*_LOCAL_MS), self._store, parcel)

    def purge(self, generation: int) -> None:
        """Drop everything older than `generation`, under way and stored."""
        self.generation = generation
        self._queue.after(self._ms(*_LOCAL_MS), self._purged)

    def renew(self, epoch: int) -> None:
        """Go on in a new epoch with an empty outbox."""
        self.epoch, self.generation = epoch, 0
        self.log.clear()

    def lose(self) -> None:
        """Empty the outbox."""
        self.log.clear()

    def control(self, unsigned: bytes, signature: bytes) -> None:
        """Send a control, now or never."""
        for delay_ms in self._copies():
            self._queue.after(delay_ms, self._heard, unsigned, signature)

    def back(self) -> None:
        """Note that a cut ended or a side came up: the stored lanes will run again."""
        self._queue.after(self._ms(*_BACK_MS), self._catch_up)

    def unpack(self) -> None:
        """Hand the recipient's restarted node what it had not acknowledged."""
        self._handed = 0
        self._deliver()

    def handed(self) -> int:
        """Return a mark of what the recipient's node was handed so far."""
        return self._handed

    def acknowledge(self, mark: int) -> None:
        """Forget what was handed up to a mark: the recipient has committed it."""
        del self._inbox[:mark]
        self._handed = max(0, self._handed - mark)

    def _purged(self) -> None:
        self.log = deque(parcel for parcel in self.log if parcel.generation >= self.generation)

    def _blocked(self) -> bool:
        return self.cuts > 0 or bool(self.shut) or not self._sides[self.recipient].up or not self._sides[self.sender].up

    def _store(self, parcel: Parcel) -> None:
        if parcel.generation < self.generation or parcel.epoch != self.epoch or not self._sides[self.sender].up:
            return
        self.log.append(parcel)
        for delay_ms in self._copies():
            self._cross(parcel)
            self._queue.after(delay_ms, self._arrived, parcel)
        self._fetch_soon()

    def _copies(self) -> Iterator[float]:
        """Yield the delay in ms of each copy that an unreliable lane brings of one message."""
        if self.cuts or self.shut:
            return
        chance, weather = self._chance, self.weather
        if weather is None:
            yield self._ms(*_LINE_MS)
            return
        if chance.random() * 100 < weather.loss_percent:
            return
        yield self._ms(2.0, 30.0 + weather.delay_ms)
        if chance.random() * 100 < weather.doubles_percent:
            yield self._ms(2.0, 30.0 + weather.delay_ms)

    def _arrived(self, parcel: Parcel) -> None:
        self._sides[self.recipient].arrive(self.sender, parcel, stored=False)

    def _heard(self, unsigned: bytes, signature: bytes) -> None:
        self._sides[self.recipient].hear(self.sender, unsigned, signature)

    def _fetch_soon(self) -> None:
        if self._fetching or self._blocked() or not self.log:
            return
        self._fetching = True
        weather = self.weather
        slow_ms = 0.0 if weather is None else weather.delay_ms + weather.loss_percent * _RESENT_MS
        self._queue.after(self._ms(2.0, 30.0 + slow_ms), self._fetch)

    def _fetch(self) -> None:
        self._fetching = False
        if self._blocked():
            return
        while self.log:
            self._take(self.log.popleft())
        self._deliver()

    def _catch_up(self) -> None:
        if self._blocked() or not self.log:
            return
        latest = list({parcel.subject: parcel for parcel in self.log}.values())
        self._chance.shuffle(latest)
        for parcel in latest:
            self._take(parcel)
        self._deliver()
        self._fetch_soon()

    def _take(self, parcel: Parcel) -> None:
        self._cross(parcel)
        self._inbox.append(parcel)

    def _cross(self, parcel: Parcel) -> None:
        self.crossed += 1
        self._sides[self.sender].crossing(self.recipient, parcel)

    def _deliver(self) -> None:
        side = self._sides[self.recipient]
        while side.up and self._handed < len(self._inbox):
            self._handed += 1
            side.arrive(self.sender, self._inbox[self._handed - 1], stored=True)

    def _ms(self, least: float, most: float) -> float:
        return least + (most - least) * self._chance.random()
