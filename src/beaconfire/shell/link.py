"""The node's side of one partner's boundary account: publish what was released, hear what the partner released.

Out: `publish` takes signed envelopes in order; each goes out once, on a subject that the LOG stream captures and the
partner's DIRECT lane hears. What the broker has not acknowledged is kept here, and after a lost connection everything
from the oldest such envelope on is published again, in order: nothing is lost, a copy may come twice, and the
receiver knows copies by their number. In: `deliver` is called with the bytes of each message and the lane it took.

A new connection is made from scratch instead of using the client's own reconnect, which sends buffered messages
before what has to be repeated and so breaks the order.
"""

import asyncio
import contextlib
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, ExternalStream, StorageType, StreamConfig, StreamSource
from nats.js.errors import NotFoundError

from beaconfire.kernel import limits
from beaconfire.shell.tasks import ended, woken
from beaconfire.shell.topology import REPLIES, Lane, log_name, now_name

LaneName = Literal["direct", "stored", "control"]
Deliver = Callable[[LaneName, bytes], None]
_BACK_OFF_S = (0.05, 0.1, 0.25, 0.5, 1.0)
_PULL = 256  # messages asked of IN at a time
_PULL_EXPIRES_S = 20.0
_CONSUMER = "intake"
# Of a server that is not there the client would otherwise say so after sixty attempts, two seconds apart.
AT_ONCE: dict[str, Any] = {"max_reconnect_attempts": 1, "reconnect_time_wait": 0}
_SILENCE_S = 2.5  # two beats missed
_ACK_S = 5.0  # a publication unacknowledged for so long was lost


@dataclass(slots=True)
class _Outgoing:
    generation: int
    subject: str
    data: bytes
    ticket: int = 0  # counts publications on one connection
    sent_s: float = 0.0


