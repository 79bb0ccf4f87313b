"""How this nation and a partner stand with each other: data for consoles, lists and metrics, and for the freeze."""

from dataclasses import dataclass
from typing import Literal

from beaconfire.kernel import wire

StandingName = Literal["active", "leaving", "suspended", "left", "suspended_by_partner"]


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of one link, since when (node time), why, and by whose order.

    `number` and `head` are the last that had gone out when it was closed; by the partner's notice, the last of theirs.
    `effective_ns` is when a notice period ends (0: none runs).
    """

    state: StandingName
    since_ns: int
    reason: str = ""
    by: tuple[str, ...] = ()
    number: int = 0
    head: bytes = wire.NO_HASH
    effective_ns: int = 0


@dataclass(frozen=True, slots=True)
class Notice:
    """A partner's signed word that nothing more comes from it, until it begins an epoch above `epoch`."""

    epoch: int
    reason: str
    number: int
    head: bytes
    effective_ns: int
    heard_ns: int
