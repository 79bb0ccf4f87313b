"""The boost prior: a generic rise from the ground, and the fit of its parameters to one state of the arc.

The rise: from rest on the ellipsoid, straight up, leaning over to a tilt, then thrust along the velocity; mass flows
out steadily, so that a stage's acceleration grows as a0 / (1 - a0 t / c) with exhaust speed c (Tsiolkovsky). `stages`
has a row (burn s, a0 m/s^2, c m/s) for each. Nothing of a real design is in it; parameters have wide priors from public
figures and are fitted by maximum a posteriori Gauss-Newton (Levenberg-damped) to position, velocity and force at one
time. The trap avoided: extrapolating the arc backwards through a gravity turn is unstable near the ground; shooting
forwards is not.
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.atmosphere import density_and_slope
from beaconfire.earth.gravity import acceleration_ecef
from beaconfire.earth.linear import cholesky, invert, solve_lower
from beaconfire.earth.wgs84 import altitude_and_up, enu_axes, geodetic_to_ecef
from beaconfire.kernel.jit import kernel, warmer

PARAMETERS = 10
EAST, NORTH, AGE, AZIMUTH, LOG_TILT, LOG_PUSH, LOG_EXHAUST, HEIGHT, RISE, LOG_BURN = range(PARAMETERS)
"""East and north of the reference m, age s, azimuth rad, ln tilt, site height m, vertical rise s; and the logarithms of
the factors on the stages' accelerations (push), exhaust speeds and burn times."""

_LEAN_S = 8.0  # time over which thrust leans to the tilt; its error is taken up by the vertical rise's prior
_STEP_S = 1.5
_MAX_ACCELERATION_M_S2 = 200.0  # beyond 20 g nothing boosts; keeps a0 t / c away from 1 while searching
_BALLISTIC_KG_M2 = 25e3  # of a whole missile at lift-off; drag is a few per cent of thrust
_TILTS, _LEAST_TILT, _MOST_TILT = 10, 0.003, 0.8  # rad, of the grid of first guesses
_LONGEST_S = 900.0  # of a rise and coast that is fitted at all
METRES_PER_RAD = 6.37e6  # of the local offsets; the same factor there and back
_ROUNDS = 25
_CONVERGED = 1e-4  # of a standard deviation, squared
_STEPS = np.array([100.0, 100.0, 0.05, 1e-4, 2e-3, 1e-3, 1e-3, 20.0, 0.05, 2e-3])


@kernel
def _cuts(stages: NDArray[np.float64], p: NDArray[np.float64], end_s: float, cuts: NDArray[np.float64]) -> int:
    """Write the times, ascending from 0 to `end_s`, between which the rise is smooth; returns how many."""
    count = 1
    cuts[0] = 0.0
    ignition, burn = 0.0, math.exp(p[LOG_BURN])
    for k in range(-2, stages.shape[0]):
        if k < 0:
            time = p[RISE] + (0.0 if k == -2 else _LEAN_S)
        else:
            ignition += burn * stages[k, 0]
            time = ignition
        if 0.0 < time < end_s:
            at = count
            while cuts[at - 1] > time:
                cuts[at] = cuts[at - 1]
                at -= 1
            cuts[at] = time
            count += 1
    cuts[count] = end_s
    return count + 1


@kernel
def _stage_at(stages: NDArray[np.float64], p: NDArray[np.float64], time_s: float) -> tuple[int, float]:
    """Return which stage burns at a time, and when it was lit; their number, and the last burnout, if none does."""
    ignition, burn = 0.0, math.exp(p[LOG_BURN])
    for k in range(stages.shape[0]):
        if time_s <= ignition + burn * stages[k, 0]:
            return k, ignition
        ignition += burn * stages[k, 0]
    return stages.shape[0], ignition


@kernel
def _thrust(stages: NDArray[np.float64], p: NDArray[np.float64], stage: int, age_s: float) -> tuple[float, float]:
    """Return the acceleration by thrust of a stage so long after it was lit, and the mass left as a share."""
    if stage >= stages.shape[0]:
        return 0.0, 1.0
    push = math.exp(p[LOG_PUSH]) * stages[stage, 1]
    mass = max(1.0 - push * age_s / (math.exp(p[LOG_EXHAUST]) * stages[stage, 2]), 1e-3)
    return min(push / mass, _MAX_ACCELERATION_M_S2), mass


