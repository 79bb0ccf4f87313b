"""The fall against an integration of the equations of motion, against the earth room's Kepler, and against announced
figures of real flights.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from beaconfire.earth import (
    GRAVITATIONAL_PARAMETER_M3_S2,
    MEAN_RADIUS_M,
    ROTATION_RATE_RAD_S,
    minimum_energy_range_m,
    two_body_flight_time_s,
)
from beaconfire.record.physics import ground_speed_m_s, least_reach_m, two_body_span_s, two_body_time_s

MU, R = GRAVITATIONAL_PARAMETER_M3_S2, MEAN_RADIUS_M
TIME_TOLERANCE_S = 1e-3  # of an integration at 1e-11 over an hour
RANGE_TOLERANCE_M = 10.0
FLIGHTS = [(300e3, 50e3), (800e3, 2000e3), (1000e3, 6045e3), (2700e3, 550e3), (4600e3, 1000e3), (10_000e3, 1200e3)]


def launch_angle(range_m: float, apogee_m: float) -> tuple[float, float]:
    """Speed and angle at the ground of the arc, by its energy and momentum, apart from the code under test."""
    half, top = 0.5 * range_m / R, R + apogee_m
    e = apogee_m / (top - R * math.cos(half))
    p = top * (1.0 - e)
    speed = math.sqrt(MU * (2.0 / R - (1.0 - e * e) / p))
    return speed, math.acos(math.sqrt(MU * p) / (R * speed))


def flown(speed: float, angle: float) -> tuple[float, float, float]:
    """Integrate in the plane from the ground to the ground: time, ground range, top."""

    def rate(_t: float, y: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.array([y[2], y[3], *(-MU * y[:2] / math.hypot(y[0], y[1]) ** 3)])

    def falls(_t: float, y: NDArray[np.float64]) -> float:
        return math.hypot(y[0], y[1]) - R

    def climbs(_t: float, y: NDArray[np.float64]) -> float:
        return float(y[0] * y[2] + y[1] * y[3])

    falls.terminal, falls.direction = True, -1.0  # type: ignore[attr-defined]
    climbs.direction = -1.0  # type: ignore[attr-defined]
    start = [R, 0.0, speed * math.sin(angle), speed * math.cos(angle)]
    answer = solve_ivp(rate, (0.0, 20_000.0), start, method="DOP853", rtol=1e-11, atol=1e-4, events=[falls, climbs])
    assert answer.y_events is not None
    x, y = answer.y[0, -1], answer.y[1, -1]
    top = max(math.hypot(*row[:2]) for row in answer.y_events[1])
    return float(answer.t[-1]), R * (math.atan2(y, x) % (2.0 * math.pi)), top - R


@pytest.mark.parametrize(("range_m", "apogee_m"), FLIGHTS)
def test_the_fall_is_that_of_an_integration(range_m: float, apogee_m: float) -> None:
    time_s, came_m, top_m = flown(*launch_angle(range_m, apogee_m))
    assert came_m == pytest.approx(range_m, abs=RANGE_TOLERANCE_M)
    assert top_m == pytest.approx(apogee_m, abs=RANGE_TOLERANCE_M)
    assert two_body_time_s(range_m=range_m, apogee_m=apogee_m) == pytest.approx(time_s, abs=TIME_TOLERANCE_S)


@given(st.floats(20e3, 12_000e3), st.floats(10e3, 8000e3))
def test_the_fall_is_that_of_the_earth_rooms_kepler(range_m: float, apogee_m: float) -> None:
    speed, angle = launch_angle(range_m, apogee_m)
    kepler_s = two_body_flight_time_s(R, speed, angle, R)
    assert two_body_time_s(range_m=range_m, apogee_m=apogee_m) == pytest.approx(kepler_s, rel=1e-6)
    assert ground_speed_m_s(range_m=range_m, apogee_m=apogee_m) == pytest.approx(speed, rel=1e-9)


def test_a_low_short_hop_is_that_of_a_flat_earth() -> None:
    """Over 100 km the ground falls away by 200 m: 2 sqrt(2 h / g) to a percent."""
    flat_s = 2.0 * math.sqrt(2.0 * 10e3 / (MU / R**2))
    assert two_body_time_s(range_m=100e3, apogee_m=10e3) == pytest.approx(flat_s, rel=0.02)


def integrated_on_the_turning_earth(
    *, latitude_deg: float, azimuth_deg: float, speed: float, angle: float
) -> tuple[float, float, float]:
    """Launch in the turning frame, fly in axes that stand still: time, range over the turned ground, top."""
    lat, az = math.radians(latitude_deg), math.radians(azimuth_deg)
    up = np.array([math.cos(lat), 0.0, math.sin(lat)])
    east, north = np.array([0.0, 1.0, 0.0]), np.array([-math.sin(lat), 0.0, math.cos(lat)])
    level = math.sin(az) * east + math.cos(az) * north
    spin = np.array([0.0, 0.0, ROTATION_RATE_RAD_S])
    velocity = speed * (math.sin(angle) * up + math.cos(angle) * level) + np.cross(spin, R * up)

    def rate(_t: float, y: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.concatenate([y[3:], -MU * y[:3] / np.linalg.norm(y[:3]) ** 3])

    def falls(_t: float, y: NDArray[np.float64]) -> float:
        return float(np.linalg.norm(y[:3])) - R

    falls.terminal, falls.direction = True, -1.0  # type: ignore[attr-defined]
    start = np.concatenate([R * up, velocity])
    answer = solve_ivp(rate, (0.0, 20_000.0), start, method="DOP853", rtol=1e-10, atol=1e-3, events=falls, max_step=20)
    time_s = float(answer.t[-1])
    turned = ROTATION_RATE_RAD_S * time_s
    x, y, z = answer.y[:3, -1]
    ground = np.array(
        [x * math.cos(turned) + y * math.sin(turned), y * math.cos(turned) - x * math.sin(turned), z]
    ) / math.sqrt(x * x + y * y + z * z)
    top = float(np.linalg.norm(answer.y[:3], axis=0).max()) - R
    return time_s, R * math.acos(float(np.clip(ground @ up, -1.0, 1.0))), top


@pytest.mark.parametrize("azimuth_deg", [0.0, 60.0, 90.0, 180.0, 270.0])
@pytest.mark.parametrize(("speed", "elevation_deg"), [(3000.0, 45.0), (5500.0, 75.0), (7300.0, 80.0)])
def test_flights_over_the_turning_earth_lie_within_the_span(
    azimuth_deg: float, speed: float, elevation_deg: float
) -> None:
    time_s, range_m, apogee_m = integrated_on_the_turning_earth(
        latitude_deg=39.0, azimuth_deg=azimuth_deg, speed=speed, angle=math.radians(elevation_deg)
    )
    low_s, high_s = two_body_span_s(range_m=range_m, apogee_m=apogee_m, latitude_deg=39.0)
    margin_s = 2.0  # between azimuths of the grid, and the top between two steps of the integration
    assert low_s - margin_s <= time_s <= high_s + margin_s
    assert high_s - low_s < 0.1 * time_s


def test_an_earth_at_the_pole_turns_nothing() -> None:
    low_s, high_s = two_body_span_s(range_m=800e3, apogee_m=2000e3, latitude_deg=90.0)
    still_s = two_body_time_s(range_m=800e3, apogee_m=2000e3)
    assert low_s == pytest.approx(still_s, abs=2.0)  # the target beside the pole turns a little
    assert high_s - low_s < 1e-6


@pytest.mark.parametrize("apogee_m", [50e3, 550e3, 2111e3, 4475e3])
def test_the_least_reach_is_the_earth_rooms_for_that_energy(apogee_m: float) -> None:
    speed = math.sqrt(2.0 * MU * (1.0 / R - 1.0 / (R + apogee_m)))
    assert least_reach_m(apogee_m=apogee_m) == pytest.approx(minimum_energy_range_m(speed, 0.0), rel=1e-9)


def test_an_apogee_beyond_the_earths_radius_reaches_everywhere() -> None:
    assert least_reach_m(apogee_m=1.1 * R) == math.pi * R


@pytest.mark.parametrize(
    ("range_km", "apogee_km", "announced_s"),
    [
        (933.0, 2802.0, 2340.0),  # KCNA, 4 July 2017
        (950.0, 4475.0, 3180.0),  # KCNA, 29 November 2017
        (999.2, 6040.9, 4135.0),  # KCNA, 18 November 2022
        (1000.2, 6045.0, 4151.0),  # KCNA, 16 March 2023
        (1001.2, 6648.4, 4491.0),  # KCNA, 12 July 2023
    ],
)
def test_exactly_announced_flights_took_30_to_300_s_longer_than_the_fall(
    range_km: float, apogee_km: float, announced_s: float
) -> None:
    assert 30.0 <= announced_s - two_body_time_s(range_m=range_km * 1e3, apogee_m=apogee_km * 1e3) <= 300.0
