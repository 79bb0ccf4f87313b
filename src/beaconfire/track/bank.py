"""The model bank of one track: mixing, prediction, update, and the mixture as one Gaussian.

Interacting multiple models (Blom and Bar-Shalom 1988). Two things differ from the textbook. A jump into a model does
not carry over the old model's parameter (a thrust is no drag): it starts from the new model's prior. And how likely a
jump is depends on where the object is: there is no lift and no aircraft in vacuum, and only what is inside the air
can begin to glide. Measurements come as independent rows, so an update is a series of scalar ones (Joseph form).

Unknown constant errors of sensors are consider states (Schmidt 1966): never estimated, but their covariances with
the state are carried (`c`, one column per error, in units of its sigma; the first `used` columns), so that a hundred
looks through one crooked radar do not pretend to a tenth of its error.
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.atmosphere import density_and_slope
from beaconfire.earth.observe import MAX_ROWS, bias_rows, observe
from beaconfire.earth.wgs84 import altitude_and_up
from beaconfire.kernel.jit import kernel, warmer
from beaconfire.track.models import AIR, BALLISTIC, BOOST, GLIDE, MODELS, STATE, parameter_prior, specific_force
from beaconfire.track.predict import propagate

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

BIASES = 24  # columns of constant errors: three of each of eight sensors
GRID_NS = 10_000_000_000  # a longer prediction goes in steps of 10 s, counted from the last measurement
_LOOKS = 30.0  # a constant error without a column is counted as noise of so many looks' worth
_COASTED_LEAST = 0.02  # a model less likely than this is not carried through a long coast
_NEGLIGIBLE = 1e-9
_FLOOR = 1e-6  # no model is ever ruled out for good
_NOT_THRUSTING = 0.03  # an infrared sensor sees thrusting objects only; the rest is clutter and hot wakes
# Jumps per second. Burns last about a minute; stages follow each other; an aircraft may turn out to be a climb-out.
_BOOST_ENDS, _BOOST_TO_GLIDE, _BOOST_TO_AIR = 1.0 / 60.0, 3e-4, 1e-3
_REIGNITION, _BALLISTIC_TO_GLIDE, _BALLISTIC_TO_AIR = 1e-3, 2e-3, 5e-4
_GLIDE_ENDS, _GLIDE_FADES, _GLIDE_TO_AIR = 5e-3, 0.05, 1e-3  # without air to glide on, it is a ballistic body again
_AIR_TO_BOOST, _AIR_TO_BALLISTIC, _AIR_TO_GLIDE = 5e-4, 3e-4, 1e-4
_LIFT_PRESSURE_PA = 3e3  # where lift can begin to bend a path by 1 m/s^2
_AIRCRAFT_CEILING_M, _AIRCRAFT_CEILING_WIDTH_M = 28e3, 3e3
_AIRCRAFT_CLIMB_M_S, _AIRCRAFT_CLIMB_WIDTH_M_S = 90.0, 40.0
_AIRCRAFT_SPEED_M_S, _AIRCRAFT_SPEED_WIDTH_M_S = 900.0, 150.0
_LEAST_THRUST_M_S2 = 5.0  # forward specific force below which nothing is a boost
_MOST_PUSH_M2_KG = 1e-4  # forward force per dynamic pressure above which nothing is drag
_LEAST_FIT = 0.05  # one update cannot rule a model out


@kernel
def predict_bank(x: Array, p: Array, c: Array, used: int, weights: Array, dt_ns: int) -> None:
    """Mix and advance a bank by `dt_ns` in place: means (4, 9), covariances (4, 9, 9), probabilities (4,).

    Steps are counted in whole nanoseconds, so that a prediction stopped on the grid and taken up again is the same.
    """
    left_ns = dt_ns
    while left_ns > GRID_NS:
        coast_once(x, p, c, used, weights)
        left_ns -= GRID_NS
    if left_ns > 0:
        predict_once(x, p, c, used, weights, left_ns * 1e-9)


@kernel
def coast_once(x: Array, p: Array, c: Array, used: int, weights: Array) -> None:
    """One grid step of a bank that nothing measures, in place: what is hardly possible is left out.

    A burn of one in a thousand that nobody watches would widen the one Gaussian of a ballistic coast by tens of m/s.
    """
    total = 0.0
    for j in range(MODELS):
        weights[j] = weights[j] if weights[j] > _COASTED_LEAST else 0.0
        total += weights[j]
    for j in range(MODELS):
        weights[j] /= total
    predict_once(x, p, c, used, weights, GRID_NS * 1e-9)


@kernel
def predict_once(x: Array, p: Array, c: Array, used: int, weights: Array, dt_s: float) -> None:
    """One mixing and one prediction of a bank, in place."""
    jumps = np.empty((MODELS, MODELS))
    transition_rates(x, weights, dt_s, jumps)
    _mix(x, p, c, used, weights, jumps, dt_s)
    for j in range(MODELS):
        propagate(j, x[j], p[j], c[j], used, dt_s)


@kernel
def transition_rates(x: Array, weights: Array, dt_s: float, jumps: Array) -> None:
    """Write the probabilities (4, 4) of going from row to column in `dt_s`, which depend on air and altitude."""
    best = 0
    for j in range(1, MODELS):
        if weights[j] > weights[best]:
            best = j
    altitude = altitude_and_up(x[best, 0], x[best, 1], x[best, 2])[0]
    speed2 = x[best, 3] * x[best, 3] + x[best, 4] * x[best, 4] + x[best, 5] * x[best, 5]
    pressure = 0.5 * density_and_slope(altitude)[0] * speed2
    lift = pressure / (pressure + _LIFT_PRESSURE_PA)
    air = _below(altitude, _AIRCRAFT_CEILING_M, _AIRCRAFT_CEILING_WIDTH_M)
    for i in range(MODELS):
        for j in range(MODELS):
            jumps[i, j] = 0.0
    jumps[BOOST, BALLISTIC] = _BOOST_ENDS
    jumps[BOOST, GLIDE] = _BOOST_TO_GLIDE * lift
    jumps[BOOST, AIR] = _BOOST_TO_AIR * air
    jumps[BALLISTIC, BOOST] = _REIGNITION
    jumps[BALLISTIC, GLIDE] = _BALLISTIC_TO_GLIDE * lift
    jumps[BALLISTIC, AIR] = _BALLISTIC_TO_AIR * air
    jumps[GLIDE, BALLISTIC] = _GLIDE_ENDS + _GLIDE_FADES * (1.0 - lift) * (1.0 - lift)
    jumps[GLIDE, BOOST] = _BOOST_TO_GLIDE
    jumps[GLIDE, AIR] = _GLIDE_TO_AIR * air
    jumps[AIR, BOOST] = _AIR_TO_BOOST
    jumps[AIR, BALLISTIC] = _AIR_TO_BALLISTIC + 0.5 * (1.0 - air)
    jumps[AIR, GLIDE] = _AIR_TO_GLIDE
    for i in range(MODELS):
        total = 0.0
        for j in range(MODELS):
            total += jumps[i, j]
        leave = (1.0 - math.exp(-total * dt_s)) / max(total, 1e-12)
        for j in range(MODELS):
            jumps[i, j] *= leave
        jumps[i, i] = 1.0 - leave * total


@kernel
def _below(value: float, limit: float, width: float) -> float:
    """Fall smoothly from 1 well below a limit to 0 well above it."""
    return 1.0 / (1.0 + math.exp(min(max((value - limit) / width, -40.0), 40.0)))


@kernel
def _mix(x: Array, p: Array, c: Array, used: int, weights: Array, jumps: Array, dt_s: float) -> None:
    old_x, old_p, old_c = x.copy(), p.copy(), c.copy()
    thrust = old_x[BOOST, 6:9]
    predicted = np.zeros(MODELS)
    theta, prior = np.empty(3), np.empty((3, 3))
    part, share = np.empty((MODELS, STATE)), np.empty(MODELS)
    priors = np.zeros((MODELS, 3, 3))
    for j in range(MODELS):
        for i in range(MODELS):
            predicted[j] += weights[i] * jumps[i, j]
        for i in range(MODELS):
            share[i] = weights[i] * jumps[i, j] / predicted[j] if predicted[j] > 1e-30 else weights[i]
            for n in range(STATE):
                part[i, n] = old_x[i, n]
            if i != j and share[i] > _NEGLIGIBLE:
                parameter_prior(j, old_x[i, 0:3], old_x[i, 3:6], theta, prior)
                for n in range(3):
                    part[i, 6 + n] = theta[n]
                    if i == BOOST:
                        part[i, n] -= thrust[n] * dt_s * dt_s / 6.0
                        part[i, 3 + n] += thrust[n] * dt_s / 2.0
                    for m in range(3):
                        priors[i, n, m] = prior[n, m]
        _collapse(j, part, old_p, priors, share, x[j], p[j])
        if j != BOOST:
            _spread_burnout(thrust, dt_s, share[BOOST], p[j])
        _collapse_biases(j, old_c, used, share, c[j])
    for j in range(MODELS):
        weights[j] = predicted[j]


@kernel
def _collapse(j: int, part: Array, old_p: Array, priors: Array, share: Array, mean: Array, covariance: Array) -> None:
    """Write the Gaussian of the mixture into model j; what jumps in has the prior's parameter block."""
    for n in range(STATE):
        total = 0.0
        for i in range(MODELS):
            if share[i] > _NEGLIGIBLE:
                total += share[i] * part[i, n]
        mean[n] = total
    weight = 0.0
    for i in range(MODELS):
        weight += share[i] if share[i] > _NEGLIGIBLE else 0.0
    for n in range(STATE):
        mean[n] /= weight
    for n in range(STATE):
        for m in range(n + 1):
            total = 0.0
            for i in range(MODELS):
                if share[i] > _NEGLIGIBLE:
                    inner = old_p[i, n, m]
                    if i != j and n >= 6:
                        inner = priors[i, n - 6, m - 6] if m >= 6 else 0.0
                    total += share[i] * (inner + (part[i, n] - mean[n]) * (part[i, m] - mean[m]))
            covariance[n, m] = total / weight
            covariance[m, n] = covariance[n, m]


