"""The world: n real nodes, each in a simulated shell, on lines and disks that fail by plan; run, judged, hashed.

In: a plan, and for a world with physics the scans of each nation. Out: an `Outcome`: what was broken first, if
anything was, and a hash of everything that every node was given and decided.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from beaconfire.kernel import codec, wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import Genesis, Input, Join, Leave, NodeState, Partner, Resume, Suspend
from beaconfire.rehearse.world.host import Host
from beaconfire.rehearse.world.judge import judge
from beaconfire.rehearse.world.lanes import Lane, Parcel, Side
from beaconfire.rehearse.world.mind import Stage
from beaconfire.rehearse.world.plan import (
    REALM,
    START_NS,
    ClockStep,
    Crash,
    Cut,
    Decree,
    DiskLost,
    Fault,
    Forgery,
    Parting,
    Plan,
    SlowDisk,
    StoreLost,
    Weather,
    ns,
)
from beaconfire.rehearse.world.policy import policy_toml
from beaconfire.rehearse.world.queue import Queue
from beaconfire.rehearse.world.rooms import stage as stage_script
from beaconfire.rehearse.world.seals import ED25519, STAND_IN, public_key
from beaconfire.rehearse.world.senses import Senses
from beaconfire.rehearse.world.watch import Broken, Watch


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run went: the first broken promise or None, the hash of the whole run, and how much was done."""

    plan: Plan
    broken: Broken | None
    digest: str
    rows: int
    crossed: int
    taken: int
    checks: int

    @property
    def simulated_s(self) -> float:
        """How long the world lasted."""
        return self.plan.length_ms / 1000.0


def run(plan: Plan, *, senses: Senses | None = None, flaw: str = "") -> Outcome:
    """Play a plan; `flaw` names one of `host.FLAWS`, for tests of the world itself."""
    world = _World(plan, senses, flaw)
    broken = None
    try:
        world.play()
    except Broken as error:
        broken = error
    finally:
        world.close()
    return world.outcome(broken)


