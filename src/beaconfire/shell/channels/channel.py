"""One channel: its end-points, each with a bounded queue, retries and receipts; who is down is named.

A message goes to every end-point by itself, in order. The first failure is told at once, then it is tried again with
growing waits until it is delivered, expires, or the written number of attempts is used up. A cancel or an all-clear
overtakes what still waits of the same alert: a warning that was taken back must not sound when a line comes up again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from beaconfire.kernel import limits
from beaconfire.kernel.errors import ChannelDown, Refused
from beaconfire.kernel.labels import Realm
from beaconfire.shell.channels.alerts import SignedAlert, Verify, admit
from beaconfire.shell.tasks import ended, woken


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one message at one end-point."""

    alert_id: str
    identifier: str
    channel: str
    endpoint: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Health:
    """How an end-point stands; ages are seconds of link time, None for never."""

    channel: str
    endpoint: str
    ok: bool | None
    detail: str
    waiting: int
    tested_s: float | None
    delivered_s: float | None


@dataclass(frozen=True, slots=True)
class Pace:
    """Times of delivery, seconds of link time."""

    attempt_s: float = 5.0  # approval → all channels ≤ 2 s where they work; a slow one is given up and tried again
    first_wait_s: float = 0.25
    longest_wait_s: float = 10.0  # a line that comes up again carries the alert within this
    attempts: int = 90  # a quarter of an hour: longer than any flight
    probe_s: float = 30.0  # how old a self-test may become


class Sink(Protocol):
    """Where an end-point's messages go."""

    endpoint: str

    async def deliver(self, alert: SignedAlert) -> None:
        """Deliver one message; raises `ChannelDown`. Delivering it twice must do no harm."""

    async def probe(self) -> None:
        """See whether it could be delivered; raises `ChannelDown`."""


class Channel:
    """Takes messages of its own realm alone. `receipt` is called with everything that happens to one."""

    def __init__(
        self,
        name: str,
        sinks: Sequence[Sink],
        *,
        realm: Realm,
        verify: Verify,
        now_ns: Callable[[], int],
        receipt: Callable[[Receipt], None],
        pace: Pace | None = None,
    ) -> None:
        """Prepare; `verify` raises unless a message is signed for this realm, `now_ns` is node time."""
        self.name, self.realm = name, realm
        self._verify, self._receipt = verify, receipt
        self._outlets = [Outlet(name, sink, now_ns=now_ns, receipt=receipt, pace=pace or Pace()) for sink in sinks]
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to deliver and to test."""
        self._tasks = [asyncio.create_task(outlet.run()) for outlet in self._outlets]

    def send(self, alert: SignedAlert) -> None:
        """Take a message for every end-point; one of another realm is refused here and told as not delivered."""
        try:
            admit(alert, realm=self.realm, verify=self._verify)
        except Refused as refusal:
            for outlet in self._outlets:
                self._receipt(outlet.receipt_of(alert, ok=False, detail=f"refused: {refusal}"))
            return
        for outlet in self._outlets:
            outlet.put(alert)

    @property
    def health(self) -> tuple[Health, ...]:
        """How each end-point stands."""
        return tuple(outlet.health for outlet in self._outlets)

    async def close(self, *, timeout_s: float) -> None:
        """Give what waits so long to go out, then end."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + timeout_s
        while any(outlet.health.waiting for outlet in self._outlets) and loop.time() < end_s:
            await asyncio.sleep(0.01)
        await ended(self._tasks)


