"""Who speaks to the public: one entry of the registry of warning authorities."""

import msgspec

from beaconfire.kernel.alerts import Language


class Authority(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One authority: its name in each language, how it is reached, and the areas it alone speaks for."""

    id: str
    name: dict[Language, str]
    sender: str  # CAP's sender: no space, comma, <, &
    contact: str
    web: str
    nations: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
