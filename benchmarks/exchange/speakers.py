"""The two ends of one chain, each in its own process: ours with everything it does, or the raw engine's client.

    python -m benchmarks.exchange.speakers '{"role": "send", "mode": "ours", …}'

Ours, sending: decide, redact, number, chain, sign, publish; receiving: limit, verify, accept in the chain, receipts.
Raw: the engine's own client publishes bytes of the same length to the same outbox and reads the same inbox through a
push consumer. Times are CLOCK_MONOTONIC, which all processes of a machine share. The partner's written rate of 2,000
envelopes a second is lifted here (the door's clock runs faster): it bounds a liar, not this machinery.
"""

import asyncio
import gc
import struct
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import nats
import numpy as np
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from beaconfire.kernel import codec, limits, wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind, Product, Released, TrajectoryBody
from beaconfire.kernel.records import TrackStatus
from beaconfire.kernel.time import unix_utc_to_tai_ns
from beaconfire.node import ControlIn, EnvelopeIn, Send
from beaconfire.release import Releaser
from beaconfire.share import ControlOut, Numbered, Stage
from beaconfire.share import Link as Words
from beaconfire.shell import bundles, keys
from beaconfire.shell.config import NodeConfig, load_config
from beaconfire.shell.intake import Intake
from beaconfire.shell.link import LaneName, PartnerLink, client_context
from beaconfire.shell.parcels import parcels
from beaconfire.shell.topology import REPLIES, Lane
from benchmarks.exchange.pair import EPOCH

TRACKS = 50
_NUMBER = struct.Struct("<Q")
_BEAT_S = 1.0
_IDLE_S = 15.0
_SETTLED_S = 4.0  # after the partner was heard first: the hellos of a new connection are over
_HELLOS = 3
_COMMIT = 512  # envelopes of one commit, when there is no rate: a node in a hurry commits whatever gathered
_WAITING = 2_000  # publications that may wait for the broker, of ours and of the raw client
_UNLIMITED = 1_000.0  # how much faster the door's clock runs
_POLICY = b"""version = 2
nation = "KOR"
[[grant]]
id = "g"
partner = "%s"
realm = "EXERCISE"
kinds = ["trajectory"]
provenance = ["KOR"]
rate_hz = 100.0
"""


class Orders(msgspec.Struct, frozen=True):
    """What a worker is to do. `rate` 0 is as fast as it can; `lanes` are those the receiver looks at.

    `holds` of the sender: after so many it waits for another word, after the last of them it goes on at `last_rate`.
    `newest` of the receiver: it ends with the last number, whatever is still missing.
    """

    role: str
    mode: str
    node: str
    partner: str
    out: str
    count: int
    rate: float = 0.0
    lanes: tuple[LaneName, ...] = ("direct", "stored")
    holds: tuple[int, ...] = ()
    last_rate: float = 0.0
    newest: bool = False


def now_ns() -> int:
    return unix_utc_to_tai_ns(time.time_ns())


