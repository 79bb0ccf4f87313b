"""Launch point and time: the boost prior fitted to an early state of the arc, with an honest covariance.

One early state with its covariance holds nearly all that an arc says about the unseen rise below it; later states only
add the model's errors. The height of the site is a consider parameter, 0 to 1,500 m. A state after burnout gets the
same rise with an unknown burn in front of a coast, and so a wide answer.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import numpy as np

from beaconfire.assess.boost import (
    AGE,
    AZIMUTH,
    EAST,
    METRES_PER_RAD,
    NORTH,
    PARAMETERS,
    first_guess,
    fit_rise,
)
from beaconfire.assess.ellipse import ellipse_95
from beaconfire.assess.library import Library, library
from beaconfire.assess.plane import Plane
from beaconfire.earth import ecef_to_geodetic, enu_axes
from beaconfire.earth.linear import cholesky
from beaconfire.kernel.records import Array, LaunchEstimate
from beaconfire.kernel.time import from_seconds, seconds_between

# Prior means and sigmas. Thrust over weight 1.3 to 4 at lift-off, exhaust 2.2 to 3.0 km/s and vertical rises of a few
# seconds span public figures from short-range solid to heavy liquid missiles.
_WIDE_M, _WIDE_S, _WIDE_RAD = 1e6, 1e3, 10.0
_TILT, _SLIGHT_TILT = (math.log(0.12), 1.3), (math.log(0.02), 1.3)
_SLOW_M_S2 = 18.0  # a first stage that pushes less has a long way to turn by gravity, and so a slight tilt
_HEIGHT_M = (400.0, 400.0)
_RISE_S = (5.5, 2.5)
# A first stage that still burns: heavy and liquid (thrust over weight 1.2 to 1.7), the same throttled around the
# highest dynamic pressure as space launchers are, or solid (2 to 5). Share, stage, sigma of ln push, ln tilt.
_ANY_STAGE = (
    (0.25, np.array([[1e4, 13.3, 3000.0]]), 0.12, _SLIGHT_TILT),
    (0.25, np.array([[50.0, 13.1, 3200.0], [15.0, 14.0, 3200.0], [1e4, 17.8, 3000.0]]), 0.08, _SLIGHT_TILT),
    (0.5, np.array([[1e4, 27.0, 2450.0]]), 0.35, _TILT),
)
_ANY_EXHAUST, _ANY_BURN = (0.0, 0.10), (0.0, 1e-3)
_CLASS_FACTORS = ((0.0, 0.30), (0.0, 0.06), (0.0, 0.06))  # one class of the library: loads and burns differ this much

# What the generic rise cannot follow (throttling, steering), as shares of speed and of specific force, and metres.
_SPEED_SHARE, _FORCE_SHARE, _POSITION_M = 0.02, 0.12, 500.0
_FORCE_FLOOR_M_S2 = 1.0
_COASTING_FORCE_M_S2 = 10.0
_FIRST_STAGE_SURE_M, _FIRST_STAGE_TOP_M = 16e3, 45e3  # thrusting below it is surely, above surely not a first stage
_UNSEEN_BOOST = 2.0  # on the covariance where no thrust was seen: the library is not the world
_BLUNT = 1.7  # a fit that much vaguer than the sharpest adds nothing to the mean
_KEPT_FITS = 16  # of the last states; a salvo's own fits of one moment, for the fused picture right after
_MAX_SQUARES = 60.0  # 9 numbers against 10 priors; beyond this the state did not rise from the ground so


@dataclass(frozen=True, slots=True)
class LaunchFit:
    """A launch: time, place at ellipsoid height 0, and the covariance (3, 3) of east m, north m and time s."""

    time_ns: int
    latitude_rad: float
    longitude_rad: float
    covariance: Array
    azimuth_rad: float
    squares: float
    semi_major_m: float = field(init=False)  # the 95 % ellipse's longer half axis

    def __post_init__(self) -> None:
        """Work out the axis by which fits are compared again and again."""
        c = self.covariance
        object.__setattr__(self, "semi_major_m", ellipse_95(c[0, 0], c[0, 1], c[1, 1]).semi_major_m)

    def same_as(self, other: "LaunchFit") -> bool:
        """Whether it says the same of time, place and covariance."""
        mine, theirs = (
            (fit.time_ns, fit.latitude_rad, fit.longitude_rad, fit.covariance.tobytes()) for fit in (self, other)
        )
        return mine == theirs

    def estimate(self) -> LaunchEstimate:
        """The record of it."""
        c = self.covariance
        return LaunchEstimate(
            time_ns=self.time_ns,
            time_sigma_s=math.sqrt(c[2, 2]),
            latitude_deg=math.degrees(self.latitude_rad),
            longitude_deg=math.degrees(self.longitude_rad),
            ellipse_95=ellipse_95(c[0, 0], c[0, 1], c[1, 1]),
        )


def fit_launch(
    *, time_ns: int, mean: Array, covariance: Array, thrusting: bool, classes: Library | None = None
) -> LaunchFit | None:
    """Fit the rise to a track's mean (9,) and covariance (9, 9); None where no rise explains the state.

    Low and thrusting it is some first stage, higher also any class of the library; the answers are mixed by their
    evidence. The pictures often share a track's first seconds, and so the costliest work of an event: it is kept.
    """
    return _fit_once(time_ns, mean.tobytes(), covariance.tobytes(), thrusting, classes or library())


@lru_cache(maxsize=_KEPT_FITS)
def _fit_once(
    time_ns: int, mean_bytes: bytes, covariance_bytes: bytes, thrusting: bool, classes: Library
) -> LaunchFit | None:
    mean = np.frombuffer(mean_bytes).copy()
    covariance = np.frombuffer(covariance_bytes).reshape(9, 9).copy()
    latitude, longitude, height = ecef_to_geodetic(mean[0], mean[1], mean[2])
    axes = enu_axes(latitude, longitude)
    east, north, up = (sum(axes[i, k] * mean[3 + k] for k in range(3)) for i in range(3))
    speed = math.sqrt(east * east + north * north + up * up)
    if height < 500.0 or speed < 50.0 or (thrusting and up < 0.1 * speed):
        return None
    weights = _widened(covariance, mean, speed=speed, thrusting=thrusting)
    azimuth = math.atan2(east, north)
    fits: list[tuple[float, Array, Array, float]] = []
    choices = _choices(classes, thrusting=thrusting, height=height)
    for share, stages, factors in choices:
        prior = _prior(factors, azimuth=azimuth)
        p, posterior = prior[:, 0].copy(), np.zeros((PARAMETERS, PARAMETERS))
        if first_guess(latitude, longitude, height, up < 0.0, stages, p, mean, weights, prior):
            squares, ok = fit_rise(latitude, longitude, stages, p, mean, weights, prior, posterior)
            if ok and squares < _MAX_SQUARES:
                fits.append((math.log(share) - 0.5 * squares + _log_occam(posterior, prior), p, posterior, squares))
    mixed = _mixed(time_ns, latitude, longitude, fits)
    if mixed is not None and not thrusting:
        return replace(mixed, covariance=mixed.covariance * _UNSEEN_BOOST)
    return mixed


def averaged(fits: Sequence[LaunchFit]) -> LaunchFit:
    """The mean of fits to several states of one arc, weighted by their sharpness, with the covariance of the sharpest.

    Their noise is partly independent, their model's errors are common: the mean gains, the covariance claims no gain.
    """
    best = min(fits, key=lambda fit: fit.semi_major_m)
    near = [fit for fit in fits if fit.semi_major_m < _BLUNT * best.semi_major_m]
    plane, total, move = Plane(best.latitude_rad, best.longitude_rad), 0.0, np.zeros(3)
    for fit in near:
        weight = 1.0 / float(fit.covariance[2, 2])
        east, north = plane.place(latitude_rad=fit.latitude_rad, longitude_rad=fit.longitude_rad)
        move += weight * np.array([east, north, seconds_between(fit.time_ns, best.time_ns)])
        total += weight
    east, north, later_s = (move / total).tolist()
    latitude, longitude = plane.back(east_m=east, north_m=north)
    return replace(best, latitude_rad=latitude, longitude_rad=longitude, time_ns=best.time_ns + from_seconds(later_s))


_Choice = tuple[float, Array, tuple[tuple[float, float], ...]]


def _choices(known: Library, *, thrusting: bool, height: float) -> list[_Choice]:
    """The rises that may explain a state: share, stages, and the priors of tilt, push, exhaust and burn."""
    first: list[_Choice] = [
        (share, stage, (tilt, (0.0, push), _ANY_EXHAUST, _ANY_BURN)) for share, stage, push, tilt in _ANY_STAGE
    ]
    classes: list[_Choice] = [
        (entry.prior, entry.stages, (_SLIGHT_TILT if entry.stages[0, 1] < _SLOW_M_S2 else _TILT, *_CLASS_FACTORS))
        for entry in known
    ]
    if not thrusting or height > _FIRST_STAGE_TOP_M:
        return classes
    return first if height < _FIRST_STAGE_SURE_M else first + classes


def _prior(factors: tuple[tuple[float, float], ...], *, azimuth: float) -> Array:
    """Prior (10, 2) in the order of `boost`'s parameters; the wide ones only say where the search begins."""
    tilt, push, exhaust, burn = factors
    rows = (
        (0.0, _WIDE_M), (0.0, _WIDE_M), (60.0, _WIDE_S), (azimuth, _WIDE_RAD), tilt,
        push, exhaust, _HEIGHT_M, _RISE_S, burn,
    )  # fmt: skip
    return np.array(rows)


