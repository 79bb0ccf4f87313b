"""Who speaks to the public: one entry of the registry of warning authorities, and what it tells its own areas to do.

An island may have no shelter: what people there are to do is said by whoever answers for it, not by our texts.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import Language, MessageKind


class Action(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an authority tells people of some of its areas to do, in place of the general advice.

    `text` is whole sentences for the instruction, `short` a few words for a telephone's screen, each by language.
    """

    areas: tuple[str, ...]
    kinds: tuple[MessageKind, ...]
    text: dict[Language, Annotated[str, Meta(max_length=limits.MAX_ACTION_LENGTH)]]
    short: dict[Language, Annotated[str, Meta(max_length=limits.MAX_SHORT_ACTION)]]


class Authority(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One authority: its name in each language, how it is reached, and the areas it alone speaks for."""

    id: str
    name: dict[Language, str]
    sender: str  # CAP's sender: no space, comma, <, &
    contact: str
    web: str
    nations: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    short: dict[Language, Annotated[str, Meta(max_length=limits.MAX_SHORT_NAME)]] = {}  # without one, its id
    actions: tuple[Action, ...] = ()

    def action(self, area_id: str, kind: MessageKind) -> Action | None:
        """Return what this authority tells one area to do, None where the general advice holds."""
        return next((item for item in self.actions if area_id in item.areas and kind in item.kinds), None)