class _World:
    def __init__(self, plan: Plan, senses: Senses | None, flaw: str) -> None:
        self._plan, self._senses = plan, senses
        self._queue = Queue()
        self._watch = Watch(self._queue)
        self._hosts = {
            nation: Host(
                plan, nation, self._genesis(nation), queue=self._queue, watch=self._watch, stage=self._stage(nation),
                flaw=flaw,
            )
            for nation in plan.nations
        }  # fmt: skip
        sides: dict[str, Side] = dict(self._hosts)
        self._lanes = {
            (one, other): Lane(plan, self._queue, sides, sender=one, recipient=other)
            for one in plan.nations
            for other in plan.nations
            if one != other
        }
        for (one, other), lane in self._lanes.items():
            self._hosts[one].lanes[other] = lane
            self._hosts[other].inboxes[one] = lane

    def play(self) -> None:
        for nation in self._plan.nations:
            self._hosts[nation].start()
            for scan in self._senses.scans[nation] if self._senses else ():
                self._queue.after((scan.time_ns - START_NS) / 1e6, self._hosts[nation].see, scan)
        for fault in self._plan.faults:
            self._queue.after(fault.at_ms, self._befall, fault)
        self._queue.run(self._plan.length_ms)
        judge(self._hosts, self._lanes, self._watch, chosen=self._plan.seed)

    def close(self) -> None:
        for host in self._hosts.values():
            host.disk.close()

    def outcome(self, broken: Broken | None) -> Outcome:
        hosts = self._hosts.values()
        total = sha256(str(broken).encode())
        for host in hosts:
            total.update(host.disk.head)
        for lane in self._lanes.values():
            total.update(lane.crossed.to_bytes(8, "little"))
        return Outcome(
            plan=self._plan,
            broken=broken,
            digest=total.hexdigest(),
            rows=sum(host.disk.seq for host in hosts),
            crossed=sum(lane.crossed for lane in self._lanes.values()),
            taken=sum(len(host.mind.ledger.took) for host in hosts),
            checks=self._watch.checks,
        )

    def _genesis(self, nation: str) -> Genesis:
        decree = next(one for one in self._plan.policies if one.nation == nation)
        return Genesis(
            nation=nation,
            realm=REALM,
            sensors_toml=self._senses.sensors_toml[nation] if self._senses else b"",
            policy_toml=policy_toml(decree),
            partners=tuple(Partner(other, public_key(other)) for other in self._plan.nations if other != nation),
            id_secret=_words(nation, str(self._plan.seed)),
            epoch=START_NS // NS_PER_S,
            fingerprint="",
        )

    def _stage(self, nation: str) -> Stage:
        def play_script(state: NodeState) -> None:
            if self._senses is None:
                stage_script(state, self._plan.load[nation])

        return play_script

    def _befall(self, fault: Fault) -> None:
        _HANDS[type(fault)](self, fault)

    def _weather(self, fault: Weather) -> None:
        lane = self._lanes[fault.sender, fault.recipient]
        lane.weather = fault

        def clear() -> None:
            if lane.weather is fault:
                lane.weather = None

        self._queue.after(fault.for_ms, clear)

    def _cut(self, fault: Cut) -> None:
        lane = self._lanes[fault.sender, fault.recipient]
        lane.cuts += 1

        def mend() -> None:
            lane.cuts -= 1
            lane.back()

        self._queue.after(fault.for_ms, mend)

    def _crash(self, fault: Crash) -> None:
        self._hosts[fault.nation].doom(fault)

    def _slow(self, fault: SlowDisk) -> None:
        host = self._hosts[fault.nation]
        host.commit_ms = fault.commit_ms

        def mend() -> None:
            host.commit_ms = 0

        self._queue.after(fault.for_ms, mend)

    def _lost(self, fault: StoreLost) -> None:
        for lane in self._hosts[fault.nation].lanes.values():
            lane.lose()

    def _clock(self, fault: ClockStep) -> None:
        host = self._hosts[fault.nation]
        host.wall_off_ns += ns(fault.step_ms)

        def mend() -> None:
            host.wall_off_ns -= ns(fault.step_ms)

        self._queue.after(fault.for_ms, mend)

    def _decree(self, fault: Decree) -> None:
        self._hosts[fault.nation].order(fault)

    def _part(self, fault: Parting) -> None:
        host, by = self._hosts[fault.nation], ("world",)
        apart: Input = Suspend(fault.partner, by, "")
        again: Input = Resume(fault.partner, b"", by)
        if fault.how == "left":
            effective_ns = host.now_ns() + ns(fault.notice_ms) if fault.notice_ms else 0
            apart, again = Leave(fault.partner, by, "", effective_ns), Join(Partner(fault.partner, _words("new")), by)
        host.order(apart)
        if fault.for_ms:
            self._queue.after(fault.for_ms, host.order, again)

    def _disk(self, fault: DiskLost) -> None:
        told = (
            (host.nation, key)
            for host in self._hosts.values()
            for (partner, key), yes_ns in host.mind.ledger.decided.items()
            if partner == fault.nation and yes_ns is not None
        )
        self._hosts[fault.nation].lose_disk(fault.down_ms, told)

    def _forge(self, fault: Forgery) -> None:
        """Let a correctly signed message of the other realm come over both lanes."""
        host = self._hosts[fault.sender]
        recipient = self._hosts[fault.recipient]
        if not host.up or not recipient.up:
            return
        incoming = recipient.mind.state.links[fault.sender].incoming
        live = wire.LiveEnvelope(
            format=wire.FORMAT,
            sender=fault.sender,
            recipient=fault.recipient,
            realm=Realm.LIVE,
            epoch=incoming.epoch,
            number=incoming.chain.contiguous + 1,
            previous=incoming.chain.head,
            kind=Kind.LAUNCH,
            content=b"\x00",
        )
        unsigned, seals = codec.encode(live), ED25519 if self._plan.real else STAND_IN
        parcel = Parcel("launch", "", 0, 0, wire.chain_hash(unsigned), unsigned, seals.sign(fault.sender, unsigned))
        recipient.arrive(fault.sender, parcel, stored=False)


_HANDS: dict[type, Callable[..., None]] = {
    Weather: _World._weather,
    Cut: _World._cut,
    Crash: _World._crash,
    SlowDisk: _World._slow,
    StoreLost: _World._lost,
    ClockStep: _World._clock,
    Decree: _World._decree,
    Forgery: _World._forge,
    Parting: _World._part,
    DiskLost: _World._disk,
}


def _words(*words: str) -> bytes:
    return sha256("/".join(("world", *words)).encode()).digest()
