"""The simulated shell of one node: its turn, journal, sending, beats and receipts, its deaths and returns.

It does what `shell` does, in the same order (step, append, commit, carry out), around the real `step`, with a disk and
a network that fail by plan. `FLAWS` names ways to do it wrong, for the tests that see whether the world notices.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence

from beaconfire.kernel import wire
from beaconfire.kernel.records import Scan
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import (
    Admit,
    ClockTrouble,
    ControlIn,
    Cut,
    Effect,
    EnvelopeIn,
    Genesis,
    Input,
    PolicyLoad,
    Purge,
    Restart,
    ScanIn,
    Send,
    Suspend,
    Tell,
    Tick,
    encode_input,
)
from beaconfire.rehearse.world.disk import new_disk
from beaconfire.rehearse.world.doors import Doors
from beaconfire.rehearse.world.lanes import Lane, Parcel
from beaconfire.rehearse.world.mind import Mind, Stage, hash_of
from beaconfire.rehearse.world.plan import NS_PER_MS, START_NS, Crash, Decree, Plan, SlowDisk, ns, stream
from beaconfire.rehearse.world.queue import Queue
from beaconfire.rehearse.world.rules import Rules
from beaconfire.rehearse.world.seals import ED25519, STAND_IN
from beaconfire.rehearse.world.watch import RecordKey, Watch
from beaconfire.share import ControlOut

_HELLOS = 3
_COMMIT_MS = (0.3, 4.0)
_TRUST_NS = 500 * NS_PER_MS  # a wall clock further off is not trusted
_UNSPENT = -1

FLAWS = ("send_before_commit", "receipt_before_commit", "no_purge", "no_cut", "old_outbox")


class PowerCut(Exception):
    """The node dies here and now."""


class Host:
    """One node and the shell around it. `lanes` are those it sends on and `inboxes` those it hears, by partner."""

    def __init__(
        self, plan: Plan, nation: str, genesis: Genesis, *, queue: Queue, watch: Watch, stage: Stage, flaw: str = ""
    ) -> None:
        """Prepare; `stage` makes a fresh state what this world wants it to be."""
        self.nation, self.up = nation, False
        self.lanes: dict[str, Lane] = {}
        self.inboxes: dict[str, Lane] = {}
        self.wall_off_ns = plan.offsets_ms[nation] * NS_PER_MS
        self.commit_ms = 0
        self.disk = new_disk(real=plan.real)
        self._plan, self._genesis, self._queue, self._watch, self._flaw = plan, genesis, queue, watch, flaw
        self._chance = stream("host", plan.seed, nation)
        decree = next(one for one in plan.policies if one.nation == nation)
        self.mind = Mind(genesis, decree, watch=watch, stage=stage)
        self._seals = ED25519 if plan.real else STAND_IN
        self._life = 0
        self._spent = _UNSPENT
        self._crash: Crash | None = None
        self._sent: set[bytes] = set()  # every envelope that ever left
        self._promised: dict[str, tuple[int, int]] = {}  # the last receipt that left: epoch and contiguous
        self._orders: list[Decree | Input] = []
        self._doors = Doors(nation, lanes=self.lanes, inboxes=self.inboxes, watch=watch)
        self._first: list[Input] = []
        self.forgotten: set[tuple[str, RecordKey]] = set()  # what it may have had, by sender, when its disk was lost
        slow = [one.commit_ms for one in plan.faults if isinstance(one, SlowDisk) and one.nation == nation]
        notice_ns = ns(plan.tick_ms + 2 * (max(slow, default=0) + _COMMIT_MS[1]))  # until time is acted upon
        self._rules = Rules(nation, watch=watch, notice_ns=notice_ns)

    # --- life and death -----------------------------------------------------------------------------

    def start(self) -> None:
        """Begin, or come up again on what the disk kept."""
        self._life += 1
        self.up = True
        self._mail: list[Input] = []
        self._seen: set[bytes] = set()
        self._done: list[tuple[Input, Sequence[Effect]]] = []
        self._spoken: deque[tuple[int, Callable[[], None]]] = deque()
        self._hellos = dict.fromkeys(self.lanes, _HELLOS)
        self._turning = False
        last_ns = self._remember()
        self._base_ns, self._started_ns = max(self._wall_ns(), last_ns), self._queue.now_ns
        for partner, link in self.mind.state.links.items():
            if link.closed:
                self._doors.shut(partner)
            elif self._doors.is_shut(partner):
                self._doors.open(partner, link.outgoing.epoch)
        self._renew_lanes()
        self._guarded(self._come_up if last_ns else self._begin)
        self._rules.begin(self.mind.ledger.decree, trusted=self.mind.ledger.trusted)
        for partner, lane in self.lanes.items():
            lane.back()
            self.inboxes[partner].back()
            self.inboxes[partner].unpack()
        self._later(self._chance.randrange(self._plan.tick_ms), self._tick)
        self._later(self._chance.randrange(self._plan.beat_ms), self._beat)

    def die(self, crash: Crash) -> None:
        """End at once; what the disk keeps of the commit under way is the crash's."""
        if not self.up:
            return
        self.up = False
        self._life += 1
        self._spent, self._crash = _UNSPENT, None
        self.disk.crash(kept_percent=crash.kept_percent)
        self._queue.after(crash.down_ms, self.start)

    def doom(self, crash: Crash) -> None:
        """Die at an act to come, or a little later if there is none."""
        if self.up:
            self._spent, self._crash = crash.after, crash
            self._queue.after(2_000, self._doomed, crash)

    def _doomed(self, crash: Crash) -> None:
        if self._crash is crash:
            self.die(crash)

    def lose_disk(self, down_ms: int, told: Iterable[tuple[str, RecordKey]]) -> None:
        """Die with everything on the disk, `told` and receipted records too.

        Who sets the node up anew says again who is suspended.
        """
        if not self.up:
            return
        closed = [partner for partner, link in self.mind.state.links.items() if link.closed]
        self.die(Crash(0, self.nation, 0, 0, down_ms))
        self.disk.close()
        self.disk = new_disk(real=self._plan.real)
        self.forgotten.update(told)
        self._genesis = self.mind.set_up_anew(epoch=(self._wall_ns() + ns(down_ms)) // NS_PER_S)
        self._sent.clear()
        self._promised.clear()
        self._first = [Suspend(partner, ("world",), "") for partner in closed]

    def _begin(self) -> None:
        for item in self._first:
            self._do(item)
        self._first.clear()

    def _come_up(self) -> None:
        self._do(Restart())
        self._renew_lanes()
        if not self.mind.ledger.trusted:
            self._do(ClockTrouble(True, 0.0))

    def _remember(self) -> int:
        """Make the state of what the disk holds and hold it against what was said; returns its last time."""
        rows = self.disk.rows
        if not rows:
            self.mind.begin()
            self._base_ns, self._started_ns = self._wall_ns(), self._queue.now_ns
            self.disk.append(now_ns=self.now_ns(), item=encode_input(self._genesis), digest=hash_of(()))
            self._done.append((self._genesis, ()))
            return 0
        self.mind.replay(rows)
        if not self._sent <= self.mind.ledger.numbered:
            raise self._watch.fail("P1", f"{self.nation} had sent what its journal does not hold")
        for partner, promise in self._promised.items():
            incoming = self.mind.state.links[partner].incoming
            if (incoming.epoch, incoming.chain.contiguous) < promise:
                raise self._watch.fail("P1", f"{self.nation} had acknowledged to {partner} what its journal lost")
        return rows[-1].now_ns

    # --- time ---------------------------------------------------------------------------------------

    def now_ns(self) -> int:
        """Return the node's time: where its process began, and monotonic time since."""
        return self._base_ns + self._queue.now_ns - self._started_ns

    def _wall_ns(self) -> int:
        return START_NS + self._queue.now_ns + self.wall_off_ns

    def _later(self, delay_ms: float, call: Callable[[], None]) -> None:
        """Have something done by this life of the process, if it still lives."""
        self._queue.after(delay_ms, self._alive, self._life, call)

    def _alive(self, life: int, call: Callable[[], None]) -> None:
        if life == self._life:
            self._guarded(call)

    def _guarded(self, call: Callable[[], None]) -> None:
        """Do something, commit what it took in, and die of it if this was to be the last act."""
        try:
            call()
            self._commit()
        except PowerCut:
            assert self._crash is not None, "doomed"
            self.die(self._crash)

    def _act(self) -> None:
        """One thing done; a doomed node dies after so many."""
        if self._spent > 0:
            self._spent -= 1
            if self._spent == 0:
                raise PowerCut

    # --- what comes in --------------------------------------------------------------------------------

    def arrive(self, sender: str, parcel: Parcel, *, stored: bool) -> None:
        """Take a release of a partner, if it is one and no copy."""
        if not self.up or parcel.digest in self._seen:
            return
        if not self._seals.holds(sender, parcel.unsigned, parcel.signature):
            return
        self._seen.add(parcel.digest)
        self._mail.append(EnvelopeIn(sender, parcel.unsigned, parcel.signature))
        self._wake()

    def hear(self, sender: str, unsigned: bytes, signature: bytes) -> None:
        """Take a control of a partner."""
        if self.up and self._seals.holds(sender, unsigned, signature):
            self._mail.append(ControlIn(sender, unsigned, signature))
            self._wake()

    def see(self, scan: Scan) -> None:
        """Take a scan of an own sensor."""
        if self.up:
            self._guarded(lambda: self._do(ScanIn(scan)))

    def order(self, order: Decree | Input) -> None:
        """Take a new policy or another order; a node that is down takes it when it is up."""
        self._orders.append(order)

    def _wake(self) -> None:
        if not self._turning:
            self._turning = True
            self._later(self._chance.random() * 5.0, self._turn)

    def _turn(self) -> None:
        self._turning = False
        mail, self._mail = self._mail, []
        for item in mail:
            self._do(item)

    def _tick(self) -> None:
        self._later(self._plan.tick_ms, self._tick)
        offset_ns = self._wall_ns() - self.now_ns()
        if (abs(offset_ns) < _TRUST_NS) is not self.mind.ledger.trusted:
            self._do(ClockTrouble(not self.mind.ledger.trusted, offset_ns / NS_PER_S))
        while self._orders:
            order = self._orders.pop(0)
            self._do(self.mind.learn(order) if isinstance(order, Decree) else order)
        self._do(Tick())

    # --- step, journal, commit, carry out ------------------------------------------------------------------

    def _do(self, item: Input) -> None:
        now_ns = self.now_ns()
        effects = self.mind.take(item, now_ns=now_ns)
        self._act()
        self.disk.append(now_ns=now_ns, item=encode_input(item), digest=hash_of(effects))
        self._done.append((item, effects))
        if self._flaw == "send_before_commit":
            self._carry_out(effects)

    def _commit(self) -> None:
        if self.disk.begin():
            least, most = _COMMIT_MS
            self._later(self.commit_ms + least + (most - least) * self._chance.random(), self._committed)

    def _committed(self) -> None:
        self._act()
        count = self.disk.end()
        batch, self._done = self._done[:count], self._done[count:]
        for item, effects in batch:
            self._note_rule(item)
            if effects and self._flaw != "send_before_commit":
                self._carry_out(effects)
        if any(effects for _, effects in batch):
            self._renew_lanes()
        while self._spoken and self._spoken[0][0] <= self.disk.durable_seq:
            self._spoken.popleft()[1]()

    def _renew_lanes(self) -> None:
        for partner, lane in self.lanes.items():
            epoch = self.mind.state.links[partner].outgoing.epoch
            if lane.epoch != epoch:
                lane.renew(epoch)

    def _note_rule(self, item: Input) -> None:
        if isinstance(item, PolicyLoad):
            self._rules.load(self.mind.meaning(item))
        elif isinstance(item, ClockTrouble):
            self._rules.trust(item.trusted)

    def _carry_out(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self._act()
                self._publish(effect)
            elif isinstance(effect, Purge):
                self._act()
                if self._flaw not in ("no_purge", "no_cut"):
                    self.lanes[effect.partner].purge(effect.generation)
            elif isinstance(effect, Tell):
                self._act()
                self.lanes[effect.partner].control(effect.unsigned, self._seals.sign(self.nation, effect.unsigned))
            elif isinstance(effect, Cut):
                self._act()
                self._doors.shut(effect.partner, really=self._flaw != "no_cut")
            elif isinstance(effect, Admit):
                self._act()
                self._hellos[effect.partner] = _HELLOS
                epoch = self.mind.state.links[effect.partner].outgoing.epoch
                self._doors.open(effect.partner, epoch, replayed=self._flaw == "old_outbox")

    def _publish(self, send: Send) -> None:
        digest_ = wire.chain_hash(send.unsigned)
        self._sent.add(digest_)
        self.lanes[send.partner].publish(
            Parcel(
                kind=send.kind,
                subject=send.subject,
                generation=send.generation,
                epoch=self.lanes[send.partner].epoch,
                digest=digest_,
                unsigned=send.unsigned,
                signature=self._seals.sign(self.nation, send.unsigned),
            )
        )

    # --- beats and receipts -----------------------------------------------------------------------------

    def _beat(self) -> None:
        self._later(self._plan.beat_ms, self._beat)
        now_ns, seq = self.now_ns(), self.disk.seq
        for partner, link in self.mind.state.links.items():
            if link.closed:
                continue
            words: list[ControlOut] = []
            if self._hellos[partner]:
                self._hellos[partner] -= 1
                words.append(link.hello(now_ns=now_ns))
            words.append(
                link.beat(
                    now_ns=now_ns,
                    clock_error_s=0.0,
                    clock_trusted=self.mind.ledger.trusted,
                    journal_seq=seq,
                    journal_head=self.disk.head,
                )
            )
            words.append(link.receipt(now_ns=now_ns))
            promise = link.incoming.epoch, link.incoming.chain.contiguous
            mark = self.inboxes[partner].handed() if not self._mail else 0
            self._say(seq, self._speaker(partner, words, promise, mark))

    def _speaker(
        self, partner: str, words: Sequence[ControlOut], promise: tuple[int, int], mark: int
    ) -> Callable[[], None]:
        def speak() -> None:
            self._promised[partner] = promise
            self.inboxes[partner].acknowledge(mark)
            for word in words:
                self.lanes[partner].control(word.unsigned, self._seals.sign(self.nation, word.unsigned))

        return speak

    def _say(self, seq: int, say: Callable[[], None]) -> None:
        if seq <= self.disk.durable_seq or self._flaw == "receipt_before_commit":
            say()
        else:
            self._spoken.append((seq, say))

    # --- what leaves --------------------------------------------------------------------------------------

    def crossing(self, recipient: str, parcel: Parcel) -> None:
        """Hold a release that leaves now against who is shut out and against the policy."""
        self._doors.crossing(recipient, parcel)
        self._rules.crossing(recipient, parcel, now_ns=self.now_ns())