@kernel
def _spread_burnout(thrust: Array, dt_s: float, share: float, p: Array) -> None:
    """Add what is not known of a burnout at any time within the interval.

    Thrust that ends after s, uniform in the interval, leaves at its start an offset of f s in velocity and -f s^2/2
    in place; the mean of both is in what jumps, this is their covariance.
    """
    t2 = dt_s * dt_s
    for i in range(3):
        for m in range(3):
            f2 = share * thrust[i] * thrust[m]
            p[i, m] += f2 * t2 * t2 / 45.0
            p[i, 3 + m] -= f2 * t2 * dt_s / 24.0
            p[3 + i, m] -= f2 * t2 * dt_s / 24.0
            p[3 + i, 3 + m] += f2 * t2 / 12.0


@kernel
def _collapse_biases(j: int, old_c: Array, used: int, share: Array, c: Array) -> None:
    for n in range(STATE):
        for k in range(used):
            total = 0.0
            for i in range(MODELS):
                if share[i] > _NEGLIGIBLE and (i == j or n < 6):
                    total += share[i] * old_c[i, n, k]
            c[n, k] = total


@kernel
def update_bank(
    x: Array, p: Array, c: Array, used: int, weights: Array, kind: int, values: Array, sigmas: Array, site: Array,
    axes: Array, whitener: Array, offset_s: float, bias_sigmas: Array, first: int, thrusting: bool,
) -> float:  # fmt: skip
    """Take one measurement into a predicted bank, in place; returns its log likelihood (-inf: it was not used).

    `first` is the sensor's first column in `c`, or -1 to take its constant errors as noise.
    """
    y, h, r = np.empty(MAX_ROWS), np.empty((MAX_ROWS, 6)), np.empty(MAX_ROWS)
    e, column = np.empty(MAX_ROWS), np.empty(MAX_ROWS, np.int64)
    split_noise(kind, values, bias_sigmas, first, e, column)
    log_likelihood = np.full(MODELS, -math.inf)
    best = -math.inf
    for j in range(MODELS):
        rows = observe(kind, values, sigmas, site, axes, whitener, offset_s, x[j], y, h, r)
        if rows > 0:
            log_likelihood[j] = _scalar_updates(x[j], p[j], c[j], used, rows, y, h, r, e, column)
            best = max(best, log_likelihood[j])
    if not best > -math.inf:
        return -math.inf
    total, fitted = 0.0, 0.0
    for j in range(MODELS):
        likelihood = weights[j] * math.exp(log_likelihood[j] - best)
        total += likelihood
        likelihood *= plausibility(j, x[j], p[j])
        if thrusting and j != BOOST:
            likelihood *= _NOT_THRUSTING
        weights[j] = likelihood
        fitted += likelihood
    normalise(weights, fitted)
    return best + math.log(max(total, 1e-300))