class Outlet:
    """One end-point of a channel."""

    def __init__(
        self,
        channel: str,
        sink: Sink,
        *,
        now_ns: Callable[[], int],
        receipt: Callable[[Receipt], None],
        pace: Pace,
    ) -> None:
        """Prepare; `run` delivers."""
        self._channel, self._sink, self._pace = channel, sink, pace
        self._now_ns, self._receipt = now_ns, receipt
        self._queue: deque[SignedAlert] = deque()
        self._changed = asyncio.Event()
        self._ok: bool | None = None
        self._detail = ""
        self._tested_s: float | None = None
        self._delivered_s: float | None = None

    @property
    def health(self) -> Health:
        """How it stands now."""
        now_s = asyncio.get_running_loop().time()
        tested_s, delivered_s = (None if at_s is None else now_s - at_s for at_s in (self._tested_s, self._delivered_s))
        return Health(
            self._channel, self._sink.endpoint, self._ok, self._detail, len(self._queue), tested_s, delivered_s
        )

    def put(self, alert: SignedAlert) -> None:
        """Take a message; when the queue is full it is told as not delivered."""
        if alert.ends:
            self._overtake(alert)
        if len(self._queue) >= limits.MAX_CHANNEL_QUEUE:
            self._tell(alert, ok=False, detail=f"not taken: {len(self._queue)} messages wait")
            return
        self._queue.append(alert)
        self._changed.set()

    def receipt_of(self, alert: SignedAlert, *, ok: bool, detail: str) -> Receipt:
        """Return the receipt of a message here."""
        text = detail[: limits.MAX_TEXT_LENGTH]
        return Receipt(alert.alert_id, alert.identifier, self._channel, self._sink.endpoint, ok, text)

    async def run(self) -> None:
        """Deliver what comes, and test when nothing does; ends when it is cancelled."""
        while True:
            if self._queue:
                await self._deliver(self._queue[0])
            elif self._test_is_due_in_s() <= 0:
                await self._attempt(self._sink.probe())
            else:
                self._changed.clear()
                await woken(self._changed, self._test_is_due_in_s())

    def _overtake(self, alert: SignedAlert) -> None:
        for old in [old for old in self._queue if old.alert_id == alert.alert_id and not old.ends]:
            self._queue.remove(old)
            self._tell(old, ok=False, detail=f"not sent any more: {alert.identifier} ended the alert first")

    async def _deliver(self, alert: SignedAlert) -> None:
        """Try the queue's first message until it is settled, one way or the other, or was overtaken."""
        wait_s = self._pace.first_wait_s
        for attempt in range(1, self._pace.attempts + 1):
            if self._now_ns() >= alert.expires_ns:
                return self._settle(alert, ok=False, detail="expired before it could be delivered")
            error = await self._attempt(self._sink.deliver(alert))
            if error is None:
                self._delivered_s = self._tested_s
                return self._settle(alert, ok=True, detail="" if attempt == 1 else f"attempt {attempt}")
            if error.final:
                return self._settle(alert, ok=False, detail=str(error))
            if attempt == 1 and alert in self._queue:
                self._tell(alert, ok=False, detail=f"{error}; tried again")
            await self._pause(alert, wait_s)
            if alert not in self._queue:
                return None
            wait_s = min(2 * wait_s, self._pace.longest_wait_s)
        return self._settle(alert, ok=False, detail=f"given up after {self._pace.attempts} attempts: {self._detail}")

    async def _pause(self, alert: SignedAlert, wait_s: float) -> None:
        """Wait before the next attempt, or until the message was overtaken."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + wait_s
        while alert in self._queue and loop.time() < end_s:
            self._changed.clear()
            await woken(self._changed, end_s - loop.time())

    async def _attempt(self, act: Awaitable[None]) -> ChannelDown | None:
        """Await one attempt within its time; returns what went wrong."""
        error: ChannelDown | None = None
        try:
            async with asyncio.timeout(self._pace.attempt_s):
                await act
        except TimeoutError:
            error = ChannelDown(f"no answer within {self._pace.attempt_s:g} s")
        except ChannelDown as down:
            error = down
        except Exception as unexpected:  # a fault of ours at one end-point must not silence the others
            error = ChannelDown(f"failed: {type(unexpected).__name__}: {unexpected}")
        self._tested_s = asyncio.get_running_loop().time()
        self._ok, self._detail = error is None, "" if error is None else str(error)
        return error

    def _test_is_due_in_s(self) -> float:
        if self._tested_s is None:
            return 0.0
        return self._tested_s + self._pace.probe_s - asyncio.get_running_loop().time()

    def _settle(self, alert: SignedAlert, *, ok: bool, detail: str) -> None:
        """Take a message from the queue and tell what became of it; one overtaken meanwhile may have gone out."""
        if alert in self._queue:
            self._queue.remove(alert)
        self._tell(alert, ok=ok, detail=detail)

    def _tell(self, alert: SignedAlert, *, ok: bool, detail: str) -> None:
        self._receipt(self.receipt_of(alert, ok=ok, detail=detail))
