"""What physics says of an announced range and apogee: the time and speed of a body that only falls.

A Kepler arc from ground to ground over a sphere, apogee in the middle; closed form, so that nothing is iterated but the
turning of the Earth. No real flight is faster: boost begins slow, air slows down, and a glide takes its time. Formulas:
Battin 1999 (3.30 and 4.2), with the polar equation at the ground on both sides of the apogee.
"""

import math

from beaconfire.earth import GRAVITATIONAL_PARAMETER_M3_S2, MEAN_RADIUS_M, ROTATION_RATE_RAD_S

SOUND_M_S = 340.0  # announcements count Mach at the ground, whatever the altitude

_AZIMUTHS = 24  # every 15 degrees; between them the time changes by less than a second
_TURNS = 6  # of the fixed point for the Earth's turning: each is ten times closer, the first within a minute


def two_body_time_s(*, range_m: float, apogee_m: float) -> float:
    """Return the time of an arc over a ground range with an apogee (both over 0) above a sphere that stands still."""
    return _arc_time_s(range_m / MEAN_RADIUS_M, apogee_m)


def two_body_span_s(*, range_m: float, apogee_m: float, latitude_deg: float) -> tuple[float, float]:
    """Return the shortest and the longest time of such arcs over all azimuths, from a latitude of the turning Earth."""
    times = []
    for step in range(_AZIMUTHS):
        azimuth = 2.0 * math.pi * step / _AZIMUTHS
        time_s = _arc_time_s(range_m / MEAN_RADIUS_M, apogee_m)
        for _ in range(_TURNS):
            turned_rad = ROTATION_RATE_RAD_S * time_s
            angle = _inertial_angle(math.radians(latitude_deg), azimuth, range_m / MEAN_RADIUS_M, turned_rad)
            time_s = _arc_time_s(angle, apogee_m)
        times.append(time_s)
    return min(times), max(times)


def ground_speed_m_s(*, range_m: float, apogee_m: float) -> float:
    """Return the speed at the ground of such an arc over a sphere that stands still: no burnout is much faster."""
    a, _ = _ellipse(range_m / MEAN_RADIUS_M, apogee_m)
    return math.sqrt(GRAVITATIONAL_PARAMETER_M3_S2 * (2.0 / MEAN_RADIUS_M - 1.0 / a))


def least_reach_m(*, apogee_m: float) -> float:
    """Return how far the energy for an apogee, straight up, carries at its best angle: a bound on capability.

    v² = 2 GM (1/R - 1/r), and the longest range of a speed at the ground is 2 R asin(q / (2 - q)) with q = v² R / GM.
    """
    q = 2.0 * (1.0 - MEAN_RADIUS_M / (MEAN_RADIUS_M + apogee_m))
    return 2.0 * MEAN_RADIUS_M * math.asin(q / (2.0 - q)) if q < 1.0 else math.pi * MEAN_RADIUS_M


def _ellipse(angle_rad: float, apogee_m: float) -> tuple[float, float]:
    """Semi-major axis and eccentricity of the arc that meets the ground `angle_rad` apart."""
    top = MEAN_RADIUS_M + apogee_m
    e = apogee_m / (top - MEAN_RADIUS_M * math.cos(0.5 * angle_rad))
    return top / (1.0 + e), e


def _arc_time_s(angle_rad: float, apogee_m: float) -> float:
    a, e = _ellipse(angle_rad, apogee_m)
    anomaly = math.acos(min(max((1.0 - MEAN_RADIUS_M / a) / e, -1.0), 1.0))
    return 2.0 * (math.pi - anomaly + e * math.sin(anomaly)) * math.sqrt(a**3 / GRAVITATIONAL_PARAMETER_M3_S2)


def _inertial_angle(latitude_rad: float, azimuth_rad: float, ground_rad: float, turned_rad: float) -> float:
    """The angle in axes that do not turn, between the launch point and where the target is when it arrives."""
    sine = math.sin(latitude_rad) * math.cos(ground_rad)
    sine += math.cos(latitude_rad) * math.sin(ground_rad) * math.cos(azimuth_rad)
    target_rad = math.asin(min(max(sine, -1.0), 1.0))
    east = math.sin(azimuth_rad) * math.sin(ground_rad) * math.cos(latitude_rad)
    turn_rad = math.atan2(east, math.cos(ground_rad) - math.sin(latitude_rad) * sine) + turned_rad
    cosine = math.sin(latitude_rad) * math.sin(target_rad)
    cosine += math.cos(latitude_rad) * math.cos(target_rad) * math.cos(turn_rad)
    return math.acos(min(max(cosine, -1.0), 1.0))