@kernel
def split_noise(kind: int, values: Array, bias_sigmas: Array, first: int, e: Array, column: Rows) -> None:
    """Write per row how it moves with a constant error and the error's column, -1 for none.

    An error that has no column keeps its size in `e`: `row_noise` counts it as noise.
    """
    bias_rows(kind, values, bias_sigmas, e, column)
    for row in range(MAX_ROWS):
        column[row] = column[row] + first if first >= 0 and column[row] >= 0 else -1


@kernel
def row_noise(variance: float, e: float, column: int) -> float:
    """Return the noise variance of a row: without the constant error, or with it often enough for many looks."""
    if column < 0:
        return float(variance + _LOOKS * e * e)
    return float(max(variance - e * e, 1e-4 * variance))


@kernel
def normalise(weights: Array, total: float) -> None:
    """Scale probabilities (4,) to sum 1 with a floor under each."""
    if not total > 0.0:
        return
    again = 0.0
    for j in range(MODELS):
        weights[j] = max(weights[j] / total, _FLOOR)
        again += weights[j]
    for j in range(MODELS):
        weights[j] /= again


@kernel
def _scalar_updates(
    x: Array, p: Array, c: Array, used: int, rows: int, y: Array, h: Array, r: Array, e: Array, column: Rows
) -> float:
    """Sequential Joseph updates with all rows linearised once; returns the log likelihood of the rows."""
    gain, moved, ph = np.empty(STATE), np.zeros(STATE), np.empty(STATE)
    log_likelihood = 0.0
    for row in range(rows):
        residual = y[row]
        noise = row_noise(r[row], e[row], column[row])
        for i in range(STATE):
            total = 0.0 if column[row] < 0 else e[row] * c[i, column[row]]
            for m in range(6):
                total += p[i, m] * h[row, m]
            ph[i] = total
        spread = noise if column[row] < 0 else noise + e[row] * e[row]
        for m in range(6):
            spread += h[row, m] * ph[m]
            residual -= h[row, m] * moved[m]
            if column[row] >= 0:
                spread += e[row] * h[row, m] * c[m, column[row]]
        if not spread > noise:
            spread = noise  # a direction known better than rounding lets us say
        for i in range(STATE):
            gain[i] = ph[i] / spread
            moved[i] += gain[i] * residual
        log_likelihood -= 0.5 * (residual * residual / spread + math.log(2.0 * math.pi * spread))
        _joseph(p, c, used, gain, ph, h[row], noise, e[row], column[row])
    for i in range(STATE):
        x[i] += moved[i]
    return log_likelihood


