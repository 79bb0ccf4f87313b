"""Where an arc ends: impact, apogee, and the moment a state had a given altitude on its way up.

One adaptive integrator (Dormand and Prince 1980, order 5 with an embedded order 4) runs forwards or backwards until
an event, found on the cubic through the step's ends and then reached by one step of exactly that length. States and
`beta_inverse_m2_kg` as in `flight`. Nothing here raises: the last member of each answer says whether it holds.

A way over the ground is kept as rows (M, 4) of time s, latitude rad, longitude rad and altitude m; the last row is kept
free for the end. Its `marks` (3,) are the rows written, the seconds between two of them, and the time of the next:
where the rows run out every second one goes and the seconds double, so that M rows hold a way of any length.
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.flight import ballistic_rate
from beaconfire.earth.wgs84 import SEMI_MAJOR_AXIS_M, altitude_and_up, ecef_to_geodetic
from beaconfire.kernel.jit import kernel, warmer

_TOLERANCE_M = 0.05  # local error per step; keeps the impact of a 10-minute flight within a metre of the exact one
_TOLERANCE_M_S = 0.0005
_MAX_STEP_S = 120.0  # bounds the interpolation error of an event to centimetres
_COARSE = 100.0  # a way over the ground may be metres off, and then costs less than half
_FIRST_STEP_S = 4.0
_SHORTEST_STEP_S = 1e-4
_MAX_STEPS = 4_000  # a flight takes about 100; bounds one call to milliseconds
_UNDERGROUND_M = -2e3  # going back in time below the ground, drag speeds a body up without bound
_APOGEE_SEARCH_S = 7200.0  # longer than any flight that comes down within a quarter turn of the Earth

# Dormand and Prince's tableau: the last row of stages is the fifth-order solution, `_ERROR` its distance to the fourth.
_STAGES = np.array(
    [
        [1 / 5, 0, 0, 0, 0, 0],
        [3 / 40, 9 / 40, 0, 0, 0, 0],
        [44 / 45, -56 / 15, 32 / 9, 0, 0, 0],
        [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729, 0, 0],
        [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656, 0],
        [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
    ]
)
_ERROR = np.array([71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40])

_FALLS_TO_LEVEL, _STOPS_CLIMBING = 0, 1


@kernel
def _dormand_prince(
    x: NDArray[np.float64], beta: float, h: float, k: NDArray[np.float64], new: NDArray[np.float64]
) -> float:
    """Write the state one step `h` on into `new`; `k[0]` holds the rate at `x`, `k[6]` gets the one at `new`.

    Returns the error as a multiple of the tolerance. One loop over the stages, not seven copies: it compiles in a
    third of the time and runs as fast.
    """
    for stage in range(6):
        for i in range(6):
            total = 0.0
            for j in range(stage + 1):
                total += _STAGES[stage, j] * k[j, i]
            new[i] = x[i] + h * total
        ballistic_rate(new, beta, k[stage + 1])
    worst = 0.0
    for i in range(6):
        error = 0.0
        for j in range(7):
            error += _ERROR[j] * k[j, i]
        worst = max(worst, abs(h * error) / (_TOLERANCE_M if i < 3 else _TOLERANCE_M_S))
    return worst


@kernel
def _event(x: NDArray[np.float64], kind: int, level: float, direction: float) -> float:
    """Return a quantity that is positive before the event and falls through zero at it."""
    altitude, ux, uy, uz = altitude_and_up(x[0], x[1], x[2])
    if kind == _FALLS_TO_LEVEL:
        return altitude - level
    return float((ux * x[3] + uy * x[4] + uz * x[5]) * direction)


@kernel
def _cut(
    x: NDArray[np.float64],
    new: NDArray[np.float64],
    k: NDArray[np.float64],
    h: float,
    kind: int,
    level: float,
    direction: float,
    trial: NDArray[np.float64],
) -> float:
    """Return the share of step `h` at which the event falls to zero, by bisection on the Hermite cubic."""
    low, high = 0.0, 1.0
    for _ in range(30):
        t = 0.5 * (low + high)
        s = 1.0 - t
        a, b = s * s * (1.0 + 2.0 * t), t * t * (3.0 - 2.0 * t)
        c, d = t * s * s * h, -t * t * s * h
        for i in range(6):
            trial[i] = a * x[i] + b * new[i] + c * k[0, i] + d * k[6, i]
        if _event(trial, kind, level, direction) > 0.0:
            low = t
        else:
            high = t
    return high


@kernel
def note_place(
    rows: NDArray[np.float64], marks: NDArray[np.float64], time_s: float, x: float, y: float, z: float
) -> None:
    """Write the next row of a way, thinning the rows before if only the last one is left."""
    count = int(marks[0])
    if count >= rows.shape[0] - 1:
        count = (count + 1) // 2
        for row in range(1, count):
            rows[row] = rows[2 * row]
        marks[1] *= 2.0
        marks[2] = rows[count - 1, 0] + marks[1]
        if time_s < marks[2]:
            marks[0] = count
            return
    latitude, longitude, altitude = ecef_to_geodetic(x, y, z)
    rows[count, 0], rows[count, 1], rows[count, 2], rows[count, 3] = time_s, latitude, longitude, altitude
    marks[0], marks[2] = count + 1.0, time_s + marks[1]


@kernel
def _note_step(
    x: NDArray[np.float64],
    new: NDArray[np.float64],
    k: NDArray[np.float64],
    h: float,
    clock_s: float,
    until_s: float,
    rows: NDArray[np.float64],
    marks: NDArray[np.float64],
) -> None:
    """Write the rows that fall due before `until_s` in a step `h` from `clock_s`, by the Hermite cubic."""
    while marks[2] < until_s:
        t = (marks[2] - clock_s) / h
        s = 1.0 - t
        a, b = s * s * (1.0 + 2.0 * t), t * t * (3.0 - 2.0 * t)
        c, d = t * s * s * h, -t * t * s * h
        note_place(
            rows, marks, marks[2],
            a * x[0] + b * new[0] + c * k[0, 0] + d * k[6, 0],
            a * x[1] + b * new[1] + c * k[0, 1] + d * k[6, 1],
            a * x[2] + b * new[2] + c * k[0, 2] + d * k[6, 2],
        )  # fmt: skip


@kernel
def _run(
    x: NDArray[np.float64],
    beta: float,
    direction: float,
    kind: int,
    level: float,
    max_time_s: float,
    coarse: float,
    clock_s: float,
    rows: NDArray[np.float64],
    marks: NDArray[np.float64],
) -> tuple[float, bool]:
    """Carry `x` to the event in place; returns the signed time taken and whether the event was met.

    `coarse` multiplies the tolerances. A way is noted forwards only, on a clock that shows `clock_s` at the start.
    """
    k, new, trial = np.empty((7, 6)), np.empty(6), np.empty(6)
    ballistic_rate(x, beta, k[0])
    before = _event(x, kind, level, direction)
    time, h = 0.0, _FIRST_STEP_S
    for _ in range(_MAX_STEPS):
        left = max_time_s - time
        if not left > 0.0:
            break
        h = min(h, left, _MAX_STEP_S)
        error = _dormand_prince(x, beta, h * direction, k, new) / coarse
        if not error <= 1.0 and h > _SHORTEST_STEP_S:
            h *= max(0.2, 0.9 * error**-0.2) if error < math.inf else 0.2
            continue
        after = _event(new, kind, level, direction)
        if before > 0.0 and not after > 0.0:
            part = h * _cut(x, new, k, h * direction, kind, level, direction, trial)
            _note_step(x, new, k, h, clock_s + time, clock_s + time + part, rows, marks)
            _dormand_prince(x, beta, part * direction, k, new)
            for i in range(6):
                x[i] = new[i]
            return (time + part) * direction, True
        _note_step(x, new, k, h, clock_s + time, clock_s + time + h, rows, marks)
        before = after
        time += h
        if altitude_and_up(new[0], new[1], new[2])[0] < _UNDERGROUND_M:
            break
        for i in range(6):
            x[i] = new[i]
            k[0, i] = k[6, i]
        h *= min(5.0, max(0.2, 0.9 * (error + 1e-10) ** -0.2))
    return time * direction, False


@kernel
def impact_point(
    x: NDArray[np.float64], beta_inverse_m2_kg: float, max_time_s: float
) -> tuple[float, float, float, bool]:
    """Return `(latitude_rad, longitude_rad, time_of_flight_s, ok)` where a body falls through the ellipsoid.

    The state is left as it was. Not `ok`: no fall within `max_time_s` (an orbit), and the point is the last one under
    the body. A body already on or under the ellipsoid and not climbing falls at once.
    """
    y = x.copy()
    altitude, ux, uy, uz = altitude_and_up(y[0], y[1], y[2])
    if altitude <= 0.0 and ux * y[3] + uy * y[4] + uz * y[5] <= 0.0:
        latitude, longitude, _ = ecef_to_geodetic(y[0], y[1], y[2])
        return latitude, longitude, 0.0, True
    rows, marks = _unmarked()
    time, ok = _run(y, beta_inverse_m2_kg, 1.0, _FALLS_TO_LEVEL, 0.0, max_time_s, 1.0, 0.0, rows, marks)
    latitude, longitude, _ = ecef_to_geodetic(y[0], y[1], y[2])
    return latitude, longitude, time, ok


@kernel
def impact_points(
    states: NDArray[np.float64], beta_inverse_m2_kg: NDArray[np.float64], max_time_s: float
) -> NDArray[np.float64]:
    """Return rows `latitude_rad, longitude_rad, time_of_flight_s, ok (1 or 0)` for states of shape (N, 6)."""
    out = np.empty((states.shape[0], 4))
    for i in range(states.shape[0]):
        latitude, longitude, time, ok = impact_point(states[i], beta_inverse_m2_kg[i], max_time_s)
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = latitude, longitude, time, 1.0 if ok else 0.0
    return out


@kernel
def ground_way(
    x: NDArray[np.float64],
    beta_inverse_m2_kg: float,
    clock_s: float,
    max_time_s: float,
    rows: NDArray[np.float64],
    marks: NDArray[np.float64],
) -> bool:
    """Note the way of a body from `x` at `clock_s` on, into `rows` after those it has, to its fall in the last row.

    The state is left as it was. False: no fall within `max_time_s`, and the last row is where it was then.
    """
    y = x.copy()
    marks[2] = max(marks[2], clock_s)
    time, ok = 0.0, True
    altitude, ux, uy, uz = altitude_and_up(y[0], y[1], y[2])
    if altitude > 0.0 or ux * y[3] + uy * y[4] + uz * y[5] > 0.0:
        time, ok = _run(y, beta_inverse_m2_kg, 1.0, _FALLS_TO_LEVEL, 0.0, max_time_s, _COARSE, clock_s, rows, marks)
    latitude, longitude, altitude = ecef_to_geodetic(y[0], y[1], y[2])
    last = int(marks[0])
    rows[last, 0], rows[last, 1], rows[last, 2], rows[last, 3] = clock_s + time, latitude, longitude, altitude
    marks[0] = last + 1.0
    return ok


@kernel
def ground_ways(
    states: NDArray[np.float64],
    beta_inverse_m2_kg: NDArray[np.float64],
    begin_s: float,
    every_s: float,
    max_time_s: float,
    rows: NDArray[np.float64],
    ends: NDArray[np.float64],
) -> None:
    """Write the ways of states (N, 6) from `begin_s` on into `rows` (N, M, 4), M at least 3.

    `ends` (N, 2) gets the rows written and whether the last one is on the ground (1 or 0). What falls before
    `begin_s` has the row of its fall alone.
    """
    marks = np.empty(3)
    for i in range(states.shape[0]):
        marks[0], marks[1], marks[2] = 0.0, every_s, begin_s
        ok = ground_way(states[i], beta_inverse_m2_kg[i], 0.0, max_time_s, rows[i], marks)
        ends[i, 0], ends[i, 1] = marks[0], 1.0 if ok else 0.0


@kernel
def _unmarked() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows and marks of a flight whose way is not kept."""
    return np.empty((0, 4)), np.full(3, math.inf)


