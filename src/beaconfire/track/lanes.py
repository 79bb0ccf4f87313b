"""Many extended Kalman filters side by side: one model, one radar, one time step, a vector lane for each track.

For ensembles and Monte Carlo, where thousands of filters do the same; a live tracker's banks go through `predict` and
`update`. The same physics and the same algebra as there, but other sums: results agree to rounding, not to the bit, so
that nothing that is journaled may be computed here.

The compiler turns a loop over lanes into vector instructions only where the arrays are flat and the number of lanes is
known when it compiles; whatever branches or looks up a table goes lane by lane beforehand. Tests read the machine code.
"""

import math
from typing import Self

import numpy as np
from numpy.typing import NDArray

from beaconfire.kernel.jit import kernel, warmer
from beaconfire.track.lane_flow import LANES, predict_lanes
from beaconfire.track.models import STATE

Array = NDArray[np.float64]

LONGEST_S = 1.0  # of one step: what a falling body crosses of the air
_W = LANES


class LaneFilters:
    """Ballistic filters in lanes: states (n, 9) and covariances (n, 9, 9) as `models` has them, changed in place."""

    def __init__(self, states: Array, covariances: Array) -> None:
        self._count = len(states)
        blocks = -(-self._count // LANES)
        rows = np.minimum(np.arange(blocks * LANES), self._count - 1)  # the last block is filled up with its last track
        self._x, self._p = _laned(states[rows]), _laned(covariances.reshape(-1, STATE * STATE)[rows])
        self._rows = rows

    def step(self, values: Array, *, sigmas: Array, site_ecef_m: Array, axes_enu: Array, dt_s: float) -> Self:
        """Predict all filters by `dt_s` and take a range (m), azimuth and elevation (rad) into each: `values` (n, 3).

        `sigmas` (3,) are their standard deviations, `axes_enu` (3, 3) the site's east, north and up.
        """
        pieces = max(math.ceil(dt_s / LONGEST_S), 1)
        for _ in range(pieces):
            predict_lanes(self._x, self._p, dt_s / pieces)
        update_lanes(self._x, self._p, _laned(values[self._rows]), sigmas, site_ecef_m, axes_enu)
        return self

    def states(self) -> Array:
        """Return the states (n, 9)."""
        return _rowed(self._x)[: self._count]

    def covariances(self) -> Array:
        """Return the covariances (n, 9, 9)."""
        return _rowed(self._p)[: self._count].reshape(-1, STATE, STATE)


def _laned(rows: Array) -> Array:
    """Return rows (n, k), n a multiple of the lanes, as blocks (n / lanes, k * lanes) with the lane last."""
    blocks = rows.reshape(-1, LANES, rows.shape[1]).transpose(0, 2, 1)
    return np.ascontiguousarray(blocks, dtype=np.float64).reshape(len(blocks), -1)


def _rowed(blocks: Array) -> Array:
    """Undo `_laned`."""
    return blocks.reshape(len(blocks), -1, LANES).transpose(0, 2, 1).reshape(len(blocks) * LANES, -1)


@kernel
def update_lanes(x: Array, p: Array, values: Array, sigmas: Array, site: Array, axes: Array) -> None:
    """Take a range, azimuth and elevation, `values` (b, 3 * lanes), into each filter, as three scalar updates."""
    h, y, gain, moved = np.empty(9 * _W), np.empty(6 * _W), np.empty(9 * _W), np.empty(9 * _W)
    aside = np.empty(9 * _W)
    for block in range(x.shape[0]):
        _directions(values[block], axes, aside)
        _residuals(x[block], values[block], sigmas, site, aside, h, y)
        for n in range(9 * _W):
            moved[n] = 0.0
        for row in range(3):
            _scalar_update(p[block], h[3 * row * _W : 3 * (row + 1) * _W], y, row, gain, moved)
        for n in range(9 * _W):
            x[block, n] += moved[n]


@kernel
def _directions(values: Array, axes: Array, aside: Array) -> None:
    """Write, lane by lane, the measured direction and the two axes across it, in ECEF (9)."""
    for n in range(_W):
        sin_az, cos_az = math.sin(values[_W + n]), math.cos(values[_W + n])
        sin_el, cos_el = math.sin(values[2 * _W + n]), math.cos(values[2 * _W + n])
        for j in range(3):
            east, north, up = axes[0, j], axes[1, j], axes[2, j]
            aside[j * _W + n] = cos_el * (sin_az * east + cos_az * north) + sin_el * up
            aside[(3 + j) * _W + n] = cos_az * east - sin_az * north
            aside[(6 + j) * _W + n] = cos_el * up - sin_el * (sin_az * east + cos_az * north)


@kernel
def _residuals(x: Array, values: Array, sigmas: Array, site: Array, aside: Array, h: Array, y: Array) -> None:
    """Write the derivatives by place (9), the residuals (3) and the variances (3), in the measured tangent plane."""
    sx, sy, sz = site[0], site[1], site[2]
    for n in range(_W):
        dx, dy, dz = x[n] - sx, x[_W + n] - sy, x[2 * _W + n] - sz
        distance = math.sqrt(dx * dx + dy * dy + dz * dz)
        bx, by, bz = aside[n], aside[_W + n], aside[2 * _W + n]
        ax, ay, az = aside[3 * _W + n], aside[4 * _W + n], aside[5 * _W + n]
        cx, cy, cz = aside[6 * _W + n], aside[7 * _W + n], aside[8 * _W + n]
        per = 1.0 / (dx * bx + dy * by + dz * bz)
        level = (dx * ax + dy * ay + dz * az) * per
        rise = (dx * cx + dy * cy + dz * cz) * per
        h[n], h[_W + n], h[2 * _W + n] = dx / distance, dy / distance, dz / distance
        h[3 * _W + n], h[4 * _W + n] = (ax - level * bx) * per, (ay - level * by) * per
        h[5 * _W + n] = (az - level * bz) * per
        h[6 * _W + n], h[7 * _W + n] = (cx - rise * bx) * per, (cy - rise * by) * per
        h[8 * _W + n] = (cz - rise * bz) * per
        y[n], y[_W + n], y[2 * _W + n] = values[n] - distance, -level, -rise
        y[3 * _W + n], y[5 * _W + n] = sigmas[0] * sigmas[0], sigmas[2] * sigmas[2]
    for n in range(_W):
        across = sigmas[1] * max(math.cos(values[2 * _W + n]), 1e-6)
        y[4 * _W + n] = across * across


@kernel
def _scalar_update(p: Array, h: Array, y: Array, row: int, gain: Array, moved: Array) -> None:
    """Take one row into covariance and correction: P <- P - k s k^T with k = P h / s."""
    for i in range(STATE):
        for n in range(_W):
            gain[i * _W + n] = (
                p[STATE * i * _W + n] * h[n]
                + p[(STATE * i + 1) * _W + n] * h[_W + n]
                + p[(STATE * i + 2) * _W + n] * h[2 * _W + n]
            )
    per, off = y[3 * _W : 6 * _W], y[0 : 3 * _W]
    for n in range(_W):
        h0, h1, h2 = h[n], h[_W + n], h[2 * _W + n]
        spread = per[row * _W + n] + h0 * gain[n] + h1 * gain[_W + n] + h2 * gain[2 * _W + n]
        left = off[row * _W + n] - h0 * moved[n] - h1 * moved[_W + n] - h2 * moved[2 * _W + n]
        per[row * _W + n] = 1.0 / spread
        off[row * _W + n] = left / spread
    for i in range(STATE):
        for n in range(_W):
            moved[i * _W + n] += gain[i * _W + n] * off[row * _W + n]
        for j in range(i + 1):
            k, m = (STATE * i + j) * _W, (STATE * j + i) * _W
            for n in range(_W):
                p[k + n] -= gain[i * _W + n] * gain[j * _W + n] * per[row * _W + n]
                p[m + n] = p[k + n]


@warmer
def _warm() -> None:
    states = np.zeros((1, STATE))
    states[0, :6] = 6.5e6, 0.0, 0.0, 0.0, 1e3, 1e3
    site, axes = np.array([6.4e6, 0.0, 0.0]), np.eye(3)
    LaneFilters(states, np.eye(STATE)[None]).step(
        np.array([[1e5, 0.1, 0.1]]), sigmas=np.ones(3), site_ecef_m=site, axes_enu=axes, dt_s=1.0
    )
