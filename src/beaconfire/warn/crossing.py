"""Kernels: how far points lie from areas, and when a ground track enters and leaves them.

In come points or tracks and the flat arrays of `Outlines`; out come tables by (point or track, area). A grid of cells
of one degree, and then boxes, sort out nearly everything before an edge is looked at. Inside is by the number of edges
that a ray to the east meets, half-open, so that a point on a common border lies in one area. Between two places a
track is straight in longitude and latitude, which for 100 km is within 300 m of the great circle at 60 degrees. The
grid closes over the antimeridian, where every piece ends.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth import MEAN_RADIUS_M
from beaconfire.kernel.jit import kernel, warmer
from beaconfire.kernel.records import Array

COLUMNS, ROWS = 360, 180  # cells of one degree, from 180 west and 90 south
_DEGREE_M = MEAN_RADIUS_M * math.pi / 180.0
_POLAR = 0.01  # the cosine within half a degree of a pole; no area lies there


class Outlines(NamedTuple):
    """Areas as flat arrays: pieces with few edges each, and which pieces lie in which cell.

    `edges` (m, 4): longitude and latitude of both ends in degrees, of all rings of a piece; `edge_starts` (p + 1,) by
    piece; `boxes` (p, 4): west, south, east, north of a piece; `owners` (p,): its area's number. `cell_pieces` holds
    the pieces whose box meets a cell, `cell_starts` (`ROWS` * `COLUMNS` + 1,) where those of a cell begin.
    """

    edges: Array
    edge_starts: NDArray[np.int64]
    boxes: Array
    owners: NDArray[np.int64]
    cell_pieces: NDArray[np.int64]
    cell_starts: NDArray[np.int64]


@kernel
def distances(longitude_deg: Array, latitude_deg: Array, areas: int, reach_m: float, outlines: Outlines) -> Array:
    """Return (points, areas) metres from area to point: 0 inside, infinite beyond `reach_m`."""
    far = np.full((longitude_deg.shape[0], areas), np.inf)
    for i in range(longitude_deg.shape[0]):
        x, y = longitude_deg[i], latitude_deg[i]
        narrow = max(math.cos(math.radians(y)), _POLAR)
        dx, dy = reach_m / (_DEGREE_M * narrow), reach_m / _DEGREE_M
        for row in range(_row(y - dy), _row(y + dy) + 1):
            for column in range(math.floor(x - dx), math.floor(x + dx) + 1):
                cell, shift = _cell(row, column)
                for k in range(outlines.cell_starts[cell], outlines.cell_starts[cell + 1]):
                    piece = outlines.cell_pieces[k]
                    start, stop = outlines.edge_starts[piece], outlines.edge_starts[piece + 1]
                    if _meets(outlines.boxes, piece, x - dx + shift, y - dy, x + dx + shift, y + dy):
                        d = _distance(x + shift, y, narrow, outlines.edges, start, stop)
                        if d <= reach_m:
                            far[i, outlines.owners[piece]] = min(far[i, outlines.owners[piece]], d)
    return far


@kernel
def passages(
    starts: NDArray[np.int64],
    times: Array,
    longitude_deg: Array,
    latitude_deg: Array,
    altitude_m: Array,
    areas: int,
    outlines: Outlines,
) -> tuple[Array, Array]:
    """Return (tracks, areas) times of first entry and last exit; infinite and -infinite where it never crosses.

    Track q is the points `starts[q]` to `starts[q + 1]`; a leg with both ends at or below the ellipsoid is not flown.
    """
    first, last = np.full((starts.shape[0] - 1, areas), np.inf), np.full((starts.shape[0] - 1, areas), -np.inf)
    for q in range(starts.shape[0] - 1):
        for i in range(starts[q], starts[q + 1] - 1):
            if altitude_m[i] > 0.0 or altitude_m[i + 1] > 0.0:
                x0, x1 = longitude_deg[i], longitude_deg[i + 1]
                x1 -= 360.0 * math.floor((x1 - x0 + 180.0) / 360.0)
                y0, y1 = latitude_deg[i], latitude_deg[i + 1]
                for row in range(_row(min(y0, y1)), _row(max(y0, y1)) + 1):
                    for column in range(math.floor(min(x0, x1)), math.floor(max(x0, x1)) + 1):
                        cell, _ = _cell(row, column)
                        if outlines.cell_starts[cell] < outlines.cell_starts[cell + 1]:  # most legs are over the sea
                            leg, span = (x0, y0, x1, y1), (times[i], times[i + 1])
                            _cross(leg, span, (row, column), first[q], last[q], outlines)
    return first, last


@kernel
def _cross(
    leg: tuple[float, float, float, float],
    times: tuple[float, float],
    cell: tuple[int, int],
    first: Array,
    last: Array,
    outlines: Outlines,
) -> None:
    """Widen the areas' times by what of a leg lies in the pieces of one cell (row, column; the longitudes run on)."""
    x0, y0, x1, y1 = leg
    west, south, east, north = min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
    number, shift = _cell(cell[0], cell[1])
    for k in range(outlines.cell_starts[number], outlines.cell_starts[number + 1]):
        piece = outlines.cell_pieces[k]
        if not _meets(outlines.boxes, piece, west + shift, south, east + shift, north):
            continue
        # A piece lies in several cells; it is looked at in the first that it shares with the leg.
        if cell[0] > max(_row(south), _row(outlines.boxes[piece, 1])):
            continue
        if cell[1] + shift > max(math.floor(west) + shift, math.floor(outlines.boxes[piece, 0])):
            continue
        span = outlines.edge_starts[piece], outlines.edge_starts[piece + 1]
        low, high = _span(x0 + shift, y0, x1 + shift, y1, outlines.edges, span[0], span[1])
        if low <= high:
            area = outlines.owners[piece]
            first[area] = min(first[area], times[0] + low * (times[1] - times[0]))
            last[area] = max(last[area], times[0] + high * (times[1] - times[0]))


@kernel
def _row(latitude_deg: float) -> int:
    return min(max(math.floor(latitude_deg) + 90, 0), ROWS - 1)


@kernel
def _cell(row: int, column: int) -> tuple[int, float]:
    """A cell's number, and the full turns in degrees that lead from running longitudes into ±180."""
    turns = (column + 180) // 360
    return row * COLUMNS + column + 180 - 360 * turns, -360.0 * turns


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
    x, y = np.zeros(2), np.array([0.5, 0.6])
    ends, cells = np.array([0, 1], dtype=np.int64), np.zeros(ROWS * COLUMNS + 1, dtype=np.int64)
    nothing = Outlines(np.zeros((1, 4)), ends, np.zeros((1, 4)), ends[:1], ends[:1], cells)
    distances(x, y, 1, 1.0, nothing)
    passages(np.array([0, 2], dtype=np.int64), y, x, y, y, 1, nothing)
