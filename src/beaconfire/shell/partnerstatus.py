"""How the link with each partner stands, by the state of the step and by the line: what consoles and lists show."""

from dataclasses import dataclass
from typing import Literal

from beaconfire.node import Member, NodeState
from beaconfire.share import Standing
from beaconfire.shell.intake import Intake
from beaconfire.shell.link import PartnerLink

SILENCE_S = 2.5  # two beats missed, and a half: a black-holed link is noticed and shown within 3 s (EXCHANGE part 10)
_ACTIVE = Standing("active", 0)


@dataclass(frozen=True, slots=True)
class PartnerStatus:
    """How the link with one partner stands.

    `silent_s` is the link time since its last verified word (None before the first); everything up to `contiguous`
    has arrived, of which `received_number` is the highest that is known of. `standing` is what the step says of it,
    with since when, why, by whom, the last number and the end of a notice period; `missed` records are kept for it,
    `lost` are in the journal alone.
    """

    nation: str
    connected: bool
    silent_s: float | None
    epoch: int
    sent_number: int
    received_number: int
    contiguous: int
    rejected: int
    standing: Standing = _ACTIVE
    missed: int = 0
    lost: int = 0
    missing: int = 0
    unreceipted: int = 0
    clock_offset_s: float | None = None  # its clock ahead of ours; None before its first beat
    catching_up: bool = False

    @property
    def link(self) -> Literal["up", "down", "connecting", "out"]:
        """How the line is: out while the partner is not let in."""
        if self.standing.state in ("suspended", "left"):
            return "out"
        if not self.connected or self.silent_s is None:
            return "connecting"
        return "up" if self.silent_s < SILENCE_S else "down"

    @property
    def state(self) -> str:
        """The standing's name; `silent` for an active partner that is not heard."""
        return "silent" if self.standing.state == "active" and self.link != "up" else self.standing.state


def status_of(
    member: Member, state: NodeState, *, link: PartnerLink | None = None, intake: Intake | None = None
) -> PartnerStatus:
    """Return how a partner stands by the state of the step, and by its link and its door where a node runs."""
    words = state.links[member.nation]
    return PartnerStatus(
        nation=member.nation, connected=link is not None and link.connected,
        silent_s=None if link is None else link.silent_s, epoch=words.outgoing.epoch,
        sent_number=words.outgoing.number, received_number=words.incoming.chain.highest,
        contiguous=words.incoming.chain.contiguous, rejected=0 if intake is None else intake.refused.total(),
        standing=member.standing, missed=member.missed, lost=member.lost, catching_up=member.catching_up,
        missing=sum(last - first + 1 for first, last in words.gaps()), unreceipted=words.outgoing.unreceipted(),
        clock_offset_s=words.clock_offset_s,
    )  # fmt: skip


def is_member(state: NodeState, nation: str) -> bool:
    """Say whether a nation is a partner by the journal: not one that never joined, nor one that has left."""
    link = state.links.get(nation)
    return link is not None and link.ours.state != "left"
