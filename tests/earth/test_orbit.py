"""Two-body figures against an integration, a brute-force search, sgp4 and figures of textbooks."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar
from sgp4.api import Satrec

from beaconfire.earth import (
    GRAVITATIONAL_PARAMETER_M3_S2,
    MEAN_RADIUS_M,
    ROTATION_RATE_RAD_S,
    geodetic_to_ecef,
    inertial_speed_m_s,
    minimum_energy_range_m,
    orbit_elements,
    two_body_flight_time_s,
)

Array = NDArray[np.float64]

MU, R = GRAVITATIONAL_PARAMETER_M3_S2, MEAN_RADIUS_M
RADIUS_TOLERANCE_M = 0.1  # of an integration at 1e-11 up to the top
MEAN_ELEMENT_TOLERANCE_M = 20e3  # osculating elements differ from sgp4's mean ones by the periodic terms of J2
RANGE_TOLERANCE_M = 1.0  # of a search over the angle


def from_inertial(r: Array, v: Array) -> Array:
    return np.concatenate([r, v - np.cross([0.0, 0.0, ROTATION_RATE_RAD_S], r)])


def fall(r0: float, speed: float, angle: float, end_radius: float) -> tuple[float, float, float]:
    """Integrate a planar two-body arc to its descent through a radius; returns time, swept angle and top radius."""

    def rate(_t: float, y: Array) -> Array:
        return np.array([y[2], y[3], *(-MU * y[:2] / math.hypot(y[0], y[1]) ** 3)])

    def falls(_t: float, y: Array) -> float:
        return math.hypot(y[0], y[1]) - end_radius

    def climbs(_t: float, y: Array) -> float:
        return float(y[0] * y[2] + y[1] * y[3])

    climbs.direction = -1.0  # type: ignore[attr-defined]
    falls.terminal, falls.direction = True, -1.0  # type: ignore[attr-defined]
    start = [r0, 0.0, speed * math.sin(angle), speed * math.cos(angle)]
    answer = solve_ivp(
        rate, (0.0, 40_000.0), start, method="DOP853", rtol=1e-11, atol=1e-4, events=[falls, climbs], max_step=200
    )
    assert answer.y_events is not None
    swept = math.atan2(answer.y[1, -1], answer.y[0, -1]) % (2 * math.pi)
    return float(answer.t[-1]), swept, max((math.hypot(*y[:2]) for y in answer.y_events[1]), default=r0)


def test_geostationary_body_at_rest_is_a_circle_of_a_day() -> None:
    x = np.array([42_164_170.0, 0.0, 0.0, 0.0, 0.0, 0.0])
    perigee, apogee, energy, eccentricity = orbit_elements(x)
    assert perigee == pytest.approx(42_164_170.0 - R, abs=2e3)
    assert apogee == pytest.approx(42_164_170.0 - R, abs=2e3)
    assert eccentricity < 3e-5
    assert 2 * math.pi * math.sqrt((-MU / (2 * energy)) ** 3 / MU) == pytest.approx(86_164.1, abs=2.0)  # sidereal day
    assert inertial_speed_m_s(x) == pytest.approx(3074.66, abs=0.01)


@given(st.floats(6.5e6, 2e7), st.floats(4e3, 8e3), st.floats(-1.2, 1.2))
def test_perigee_and_apogee_solve_energy_and_momentum(radius: float, speed: float, angle: float) -> None:
    v = speed * np.array([math.sin(angle), math.cos(angle) * 0.6, math.cos(angle) * 0.8])
    perigee, apogee, energy, eccentricity = orbit_elements(from_inertial(np.array([radius, 0.0, 0.0]), v))
    momentum = radius * speed * math.cos(angle)
    assert energy == pytest.approx(speed**2 / 2 - MU / radius, rel=1e-9, abs=1.0)
    if energy >= -1e4:
        return
    assert apogee >= perigee
    for turning in (perigee + R, apogee + R):  # where all speed is across
        assert 0.5 * (momentum / turning) ** 2 - MU / turning == pytest.approx(energy, rel=1e-6)
    assert eccentricity == pytest.approx((apogee - perigee) / (apogee + perigee + 2 * R), abs=1e-7)


def test_apogee_agrees_with_an_integration() -> None:
    speed, angle, r0 = 5500.0, 0.6, R + 150e3
    *_, top = fall(r0, speed, angle, R)
    v = speed * np.array([math.sin(angle), math.cos(angle), 0.0])
    _, apogee, _, _ = orbit_elements(from_inertial(np.array([r0, 0.0, 0.0]), v))
    assert apogee == pytest.approx(top - R, abs=RADIUS_TOLERANCE_M)


def test_a_catalogued_satellite() -> None:
    # The verification case of Vallado et al. (2006), catalogue number 00005.
    line1 = "1 00005U 58002B   00179.78495062  .00000023  00000-0  28098-4 0  4753"
    line2 = "2 00005  34.2682 348.7242 1859667 331.7664  19.3264 10.82419157413667"
    satellite = Satrec.twoline2rv(line1, line2)
    error, r_km, v_km_s = satellite.sgp4(satellite.jdsatepoch, satellite.jdsatepochF)
    assert error == 0
    x = from_inertial(np.array(r_km) * 1e3, np.array(v_km_s) * 1e3)
    perigee, apogee, _, eccentricity = orbit_elements(x)
    assert perigee + R == pytest.approx((1 + satellite.altp) * 6378135.0, abs=MEAN_ELEMENT_TOLERANCE_M)
    assert apogee + R == pytest.approx((1 + satellite.alta) * 6378135.0, abs=MEAN_ELEMENT_TOLERANCE_M)
    assert eccentricity == pytest.approx(0.1859667, abs=2e-3)


def test_an_escaping_body_has_no_apogee() -> None:
    perigee, apogee, energy, eccentricity = orbit_elements(
        from_inertial(np.array([7e6, 0.0, 0.0]), np.array([0.0, 12e3, 0.0]))
    )
    assert perigee == pytest.approx(7e6 - R, abs=1.0)
    assert math.isinf(apogee)
    assert energy > 0.0
    assert eccentricity > 1.0


def test_a_body_on_a_pad_turns_with_the_earth() -> None:
    x = np.array([*geodetic_to_ecef(0.0, 1.0, 0.0), 0.0, 0.0, 0.0])
    assert inertial_speed_m_s(x) == pytest.approx(465.10, abs=0.01)


@pytest.mark.parametrize(("speed", "altitude"), [(1500.0, 40e3), (3000.0, 90e3), (5000.0, 150e3), (7000.0, 200e3)])
def test_minimum_energy_range_is_the_best_of_all_angles(speed: float, altitude: float) -> None:
    best = minimize_scalar(
        lambda angle: -fall(R + altitude, speed, angle, R)[1], bounds=(0.05, 1.2), method="bounded",
        options={"xatol": 1e-7},
    )  # fmt: skip
    assert minimum_energy_range_m(speed, altitude) == pytest.approx(-best.fun * R, abs=RANGE_TOLERANCE_M)


def test_minimum_energy_range_at_the_ends() -> None:
    assert minimum_energy_range_m(0.0, 100e3) == 0.0
    assert minimum_energy_range_m(12_000.0, 100e3) == pytest.approx(math.pi * R)  # escaping
    assert minimum_energy_range_m(7_850.0, 200e3) == pytest.approx(math.pi * R)  # an orbit reaches every point
    # Flat Earth: v^2 / g at low speed.
    assert minimum_energy_range_m(300.0, 0.0) == pytest.approx(300.0**2 / (MU / R**2), rel=0.01)


@given(st.floats(100.0, 11e3), st.floats(0.0, 500e3))
def test_more_speed_reaches_at_least_as_far(speed: float, altitude: float) -> None:
    assert minimum_energy_range_m(speed * 1.01, altitude) >= minimum_energy_range_m(speed, altitude)


@pytest.mark.parametrize("angle", [0.2, 0.7, 1.4, -0.1])
def test_flight_time_agrees_with_an_integration(angle: float) -> None:
    seconds, _, _ = fall(R + 120e3, 4000.0, angle, R)
    assert two_body_flight_time_s(R + 120e3, 4000.0, angle, R) == pytest.approx(seconds, abs=1e-3)


def test_flight_time_to_a_height_never_reached_is_no_number() -> None:
    assert math.isnan(two_body_flight_time_s(R + 120e3, 2000.0, 0.5, R + 2_000e3))  # too high
    assert math.isnan(two_body_flight_time_s(R + 400e3, 7669.0, 0.0, R))  # an orbit
    assert math.isnan(two_body_flight_time_s(R + 400e3, 12e3, 1.0, R))  # gone