@kernel
def _rate(
    x: NDArray[np.float64],
    time_s: float,
    lit_s: float,
    stage: int,
    leaning: bool,
    stages: NDArray[np.float64],
    p: NDArray[np.float64],
    frame: NDArray[np.float64],
    rate: NDArray[np.float64],
    force: NDArray[np.float64],
) -> None:
    """Write the state's rate and the specific force at `time_s`; `frame` (2, 3) is up and ahead at the site."""
    gx, gy, gz = acceleration_ecef(x[0], x[1], x[2], x[3], x[4], x[5])
    speed = math.sqrt(x[3] * x[3] + x[4] * x[4] + x[5] * x[5])
    thrust, mass = _thrust(stages, p, stage, time_s - lit_s)
    if leaning:
        tilt = math.exp(p[LOG_TILT]) * min(max((time_s - p[RISE]) / _LEAN_S, 0.0), 1.0)
        for i in range(3):
            force[i] = thrust * (math.cos(tilt) * frame[0, i] + math.sin(tilt) * frame[1, i])
    else:
        for i in range(3):
            force[i] = thrust * x[3 + i] / max(speed, 1.0)
    altitude, _, _, _ = altitude_and_up(x[0], x[1], x[2])
    drag = 0.5 * density_and_slope(max(altitude, 0.0))[0] * speed / (_BALLISTIC_KG_M2 * mass)
    for i in range(3):
        force[i] -= drag * x[3 + i]
        rate[i] = x[3 + i]
    rate[3], rate[4], rate[5] = gx + force[0], gy + force[1], gz + force[2]


@kernel
def _set_off(
    latitude_rad: float,
    longitude_rad: float,
    p: NDArray[np.float64],
    x: NDArray[np.float64],
    frame: NDArray[np.float64],
) -> None:
    """Write the state at rest on the site of `p`, and its upward direction and the horizontal one of the azimuth."""
    latitude = latitude_rad + p[NORTH] / METRES_PER_RAD
    longitude = longitude_rad + p[EAST] / (METRES_PER_RAD * math.cos(latitude_rad))
    axes = enu_axes(latitude, longitude)
    x[0], x[1], x[2] = geodetic_to_ecef(latitude, longitude, p[HEIGHT])
    for i in range(3):
        x[3 + i] = 0.0
        frame[0, i] = axes[2, i]
        frame[1, i] = math.sin(p[AZIMUTH]) * axes[0, i] + math.cos(p[AZIMUTH]) * axes[1, i]


@kernel
def _fly(
    x: NDArray[np.float64],
    stages: NDArray[np.float64],
    p: NDArray[np.float64],
    frame: NDArray[np.float64],
    end_s: float,
    level_m: float,
    descending: bool,
    work: NDArray[np.float64],
) -> float:
    """Carry the state from lift-off, in place, to `end_s` or to an altitude if that comes first; returns the time.

    Steps end where the steering or the stage changes, so that the result is a smooth function of every parameter.
    """
    total, trial, rate, force, cuts = work[0], work[1], work[2], work[3], work[4]
    count, altitude = _cuts(stages, p, end_s, cuts), 0.0
    for segment in range(count - 1):
        length = cuts[segment + 1] - cuts[segment]
        middle = 0.5 * (cuts[segment + 1] + cuts[segment])
        stage, lit = _stage_at(stages, p, middle)
        leaning = middle < p[RISE] + _LEAN_S
        steps = int(max(math.ceil(length / (_STEP_S if stage < stages.shape[0] else 2.0 * _STEP_S)), 1))
        dt = length / steps
        for step in range(steps):
            time = cuts[segment] + step * dt
            for i in range(6):
                trial[i] = x[i]
            for part in range(4):
                reach = 0.0 if part == 0 else (dt if part == 3 else 0.5 * dt)
                _rate(trial, time + reach, lit, stage, leaning, stages, p, frame, rate, force)
                weight = 1.0 if part == 0 or part == 3 else 2.0
                onward = dt if part == 2 else 0.5 * dt
                for i in range(6):
                    total[i] = weight * rate[i] + (0.0 if part == 0 else total[i])
                    trial[i] = x[i] + onward * rate[i]
            for i in range(6):
                x[i] += dt / 6.0 * total[i]
            if level_m < math.inf:
                before, altitude = altitude, altitude_and_up(x[0], x[1], x[2])[0]
                passed = altitude <= level_m < before if descending else altitude >= level_m
                if passed or altitude < -1e3:
                    part_of_step = (level_m - before) / (altitude - before)
                    return float(time + dt * min(max(part_of_step, 0.0), 1.0))
    stage, lit = _stage_at(stages, p, end_s)
    _rate(x, end_s, lit, stage, end_s < p[RISE] + _LEAN_S, stages, p, frame, rate, force)
    return end_s


