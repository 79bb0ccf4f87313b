"""Two ends of one link for tests of membership: Korea's whole node, and Japan's link with what it was given."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from beaconfire.kernel import wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind, Product
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import (
    ControlIn,
    Effect,
    Genesis,
    Input,
    Join,
    Leave,
    NodeState,
    Partner,
    Resume,
    Send,
    ShowAudit,
    Suspend,
    Tell,
    Tick,
    initial,
    step,
)
from beaconfire.node.outbound import offer
from beaconfire.share import Link, Outcome
from tests.exchange import NOW_NS, SECRET, grant_toml, policy_toml

SENSORS = b'[[sensor]]\nid = "KOR-R1"\nnation = "KOR"\nkind = "radar"\nlatitude_deg = 36.6\nlongitude_deg = 127.4\n'
OPEN = policy_toml(grant_toml(more="drop_sensor_identity = false"), grant_toml("USA", name="u"))
SUSPEND = Suspend("JPN", ("kim",), "a drill")
RESUME = Resume("JPN", b"", ("kim",))
LEAVE = Leave("JPN", ("kim", "lee"), "a treaty ends", 0)
JOIN = Join(Partner("JPN", b"n" * 32), ("kim", "lee"))
TICK = Tick()


def genesis(policy: bytes = OPEN, *, partners: Sequence[str] = ("JPN", "USA")) -> Genesis:
    return Genesis(
        nation="KOR",
        realm=Realm.EXERCISE,
        sensors_toml=SENSORS,
        policy_toml=policy,
        partners=tuple(Partner(partner, partner.encode() + bytes(29)) for partner in partners),
        id_secret=SECRET,
        epoch=100,
        fingerprint="test",
    )


@dataclass
class Korea:
    """Korea's node at a time that the test moves, with every input it took."""

    state: NodeState
    now_ns: int = NOW_NS
    rows: list[tuple[int, Input]] = field(default_factory=list)

    def do(self, item: Input, *, after_s: float = 0.0) -> tuple[Effect, ...]:
        self.now_ns += int(after_s * NS_PER_S)
        self.rows.append((self.now_ns, item))
        self.state, effects = step(self.state, item, now_ns=self.now_ns)
        return effects

    def offers(self, *products: Product, partners: Sequence[str] = ("JPN", "USA")) -> list[Effect]:
        """What comes of products as the pictures would bring them forth."""
        self.state.now_ns = self.now_ns
        return [effect for product in products for effect in offer(self.state, product, partners)]


def korea(policy: bytes = OPEN, *, partners: Sequence[str] = ("JPN", "USA")) -> Korea:
    return Korea(initial(genesis(policy, partners=partners), now_ns=NOW_NS))


@dataclass
class Japan:
    """Japan's end: what took effect, by kind and id, and what was only for the record."""

    link: Link = field(default_factory=lambda: Link(nation="JPN", partner="KOR", realm=Realm.EXERCISE, epoch=100))
    applied: list[bytes] = field(default_factory=list)
    recorded: list[bytes] = field(default_factory=list)
    kinds: list[Kind] = field(default_factory=list)
    ends: list[bool | None] = field(default_factory=list)

    def take(self, effects: Sequence[Effect], *, now_ns: int) -> None:
        """Hear all that is sent or told to Japan."""
        for effect in effects:
            if isinstance(effect, Tell) and effect.partner == "JPN":
                self.link.on_control(effect.unsigned, now_ns=now_ns)
            elif isinstance(effect, Send) and effect.partner == "JPN":
                self.accept(effect.unsigned, now_ns=now_ns)

    def accept(self, unsigned: bytes, *, now_ns: int) -> None:
        arrival = self.link.accept(unsigned, now_ns=now_ns)
        self.kinds.append(arrival.envelope.kind)
        if arrival.caught_up is not None:
            self.ends.append(arrival.caught_up.same)
        if arrival.release is not None and arrival.outcome is not Outcome.NOTHING:
            where = self.applied if arrival.outcome is Outcome.APPLY else self.recorded
            where.append(arrival.release.source_id)

    def receipt(self, *, now_ns: int) -> ControlIn:
        return ControlIn("JPN", self.link.receipt(now_ns=now_ns).unsigned, b"")


def sends(effects: Sequence[Effect], partner: str = "JPN") -> list[wire.Envelope]:
    found = [effect for effect in effects if isinstance(effect, Send) and effect.partner == partner]
    return [wire.decode_envelope(effect.unsigned, realm=Realm.EXERCISE) for effect in found]


def words(effects: Sequence[Effect]) -> list[str]:
    return [effect.verdict for effect in effects if isinstance(effect, ShowAudit) and effect.kind == "partner"]


def names(effects: Sequence[Effect]) -> list[str]:
    return [type(effect).__name__ for effect in effects]
