"""The model bank of one track: its start, mixing, prediction, and the mixture as one Gaussian.

Interacting multiple models (Blom and Bar-Shalom 1988). Two things differ from the textbook. A jump into a model does
not carry over the old model's parameter (a thrust is no drag): it starts from the new model's prior. And how likely a
jump is depends on where the object is: there is no lift and no aircraft in vacuum, and only what is inside the air
can begin to glide.

Unknown constant errors of sensors are consider states (Schmidt 1966): never estimated, but their covariances with
the state are carried (`c`, one column per error, in units of its sigma; the first `used` columns), so that a hundred
looks through one crooked radar do not pretend to a tenth of its error.
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.atmosphere import density_and_slope
from beaconfire.earth.wgs84 import altitude_and_up
from beaconfire.kernel.jit import kernel, warmer
from beaconfire.track.models import AIR, BALLISTIC, BOOST, GLIDE, MODELS, STATE, parameter_prior, specific_force
from beaconfire.track.plausible import AIRCRAFT_CEILING_M, AIRCRAFT_CEILING_WIDTH_M, below, plausibility
from beaconfire.track.predict import propagate

Array = NDArray[np.float64]

BIASES = 24  # columns of constant errors: three of each of eight sensors
GRID_NS = 10_000_000_000  # a longer prediction goes in steps of 10 s, counted from the last measurement
_COASTED_LEAST = 0.02  # a model less likely than this is not carried through a long coast
_NEGLIGIBLE = 1e-9
_FLOOR = 1e-6  # no model is ever ruled out for good
# Jumps per second. Burns last about a minute; stages follow each other; an aircraft may turn out to be a climb-out.
_BOOST_ENDS, _BOOST_TO_GLIDE, _BOOST_TO_AIR = 1.0 / 60.0, 3e-4, 1e-3
_REIGNITION, _BALLISTIC_TO_GLIDE, _BALLISTIC_TO_AIR = 1e-3, 2e-3, 5e-4
_GLIDE_ENDS, _GLIDE_FADES, _GLIDE_TO_AIR = 5e-3, 0.05, 1e-3  # without air to glide on, it is a ballistic body again
_AIR_TO_BOOST, _AIR_TO_BALLISTIC, _AIR_TO_GLIDE = 5e-4, 3e-4, 1e-4
_LIFT_PRESSURE_PA = 3e3  # where lift can begin to bend a path by 1 m/s^2


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
        weights[j] /= max(total, _COASTED_LEAST)
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
    air = below(altitude, AIRCRAFT_CEILING_M, AIRCRAFT_CEILING_WIDTH_M)
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
        stay = math.exp(-total * dt_s)
        leave = (1.0 - stay) / max(total, 1e-12)
        for j in range(MODELS):
            jumps[i, j] *= leave
        jumps[i, i] = stay


@kernel
def _mix(x: Array, p: Array, c: Array, used: int, weights: Array, jumps: Array, dt_s: float) -> None:
    old_x, old_p, old_c = x.copy(), p.copy(), c[:, :, :used].copy()
    thrust, predicted, share = old_x[BOOST, 6:9], np.empty(MODELS), np.empty(MODELS)
    part, priors = np.empty((MODELS, STATE)), np.zeros((MODELS, 3, 3))
    for j in range(MODELS):
        predicted[j] = 0.0
        for i in range(MODELS):
            predicted[j] += weights[i] * jumps[i, j]
        for i in range(MODELS):
            share[i] = weights[i] * jumps[i, j] / predicted[j] if predicted[j] > 1e-30 else weights[i]
            for n in range(STATE):
                part[i, n] = old_x[i, n]
            if i != j and share[i] > _NEGLIGIBLE:
                parameter_prior(j, old_x[i, 0:3], old_x[i, 3:6], part[i, 6:9], priors[i])
                if i == BOOST:
                    for n in range(3):
                        part[i, n] -= thrust[n] * dt_s * dt_s / 6.0
                        part[i, 3 + n] += thrust[n] * dt_s / 2.0
        _collapse(j, part, old_p, priors, share, x[j], p[j])
        if j != BOOST:
            _spread_burnout(thrust, dt_s, share[BOOST], p[j])
        _collapse_biases(j, old_c, used, share, c[j])
    for j in range(MODELS):
        weights[j] = predicted[j]


@kernel
def _collapse(j: int, part: Array, old_p: Array, priors: Array, share: Array, mean: Array, covariance: Array) -> None:
    """Write the Gaussian of the mixture into model j; what jumps in has the prior's parameter block."""
    weight, off = 0.0, np.empty(STATE)
    for n in range(STATE):
        mean[n] = 0.0
        for m in range(STATE):
            covariance[n, m] = 0.0
    for i in range(MODELS):
        if share[i] > _NEGLIGIBLE:
            weight += share[i]
            for n in range(STATE):
                mean[n] += share[i] * part[i, n]
    for n in range(STATE):
        mean[n] /= weight
    for i in range(MODELS):
        if not share[i] > _NEGLIGIBLE:
            continue
        part_share = share[i] / weight
        own = STATE if i == j else 6
        for n in range(STATE):
            off[n] = part[i, n] - mean[n]
        for n in range(own):
            for m in range(own):
                covariance[n, m] += part_share * old_p[i, n, m]
        if i != j:
            for n in range(3):
                for m in range(3):
                    covariance[6 + n, 6 + m] += part_share * priors[i, n, m]
        for n in range(STATE):
            f = part_share * off[n]
            for m in range(n + 1):
                covariance[n, m] += f * off[m]
    for n in range(STATE):
        for m in range(n):
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
def mixture(x: Array, p: Array, weights: Array, mean: Array, covariance: Array) -> None:
    """Write the one Gaussian of a bank: position, velocity, specific force (9,) and its covariance (9, 9)."""
    means, parts, half = np.empty((MODELS, STATE)), np.empty((2, 3, 3)), np.empty((3, STATE))
    force, by_p, by_v = np.empty(3), parts[0], parts[1]
    for n in range(STATE):
        for m in range(STATE):
            covariance[n, m] = 0.0
    for j in range(MODELS):
        scale, w, q = specific_force(j, x[j], force, by_p, by_v), weights[j], p[j]
        for n in range(STATE):
            means[j, n] = x[j, n] if n < 6 else force[n - 6]
        for n in range(3):
            for m in range(STATE):
                half[n, m] = (
                    by_p[n, 0] * q[0, m] + by_p[n, 1] * q[1, m] + by_p[n, 2] * q[2, m]
                    + by_v[n, 0] * q[3, m] + by_v[n, 1] * q[4, m] + by_v[n, 2] * q[5, m] + scale * q[6 + n, m]
                )  # fmt: skip
        for n in range(6):
            for m in range(n + 1):
                covariance[n, m] += w * q[n, m]
        for n in range(3):
            for m in range(6):
                covariance[6 + n, m] += w * half[n, m]
            for m in range(n + 1):
                covariance[6 + n, 6 + m] += w * (
                    half[n, 0] * by_p[m, 0] + half[n, 1] * by_p[m, 1] + half[n, 2] * by_p[m, 2]
                    + half[n, 3] * by_v[m, 0] + half[n, 4] * by_v[m, 1] + half[n, 5] * by_v[m, 2]
                    + half[n, 6 + m] * scale
                )  # fmt: skip
    for n in range(STATE):
        mean[n] = 0.0
        for j in range(MODELS):
            mean[n] += weights[j] * means[j, n]
    for j in range(MODELS):
        for n in range(STATE):
            f = weights[j] * (means[j, n] - mean[n])
            for m in range(n + 1):
                covariance[n, m] += f * (means[j, m] - mean[m])
    for n in range(STATE):
        for m in range(n):
            covariance[m, n] = covariance[n, m]


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
    mixture(x, p, weights, np.zeros(STATE), np.zeros((STATE, STATE)))
