"""Impact: where and when it will fall, with everything that is not known of it.

Coasting: third-degree cubature points (Arasaratnam and Haykin 2009) of the state and of the unknown ballistic
coefficient, flown to the ellipsoid; a 95 % ellipse. Boosting: a mixture over the remaining burn of every class that
is still possible; a corridor, no point. A likely glider: what its energy lets it reach; no point. The traps avoided:
a point where there is none, and a lost track whose footprint does not grow.
"""

import math
from dataclasses import dataclass

import numpy as np

from beaconfire.assess.burn import burn_and_fall
from beaconfire.assess.classes import ClassEvidence
from beaconfire.assess.ellipse import CHI2_95_2, ellipse_95
from beaconfire.assess.features import Features
from beaconfire.assess.footprint import corridor_rings, ellipse_rings, reachable_rings
from beaconfire.assess.plane import Plane
from beaconfire.assess.remaining import burn_quantiles
from beaconfire.earth import ecef_to_geodetic, enu_axes, impact_points
from beaconfire.earth.linear import cholesky
from beaconfire.kernel.ground import area_km2
from beaconfire.kernel.records import Array, ImpactEstimate
from beaconfire.kernel.time import from_seconds

MAX_FLIGHT_S = 6000.0  # 100 minutes: a lofted flight to 8,000 km altitude; longer is an orbit
BETA_KG_M2 = 5000.0  # median of public figures for bodies after burnout; one sigma is a factor of 1.8
_BETA_SIGMA = 0.6
BETA_FROM_PA = 2000.0  # dynamic pressure from which drag tells the coefficient
_DIMENSIONS = 7
MODEL_M2 = 300.0**2  # gravity's finer terms, winds, and what the cubature leaves out
MODEL_S2 = 0.5**2

EXHAUST_M_S = 2650.0
# Of the mixture over the remaining burn: the corridor leaves out its last percent. Thrust may also end now.
_BURN_SHARES = np.array([0.0, 0.01, 0.03, 0.06, *np.arange(0.1, 0.95, 0.05).tolist(), 0.96, 0.98, 0.99])
_DISC_SHARE, _DISC_M = 0.03, 5e3  # half width of the corridor: a share of the distance, and a floor
_LOST_M_S = 30.0  # growth of a lost object's footprint: unmodelled velocity

_GLIDE_L_OVER_D = 3.0  # a bold glider's
_GLIDE_FLOOR_M = 15e3
_SLOW_SHARE, _SLOWEST_M_S = 0.5, 200.0  # mean speed of the rest of a glide, as a share of its speed now, and at least
_EARTH_RADIUS_M, _GRAVITY_M_S2 = 6371e3, 9.81


@dataclass(frozen=True, slots=True)
class Fall:
    """A predicted fall: map centre, covariance (3, 3) of east m, north m and time s, seconds from the state's time.

    `slopes` (3, 7) says how east, north and time move with the errors of state and ballistic coefficient, in sigmas
    along the columns of `lower` (7, 7).
    """

    plane: Plane
    covariance: Array
    time_s: float
    slopes: Array
    lower: Array

    def estimate(self, *, time_ns: int, lost_s: float) -> ImpactEstimate:
        """The record of it, grown for `lost_s` seconds without a measurement."""
        c, grown = self.covariance, lost_growth_m(lost_s) ** 2
        ee, nn = c[0, 0] + grown, c[1, 1] + grown
        rings = ellipse_rings(self.plane, east_m2=ee, east_north_m2=c[0, 1], north_m2=nn)
        return ImpactEstimate(
            time_ns=time_ns + from_seconds(self.time_s),
            time_sigma_s=math.sqrt(c[2, 2]),
            latitude_deg=math.degrees(self.plane.latitude_rad),
            longitude_deg=(math.degrees(self.plane.longitude_rad) + 180.0) % 360.0 - 180.0,
            ellipse_95=ellipse_95(ee, c[0, 1], nn),
            footprint_95=rings,
            footprint_km2=area_km2(rings),
        )


def lost_growth_m(lost_s: float) -> float:
    """The sigma of what a body without measurements may have strayed by, in east and in north."""
    return _LOST_M_S * lost_s


def fall_of(mean: Array, covariance: Array, *, beta: tuple[float, float]) -> Fall | None:
    """The fall of a coasting state (first 6 of mean and covariance); `beta` is ln kg/m² and its sigma.

    None for what does not come down.
    """
    of_state, lower = np.zeros((6, 6)), np.zeros((_DIMENSIONS, _DIMENSIONS))
    if not cholesky(np.ascontiguousarray(covariance[:6, :6]), of_state):
        return None
    lower[:6, :6], lower[6, 6] = of_state, beta[1]
    reach = math.sqrt(_DIMENSIONS)
    errors = np.zeros((2 * _DIMENSIONS + 1, _DIMENSIONS))
    errors[1::2], errors[2::2] = reach * lower.T, -reach * lower.T
    rows = impact_points(mean[:6] + errors[:, :6], np.exp(-(beta[0] + errors[:, 6])), MAX_FLIGHT_S)
    if not rows[0, 3]:
        return None
    plane = Plane(float(rows[0, 0]), float(rows[0, 1]))
    places = np.array([(*plane.place(latitude_rad=row[0], longitude_rad=row[1]), row[2]) for row in rows[1:].tolist()])
    fell = rows[1:, 3] > 0.0
    points = places[fell]
    if len(points) < 2 * _DIMENSIONS - 2:
        return None
    middle = points.mean(axis=0)
    off = points - middle
    spread = (off[:, :, None] * off[:, None, :]).sum(axis=0) / len(off)
    spread[0, 0] += MODEL_M2
    spread[1, 1] += MODEL_M2
    spread[2, 2] += MODEL_S2
    latitude, longitude = plane.back(east_m=float(middle[0]), north_m=float(middle[1]))
    slopes = np.where(fell[0::2] & fell[1::2], (places[0::2] - places[1::2]).T / (2.0 * reach), 0.0)
    return Fall(Plane(latitude, longitude), spread, float(middle[2]), np.ascontiguousarray(slopes), lower)