@kernel
def _joseph(
    p: Array, c: Array, used: int, gain: Array, ph: Array, h: Array, variance: float, e: float, column: int
) -> None:
    """P <- (I - k h) P (I - k h)^T + k r k^T with the consider terms, symmetric, the diagonal held positive."""
    for i in range(STATE):
        for j in range(STATE):
            p[i, j] -= gain[i] * ph[j]
    for n in range(used):
        total = e if n == column else 0.0
        for m in range(6):
            total += h[m] * c[m, n]
        for i in range(STATE):
            c[i, n] -= gain[i] * total
    for i in range(STATE):
        total = 0.0 if column < 0 else e * c[i, column]
        for m in range(6):
            total += p[i, m] * h[m]
        ph[i] = total
    for i in range(STATE):
        for j in range(STATE):
            p[i, j] += (variance * gain[i] - ph[i]) * gain[j]
    for i in range(STATE):
        for j in range(i):
            p[i, j] = p[j, i] = 0.5 * (p[i, j] + p[j, i])
    for i in range(STATE):
        if not p[i, i] > 1e-24:
            for j in range(STATE):
                p[i, j] = p[j, i] = 0.0
            p[i, i] = 1e-24


@kernel
def plausibility(model: int, x: Array, p: Array) -> float:
    """Return 0.05 to 1: does the state belong to the model at all (boost pushes, drag never does)."""
    if model != AIR:
        speed = max(math.sqrt(x[3] * x[3] + x[4] * x[4] + x[5] * x[5]), 1.0)
        along, spread = 0.0, 0.0
        for i in range(3):
            along += x[6 + i] * x[3 + i] / speed
            for j in range(3):
                spread += p[6 + i, 6 + j] * x[3 + i] * x[3 + j] / (speed * speed)
        if model == BOOST:
            short = (_LEAST_THRUST_M_S2 - along) / math.sqrt(2.0 * (max(spread, 0.0) + 1.0))
        else:
            short = (along - _MOST_PUSH_M2_KG) / math.sqrt(2.0 * max(spread, 1e-12))
        return min(max(math.erfc(short), _LEAST_FIT), 1.0)
    altitude, upx, upy, upz = altitude_and_up(x[0], x[1], x[2])
    climb = upx * x[3] + upy * x[4] + upz * x[5]
    speed = math.sqrt(x[3] * x[3] + x[4] * x[4] + x[5] * x[5])
    climb_spread = math.sqrt(max(upx * upx * p[3, 3] + upy * upy * p[4, 4] + upz * upz * p[5, 5], 0.0))
    fit = _below(altitude, _AIRCRAFT_CEILING_M, _AIRCRAFT_CEILING_WIDTH_M)
    fit *= _below(speed, _AIRCRAFT_SPEED_M_S + climb_spread, _AIRCRAFT_SPEED_WIDTH_M_S)
    fit *= _below(abs(climb), _AIRCRAFT_CLIMB_M_S + climb_spread, _AIRCRAFT_CLIMB_WIDTH_M_S)
    return max(fit, _LEAST_FIT)