class Speaker:
    """One nation's side of the link, connected."""

    def __init__(self, orders: Orders) -> None:
        self.orders = orders
        self.config: NodeConfig = load_config(Path(orders.node) / "node.toml")
        self.identity = keys.load(Path(orders.node), self.config.nation, self.config.realm, passphrase=None)
        self.partner = next(row for row in bundles.load_partners(self.config) if row.nation == orders.partner)
        self.tls = client_context(str(self.identity.tls), self.partner.certificate_name)
        self.url = f"tls://127.0.0.1:{self.config.broker.client_port}"
        self.words = Words(nation=self.config.nation, partner=orders.partner, realm=self.config.realm, epoch=EPOCH)
        self.intake = Intake(
            orders.partner, key=self.partner.node_public, realm=self.config.realm,
            clock=lambda: time.monotonic() * _UNLIMITED, envelope=self.on_envelope, control=self.on_control,
        )  # fmt: skip
        self.link = PartnerLink(
            Lane(self.config.nation, orders.partner, realm=self.config.realm, epoch=EPOCH), url=self.url, tls=self.tls,
            deliver=self.deliver, has_room=self.intake.has_room, ready=lambda: self.made.set(),
        )  # fmt: skip
        self.made = asyncio.Event()
        self.heard_s: float | None = None
        self.times: np.ndarray[Any, np.dtype[np.int64]] = np.zeros(orders.count + 1, dtype=np.int64)
        self.order: list[int] = []  # numbers of history as they were published
        self.taken = 0
        self.again = 0
        self.news_s = time.monotonic()

    async def start(self) -> None:
        """Connect, and say so: from then on the partner may be let in."""
        self.link.start()
        await self.made.wait()
        self._talking = asyncio.create_task(self._talk())
        say({"link": True})

    async def settled(self) -> None:
        """Wait until the partner was heard and has nothing new to say, so that both inboxes are made and in peace."""
        while self.heard_s is None or time.monotonic() - self.heard_s < _SETTLED_S:
            await asyncio.sleep(0.05)

    async def client(self) -> Client:
        """Connect the engine's own client, for the raw runs."""
        await self.link.close()  # its streams stay
        self._talking.cancel()
        return await nats.connect(self.url, tls=self.tls, tls_hostname="localhost", inbox_prefix=REPLIES.encode())

    def deliver(self, lane: LaneName, data: bytes) -> None:
        if lane == "control" or lane in self.orders.lanes:
            self.intake.take(lane, data)

    def on_envelope(self, envelope: wire.Envelope, item: EnvelopeIn) -> None:
        arrival = self.words.accept(item.envelope, now_ns=now_ns())
        if arrival.stage is not Stage.DUPLICATE:
            self.note(envelope.number)

    def on_control(self, control: wire.Control, item: ControlIn) -> None:
        self.heard_s = self.heard_s or time.monotonic()
        self.link.heard(control.epoch, hello=isinstance(control, wire.Hello))
        heard = self.words.on_control(item.control, now_ns=now_ns())
        self.publish([as_send(numbered) for numbered in heard.settled.resend])

    def note(self, number: int) -> None:
        if number > self.orders.count:
            return
        self.news_s = time.monotonic()
        if self.times[number]:
            self.again += 1
            return
        self.times[number] = time.monotonic_ns()
        self.taken += 1

    def publish(self, sends: Sequence[Send]) -> None:
        """Sign and queue what one commit let go, as the engine does: of many the last of each track goes first."""
        if len(sends) >= limits.BUNDLE_FROM:
            last = {send.subject: send.number for send in sends}
            self.order += [send.number for send in sends if last[send.subject] != send.number]
        for parcel in parcels(sends, self.identity.node_key.sign):
            self.link.publish(parcel.subject, parcel.data, generation=1)

    async def _talk(self) -> None:
        """Speak as a node does: hello while new, receipts, and room for more of the stored lane."""
        hellos = 0
        while True:
            if hellos < _HELLOS:
                hellos += self.heard_s is not None
                self._tell("hello", self.words.hello(now_ns=now_ns()))
            self._tell("receipt", self.words.receipt(now_ns=now_ns()))
            self.link.acknowledge()
            self.intake.resume()
            self.link.wake()
            await asyncio.sleep(_BEAT_S)

    def _tell(self, kind: str, out: ControlOut) -> None:
        signed = wire.Signed(unsigned=out.unsigned, signature=self.identity.node_key.sign(out.unsigned))
        self.link.control(kind, codec.encode(signed))


class Offers:
    """Tracklets of fifty tracks, each twenty milliseconds younger than the last of its track."""

    def __init__(self) -> None:
        mean = np.array([-3.1e6, 4.0e6, 4.1e6, 1500.0, -800.0, 2100.0])
        self._mean = codec.pack_state(mean)
        self._factor = codec.pack_covariance(np.diag(np.array([30.0, 40.0, 25.0, 3.0, 2.0, 4.0]) ** 2))
        self._start_ns = now_ns()

    def product(self, number: int) -> Product:
        track, time_ns = f"KOR-T{number % TRACKS}", self._start_ns + number // TRACKS * 20_000_000
        body = TrajectoryBody(
            track=track, event="KOR-E1", time_ns=time_ns, first_time_ns=self._start_ns, mean=self._mean,
            factor=self._factor, first=number < TRACKS, status=TrackStatus.CONFIRMED, modes=(0.7, 0.1, 0.1, 0.1),
            batch_id=number.to_bytes(16, "little"), provenance=(), sensors=("KOR-R1",),
        )  # fmt: skip
        return Product(
            kind=Kind.TRAJECTORY, local_id=track, revision=0, time_ns=time_ns, body=body, nations=("KOR",),
            sensors=("KOR-R1",), missile_class="IRBM", object_kind="ballistic", latitude_deg=39.2, longitude_deg=126.0,
        )  # fmt: skip


def as_send(numbered: Numbered) -> Send:
    return Send(
        numbered.partner, numbered.number, numbered.generation, numbered.kind, numbered.local_id, numbered.subject,
        numbered.unsigned,
    )  # fmt: skip


def release_path(words: Words) -> Callable[[int], Send]:
    """Return what ours does with the n-th product before the commit: decide, redact, number, chain."""
    releaser = Releaser(nation="KOR", realm=Realm.EXERCISE, secret=bytes(32))
    releaser.load(_POLICY % words.partner.encode(), where="policy.toml")
    offers = Offers()

    def release(number: int) -> Send:
        now = now_ns()
        decision = releaser.decide(offers.product(number), words.partner, now_ns=now)
        assert isinstance(decision, Released), decision
        numbered = words.number(decision, now_ns=now)
        releaser.drain_audit(now_ns=now)
        return as_send(numbered)

    return release