class PartnerLink:
    """One partner's lanes. `start` once; it keeps itself connected until `close`."""

    def __init__(
        self,
        lane: Lane,
        *,
        url: str,
        tls: ssl.SSLContext,
        deliver: Deliver,
        has_room: Callable[[], bool],
        ready: Callable[[], None] = lambda: None,
    ) -> None:
        """Prepare; `tls` holds our client certificate of the partner's boundary account.

        `ready` is called on each connection once nothing of a former epoch or generation is on the broker: from then
        on the partner may be let in.
        """
        self.lane = lane
        self._url, self._tls, self._deliver, self._has_room, self._ready = url, tls, deliver, has_room, ready
        self._unsent: deque[_Outgoing] = deque()
        self._in_flight: deque[_Outgoing] = deque()
        self._generation = 0
        self._purge_due = False
        self._partner_epoch: int | None = None
        self._heard_s = -_SILENCE_S
        self._source_due = self._sourced = False
        self._making: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._client: Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._pulled_left, self._pull_until_s = 0, 0.0
        self._ack_due = ""
        self._tickets = 0
        self._broken = False
        self.ready = False  # nothing of a former epoch or generation is on the broker
        self.connections = 0
        self.refused = 0  # publications that the broker answered with an error

    @property
    def connected(self) -> bool:
        """Whether our own broker is reachable; says nothing of the partner's."""
        return self._client is not None and self._client.is_connected

    @property
    def silent_s(self) -> float | None:
        """Link time since the partner's last verified control message; None before its first."""
        return None if self._partner_epoch is None else asyncio.get_running_loop().time() - self._heard_s

    @property
    def pending(self) -> int:
        """Envelopes that the broker has not acknowledged."""
        return len(self._unsent) + len(self._in_flight)

    def start(self) -> None:
        """Begin connecting."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Stop; what is unacknowledged is left to the journal."""
        if self._task is not None:
            await ended([self._task])
        await self._disconnect()

    async def flushed(self, *, timeout_s: float) -> bool:
        """Wait until the broker has acknowledged everything; False if it did not in time."""
        deadline_s = asyncio.get_running_loop().time() + timeout_s
        while self.pending and asyncio.get_running_loop().time() < deadline_s:
            await asyncio.sleep(0.005)
        return not self.pending

    def publish(self, subject: str, data: bytes, *, generation: int) -> None:
        """Queue one signed envelope; dropped if its policy generation is no longer current."""
        if generation >= self._generation:
            self._unsent.append(_Outgoing(generation, subject, data))
            self._wake.set()

    def control(self, kind: str, data: bytes) -> None:
        """Publish a signed control message now, or not at all if the broker is away: the next says more."""
        if self._client is not None and self._client.is_connected:
            task = asyncio.get_running_loop().create_task(self._tell(f"{self.lane.control_sent}.{kind}", data))
            task.add_done_callback(_look_at)

    async def told(self, *, timeout_s: float) -> bool:
        """Wait until the broker has passed on all controls so far; False if it did not in time."""
        if self._client is None or not self._client.is_connected:
            return False
        with contextlib.suppress(OSError, NatsError, TimeoutError):
            await asyncio.sleep(0)  # the tasks that `control` has made publish first
            async with asyncio.timeout(timeout_s):
                await self._client.flush()
            return True
        return False

    async def forget(self) -> None:
        """End, and let the broker forget everything that came from the partner or was meant for it."""
        await self.close()  # its own work would make the streams anew, and a reload may have cut it off
        with contextlib.suppress(OSError, NatsError, TimeoutError):
            await self._connect()
            assert self._client is not None, "connected"
            js = self._client.jetstream(timeout=5)
            for info in await js.streams_info():
                await js.delete_stream(info.config.name or "")
        await self._disconnect()

    def purge(self, *, generation: int) -> None:
        """Drop everything older than `generation`, here and on the broker."""
        self._generation = generation
        self._unsent = deque(item for item in self._unsent if item.generation >= generation)
        self._in_flight = deque(item for item in self._in_flight if item.generation >= generation)
        self._purge_due = True
        self._wake.set()

    def renew(self, epoch: int) -> None:
        """Go on in a new epoch of ours with another outbox; the step releases again what was queued of the old one."""
        self.lane = Lane(self.lane.me, self.lane.partner, realm=self.lane.realm, epoch=epoch)
        self._unsent.clear()
        self._in_flight.clear()
        self._broken, self.ready = True, False
        self._wake.set()

    def wake(self) -> None:
        """Look again whether there is something to do: intake has room for more."""
        self._wake.set()

    def heard(self, epoch: int, *, hello: bool) -> None:
        """Note a verified control message of the partner: its epoch, and that its side of the link is up.

        The stored lanes are taken anew when the epoch rose, our connection is new, the partner says hello (its broker
        was away) or was silent for long. Left alone the broker tries again only after 10 to 40 s.
        """
        now_s = asyncio.get_running_loop().time()
        silent = now_s - self._heard_s > _SILENCE_S
        self._heard_s = now_s
        newer = self._partner_epoch is None or epoch > self._partner_epoch
        if newer:
            self._partner_epoch = epoch
        if newer or silent or hello or not self._sourced:
            self._source_due = True
            self._wake.set()

    def acknowledge(self) -> None:
        """Let the broker forget what was delivered so far from IN: call it after the journal's commit."""
        if self._ack_due and self._client is not None and self._client.is_connected:
            subject, self._ack_due = self._ack_due, ""
            asyncio.get_running_loop().create_task(self._tell(subject, b"+ACK")).add_done_callback(_look_at)

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._connect()
                failures = 0
                await self._serve()
            except (OSError, NatsError, TimeoutError, ssl.SSLError):
                failures += 1
            await self._disconnect()
            await asyncio.sleep(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])

    async def _connect(self) -> None:
        self._client = await nats.connect(
            self._url, tls=self._tls, tls_hostname="localhost", allow_reconnect=False, connect_timeout=3,
            ping_interval=1, max_outstanding_pings=2, inbox_prefix=REPLIES.encode(), no_echo=False,
            error_cb=_quiet, closed_cb=self._lost, disconnected_cb=self._lost, **AT_ONCE,
        )  # fmt: skip
        self.connections += 1
        self._broken = self._sourced = False
        self._unsent.extendleft(reversed(self._in_flight))
        self._in_flight.clear()
        self._pulled_left, self._pull_until_s, self._ack_due = 0, 0.0, ""
        me, most = f"{REPLIES}.{self.lane.partner}", limits.MAX_INTAKE_QUEUE
        for subject, handler in (
            (f"{me}.acks.*", self._acknowledged),
            (f"{self.lane.received}.>", self._direct),
            (f"{self.lane.control_received}.>", self._control),
            (f"{me}.pull", self._pulled),
        ):
            await self._client.subscribe(subject, cb=handler, pending_msgs_limit=most, pending_bytes_limit=most * 2048)
        await self._make_outbox(self._client.jetstream(timeout=5))
        if self._purge_due:
            await self._purge_streams()
        self.ready = True
        self._ready()

    async def _serve(self) -> None:
        """Publish, purge and pull until the connection is lost."""
        loop = asyncio.get_running_loop()
        while self.connected and not self._broken:
            self._wake.clear()
            if self._purge_due:
                await self._purge_streams()
            await self._send()
            if self._source_due and self._partner_epoch is not None and self._making is None:
                self._source_due, self._sourced = False, True
                self._making = loop.create_task(self._make_inbox(self._partner_epoch))  # what goes out does not wait
                self._making.add_done_callback(lambda _: self._wake.set())
            if self._making is not None and self._making.done():
                made, self._making = self._making, None
                made.result()
            if self._sourced and self._making is None and self._has_room():
                await self._pull()
            await woken(self._wake, 1.0)
            if self._in_flight and loop.time() - self._in_flight[0].sent_s > _ACK_S:
                return

    async def _send(self) -> None:
        assert self._client is not None, "connected"
        while self._unsent and len(self._in_flight) < limits.MAX_IN_FLIGHT and not self._purge_due:
            item = self._unsent.popleft()
            self._tickets += 1
            item.ticket, item.sent_s = self._tickets, asyncio.get_running_loop().time()
            self._in_flight.append(item)
            reply = f"{REPLIES}.{self.lane.partner}.acks.{item.ticket}"
            await self._client.publish(item.subject, item.data, reply=reply)

    async def _acknowledged(self, message: Msg) -> None:
        if b'"error"' in message.data or not message.data:  # no room, or no stream: connect anew and repeat
            self.refused += 1
            self._broken = True
            self._wake.set()
        ticket = int(message.subject.rpartition(".")[2])
        while not self._broken and self._in_flight and self._in_flight[0].ticket <= ticket:
            self._in_flight.popleft()
        if self._unsent:
            self._wake.set()

    async def _direct(self, message: Msg) -> None:
        self._deliver("direct", message.data)

    async def _control(self, message: Msg) -> None:
        self._deliver("control", message.data)

    async def _pulled(self, message: Msg) -> None:
        if not message.reply:  # a status: the request has run out
            self._pulled_left = 0
        else:
            self._pulled_left -= 1
            self._ack_due = message.reply
            self._deliver("stored", message.data)
        if self._pulled_left <= _PULL // 4:
            self._wake.set()

    async def _pull(self) -> None:
        assert self._client is not None, "connected"
        now_s = asyncio.get_running_loop().time()
        if self._pulled_left > _PULL // 4 and now_s < self._pull_until_s:
            return
        self._pulled_left, self._pull_until_s = _PULL, now_s + _PULL_EXPIRES_S + 1.0
        request = msgspec.json.encode({"batch": _PULL, "expires": int(_PULL_EXPIRES_S * 1e9)})
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{self.lane.inbox}.{_CONSUMER}"
        await self._client.publish(subject, request, reply=f"{REPLIES}.{self.lane.partner}.pull")

    async def _tell(self, subject: str, data: bytes) -> None:
        if self._client is not None:
            await self._client.publish(subject, data)

    async def _make_outbox(self, js: JetStreamContext) -> None:
        lane = self.lane
        await self._drop_old_outboxes(js)
        await _ensure(
            js,
            StreamConfig(
                name=lane.log, subjects=[f"{lane.sent}.>"], storage=StorageType.FILE, max_age=limits.OUTBOX_MAX_AGE_S,
                max_bytes=limits.OUTBOX_MAX_BYTES, max_consumers=4, max_msg_size=limits.MAX_BUNDLE_BYTES,
            ),
        )  # fmt: skip
        await _ensure(
            js,
            StreamConfig(
                name=lane.now, storage=StorageType.MEMORY, max_msgs_per_subject=1, max_age=limits.OUTBOX_MAX_AGE_S,
                max_bytes=limits.NOW_MAX_BYTES, max_consumers=4, sources=[StreamSource(name=lane.log)],
            ),
        )  # fmt: skip

    async def _drop_old_outboxes(self, js: JetStreamContext) -> None:
        """Two streams may not capture one subject, so the outboxes of former epochs go first."""
        ours = (f"LOG_{self.lane.partner}_", f"NOW_{self.lane.partner}_")
        for info in await js.streams_info():
            name = info.config.name or ""
            if name.startswith(ours) and name not in (self.lane.log, self.lane.now):
                await js.delete_stream(name)

    async def _make_inbox(self, epoch: int) -> None:
        assert self._client is not None, "connected"
        js = self._client.jetstream(timeout=5)
        external = ExternalStream(api=self.lane.partner_api, deliver=self.lane.source_received)
        names = (log_name(self.lane.me, epoch), now_name(self.lane.me, epoch))
        for sources in ([], [StreamSource(name=name, external=external) for name in names]):
            await _ensure(
                js,
                StreamConfig(
                    name=self.lane.inbox, storage=StorageType.FILE, max_age=limits.OUTBOX_MAX_AGE_S,
                    max_bytes=limits.INBOX_MAX_BYTES, max_consumers=4, sources=sources,
                ),
            )  # fmt: skip
        await js.add_consumer(
            self.lane.inbox,
            ConsumerConfig(
                durable_name=_CONSUMER, ack_policy=AckPolicy.ALL, ack_wait=30.0, max_ack_pending=limits.MAX_INTAKE_QUEUE
            ),
        )

    async def _purge_streams(self) -> None:
        assert self._client is not None, "connected"
        js = self._client.jetstream(timeout=5)
        self._purge_due = False
        for name in (self.lane.log, self.lane.now):
            await js.purge_stream(name)

    async def _lost(self) -> None:
        self._wake.set()

    async def _disconnect(self) -> None:
        await ended([self._making] if self._making is not None else [])
        self._making = None
        client, self._client, self.ready = self._client, None, False
        if client is not None and not client.is_closed:
            with contextlib.suppress(OSError, NatsError, TimeoutError):
                await client.close()


def client_context(tls_folder: str, name: str) -> ssl.SSLContext:
    """Return the TLS context by which this node's client enters its own broker under the certificate `name`."""
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=f"{tls_folder}/ca.pem")
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(f"{tls_folder}/{name}.pem", f"{tls_folder}/{name}.key")
    return context


async def _ensure(js: JetStreamContext, config: StreamConfig) -> None:
    """Make a stream, or bring an existing one to this configuration."""
    try:
        await js.stream_info(config.name or "")
    except NotFoundError:
        await js.add_stream(config)
        return
    await js.update_stream(config)


async def _quiet(error: Exception) -> None:
    """Errors end the connection, which is made anew; the client's own log lines say nothing more."""


def _look_at(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and task.exception() is not None and not isinstance(task.exception(), NatsError | OSError):
        raise RuntimeError("telling the broker failed") from task.exception()