@kernel
def unseen_thrust(weights: Array, detection_probability: float) -> None:
    """An infrared sensor looked and saw nothing: thrusting becomes less likely by its miss probability."""
    weights[BOOST] *= 1.0 - detection_probability
    normalise(weights, weights[0] + weights[1] + weights[2] + weights[3])


@kernel
def mixture(x: Array, p: Array, weights: Array, mean: Array, covariance: Array) -> None:
    """Write the one Gaussian of a bank: position, velocity, specific force (9,) and its covariance (9, 9)."""
    means, spreads = np.empty((MODELS, STATE)), np.empty((MODELS, STATE, STATE))
    force, by_p, by_v = np.empty(3), np.empty((3, 3)), np.empty((3, 3))
    t, half = np.zeros((3, STATE)), np.empty((3, STATE))
    for j in range(MODELS):
        scale = specific_force(j, x[j], force, by_p, by_v)
        for i in range(STATE):
            means[j, i] = x[j, i] if i < 6 else force[i - 6]
        for i in range(3):
            for m in range(3):
                t[i, m], t[i, 3 + m], t[i, 6 + m] = by_p[i, m], by_v[i, m], (scale if i == m else 0.0)
        for i in range(3):
            for m in range(STATE):
                total = 0.0
                for n in range(STATE):
                    total += t[i, n] * p[j, n, m]
                half[i, m] = total
        for i in range(STATE):
            for m in range(i + 1):
                total = p[j, i, m]
                if i >= 6:
                    total = half[i - 6, m]
                    if m >= 6:
                        total = 0.0
                        for n in range(STATE):
                            total += half[i - 6, n] * t[m - 6, n]
                spreads[j, i, m] = total
    for i in range(STATE):
        total = 0.0
        for j in range(MODELS):
            total += weights[j] * means[j, i]
        mean[i] = total
    for i in range(STATE):
        for m in range(i + 1):
            total = 0.0
            for j in range(MODELS):
                d = (means[j, i] - mean[i]) * (means[j, m] - mean[m])
                total += weights[j] * (spreads[j, i, m] + d)
            covariance[i, m] = covariance[m, i] = total


@kernel
def start_bank(state: Array, spread: Array, weights: Array, x: Array, p: Array) -> None:
    """Start a bank from position and velocity (6,), their covariance (6, 6) and prior probabilities (4,)."""
    theta, prior = np.empty(3), np.empty((3, 3))
    for j in range(MODELS):
        parameter_prior(j, state[0:3], state[3:6], theta, prior)
        for i in range(STATE):
            x[j, i] = state[i] if i < 6 else theta[i - 6]
            for m in range(STATE):
                p[j, i, m] = 0.0
        for i in range(6):
            for m in range(6):
                p[j, i, m] = spread[i, m]
        for i in range(3):
            for m in range(3):
                p[j, 6 + i, 6 + m] = prior[i, m]
        weights[j] *= plausibility(j, x[j], p[j])
    normalise(weights, weights[0] + weights[1] + weights[2] + weights[3])


@warmer
def _warm() -> None:
    x, p, weights = np.zeros((MODELS, STATE)), np.zeros((MODELS, STATE, STATE)), np.full(MODELS, 0.25)
    state, spread = np.array([6.5e6, 0.0, 0.0, 0.0, 1e3, 1e3]), np.eye(6) * 1e4
    c = np.zeros((MODELS, STATE, BIASES))
    start_bank(state, spread, weights, x, p)
    predict_bank(x, p, c, 3, weights, 1_000_000_000)
    coast_once(x, p, c, 3, weights)
    update_bank(x, p, c, 3, weights, 2, state, np.ones(4), state[:3], np.eye(3), np.eye(6), 0.0, np.zeros(3), 0, False)
    unseen_thrust(weights, 0.5)
    mixture(x, p, weights, np.zeros(STATE), np.zeros((STATE, STATE)))