def warmed() -> int:
    """Load what a node loads at its start (kernels, codecs) and return the length of an envelope on the wire."""
    here, there = (
        Words(nation=a, partner=b, realm=Realm.EXERCISE, epoch=EPOCH) for a, b in (("KOR", "JPN"), ("JPN", "KOR"))
    )
    release, size = release_path(here), 0
    for number in range(1, 3 * TRACKS):
        unsigned = release(number).unsigned
        there.accept(unsigned, now_ns=now_ns())
        size = max(size, len(codec.encode(wire.Signed(unsigned=unsigned, signature=bytes(64)))))
    return size


async def send_ours(speaker: Speaker) -> dict[str, Any]:
    release = release_path(speaker.words)
    gathered: list[Send] = []

    async def one(number: int) -> None:
        gathered.append(release(number))
        orders = speaker.orders
        last = number == orders.count or number in orders.holds
        if last or len(gathered) == (1 if orders.rate or number > max(orders.holds, default=orders.count) else _COMMIT):
            while speaker.link.pending > _WAITING:
                await asyncio.sleep(0.0005)
            speaker.publish(gathered)
            gathered.clear()

    begun = await _paced(speaker, one)
    while speaker.link.pending:
        await asyncio.sleep(0.005)
    return {"wall_s": time.monotonic() - begun}


async def send_raw(speaker: Speaker) -> dict[str, Any]:
    client = await speaker.client()
    js = client.jetstream(publish_async_max_pending=_WAITING)
    filler = bytes(warmed() - _NUMBER.size)
    subjects = [f"{speaker.link.lane.sent}.trajectory.KOR-T{track}" for track in range(TRACKS)]

    async def one(number: int) -> None:
        await js.publish_async(subjects[number % TRACKS], _NUMBER.pack(number) + filler, wait_stall=30.0)

    begun = await _paced(speaker, one)
    await js.publish_async_completed()
    await client.close()
    return {"wall_s": time.monotonic() - begun}


async def _paced(speaker: Speaker, one: Callable[[int], Awaitable[None]]) -> float:
    """Send all, each at its moment or as fast as the broker takes them; returns when it began."""
    orders, rate, since = speaker.orders, speaker.orders.rate, 0
    first_s = begun_s = time.monotonic()
    for number in range(1, orders.count + 1):
        if number - 1 in orders.holds:
            say({"held": number - 1})
            await _said_go()
            rate = orders.last_rate if number - 1 == orders.holds[-1] else orders.rate
            since, begun_s = number - 1, time.monotonic()
        if rate:
            wait_s = begun_s + (number - since) / rate - time.monotonic()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
        elif number % 64 == 0:
            await asyncio.sleep(0)
        speaker.times[number] = time.monotonic_ns()
        await one(number)
    return first_s


async def receive_raw(speaker: Speaker) -> None:
    client = await speaker.client()

    async def take(message: Msg) -> None:
        speaker.note(_NUMBER.unpack_from(message.data)[0])

    if "direct" in speaker.orders.lanes:
        await client.subscribe(
            f"{speaker.link.lane.received}.>", cb=take, pending_msgs_limit=-1, pending_bytes_limit=-1
        )
    else:
        config = ConsumerConfig(
            ack_policy=AckPolicy.NONE, deliver_policy=DeliverPolicy.ALL, flow_control=True, idle_heartbeat=2.0
        )
        await client.jetstream().subscribe(
            f"{speaker.link.lane.received}.>", stream=speaker.link.lane.inbox, cb=take, config=config,
            pending_msgs_limit=-1, pending_bytes_limit=-1,
        )  # fmt: skip
    await client.flush()
    await _until_all(speaker)


async def _until_all(speaker: Speaker) -> None:
    say({"ready": True})
    await _said_go()
    speaker.news_s = time.monotonic()
    orders = speaker.orders
    while (
        not (speaker.times[-1] if orders.newest else speaker.taken == orders.count)
        and time.monotonic() - speaker.news_s < _IDLE_S
    ):
        await asyncio.sleep(0.02)


def say(words: dict[str, Any]) -> None:
    sys.stdout.write(msgspec.json.encode(words).decode() + "\n")
    sys.stdout.flush()


async def _said_go() -> None:
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


async def main(orders: Orders) -> None:
    warmed()
    speaker = Speaker(orders)
    await speaker.start()
    gc.collect()
    gc.freeze()
    if orders.role == "send":
        await _said_go()
        words = await (send_ours if orders.mode == "ours" else send_raw)(speaker)
    else:
        await speaker.settled()
        await (_until_all if orders.mode == "ours" else receive_raw)(speaker)
        words = {"taken": speaker.taken, "again": speaker.again}
    np.save(orders.out, speaker.times)
    np.save(f"{orders.out}.order", np.array(speaker.order, dtype=np.int64))
    say(words)


if __name__ == "__main__":
    asyncio.run(main(msgspec.json.decode(sys.argv[1], type=Orders)))
