"""Where something fell: sea or land, and which sea, told from the area where it can have come down.

The trap avoided: an area (a glider's, or a lost track's) has no point, and its middle may lie on an island. Its share
of sea is said instead. Sea names differ by nation; a node's own language decides, as its configuration gives it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any

import msgspec
import shapely
from geographiclib.geodesic import Geodesic
from shapely.geometry import shape

from beaconfire.kernel import data
from beaconfire.kernel.alerts import Language

_UNIT_DEG = 0.01  # of land.json
_MOSTLY = 0.5
_WHOLLY = 0.995


class _Sea(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    names: dict[Language, str]
    en_of: dict[Language, str] = {}
    outline: tuple[tuple[float, float], ...]


class _Seas(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sea: tuple[_Sea, ...]


@dataclass(frozen=True, slots=True)
class Fell:
    """The share of sea in the area of impact, and a place (longitude, latitude) that stands for its larger part."""

    sea_share: float
    longitude_deg: float
    latitude_deg: float

    @property
    def at_sea(self) -> bool:
        """Whether the larger part is sea."""
        return self.sea_share >= _MOSTLY

    @property
    def wholly(self) -> bool:
        """Whether all of it, but for the coast's own error, is the one or the other."""
        return max(self.sea_share, 1.0 - self.sea_share) >= _WHOLLY

    @property
    def percent(self) -> int:
        """The larger part in whole percent."""
        return round(100.0 * max(self.sea_share, 1.0 - self.sea_share))


def fell_of(impact: Mapping[str, Any] | None) -> Fell | None:
    """Return where an `impact` of `events.jsonl` lies; a stated point decides alone, None without point and area."""
    if impact is None:
        return None
    if impact["latitude_deg"] is not None and impact["longitude_deg"] is not None:
        point = shapely.Point(impact["longitude_deg"], impact["latitude_deg"])
        return Fell(0.0 if shapely.contains(_land(), point) else 1.0, point.x, point.y)
    area = shape(impact["footprint_95"]) if impact["footprint_95"] else None
    if area is None or area.is_empty or area.area == 0.0:
        return None
    area = shapely.make_valid(area)
    sea = area.difference(_land())
    share = sea.area / area.area
    larger = sea if share >= _MOSTLY else area.intersection(_land())
    place = max(shapely.get_parts(larger), key=lambda part: part.area).representative_point()
    return Fell(share, place.x, place.y)


def distances_km(launch: Mapping[str, Any] | None, impact: Mapping[str, Any] | None) -> tuple[float, float] | None:
    """Return how far the nearest and the farthest corner of an impact's area are from the launch point, in km."""
    if launch is None or impact is None or not impact["footprint_95"]:
        return None
    corners = shapely.get_coordinates(shape(impact["footprint_95"]))
    if not len(corners):
        return None
    start = (launch["latitude_deg"], launch["longitude_deg"])
    far = [Geodesic.WGS84.Inverse(*start, y, x, Geodesic.DISTANCE)["s12"] / 1e3 for x, y in corners.tolist()]
    return min(far), max(far)


def sea_name(fell: Fell, *, language: Language, languages: Sequence[Language]) -> str:
    """Return what a node set to `languages` calls the sea in a text of `language`; "" for one that has no name here."""
    place = shapely.Point(fell.longitude_deg % 360.0, fell.latitude_deg)
    for sea, outline in _seas():
        if outline.covers(place):
            own = sea.en_of.get(languages[0]) if languages and language == "en" else None
            return own or sea.names[language]
    return ""


@cache
def _seas() -> tuple[tuple[_Sea, shapely.Polygon], ...]:
    rows = msgspec.toml.decode(data.read_bytes("beaconfire", "data", "seas.toml"), type=_Seas).sea
    return tuple((row, shapely.Polygon(row.outline)) for row in rows)


@cache
def _land() -> shapely.Geometry:
    """The land of the Earth, from the steps of its coasts."""
    rings = msgspec.json.decode(data.read_bytes("beaconfire", "data", "land.json"))["rings"]
    coasts = [list(zip(accumulate(steps[::2]), accumulate(steps[1::2]), strict=True)) for steps in rings]
    parts = [
        shapely.make_valid(shapely.Polygon([(_UNIT_DEG * x, _UNIT_DEG * y) for x, y in ring]))
        for ring in coasts
        if len(ring) > 3
    ]
    whole = shapely.union_all(parts)
    shapely.prepare(whole)
    return whole
