"""Kernels: how far points lie from areas, and when a ground track enters and leaves them.

In come points or tracks and the flat arrays of `Outlines`; out come tables by (point or track, area). Boxes of
areas and pieces sort out nearly everything before an edge is looked at. Inside is by the number of edges that a ray to
the east meets, half-open, so that a point on a common border lies in one area. Between two places a track is straight
in longitude and latitude, which for 100 km is within 300 m of the great circle at 60 degrees. Longitudes may run over
the antimeridian: areas are tried a turn to either side.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth import MEAN_RADIUS_M
from beaconfire.kernel.jit import kernel, warmer
from beaconfire.kernel.records import Array

_DEGREE_M = MEAN_RADIUS_M * math.pi / 180.0
BLOCK = 8
_POLAR = 0.01  # the cosine within half a degree of a pole; no area lies there


class Outlines(NamedTuple):
    """Areas as flat arrays, in the order of their ids; an area over the antimeridian is whole, west of -180 degrees.

    `edges` (m, 4): longitude and latitude of both ends in degrees, of all rings of a piece; `edge_starts` (p + 1,) by
    piece; `piece_starts` (k + 1,) by area. Boxes (n, 4) are west, south, east, north, of every piece, of every
    `BLOCK` pieces of an area that follow one another (`block_starts` (k + 1,) by area), and of every area.
    """

    edges: Array
    edge_starts: NDArray[np.int64]
    piece_boxes: Array
    piece_starts: NDArray[np.int64]
    block_boxes: Array
    block_starts: NDArray[np.int64]
    area_boxes: Array


@kernel
def distances(
    longitude_deg: Array, latitude_deg: Array, chosen: NDArray[np.int64], outlines: Outlines, reach_m: float
) -> Array:
    """Return (points, chosen areas) metres from area to point: 0 inside, infinite beyond `reach_m`."""
    far = np.full((longitude_deg.shape[0], chosen.shape[0]), np.inf)
    for i in range(longitude_deg.shape[0]):
        y, narrow = latitude_deg[i], max(math.cos(math.radians(latitude_deg[i])), _POLAR)
        dx, dy = reach_m / (_DEGREE_M * narrow), reach_m / _DEGREE_M
        for column in range(chosen.shape[0]):
            area = chosen[column]
            for turn in range(-1, 2):
                x = longitude_deg[i] + 360.0 * turn
                if not _meets(outlines.area_boxes, area, x - dx, y - dy, x + dx, y + dy):
                    continue
                for piece in range(outlines.piece_starts[area], outlines.piece_starts[area + 1]):
                    if _meets(outlines.piece_boxes, piece, x - dx, y - dy, x + dx, y + dy):
                        start, stop = outlines.edge_starts[piece], outlines.edge_starts[piece + 1]
                        d = _distance(x, y, narrow, outlines.edges, start, stop)
                        if d <= reach_m:
                            far[i, column] = min(far[i, column], d)
    return far


@kernel
def passages(
    starts: NDArray[np.int64],
    times: Array,
    longitude_deg: Array,
    latitude_deg: Array,
    altitude_m: Array,
    chosen: NDArray[np.int64],
    outlines: Outlines,
) -> tuple[Array, Array]:
    """Return (tracks, chosen areas) times of first entry and last exit; infinite and -infinite where it never crosses.

    Track q is the points `starts[q]` to `starts[q + 1]`; a leg with both ends at or below the ellipsoid is not flown.
    """
    tracks = starts.shape[0] - 1
    first = np.full((tracks, chosen.shape[0]), np.inf)
    last = np.full((tracks, chosen.shape[0]), -np.inf)
    for q in range(tracks):
        a, b = starts[q], starts[q + 1]
        if b - a < 2:
            continue
        x, y = _running_on(longitude_deg[a:b]), latitude_deg[a:b]
        west, south, east, north = x.min(), y.min(), x.max(), y.max()
        for column in range(chosen.shape[0]):
            for turn in range(-1, 2):
                shift = 360.0 * turn
                if _meets(outlines.area_boxes, chosen[column], west + shift, south, east + shift, north):
                    low, high = _passage(times[a:b], x + shift, y, altitude_m[a:b], chosen[column], outlines)
                    first[q, column] = min(first[q, column], low)
                    last[q, column] = max(last[q, column], high)
    return first, last


@kernel
def _running_on(longitude_deg: Array) -> Array:
    """Longitudes without the jump at the antimeridian."""
    x = longitude_deg.copy()
    for i in range(1, x.shape[0]):
        x[i] -= 360.0 * math.floor((x[i] - x[i - 1] + 180.0) / 360.0)
    return x


@kernel
def _passage(times: Array, x: Array, y: Array, altitude_m: Array, area: int, outlines: Outlines) -> tuple[float, float]:
    """Times of first entry into one area and last exit."""
    first, last = np.inf, -np.inf
    for i in range(times.shape[0] - 1):
        if altitude_m[i] <= 0.0 and altitude_m[i + 1] <= 0.0:
            continue
        west, south, east, north = min(x[i], x[i + 1]), min(y[i], y[i + 1]), max(x[i], x[i + 1]), max(y[i], y[i + 1])
        if not _meets(outlines.area_boxes, area, west, south, east, north):
            continue
        blocks = outlines.block_starts[area + 1] - outlines.block_starts[area]
        for block in range(blocks):
            if not _meets(outlines.block_boxes, outlines.block_starts[area] + block, west, south, east, north):
                continue
            head = outlines.piece_starts[area] + BLOCK * block
            for piece in range(head, min(head + BLOCK, outlines.piece_starts[area + 1])):
                if _meets(outlines.piece_boxes, piece, west, south, east, north):
                    start, stop = outlines.edge_starts[piece], outlines.edge_starts[piece + 1]
                    low, high = _span(x[i], y[i], x[i + 1], y[i + 1], outlines.edges, start, stop)
                    if low <= high:
                        first = min(first, times[i] + low * (times[i + 1] - times[i]))
                        last = max(last, times[i] + high * (times[i + 1] - times[i]))
    return first, last


@kernel
def _meets(boxes: Array, row: int, west: float, south: float, east: float, north: float) -> bool:
    return bool(boxes[row, 0] <= east and boxes[row, 2] >= west and boxes[row, 1] <= north and boxes[row, 3] >= south)


@kernel
def _distance(x: float, y: float, narrow: float, edges: Array, start: int, stop: int) -> float:
    """Metres from a point to a piece in the plane that touches the Earth at the point."""
    inside, nearest = False, np.inf
    for e in range(start, stop):
        ax, ay, bx, by = edges[e, 0] - x, edges[e, 1] - y, edges[e, 2] - x, edges[e, 3] - y
        if (ay > 0.0) != (by > 0.0) and ax - ay * (bx - ax) / (by - ay) > 0.0:
            inside = not inside
        ax, bx = ax * narrow, bx * narrow
        ex, ey = bx - ax, by - ay
        along = -(ax * ex + ay * ey) / max(ex * ex + ey * ey, 1e-30)
        along = min(max(along, 0.0), 1.0)
        cx, cy = ax + along * ex, ay + along * ey
        nearest = min(nearest, cx * cx + cy * cy)
    return 0.0 if inside else math.sqrt(nearest) * _DEGREE_M


@kernel
def _span(x0: float, y0: float, x1: float, y1: float, edges: Array, start: int, stop: int) -> tuple[float, float]:
    """First and last share of a leg that lies in a piece; the first is larger than the last where none does."""
    inside0, inside1, low, high = False, False, 2.0, -1.0
    dx, dy = x1 - x0, y1 - y0
    west, south, north = min(x0, x1), min(y0, y1), max(y0, y1)
    for e in range(start, stop):
        ax, ay, bx, by = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if (ay < south and by < south) or (ay > north and by > north) or (ax < west and bx < west):
            continue  # neither met by the leg nor by a ray to the east
        ex, ey = bx - ax, by - ay
        if (ay > y0) != (by > y0) and ax + (y0 - ay) * ex / ey > x0:
            inside0 = not inside0
        if (ay > y1) != (by > y1) and ax + (y1 - ay) * ex / ey > x1:
            inside1 = not inside1
        side_a, side_b = dx * (ay - y0) - dy * (ax - x0), dx * (by - y0) - dy * (bx - x0)
        if (side_a > 0.0) != (side_b > 0.0):
            u = ((ax - x0) * ey - (ay - y0) * ex) / (dx * ey - dy * ex)
            if 0.0 <= u <= 1.0:
                low, high = min(low, u), max(high, u)
    if inside0:
        low, high = 0.0, max(high, 0.0)
    if inside1:
        low, high = min(low, 1.0), 1.0
    return low, high


@warmer
def _warm() -> None:
    x, y = np.zeros(2), np.array([0.0, 1.0])
    one, ends = np.zeros(1, dtype=np.int64), np.array([0, 1], dtype=np.int64)
    box = np.zeros((1, 4))
    shape = Outlines(box, ends, box, ends, box, ends, box)
    distances(x, y, one, shape, 1.0)
    passages(np.array([0, 2], dtype=np.int64), y, x, y, y, one, shape)