@kernel
def rise(
    latitude_rad: float,
    longitude_rad: float,
    stages: NDArray[np.float64],
    p: NDArray[np.float64],
    out: NDArray[np.float64],
) -> None:
    """Write position, velocity and specific force (9), ECEF, at the age of the parameters `p` (10).

    East and north of `p` are offsets from the reference latitude and longitude, on its meridian and parallel.
    """
    x, frame, work = np.zeros(6), np.zeros((2, 3)), np.zeros((5, 4 + stages.shape[0] + 6))
    _set_off(latitude_rad, longitude_rad, p, x, frame)
    _fly(x, stages, p, frame, p[AGE], math.inf, False, work)
    for i in range(3):
        out[i], out[3 + i], out[6 + i] = x[i], x[3 + i], work[3, i]


@kernel
def first_guess(
    latitude_rad: float,
    longitude_rad: float,
    altitude_m: float,
    descending: bool,
    stages: NDArray[np.float64],
    p: NDArray[np.float64],
    measured: NDArray[np.float64],
    covariance: NDArray[np.float64],
    prior: NDArray[np.float64],
) -> bool:
    """Write into `p` the best of a grid of tilts and pushes whose rise passes over the measured point; False if none.

    Each is flown until it has the measured altitude, and its site is then moved so that it passes over the point.
    """
    x, frame, work = np.zeros(6), np.zeros((2, 3)), np.zeros((5, 4 + stages.shape[0] + 6))
    lower, rows, trial = np.zeros((9, 9)), np.zeros(9 + PARAMETERS), p.copy()
    if not cholesky(covariance, lower):
        return False
    axes, best = enu_axes(latitude_rad, longitude_rad), math.inf
    for tilt in range(_TILTS):
        for push in range(3):
            trial[:] = prior[:, 0]
            trial[LOG_TILT] = math.log(_LEAST_TILT) + tilt / (_TILTS - 1) * math.log(_MOST_TILT / _LEAST_TILT)
            trial[LOG_PUSH] += (push - 1) * prior[LOG_PUSH, 1]
            _set_off(latitude_rad, longitude_rad, trial, x, frame)
            trial[AGE] = max(_fly(x, stages, trial, frame, _LONGEST_S, altitude_m, descending, work), 1.0)
            for i in range(3):
                miss = measured[i] - x[i]
                trial[EAST] += axes[0, i] * miss
                trial[NORTH] += axes[1, i] * miss
            cost = _residuals(latitude_rad, longitude_rad, stages, trial, measured, lower, prior, rows)
            if cost < best:
                best = cost
                p[:] = trial
    return best < math.inf


@kernel
def _residuals(
    latitude_rad: float,
    longitude_rad: float,
    stages: NDArray[np.float64],
    p: NDArray[np.float64],
    measured: NDArray[np.float64],
    lower: NDArray[np.float64],
    prior: NDArray[np.float64],
    out: NDArray[np.float64],
) -> float:
    """Write the whitened residuals of state (9) and prior (10); returns their sum of squares."""
    predicted = np.zeros(9)
    rise(latitude_rad, longitude_rad, stages, p, predicted)
    for i in range(9):
        predicted[i] -= measured[i]
    solve_lower(lower, predicted, out[:9])
    for i in range(PARAMETERS):
        out[9 + i] = (p[i] - prior[i, 0]) / prior[i, 1]
    total = 0.0
    for value in out:
        total += value * value
    return total


