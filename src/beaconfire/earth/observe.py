"""Measurement geometry: what a sensor would have measured of a state, how far off it was, and the derivative.

One form for every kind: `observe` writes residuals `y` (m,), the derivative `h` (m, 6) by ECEF position and velocity,
and variances `r` (m,) of independent rows, ready for m scalar updates. A radar's direction is compared in the tangent
plane of the *measured* direction (gnomonic projection), where azimuth neither wraps nor loses its meaning overhead; a
line of sight likewise; a tracklet is whitened by its own factor, so that its rows are independent too.
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.linear import cholesky
from beaconfire.kernel.jit import kernel, warmer

Array = NDArray[np.float64]

RADAR, LOS, STATE = 0, 1, 2  # codes of the kinds of `kernel.records.Measurement`
KIND_CODES = {"radar": RADAR, "los": LOS, "state": STATE}
MAX_ROWS = 6
_NEAREST_M = 1.0  # nearer than a metre to the sensor no direction means anything
_MIN_COSINE = 0.05  # a prediction further than 87 degrees off the measured direction is another object


@kernel
def observe(
    kind: int, values: Array, sigmas: Array, site: Array, axes: Array, whitener: Array, offset_s: float,
    state: Array, y: Array, h: Array, r: Array,
) -> int:  # fmt: skip
    """Write residuals, derivatives and variances of one measurement at a state; returns the number of rows m.

    `state` (>= 6,) is ECEF position and velocity at the scan's time, `offset_s` the measurement's own time after it.
    `values` (6,) and `sigmas` (4,) follow `kernel.records.Measurement`; `axes` (3, 3) are the site's east, north, up.
    `whitener` (6, 6) is the inverse lower factor of a tracklet's covariance. Returns -1 where the geometry has no
    meaning (state at the sensor, or behind the measured direction).
    """
    px = state[0] + offset_s * state[3]
    py = state[1] + offset_s * state[4]
    pz = state[2] + offset_s * state[5]
    if kind == STATE:
        return _observe_state(values, whitener, px, py, pz, state, offset_s, y, h, r)
    dx, dy, dz = px - site[0], py - site[1], pz - site[2]
    distance = math.sqrt(dx * dx + dy * dy + dz * dz)
    if not distance > _NEAREST_M:
        return -1
    if kind == LOS:
        rows = _observe_line(values[0], values[1], values[2], sigmas[0], dx, dy, dz, y, h, r)
    else:
        rows = _observe_radar(values, sigmas, axes, dx, dy, dz, distance, state, y, h, r)
    for i in range(rows):  # a measurement later than the scan moves with the velocity
        for j in range(3):
            h[i, 3 + j] += offset_s * h[i, j]
    return rows


@kernel
def bias_rows(kind: int, values: Array, bias_sigmas: Array, e: Array, which: NDArray[np.int64]) -> None:
    """Write how each row of `observe` moves with one sigma of the sensor's constant errors, and with which of them.

    `bias_sigmas` (3,) are range (m), azimuth and elevation (rad), or a line of sight's (rad, first); `which` (6,) is
    0 to 2, or -1 where no constant error enters.
    """
    for row in range(MAX_ROWS):
        e[row], which[row] = 0.0, -1
    if kind == STATE:
        return
    if kind == LOS:
        for row in range(2):
            e[row], which[row] = bias_sigmas[0], row
        return
    row = 0
    for n in range(3):
        if math.isnan(values[n]):
            continue
        scale = bias_sigmas[n]
        if n == 1 and not math.isnan(values[2]):
            scale *= max(math.cos(values[2]), 1e-6)
        e[row], which[row] = scale, n
        row += 1


@kernel
def _observe_radar(
    values: Array, sigmas: Array, axes: Array, dx: float, dy: float, dz: float, distance: float, state: Array,
    y: Array, h: Array, r: Array,
) -> int:  # fmt: skip
    rows = 0
    ux, uy, uz = dx / distance, dy / distance, dz / distance
    if not math.isnan(values[0]):
        y[rows], r[rows] = values[0] - distance, sigmas[0] * sigmas[0]
        h[rows, 0], h[rows, 1], h[rows, 2] = ux, uy, uz
        h[rows, 3], h[rows, 4], h[rows, 5] = 0.0, 0.0, 0.0
        rows += 1
    azimuth, elevation = values[1], values[2]
    if not math.isnan(azimuth):
        level = 0.0 if math.isnan(elevation) else elevation
        cos_el, sin_el = math.cos(level), math.sin(level)
        sin_az, cos_az = math.sin(azimuth), math.cos(azimuth)
        if math.isnan(elevation):  # out of the vertical plane of the azimuth, per horizontal distance
            up = ux * axes[2, 0] + uy * axes[2, 1] + uz * axes[2, 2]
            if not _tangent_row(
                cos_az, -sin_az, 0.0, sin_az, cos_az, 0.0, sigmas[1],
                axes, dx - distance * up * axes[2, 0], dy - distance * up * axes[2, 1], dz - distance * up * axes[2, 2],
                rows, y, h, r,
            ):  # fmt: skip
                return -1
            rows += 1
        else:
            across = sigmas[1] * max(cos_el, 1e-6)
            if not _tangent_row(
                cos_az, -sin_az, 0.0, cos_el * sin_az, cos_el * cos_az, sin_el, across, axes, dx, dy, dz, rows, y, h, r
            ):
                return -1
            _tangent_row(
                -sin_el * sin_az, -sin_el * cos_az, cos_el, cos_el * sin_az, cos_el * cos_az, sin_el, sigmas[2],
                axes, dx, dy, dz, rows + 1, y, h, r,
            )  # fmt: skip
            rows += 2
    elif not math.isnan(elevation):
        east = ux * axes[0, 0] + uy * axes[0, 1] + uz * axes[0, 2]
        north = ux * axes[1, 0] + uy * axes[1, 1] + uz * axes[1, 2]
        up = ux * axes[2, 0] + uy * axes[2, 1] + uz * axes[2, 2]
        level = math.sqrt(east * east + north * north)
        y[rows], r[rows] = elevation - math.atan2(up, level), sigmas[2] * sigmas[2]
        safe = max(level, 1e-9) * distance
        for j in range(3):
            unit = ux if j == 0 else (uy if j == 1 else uz)
            h[rows, j] = (axes[2, j] - up * unit) / safe
            h[rows, 3 + j] = 0.0
        rows += 1
    if not math.isnan(values[3]):
        rate = ux * state[3] + uy * state[4] + uz * state[5]
        y[rows], r[rows] = values[3] - rate, sigmas[3] * sigmas[3]
        h[rows, 0], h[rows, 1], h[rows, 2] = (
            (state[3] - rate * ux) / distance,
            (state[4] - rate * uy) / distance,
            (state[5] - rate * uz) / distance,
        )
        h[rows, 3], h[rows, 4], h[rows, 5] = ux, uy, uz
        rows += 1
    return rows


@kernel
def _tangent_row(
    ae: float, an: float, au: float, be: float, bn: float, bu: float, sigma: float, axes: Array,
    dx: float, dy: float, dz: float, row: int, y: Array, h: Array, r: Array,
) -> bool:  # fmt: skip
    """One row of the gnomonic projection: along `a`, per distance along `b`, both given in east, north, up."""
    ax = ae * axes[0, 0] + an * axes[1, 0] + au * axes[2, 0]
    ay = ae * axes[0, 1] + an * axes[1, 1] + au * axes[2, 1]
    az = ae * axes[0, 2] + an * axes[1, 2] + au * axes[2, 2]
    bx = be * axes[0, 0] + bn * axes[1, 0] + bu * axes[2, 0]
    by = be * axes[0, 1] + bn * axes[1, 1] + bu * axes[2, 1]
    bz = be * axes[0, 2] + bn * axes[1, 2] + bu * axes[2, 2]
    return _gnomonic(ax, ay, az, bx, by, bz, sigma, dx, dy, dz, row, y, h, r)


@kernel
def _gnomonic(
    ax: float, ay: float, az: float, bx: float, by: float, bz: float, sigma: float,
    dx: float, dy: float, dz: float, row: int, y: Array, h: Array, r: Array,
) -> bool:  # fmt: skip
    along = dx * bx + dy * by + dz * bz
    if not along > _MIN_COSINE * math.sqrt(dx * dx + dy * dy + dz * dz) or not along > _NEAREST_M * 1e-3:
        return False
    off = (dx * ax + dy * ay + dz * az) / along
    y[row], r[row] = -off, sigma * sigma
    h[row, 0], h[row, 1], h[row, 2] = (ax - off * bx) / along, (ay - off * by) / along, (az - off * bz) / along
    h[row, 3], h[row, 4], h[row, 5] = 0.0, 0.0, 0.0
    return True


@kernel
def _observe_line(
    ux: float, uy: float, uz: float, sigma: float, dx: float, dy: float, dz: float, y: Array, h: Array, r: Array
) -> int:
    ax, ay, az = 0.0, 0.0, 0.0  # the axis least along the line, made orthogonal to it
    if abs(ux) <= abs(uy) and abs(ux) <= abs(uz):
        ax = 1.0
    elif abs(uy) <= abs(uz):
        ay = 1.0
    else:
        az = 1.0
    dot = ax * ux + ay * uy + az * uz
    ax, ay, az = ax - dot * ux, ay - dot * uy, az - dot * uz
    scale = 1.0 / math.sqrt(ax * ax + ay * ay + az * az)
    ax, ay, az = ax * scale, ay * scale, az * scale
    cx, cy, cz = uy * az - uz * ay, uz * ax - ux * az, ux * ay - uy * ax
    if not _gnomonic(ax, ay, az, ux, uy, uz, sigma, dx, dy, dz, 0, y, h, r):
        return -1
    _gnomonic(cx, cy, cz, ux, uy, uz, sigma, dx, dy, dz, 1, y, h, r)
    return 2


@kernel
def _observe_state(
    values: Array, whitener: Array, px: float, py: float, pz: float, state: Array, offset_s: float,
    y: Array, h: Array, r: Array,
) -> int:  # fmt: skip
    for i in range(6):
        total = (
            whitener[i, 0] * (values[0] - px) + whitener[i, 1] * (values[1] - py) + whitener[i, 2] * (values[2] - pz)
        )
        for j in range(3):
            total += whitener[i, 3 + j] * (values[3 + j] - state[3 + j])
            h[i, j] = whitener[i, j]
            h[i, 3 + j] = whitener[i, 3 + j] + offset_s * whitener[i, j]
        y[i], r[i] = total, 1.0
    return 6


@kernel
def whitening(covariance: Array, whitener: Array) -> bool:
    """Write the inverse of the lower Cholesky factor of `covariance` (n, n); False if it is not positive definite."""
    n = covariance.shape[0]
    lower = np.zeros((n, n))
    if not cholesky(covariance, lower):
        return False
    for j in range(n):
        for i in range(n):
            total = 1.0 if i == j else 0.0
            for k in range(j, i):
                total -= lower[i, k] * whitener[k, j]
            whitener[i, j] = total / lower[i, i] if i >= j else 0.0
    return True


@kernel
def radar_point(values: Array, sigmas: Array, site: Array, axes: Array, point: Array, covariance: Array) -> None:
    """Write the ECEF position (3,) of a range, azimuth and elevation, and its covariance (3, 3) in square metres."""
    distance, azimuth, elevation = values[0], values[1], values[2]
    cos_el, sin_el = math.cos(elevation), math.sin(elevation)
    sin_az, cos_az = math.sin(azimuth), math.cos(azimuth)
    across, rise, along = distance * sigmas[1] * max(cos_el, 1e-6), distance * sigmas[2], sigmas[0]
    for j in range(3):
        east, north, up = axes[0, j], axes[1, j], axes[2, j]
        u = cos_el * sin_az * east + cos_el * cos_az * north + sin_el * up
        point[j] = site[j] + distance * u
        for k in range(3):
            e2, n2, u2 = axes[0, k], axes[1, k], axes[2, k]
            covariance[j, k] = (
                along * along * u * (cos_el * sin_az * e2 + cos_el * cos_az * n2 + sin_el * u2)
                + across * across * (cos_az * east - sin_az * north) * (cos_az * e2 - sin_az * n2)
                + rise * rise
                * (cos_el * up - sin_el * sin_az * east - sin_el * cos_az * north)
                * (cos_el * u2 - sin_el * sin_az * e2 - sin_el * cos_az * n2)
            )  # fmt: skip


@warmer
def _warm() -> None:
    square, vector = np.eye(6), np.full(6, 0.5)
    point, covariance = np.zeros(3), np.zeros((3, 3))
    whitening(square, np.zeros((6, 6)))
    bias_rows(RADAR, vector, point, vector.copy(), np.zeros(6, np.int64))
    radar_point(vector, np.ones(4), point, np.eye(3), np.zeros(3), covariance)
    for code in (RADAR, LOS, STATE):
        observe(
            code, vector, np.ones(4), point, np.eye(3), square, 0.0,
            np.full(9, 10.0), np.zeros(6), np.zeros((6, 6)), np.zeros(6),
        )  # fmt: skip
