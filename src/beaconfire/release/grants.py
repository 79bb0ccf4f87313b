"""What a policy file says, as frozen records: grants, their regions, the whole."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from beaconfire.kernel import limits
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import GRANTABLE, LatitudeDeg, LongitudeDeg
from beaconfire.kernel.records import CLASSES
from beaconfire.kernel.records import KINDS as OBJECTS

Names = Annotated[tuple[str, ...], Meta(max_length=limits.MAX_GRANTS)]
Metres = Annotated[float, Meta(ge=0.0, le=limits.MAX_COARSENED_M)]

# What an obligation or a ceiling withholds, and another kind may give back (`giveback`).
QUANTITIES = (
    "launch_point",
    "launch_time",
    "impact_point",
    "impact_time",
    "sensor_identity",
    "delay",
    "rate",
    "ceiling",
)

VOCABULARY: dict[str, tuple[str, ...]] = {
    "realm": tuple(Realm),
    "kinds": GRANTABLE,
    "classes": CLASSES,
    "objects": OBJECTS,
    "reveals": QUANTITIES,
}


class Region(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A box of the globe; `west_deg` > `east_deg` crosses the antimeridian."""

    south_deg: LatitudeDeg
    north_deg: LatitudeDeg
    west_deg: LongitudeDeg
    east_deg: LongitudeDeg

    def holds(self, *, latitude_deg: float, longitude_deg: float) -> bool:
        """Say whether a point lies in the box, edges included."""
        if not self.south_deg <= latitude_deg <= self.north_deg:
            return False
        if self.west_deg <= self.east_deg:
            return self.west_deg <= longitude_deg <= self.east_deg
        return longitude_deg >= self.west_deg or longitude_deg <= self.east_deg


class Grant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One `[[grant]]`, key for key; times are TAI nanoseconds here, None where a key does not limit."""

    partner: str
    realm: str
    kinds: Names
    provenance: Names
    id: Annotated[str, Meta(pattern=rf"\A[A-Za-z0-9_-]{{1,{limits.MAX_ID_LENGTH}}}\Z")] = ""
    sensors: Names | None = None
    classes: Names | None = None
    objects: Names | None = None
    regions: tuple[Region, ...] | None = None
    compartments: Names = ("main",)
    valid_from: int | None = None
    valid_until: int | None = None
    ceiling_m: Metres = 0.0
    drop_sensor_identity: bool = True
    coarsen_launch_m: Metres = 0.0
    rate_hz: Annotated[float, Meta(ge=1e-4, le=limits.MAX_RATE_HZ)] = limits.DEFAULT_RATE_HZ
    delay_s: Annotated[float, Meta(ge=0.0, le=limits.MAX_DELAY_S)] = 0.0
    round_m: Metres = 0.0
    round_s: Annotated[float, Meta(ge=0.0, le=limits.MAX_ROUNDED_S)] = 0.0
    onward: Names = ()
    reveals: Names = ()

    @property
    def timed(self) -> bool:
        """Whether the grant rests on the clock."""
        return self.valid_from is not None or self.valid_until is not None

    @property
    def selective(self) -> bool:
        """Whether the grant lets some objects of an event go and others not, so that their count must be its own."""
        chosen = (self.sensors, self.classes, self.objects, self.regions)
        return self.ceiling_m > 0.0 or any(one is not None for one in chosen)

    def terms(self) -> "Grant":
        """Return the grant without its name, to compare what it grants."""
        return msgspec.structs.replace(self, id="")


@dataclass(frozen=True, slots=True)
class Policy:
    """A whole policy file."""

    version: int
    nation: str
    grants: tuple[Grant, ...]
