"""The areas that may be warned: what they are called, where they lie, which adjoin.

In comes an id (ISO 3166-2) or a point, out come names in three languages, the nation, neighbours, outlines for a
public message. `outlines` are the same geometry as flat arrays for the kernels of `crossing`. The file is made by
`tools/build_areas.py`, which also says what it corrects. The trap avoided: outlines are drawn at 1:10 million, so a
harbour may lie a kilometre outside of its own city; `at` reaches that far over the water, and no farther.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray

from beaconfire.kernel import data
from beaconfire.kernel.alerts import Language
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.ground import Ring
from beaconfire.kernel.records import Array
from beaconfire.warn.crossing import COLUMNS, ROWS, Outlines, distances

OUTLINE_ERROR_M = 1500.0  # how far coasts lie aside by the map's scale, and by the simplification
_PIECE_CORNERS = 64  # larger parts are cut, so that a point or a path meets few edges
_Polygon = tuple[Array, ...]  # outer ring, then holes; (n, 2) longitude and latitude in degrees, the last as the first


@dataclass(frozen=True, eq=False)
class Area:
    """One area: `neighbours` are ids of those that touch it or face it across a strait.

    `parts` are its polygons, largest first: outer ring, then holes, each (n, 2) longitude and latitude in degrees.
    """

    id: str
    nation: str
    names: dict[Language, str]
    neighbours: tuple[str, ...]
    parts: tuple[_Polygon, ...]


class Areas:
    """All areas the package knows, read once."""

    def __init__(self, rows: tuple[Area, ...], messages: dict[str, tuple[Ring, ...]]) -> None:
        """Keep areas sorted by id, and their outlines for public messages."""
        self._by_id = {area.id: area for area in rows}
        self._messages = messages
        self.all_ids = tuple(self._by_id)
        self.outlines = _outlines(rows)

    def get(self, area_id: str) -> Area | None:
        """Return an area, or None for an id nobody has."""
        return self._by_id.get(area_id)

    def ids(self, nation: str) -> tuple[str, ...]:
        """Return the ids of a nation's areas (ISO 3166-1 alpha-3), ascending; Guam and the Marianas are of USA."""
        return tuple(area.id for area in self._by_id.values() if area.nation == nation)

    def at(self, latitude_deg: float, longitude_deg: float) -> Area | None:
        """Return the area a point lies in, or the nearest within the error of the outlines; None at sea and abroad."""
        point = np.array([longitude_deg]), np.array([latitude_deg])
        far = distances(*point, len(self.all_ids), OUTLINE_ERROR_M, self.outlines)[0]
        nearest = int(np.argmin(far))
        return self._by_id[self.all_ids[nearest]] if np.isfinite(far[nearest]) else None

    def polygons(self, area_id: str) -> tuple[Ring, ...]:
        """Return outlines for a public message: they cover the area with its islands, have no holes, and may overlap.

        Rings of (longitude, latitude) in degrees, closed, counter-clockwise, cut at the antimeridian; at most 96
        corners each. An area's outlines lie within a few kilometres of it, of far islands within some tens.
        Raises `KeyError` for an unknown id.
        """
        return self._messages[area_id]


@cache
def areas() -> Areas:
    """Return the areas of the package's data."""
    content = json.loads(data.read_text("beaconfire", "data", "areas.json"))
    unit_deg, rows, messages = content["unit_deg"], [], {}
    for row in content["areas"]:
        parts = tuple(tuple(_ring(steps, unit_deg) for steps in rings) for rings in row["parts"])
        rows.append(Area(row["id"], row["nation"], row["names"], tuple(row["neighbours"]), parts))
        messages[row["id"]] = tuple(tuple((x, y) for x, y in _ring(steps, unit_deg).tolist()) for steps in row["cap"])
    return Areas(tuple(rows), messages)


@lru_cache(maxsize=64)  # a node asks about its own areas, again and again
def outlines_of(ids: tuple[str, ...]) -> Outlines:
    """Return the outlines of `areas` in which only these are ever met; areas keep their numbers.

    Raises `InvalidInput` for an id nobody has.
    """
    known = areas()
    for area_id in ids:
        if known.get(area_id) is None:
            raise InvalidInput.single("areas", f"names {area_id[:16]!r}", "an ISO 3166-2 code we know")
    whole = known.outlines
    theirs = np.isin(whole.owners, [known.all_ids.index(area_id) for area_id in ids])[whole.cell_pieces]
    starts = np.concatenate(([0], np.cumsum(theirs)))[whole.cell_starts].astype(np.int64)
    return whole._replace(cell_pieces=whole.cell_pieces[theirs], cell_starts=starts)


def _ring(steps: list[int], unit_deg: float) -> Array:
    """Undo the steps between corners and close the ring; rounded, since 0.1 is no binary fraction."""
    units = np.cumsum(np.array(steps, dtype=np.int64).reshape(-1, 2), axis=0)
    return np.round(np.vstack([units, units[:1]]) * unit_deg, 6)


def _outlines(rows: tuple[Area, ...]) -> Outlines:
    pieces: list[shapely.Polygon] = []
    owners: list[int] = []
    for number, area in enumerate(rows):
        for part in area.parts:
            pieces += _cut(shapely.Polygon(part[0], part[1:]))
        owners += [number] * (len(pieces) - len(owners))
    edges = [_edges(piece) for piece in pieces]
    boxes = np.array([piece.bounds for piece in pieces])
    cell_pieces, cell_starts = _cells(boxes)
    return Outlines(
        edges=np.vstack(edges),
        edge_starts=np.cumsum([0, *(len(some) for some in edges)], dtype=np.int64),
        boxes=boxes,
        owners=np.array(owners, dtype=np.int64),
        cell_pieces=cell_pieces,
        cell_starts=cell_starts,
    )


def _cells(boxes: Array) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The pieces whose box meets a cell, cell after cell, and where those of a cell begin."""
    pairs = [
        (row * COLUMNS + column, piece)
        for piece, (west, south, east, north) in enumerate(np.floor(boxes).astype(int).tolist())
        for row in range(south + 90, min(north + 90, ROWS - 1) + 1)
        for column in range(west + 180, min(east + 180, COLUMNS - 1) + 1)
    ]
    cells, pieces = np.array(sorted(pairs), dtype=np.int64).T
    starts = np.searchsorted(cells, np.arange(ROWS * COLUMNS + 1))
    return np.ascontiguousarray(pieces), starts.astype(np.int64)


def _cut(polygon: shapely.Polygon) -> Iterator[shapely.Polygon]:
    """Halve a polygon across its longer side until every piece has few corners."""
    if shapely.get_num_coordinates(polygon) <= _PIECE_CORNERS:
        yield polygon
        return
    west, south, east, north = polygon.bounds
    middle_x, middle_y = 0.5 * (west + east), 0.5 * (south + north)
    if east - west > north - south:
        halves = (west, south, middle_x, north), (middle_x, south, east, north)
    else:
        halves = (west, south, east, middle_y), (west, middle_y, east, north)
    for half in halves:
        for piece in shapely.get_parts(shapely.clip_by_rect(polygon, *half)):
            if isinstance(piece, shapely.Polygon):
                yield from _cut(piece)


def _edges(polygon: shapely.Polygon) -> Array:
    rings = [shapely.get_coordinates(ring) for ring in (polygon.exterior, *polygon.interiors)]
    return np.vstack([np.hstack([ring[:-1], ring[1:]]) for ring in rings])