@kernel
def fit_rise(
    latitude_rad: float,
    longitude_rad: float,
    stages: NDArray[np.float64],
    p: NDArray[np.float64],
    measured: NDArray[np.float64],
    covariance: NDArray[np.float64],
    prior: NDArray[np.float64],
    posterior: NDArray[np.float64],
) -> tuple[float, bool]:
    """Fit `p` (10) in place to a state (9) with its covariance; `prior` (10, 2) holds mean and sigma.

    Writes the posterior covariance (10, 10); returns the whitened sum of squares and whether it converged.
    """
    rows = 9 + PARAMETERS
    lower, now, moved = np.zeros((9, 9)), np.zeros(rows), np.zeros(rows)
    slopes, normal = np.zeros((rows, PARAMETERS)), np.zeros((PARAMETERS, PARAMETERS))
    right, trial = np.zeros(PARAMETERS), np.zeros(PARAMETERS)
    if not cholesky(covariance, lower):
        return math.inf, False
    cost = _residuals(latitude_rad, longitude_rad, stages, p, measured, lower, prior, now)
    damping, converged = 1e-3, False
    for _ in range(_ROUNDS):
        for j in range(PARAMETERS):
            trial[:] = p
            trial[j] += _STEPS[j]
            _residuals(latitude_rad, longitude_rad, stages, trial, measured, lower, prior, moved)
            for i in range(rows):
                slopes[i, j] = (moved[i] - now[i]) / _STEPS[j]
        improved = False
        for _attempt in range(6):
            _normal_equations(slopes, now, damping, normal, right)
            if not invert(normal, posterior):
                return math.inf, False
            gain = 0.0
            for i in range(PARAMETERS):
                step = 0.0
                for j in range(PARAMETERS):
                    step -= posterior[i, j] * right[j]
                trial[i] = p[i] + step
                gain -= step * right[i]
            trial[AGE] = max(trial[AGE], 1.0)
            after = _residuals(latitude_rad, longitude_rad, stages, trial, measured, lower, prior, moved)
            if after < cost:
                improved, converged = True, cost - after < _CONVERGED * 100.0 and gain < 1e-2
                cost, damping = after, max(damping * 0.2, 1e-9)
                p[:] = trial
                now[:] = moved
                break
            damping = max(damping * 8.0, 1e-6)
        if converged or not improved:
            converged = True
            break
    _normal_equations(slopes, now, 0.0, normal, right)
    return cost, invert(normal, posterior) and converged


@kernel
def _normal_equations(
    slopes: NDArray[np.float64],
    residuals: NDArray[np.float64],
    damping: float,
    normal: NDArray[np.float64],
    right: NDArray[np.float64],
) -> None:
    for i in range(slopes.shape[1]):
        total = 0.0
        for k in range(slopes.shape[0]):
            total += slopes[k, i] * residuals[k]
        right[i] = total
        for j in range(i + 1):
            total = 0.0
            for k in range(slopes.shape[0]):
                total += slopes[k, i] * slopes[k, j]
            normal[i, j] = normal[j, i] = total
        normal[i, i] *= 1.0 + damping


@warmer
def _warm() -> None:
    p = np.array([0.0, 0.0, 3.0, 0.5, -2.0, 0.0, 0.0, 0.0, 2.0, 0.0])
    stages = np.array([[100.0, 20.0, 2600.0]])
    state = np.zeros(9)
    rise(0.7, 2.2, stages, p, state)
    prior = np.stack((p, np.ones(PARAMETERS)), axis=1)
    first_guess(0.7, 2.2, 100.0, False, stages, p, state, np.eye(9), prior)
    fit_rise(0.7, 2.2, stages, p, state, np.eye(9), prior, np.zeros((PARAMETERS, PARAMETERS)))
