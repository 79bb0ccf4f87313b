"""Impact, apogee and the way back up, against DOP853 in inertial axes with event detection."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from beaconfire.earth import (
    altitude_and_up,
    apogee,
    back_to_altitude,
    ballistic_rate,
    density_kg_m3,
    ecef_to_geodetic,
    enu_axes,
    geodesic_inverse,
    geodetic_to_ecef,
    ground_ways,
    impact_point,
    impact_points,
    propagate,
)
from tests.authorities import independent

Array = NDArray[np.float64]

IMPACT_TOLERANCE_M = 5.0  # the promise, through the same air: integrator and event only
IMPACT_TOLERANCE_S = 0.02
OTHER_AIR_TOLERANCE_M = 5.0  # the two codes of one standard agree far better than their 0.1 %, the errors average out
APOGEE_TOLERANCE_M = 0.5
WAY_TOLERANCE_M = 30.0  # of a place on a way: it is drawn over provinces
HOUR_S = 3600.0


def state(*, latitude: float, longitude: float, altitude: float, east: float, north: float, up: float) -> Array:
    velocity = enu_axes(latitude, longitude).T @ np.array([east, north, up])
    return np.concatenate([geodetic_to_ecef(latitude, longitude, altitude), velocity])


# Burnout states of a short, a medium, an intercontinental and a lofted flight, two over the pole and the antimeridian.
FLIGHTS = {
    "300 km": (state(latitude=0.68, longitude=2.2, altitude=35e3, east=1200.0, north=200.0, up=1150.0), 4e-4),
    "1,000 km": (state(latitude=0.68, longitude=2.2, altitude=80e3, east=2200.0, north=-300.0, up=1900.0), 2e-4),
    "9,000 km": (state(latitude=0.7, longitude=2.2, altitude=200e3, east=3500.0, north=4500.0, up=3300.0), 1e-4),
    "lofted": (state(latitude=0.68, longitude=2.2, altitude=180e3, east=900.0, north=100.0, up=6200.0), 1e-4),
    "over the pole": (state(latitude=1.5, longitude=-2.0, altitude=100e3, east=0.0, north=3000.0, up=2000.0), 2e-4),
    "antimeridian": (state(latitude=0.6, longitude=3.1, altitude=100e3, east=3000.0, north=0.0, up=2000.0), 2e-4),
    "light debris": (state(latitude=0.6, longitude=2.4, altitude=120e3, east=1500.0, north=0.0, up=0.0), 1e-2),
}


def miss_m(answer: tuple[float, float, float, bool], end: Array) -> float:
    latitude, longitude, _ = ecef_to_geodetic(*end[:3])
    distance, _ = geodesic_inverse(
        latitude1_rad=answer[0], longitude1_rad=answer[1], latitude2_rad=latitude, longitude2_rad=longitude
    )
    return distance


@pytest.mark.parametrize("name", FLIGHTS)
def test_impact_is_where_dop853_falls_through_the_ellipsoid(name: str) -> None:
    x, beta = FLIGHTS[name]
    answer = impact_point(x, beta, 2.0 * HOUR_S)
    end, seconds = independent.fly(x, beta_inverse=beta, seconds=2.0 * HOUR_S, air=density_kg_m3, ground=True)
    assert answer[3]
    assert miss_m(answer, end) < IMPACT_TOLERANCE_M
    assert answer[2] == pytest.approx(seconds, abs=IMPACT_TOLERANCE_S)


@pytest.mark.parametrize("name", ["1,000 km", "light debris"])
def test_impact_through_the_independent_air(name: str) -> None:
    x, beta = FLIGHTS[name]
    end, _ = independent.fly(x, beta_inverse=beta, seconds=HOUR_S, ground=True)
    assert miss_m(impact_point(x, beta, HOUR_S), end) < OTHER_AIR_TOLERANCE_M


def test_impact_leaves_the_state_alone() -> None:
    x, beta = FLIGHTS["1,000 km"]
    before = x.copy()
    impact_point(x, beta, HOUR_S)
    apogee(x, beta)
    assert x.tolist() == before.tolist()


def test_an_orbit_never_falls() -> None:
    x = state(latitude=0.0, longitude=0.0, altitude=400e3, east=7200.0, north=0.0, up=0.0)
    *_, seconds, ok = impact_point(x, 1e-4, HOUR_S)
    assert not ok
    assert seconds == pytest.approx(HOUR_S)


def test_a_body_on_the_ground_has_fallen_and_one_leaving_it_has_not() -> None:
    resting = state(latitude=0.3, longitude=0.4, altitude=-1.0, east=0.0, north=0.0, up=-10.0)
    assert impact_point(resting, 1e-4, 60.0) == (pytest.approx(0.3), pytest.approx(0.4), 0.0, True)
    leaving = state(latitude=0.3, longitude=0.4, altitude=-1.0, east=0.0, north=0.0, up=100.0)
    *_, seconds, ok = impact_point(leaving, 1e-4, 60.0)
    assert ok
    assert seconds == pytest.approx(2.0 * 100.0 / 9.81, rel=0.03)  # a toss, a little air


def test_a_state_of_no_numbers_ends_without_an_answer() -> None:
    assert not impact_point(np.full(6, math.nan), 1e-4, HOUR_S)[3]
    assert not apogee(np.full(6, math.nan), 1e-4)[2]


def test_a_batch_is_its_members() -> None:
    states = np.stack([x for x, _ in FLIGHTS.values()])
    beta = np.array([b for _, b in FLIGHTS.values()])
    rows = impact_points(states, beta, 2.0 * HOUR_S)
    for row, x, b in zip(rows, states, beta, strict=True):
        np.testing.assert_allclose(row, impact_point(x, b, 2.0 * HOUR_S), rtol=1e-10)
    assert impact_points(np.empty((0, 6)), np.empty(0), HOUR_S).shape == (0, 4)


@given(st.floats(0.3, 1.4), st.floats(-math.pi, math.pi), st.floats(0.0, 2 * math.pi), st.floats(1e-5, 1e-3))
def test_more_drag_never_flies_farther(latitude: float, longitude: float, heading: float, beta: float) -> None:
    x = state(
        latitude=latitude, longitude=longitude, altitude=60e3,
        east=1500.0 * math.sin(heading), north=1500.0 * math.cos(heading), up=1500.0,
    )  # fmt: skip
    light, heavy = impact_point(x, 1.5 * beta, HOUR_S), impact_point(x, beta, HOUR_S)
    assert light[3]
    assert heavy[3]

    def flown(answer: tuple[float, float, float, bool]) -> float:
        return geodesic_inverse(
            latitude1_rad=latitude, longitude1_rad=longitude, latitude2_rad=answer[0], longitude2_rad=answer[1]
        )[0]

    # Air turning with the Earth can only brake; the deviation sideways is worth metres.
    assert flown(light) <= flown(heavy) + 10.0


@pytest.mark.parametrize("name", ["300 km", "1,000 km", "9,000 km", "lofted"])
def test_apogee_is_where_climbing_stops(name: str) -> None:
    x, beta = FLIGHTS[name]
    altitude, seconds, ok = apogee(x, beta)
    assert ok
    assert seconds > 0.0
    top, _ = independent.fly(x, beta_inverse=beta, seconds=seconds, air=density_kg_m3)
    assert independent.altitude(top[:3]) == pytest.approx(altitude, abs=APOGEE_TOLERANCE_M)
    rate = np.empty(6)
    assert abs(ballistic_rate(np.ascontiguousarray(top), beta, rate)) < 0.05  # m/s of climb left


def test_apogee_behind_a_falling_body_is_found_backwards() -> None:
    x, beta = FLIGHTS["1,000 km"]
    ahead, seconds, _ = apogee(x, beta)
    late = x.copy()
    propagate(late, beta, seconds + 100.0, 0.5)
    behind, before, ok = apogee(late, beta)
    assert ok
    assert before == pytest.approx(-100.0, abs=0.1)
    assert behind == pytest.approx(ahead, abs=APOGEE_TOLERANCE_M)


def test_back_to_the_altitude_it_climbed_through() -> None:
    x, beta = FLIGHTS["9,000 km"]
    start = x.copy()
    propagate(x := x.copy(), beta, 200.0, 0.5)
    seconds, ok = back_to_altitude(x, beta, 200e3, HOUR_S)
    assert ok
    assert seconds == pytest.approx(-200.0, abs=1e-3)
    assert altitude_and_up(*x[:3])[0] == pytest.approx(200e3, abs=0.05)
    np.testing.assert_allclose(x[:3], start[:3], atol=3.0)


def test_back_to_an_altitude_above_or_never_met() -> None:
    x, beta = FLIGHTS["1,000 km"]
    seconds, ok = back_to_altitude(x.copy(), beta, 200e3, 60.0)
    assert not ok
    assert -60.0 <= seconds < 0.0  # given up where the arc went under the ground


def test_the_same_input_gives_the_same_bytes() -> None:
    x, beta = FLIGHTS["9,000 km"]
    assert impact_point(x, beta, 2.0 * HOUR_S) == impact_point(x.copy(), beta, 2.0 * HOUR_S)


@pytest.mark.parametrize("name", list(FLIGHTS))
@pytest.mark.parametrize("begin_s", [0.0, 33.3])
def test_the_way_over_the_ground_is_the_flight(name: str, begin_s: float) -> None:
    """Every place against a fine propagation to its time; the end against the impact."""
    x, beta = FLIGHTS[name]
    rows, ends = np.zeros((1, 64, 4)), np.zeros((1, 2))
    ground_ways(x.reshape(1, 6).copy(), np.array([beta]), begin_s, 10.0, 4.0 * HOUR_S, rows, ends)
    count = int(ends[0, 0])
    way = rows[0, :count]
    assert ends[0, 1] == 1.0
    assert 2 <= count <= 64
    assert way[0, 0] == begin_s
    assert np.all(np.diff(way[:, 0]) > 0.0)
    assert np.ptp(np.diff(way[:-1, 0])) < 1e-6  # evenly spaced, whatever was thinned out
    for time_s, latitude, longitude, altitude in way[: count - 1 : 7]:
        y = x.copy()
        propagate(y, beta, time_s, 1.0)
        assert geodetic_to_ecef(latitude, longitude, altitude) == pytest.approx(y[:3], abs=WAY_TOLERANCE_M)
    latitude, longitude, time_s, ok = impact_point(x, beta, 4.0 * HOUR_S)
    assert ok
    assert (
        miss_m((way[-1, 1], way[-1, 2], 0.0, True), np.array(geodetic_to_ecef(latitude, longitude, 0.0)))
        < WAY_TOLERANCE_M
    )
    assert way[-1, 0] == pytest.approx(time_s, abs=0.2)


def test_what_is_down_before_the_way_begins_has_its_fall_alone() -> None:
    x, beta = FLIGHTS["300 km"]
    rows, ends = np.zeros((2, 64, 4)), np.zeros((2, 2))
    under = np.array(geodetic_to_ecef(0.6, 2.4, -50.0))
    falling = np.concatenate([under, -under / 6.4e6 * 100.0])
    ground_ways(np.array([x, falling]), np.array([beta, beta]), 5000.0, 10.0, HOUR_S * 4.0, rows, ends)
    assert ends.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert rows[0, 0, 0] == pytest.approx(impact_point(x, beta, HOUR_S)[2], abs=0.2)
    assert rows[1, 0, 0] == 0.0


def test_an_orbit_is_cut_off_where_the_time_ends() -> None:
    x = state(latitude=0.6, longitude=2.4, altitude=500e3, east=7100.0, north=0.0, up=0.0)
    rows, ends = np.zeros((1, 64, 4)), np.zeros((1, 2))
    ground_ways(x.reshape(1, 6), np.array([1e-4]), 0.0, 10.0, 6000.0, rows, ends)
    last = rows[0, int(ends[0, 0]) - 1]
    assert ends[0, 1] == 0.0
    assert last[0] == pytest.approx(6000.0)
    y = x.copy()
    propagate(y, 1e-4, 6000.0, 5.0)
    assert geodetic_to_ecef(*last[1:]) == pytest.approx(y[:3], abs=200.0)  # one orbit at a hundredfold tolerance
