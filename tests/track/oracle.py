"""A second tracker written from the textbook: dense matrices, numerical derivatives, none of the engine's kernels.

Bar-Shalom, Li and Kirubarajan 2001: the extended filter (10.3.2), white-noise jerk (6.2.3), interacting models
(11.6.6), Gaussian mixtures (1.4.16); van Loan 1978 for process noise. Flight comes from `tests.authorities`. Only the
numbers that are tuned (priors, rates, noise densities) are read from the engine: they are what a filter is told.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pymap3d
from numpy.typing import NDArray
from scipy.linalg import expm

from beaconfire.track import models
from tests.authorities import independent

Array = NDArray[np.float64]

BOOST, BALLISTIC, GLIDE, AIR = range(4)
NAMES = ("boost", "ballistic", "glide", "powered_air")
SUBSTEPS = 8
# Central differences: far above rounding of 6e6 m, far below what bends a trajectory.
STEPS = np.array([20.0, 20.0, 20.0, 0.2, 0.2, 0.2])
TYPICAL_THETA = (20.0, 3e-4, 8e-4, 3.0)


def free_fall(p: Array, v: Array) -> Array:
    """Acceleration of a free body in the frame that turns with the Earth."""
    om = independent.OMEGA
    turning = np.array([om * om * p[0] + 2.0 * om * v[1], om * om * p[1] - 2.0 * om * v[0], 0.0])
    return np.asarray(independent.gravity_inertial(p) + turning)


def parameter_after(model: int, theta: Array, v0: Array, tau: float) -> Array:
    """The model's parameter after `tau`: a Gauss-Markov process in the axes of the velocity at the start."""
    _, _, _, rate_along, rate_across = models._PRIOR[model]
    if model == AIR:
        return np.asarray(theta * math.exp(-rate_along * tau))
    u = v0 / np.linalg.norm(v0)
    along = float(u @ theta)
    across = theta - along * u
    if model == BOOST:
        grown = along * math.exp(max(along, 0.0) * tau / models.EXHAUST_M_S)
    else:
        mean = float(models._PRIOR[model][0])
        grown = mean + (along - mean) * math.exp(-rate_along * tau)
    return np.asarray(across * math.exp(-rate_across * tau) + grown * u)


def pressure_pa(p: Array, v: Array) -> float:
    """Dynamic pressure by the second atmosphere."""
    return 0.5 * independent.density(independent.altitude(p)) * float(v @ v)


def acceleration(model: int, p: Array, v: Array, theta: Array) -> Array:
    """What the four models say of the force."""
    if model == AIR:
        return theta
    scale = 1.0 if model == BOOST else pressure_pa(p, v)
    return np.asarray(free_fall(p, v) + scale * theta)


def flow(model: int, x: Array, dt_s: float) -> Array:
    """Carry a state (9,) over one step by many small classical Runge-Kutta steps."""
    theta0, v0, h = x[6:], x[3:6], dt_s / SUBSTEPS

    def rate(t: float, s: Array) -> Array:
        return np.concatenate([s[3:], acceleration(model, s[:3], s[3:], parameter_after(model, theta0, v0, t))])

    s = x[:6].copy()
    for n in range(SUBSTEPS):
        t = n * h
        k1 = rate(t, s)
        k2 = rate(t + h / 2, s + h / 2 * k1)
        k3 = rate(t + h / 2, s + h / 2 * k2)
        k4 = rate(t + h, s + h * k3)
        s = s + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return np.concatenate([s, parameter_after(model, theta0, v0, dt_s)])


def jacobian(function: Callable[[Array], Array], x: Array, steps: Array) -> Array:
    """Central differences, one column per component of `x`."""
    columns = []
    for j, step in enumerate(steps):
        up, down = x.copy(), x.copy()
        up[j] += step
        down[j] -= step
        columns.append((function(up) - function(down)) / (2.0 * step))
    return np.array(columns).T


def steps_of(model: int) -> Array:
    """Difference steps for a state (9,) of a model."""
    return np.concatenate([STEPS, np.full(3, 1e-2 * TYPICAL_THETA[model])])


def process_noise(model: int, x: Array, dt_s: float) -> Array:
    """Process noise (9, 9) of one step by van Loan's matrix exponential: white jerk and white acceleration."""
    _, along, across, rate_along, rate_across = models._PRIOR[model]
    grown_across = across**2 * (1.0 - math.exp(-2.0 * rate_across * dt_s))
    grown_along = along**2 * (1.0 - math.exp(-2.0 * rate_along * dt_s))
    scale, extra = 1.0, 0.0
    if model == BOOST:
        grown_along = models._THRUST_JERK * dt_s
    if model in (BALLISTIC, GLIDE):
        middle = flow(model, x, dt_s / 2.0)
        scale = pressure_pa(middle[:3], middle[3:6])
        extra = models._WHITE_PER_PRESSURE * scale
    u = x[3:6] / np.linalg.norm(x[3:6])
    density = np.zeros((9, 9))
    density[3:6, 3:6] = np.eye(3) * (models._WHITE[model] + extra**2)
    density[6:, 6:] = (grown_across * np.eye(3) + (grown_along - grown_across) * np.outer(u, u)) / dt_s
    f = np.zeros((9, 9))
    f[:3, 3:6], f[3:6, 6:] = np.eye(3), scale * np.eye(3)
    block = expm(np.block([[-f, density], [np.zeros((9, 9)), f.T]]) * dt_s)
    transition = block[9:, 9:].T
    return np.asarray(transition @ block[:9, 9:])


