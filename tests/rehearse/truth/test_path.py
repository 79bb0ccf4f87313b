"""The integrator against Kepler, conserved quantities and textbook motion in a turning frame."""

import math

import numpy as np
import pytest
from scipy.special import eval_legendre

from beaconfire.rehearse.truth import force, path
from beaconfire.rehearse.truth.path import (
    Path,
    at_climb,
    at_distance,
    at_height,
    drag_only,
    integrate_leg,
    precision,
    to_fixed,
    to_inertial,
)
from beaconfire.rehearse.truth.place import east_north_up, geodetic, ground_range_m, place_ecef_m

FREE = drag_only(math.inf)
KEPLER_M = 0.05  # after 25 minutes at a relative tolerance of 1e-10
ENERGY = 2e-10  # relative drift over an hour
JOINT_M = 1e-6
BURNOUT = np.array([6.47e6, 0.0, 0.0, 3.2e3, 5.1e3, 1.0e3])


def kepler(state: np.ndarray, time_s: float) -> np.ndarray:
    """Position after `time_s` of two-body motion, by f and g series of the eccentric anomaly (Battin, section 3.3)."""
    position, velocity, mu = state[:3], state[3:], force.GM_M3_S2
    radius = float(np.linalg.norm(position))
    axis = 1.0 / (2.0 / radius - float(velocity @ velocity) / mu)
    sigma = float(position @ velocity) / math.sqrt(mu)
    mean = math.sqrt(mu / axis**3) * time_s
    turn = mean
    for _ in range(60):
        sine, cosine = math.sin(turn), math.cos(turn)
        excess = turn - (1 - radius / axis) * sine + sigma / math.sqrt(axis) * (1 - cosine) - mean
        turn -= excess / (1 - (1 - radius / axis) * cosine + sigma / math.sqrt(axis) * sine)
    f = 1.0 - axis / radius * (1.0 - math.cos(turn))
    g = time_s + math.sqrt(axis**3 / mu) * (math.sin(turn) - turn)
    return f * position + g * velocity


def two_body(x: float, y: float, z: float) -> tuple[float, float, float]:
    cube = (x * x + y * y + z * z) ** 1.5
    return -force.GM_M3_S2 * x / cube, -force.GM_M3_S2 * y / cube, -force.GM_M3_S2 * z / cube


def test_without_harmonics_the_arc_is_keplers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path, "gravity_inertial_m_s2", two_body)
    flown = integrate_leg(BURNOUT, 0.0, 1500.0, FREE)
    for time_s in (1.0, 300.0, 900.0, 1500.0):
        assert flown.solution(time_s)[:3] == pytest.approx(kepler(BURNOUT, time_s), abs=KEPLER_M)


def test_free_flight_keeps_energy_and_spin_about_the_axis() -> None:
    flown = integrate_leg(BURNOUT, 0.0, 1800.0, FREE)

    def constants(state: np.ndarray) -> tuple[float, float]:
        x, y, z = state[:3]
        radius = float(np.linalg.norm(state[:3]))
        ratio = force.EQUATOR_M / radius
        zonal = force.J2 * ratio**2 * eval_legendre(2, z / radius) + force.J3 * ratio**3 * eval_legendre(3, z / radius)
        energy = 0.5 * float(state[3:] @ state[3:]) - force.GM_M3_S2 / radius * (1.0 - float(zonal))
        return energy, float(x * state[4] - y * state[3])

    start = constants(BURNOUT)
    for time_s in (400.0, 1000.0, 1800.0):
        assert constants(flown.solution(time_s)) == pytest.approx(start, rel=ENERGY)


def test_a_body_at_rest_on_the_ground_has_no_fixed_velocity() -> None:
    place = place_ecef_m(39.0, 126.0, 0.0)
    state = to_inertial(1234.5, place, np.zeros(3))
    position, velocity = to_fixed(np.array([1234.5]), state[:, None])
    assert position[0] == pytest.approx(place, abs=1e-8)
    assert velocity[0] == pytest.approx(np.zeros(3), abs=1e-11)


def test_fixed_velocity_is_the_slope_of_fixed_position() -> None:
    flown = Path((integrate_leg(BURNOUT, 0.0, 600.0, FREE).solution,))
    early, late = flown.at(np.array([299.9, 300.1]))[0]
    assert (late - early) / 0.2 == pytest.approx(flown.at(np.array([300.0]))[1][0], abs=1e-3)