def beta_of(now: Features, before: tuple[float, float] | None) -> tuple[float, float]:
    """ln of the ballistic coefficient (kg/m²) and its sigma: the prior, or what drag has shown so far."""
    prior = before or (math.log(BETA_KG_M2), _BETA_SIGMA)
    drag = -now.force_along_m_s2
    if now.pressure_pa < BETA_FROM_PA or drag < 4.0 * now.along_sigma_m_s2 + 1.0:
        return prior
    seen, sigma = math.log(now.pressure_pa / drag), math.hypot(now.along_sigma_m_s2 / drag, 0.3)
    gain = prior[1] ** 2 / (prior[1] ** 2 + sigma**2)
    # Successive looks share the filter's errors, so that the sigma stays above what one good look gives.
    return prior[0] + gain * (seen - prior[0]), max(prior[1] * math.sqrt(1.0 - gain), 0.15)


def boosting_estimate(mean: Array, now: Features, evidence: ClassEvidence) -> ImpactEstimate | None:
    """The corridor over every remaining burn that the library still allows; None if nothing comes down."""
    state, thrust = mean[:6].copy(), thrust_m_s2(now)
    burns = burn_quantiles(evidence, _BURN_SHARES, state=state, thrust_m_s2=thrust, exhaust_m_s=EXHAUST_M_S)
    rows = burn_and_fall(state, thrust, EXHAUST_M_S, burns, 1.0 / BETA_KG_M2, MAX_FLIGHT_S)
    falls = [row for row in rows.tolist() if row[3]]
    if not falls:
        return None
    latitude, longitude, _ = ecef_to_geodetic(mean[0], mean[1], mean[2])
    here = Plane(latitude, longitude)
    reach = math.sqrt(CHI2_95_2)
    discs = []
    for row_latitude, row_longitude, time_s, _ in falls:
        east, north = here.place(latitude_rad=row_latitude, longitude_rad=row_longitude)
        discs.append((east, north, reach * aside_m(now, distance_m=math.hypot(east, north), time_s=time_s)))
    return _without_point(corridor_rings(here, discs))


def thrust_m_s2(now: Features) -> float:
    """The specific thrust of the moment, kept to what a missile has."""
    return min(max(now.force_along_m_s2, 8.0), 80.0)


def aside_m(now: Features, *, distance_m: float, time_s: float) -> float:
    """The sigma, each way, of where a burn and a fall end: unknown steering, and the state's error carried on."""
    blur_m = math.hypot(now.position_sigma_m, now.speed_sigma_m_s * time_s)
    return (_DISC_M + _DISC_SHARE * distance_m) / math.sqrt(CHI2_95_2) + blur_m


def reachable_estimate(mean: Array, now: Features) -> tuple[ImpactEstimate, float]:
    """Where a glider may come down, and in how many seconds at the latest."""
    reach = reach_of(mean, now)
    rings = reachable_rings(reach.plane, heading_rad=reach.heading_rad, reach_m=reach.ahead_m, width_m=reach.around_m)
    return _without_point(rings), reach.longest_s


@dataclass(frozen=True, slots=True)
class Reach:
    """What a glider over the plane's centre may reach: ahead by gliding, around by falling; and how long at most."""

    plane: Plane
    heading_rad: float
    ahead_m: float
    around_m: float
    longest_s: float


def reach_of(mean: Array, now: Features) -> Reach:
    """Equilibrium glide (Sänger) of a bold lift over drag, turns included."""
    latitude, longitude, _ = ecef_to_geodetic(mean[0], mean[1], mean[2])
    axes = enu_axes(latitude, longitude)
    east, north = (sum(axes[i, k] * mean[3 + k] for k in range(3)) for i in range(2))
    share = min(now.speed_m_s**2 / (_GRAVITY_M_S2 * _EARTH_RADIUS_M), 0.98)
    glide_m = -0.5 * _EARTH_RADIUS_M * _GLIDE_L_OVER_D * math.log(1.0 - share)
    reach_m = glide_m + _GLIDE_L_OVER_D * now.altitude_m + _GLIDE_FLOOR_M
    width_m = _GLIDE_FLOOR_M + 0.5 * now.altitude_m + math.sqrt(CHI2_95_2) * now.position_sigma_m
    longest_s = reach_m / max(_SLOW_SHARE * now.speed_m_s, _SLOWEST_M_S)
    return Reach(Plane(latitude, longitude), math.atan2(east, north), reach_m, width_m, longest_s)


def _without_point(rings: tuple[tuple[tuple[float, float], ...], ...]) -> ImpactEstimate:
    return ImpactEstimate(
        time_ns=None, time_sigma_s=None, latitude_deg=None, longitude_deg=None, ellipse_95=None,
        footprint_95=rings, footprint_km2=area_km2(rings),
    )  # fmt: skip