def predict(model: int, x: Array, p: Array, dt_s: float) -> tuple[Array, Array]:
    """The extended filter's prediction over one step."""
    phi = jacobian(lambda s: flow(model, s, dt_s), x, steps_of(model))
    return flow(model, x, dt_s), phi @ p @ phi.T + process_noise(model, x, dt_s)


# --- measurements ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Site:
    """A place on the ellipsoid: where, and its axes."""

    latitude_deg: float
    longitude_deg: float
    altitude_m: float = 0.0

    @property
    def place(self) -> Array:
        return np.array(pymap3d.geodetic2ecef(self.latitude_deg, self.longitude_deg, self.altitude_m))

    @property
    def axes(self) -> Array:
        return np.array([pymap3d.enu2uvw(*unit, self.latitude_deg, self.longitude_deg) for unit in np.eye(3)])

    def radar(self, x: Array) -> Array:
        """Range, azimuth, elevation and range rate of a state, by pymap3d."""
        azimuth, elevation, distance = pymap3d.ecef2aer(*x[:3], self.latitude_deg, self.longitude_deg, self.altitude_m)
        line = x[:3] - self.place
        rate = float(line @ x[3:6] / np.linalg.norm(line))
        return np.array([float(distance), math.radians(azimuth), math.radians(elevation), rate])

    def state(self, azimuth_rad: float, elevation_rad: float, range_m: float) -> Array:
        """The ECEF position in a direction, by pymap3d."""
        return np.array(
            pymap3d.aer2ecef(
                math.degrees(azimuth_rad), math.degrees(elevation_rad), range_m,
                self.latitude_deg, self.longitude_deg, self.altitude_m,
            )
        )  # fmt: skip


def wrapped(difference: Array) -> Array:
    """A residual of (range, azimuth, elevation, range rate) with the azimuth between -pi and pi."""
    out = difference.copy()
    out[1] = (out[1] + math.pi) % (2.0 * math.pi) - math.pi
    return out


def radar_rows(values: Array, site: Site, x: Array) -> Array:
    """Residuals of a full radar row, its direction compared in the plane that touches the measured direction."""
    distance, azimuth, elevation, rate = values[:4]
    line = x[:3] - site.place
    u = site.state(azimuth, elevation, 1e6) - site.place
    u = u / np.linalg.norm(u)
    right = math.cos(azimuth) * site.axes[0] - math.sin(azimuth) * site.axes[1]  # where the azimuth grows to
    above = np.cross(right, u)
    along = float(line @ u)
    return np.array([
        distance - float(np.linalg.norm(line)),
        -float(line @ right) / along,
        -float(line @ above) / along,
        rate - float(line @ x[3:6] / np.linalg.norm(line)),
    ])  # fmt: skip


def line_rows(u: Array, site: Array, x: Array) -> Array:
    """Residuals of a line of sight in two axes across it."""
    a, b = across_axes(u)
    line = x[:3] - site
    return np.array([-float(line @ a), -float(line @ b)]) / float(line @ u)


def across_axes(u: Array) -> tuple[Array, Array]:
    """Two unit vectors across `u`, by orthogonal factors of a matrix."""
    q, _ = np.linalg.qr(np.column_stack([u, np.eye(3)]))
    return q[:, 1], q[:, 2]


def update(x: Array, p: Array, y: Array, h: Array, r: Array) -> tuple[Array, Array, float, float]:
    """The extended filter's joint update: state, covariance, log likelihood, normalised innovation squared."""
    s = h @ p @ h.T + r
    gain = np.linalg.solve(s, h @ p).T
    keep = np.eye(len(x)) - gain @ h
    nis = float(y @ np.linalg.solve(s, y))
    log_likelihood = -0.5 * (nis + float(np.linalg.slogdet(2.0 * math.pi * s)[1]))
    return x + gain @ y, keep @ p @ keep.T + gain @ r @ gain.T, log_likelihood, nis


def moments(weights: Sequence[float] | Array, means: Sequence[Array], spreads: Sequence[Array]) -> tuple[Array, Array]:
    """Mean and covariance of a Gaussian mixture."""
    w = np.asarray(weights, dtype=float)
    mean = np.einsum("i,ij->j", w, np.array(means))
    offsets = np.array(means) - mean
    return mean, np.einsum("i,ijk->jk", w, np.array(spreads)) + np.einsum("i,ij,ik->jk", w, offsets, offsets)


def spd(rng: np.random.Generator, sigmas: Array) -> Array:
    """A random covariance with given standard deviations and strong correlations."""
    n = len(sigmas)
    root = rng.normal(size=(n, 2 * n))
    c = root @ root.T
    scale = np.sqrt(np.diag(c))
    return np.asarray(c / np.outer(scale, scale) * np.outer(sigmas, sigmas))


def nees(x: Array, truth: Array, p: Array) -> float:
    """Normalised estimation error squared."""
    error = x - truth
    scale = np.sqrt(np.diag(p))
    white = np.linalg.solve(p / np.outer(scale, scale), error / scale)
    return float((error / scale) @ white)