@kernel
def apogee(x: NDArray[np.float64], beta_inverse_m2_kg: float) -> tuple[float, float, bool]:
    """Return `(altitude_m, time_s, ok)` of the highest point; time is negative when it lies behind.

    The state is left as it was. Not `ok`: none within two hours, or, looking back, none above the ellipsoid.
    """
    y = x.copy()
    _, ux, uy, uz = altitude_and_up(y[0], y[1], y[2])
    direction = 1.0 if ux * y[3] + uy * y[4] + uz * y[5] > 0.0 else -1.0
    rows, marks = _unmarked()
    time, ok = _run(y, beta_inverse_m2_kg, direction, _STOPS_CLIMBING, 0.0, _APOGEE_SEARCH_S, 1.0, 0.0, rows, marks)
    altitude, _, _, _ = altitude_and_up(y[0], y[1], y[2])
    return altitude, time, ok


@kernel
def back_to_altitude(
    x: NDArray[np.float64], beta_inverse_m2_kg: float, altitude_m: float, max_time_s: float
) -> tuple[float, bool]:
    """Carry a state back in time, in place, to where it climbed through an altitude; returns `(time_s <= 0, ok)`."""
    rows, marks = _unmarked()
    return _run(x, beta_inverse_m2_kg, -1.0, _FALLS_TO_LEVEL, altitude_m, max_time_s, 1.0, 0.0, rows, marks)


@warmer
def _warm() -> None:
    x = np.array([SEMI_MAJOR_AXIS_M + 1e4, 0.0, 0.0, 100.0, 300.0, 0.0])
    impact_point(x, 1e-4, 600.0)
    impact_points(x.reshape(1, 6), np.array([1e-4]), 600.0)
    ground_ways(x.reshape(1, 6), np.array([1e-4]), 0.0, 10.0, 600.0, np.empty((1, 64, 4)), np.empty((1, 2)))
    apogee(x, 1e-4)
    back_to_altitude(x, 1e-4, 5e3, 60.0)