def _log_occam(posterior: Array, prior: Array) -> float:
    """The logarithm of how much of the prior's volume is left: the Occam factor of Laplace's approximation."""
    lower = np.zeros_like(posterior)
    if not cholesky(posterior, lower):
        return -math.inf
    return sum(math.log(lower[i, i] / prior[i, 1]) for i in range(PARAMETERS))


def _widened(covariance: Array, mean: Array, *, speed: float, thrusting: bool) -> Array:
    """The state's covariance (9, 9) with what the generic rise cannot follow."""
    wide = covariance.copy()
    force = math.sqrt(mean[6] ** 2 + mean[7] ** 2 + mean[8] ** 2)
    force_m_s2 = _FORCE_SHARE * force + _FORCE_FLOOR_M_S2 if thrusting else _COASTING_FORCE_M_S2
    for i in range(3):
        wide[i, i] += _POSITION_M**2
        wide[3 + i, 3 + i] += (_SPEED_SHARE * speed) ** 2
        wide[6 + i, 6 + i] += force_m_s2**2
    return wide


def _mixed(
    time_ns: int, latitude: float, longitude: float, fits: list[tuple[float, Array, Array, float]]
) -> LaunchFit | None:
    """One Gaussian with the mean and covariance of the mixture of fits."""
    if not fits:
        return None
    top = max(score for score, _, _, _ in fits)
    shares = [math.exp(score - top) for score, _, _, _ in fits]
    total = sum(shares)
    keep = (EAST, NORTH, AGE)
    mean = np.zeros(3)
    for share, (_, p, _, _) in zip(shares, fits, strict=True):
        mean += share / total * np.array([p[i] for i in keep])
    covariance = np.zeros((3, 3))
    for share, (_, p, posterior, _) in zip(shares, fits, strict=True):
        off = np.array([p[i] for i in keep]) - mean
        covariance += share / total * (np.array([[posterior[i, j] for j in keep] for i in keep]) + np.outer(off, off))
    covariance[2, :2] *= -1.0  # a greater age is an earlier launch
    covariance[:2, 2] *= -1.0
    return LaunchFit(
        time_ns=time_ns - from_seconds(float(mean[2])),
        latitude_rad=float(latitude + mean[1] / METRES_PER_RAD),
        longitude_rad=float(longitude + mean[0] / (METRES_PER_RAD * math.cos(latitude))),
        covariance=covariance,
        azimuth_rad=float(fits[shares.index(max(shares))][1][AZIMUTH]),
        squares=float(min(squares for _, _, _, squares in fits)),
    )