@pytest.mark.parametrize("latitude", [0.0, 39.0, -60.0])
def test_a_dropped_body_lands_to_the_east(latitude: float) -> None:
    """Deflection ω g t³ cos(latitude) / 3 of a fall without air; the next term is smaller by ω² t²."""
    state = to_inertial(0.0, place_ecef_m(latitude, 10.0, 10e3), np.zeros(3))
    fallen = integrate_leg(state, 0.0, 100.0, FREE, (at_height(0.0),))
    position, _ = to_fixed(np.array([fallen.end_s]), fallen.state[:, None])
    east, _, _ = east_north_up(latitude, 10.0)
    gravity = 2.0 * 10e3 / fallen.end_s**2
    textbook = force.ROTATION_RAD_S * gravity * fallen.end_s**3 * math.cos(math.radians(latitude)) / 3.0
    assert float(position[0] @ east) == pytest.approx(textbook, rel=0.01)


def test_a_falling_body_ends_at_its_terminal_speed() -> None:
    light = 60.0
    state = to_inertial(0.0, place_ecef_m(39.0, 126.0, 4e3), np.zeros(3))
    fallen = integrate_leg(state, 0.0, 1000.0, drag_only(light), (at_height(0.0),))
    _, velocity = to_fixed(np.array([fallen.end_s]), fallen.state[:, None])
    terminal = math.sqrt(2.0 * light * 9.80 / force.density_kg_m3(0.0))
    assert float(np.linalg.norm(velocity)) == pytest.approx(terminal, rel=0.01)


def test_stops_end_a_leg_where_they_say() -> None:
    start = (39.0, 126.0)
    east, north, up = east_north_up(*start)
    velocity = 1500.0 * up + 1500.0 * (0.6 * east + 0.8 * north)
    state = to_inertial(0.0, place_ecef_m(*start, 0.0), velocity)
    top = integrate_leg(state, 0.0, 900.0, FREE, (at_climb(0.0, rising=False), at_height(0.0)))
    assert top.stop == 0
    pull = 9.62 - 1500.0**2 / 6.43e6 - 2.0 * 7.292115e-5 * 900.0 * math.cos(math.radians(39.0))  # round, turning Earth
    assert top.end_s == pytest.approx(1500.0 / pull, rel=0.01)
    crossing = integrate_leg(top.state, top.end_s, 900.0, FREE, (at_height(50e3), at_height(0.0)))
    position, _ = to_fixed(np.array([crossing.end_s]), crossing.state[:, None])
    assert geodetic(position[0])[2] == pytest.approx(50e3, abs=1e-3)
    away = integrate_leg(state, 0.0, 900.0, FREE, (at_distance(200e3, place_ecef_m(*start, 0.0)),))
    position, _ = to_fixed(np.array([away.end_s]), away.state[:, None])
    assert ground_range_m(start, geodetic(position[0])[:2]) == pytest.approx(200e3, rel=0.003)  # sphere for ellipsoid
    out_of_time = integrate_leg(state, 0.0, 5.0, FREE, (at_height(50e3, rising=True),))
    assert (out_of_time.stop, out_of_time.end_s) == (-1, 5.0)


def test_a_chain_of_legs_is_one_path() -> None:
    whole = integrate_leg(BURNOUT, 0.0, 900.0, FREE)
    first = integrate_leg(BURNOUT, 0.0, 333.3, FREE)
    second = integrate_leg(first.state, first.end_s, 900.0, FREE)
    chain = Path((first.solution, second.solution))
    times = np.array([0.0, 333.2, 333.3, 333.4, 900.0])
    assert chain.at(times)[0] == pytest.approx(Path((whole.solution,)).at(times)[0], abs=1e-3)
    before, after = chain.at(np.array([333.3 - 1e-9, 333.3 + 1e-9]))[0]
    assert before == pytest.approx(after, abs=1e-4)
    assert (chain.start_s, chain.end_s) == (0.0, 900.0)
    assert chain.inertial_state(333.3) == pytest.approx(first.state, abs=JOINT_M)


def test_loose_precision_stays_close_and_ends() -> None:
    tight = integrate_leg(BURNOUT, 0.0, 900.0, FREE).state
    with precision(loose=True):
        loose = integrate_leg(BURNOUT, 0.0, 900.0, FREE).state
    again = integrate_leg(BURNOUT, 0.0, 900.0, FREE).state
    assert np.array_equal(tight, again)
    assert not np.array_equal(tight, loose)
    assert loose[:3] == pytest.approx(tight[:3], abs=1.0)


def test_a_time_outside_the_path_is_the_callers_error() -> None:
    flown = Path((integrate_leg(BURNOUT, 0.0, 10.0, FREE).solution,))
    with pytest.raises(AssertionError):
        flown.at(np.array([10.1]))
