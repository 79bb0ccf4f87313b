"""A glide meets its figures, obeys its body's limits, and leaves the arc it flew."""

from functools import cache

import numpy as np
import pytest

from beaconfire.kernel.errors import RunFailed
from beaconfire.rehearse.truth.boost import Departure
from beaconfire.rehearse.truth.force import ROTATION_RAD_S, density_kg_m3, gravity_inertial_m_s2, height_m
from beaconfire.rehearse.truth.glide import Dip, Glide, Glider, aim_glide
from beaconfire.rehearse.truth.path import at_height, drag_only, integrate_leg, to_fixed
from beaconfire.rehearse.truth.place import ground_range_m
from beaconfire.rehearse.truth.profiles import PROFILES

START = (39.2, 126.0)
BODY = Glider(lift_to_drag=3.0, load_limit_g=12.0, ballistic_kg_m2=2500.0)
FIRST = Dip(distance_m=680e3, altitude_m=27.5e3, peak_m=42.5e3)
FIGURE = 1e-4
PLACE_M = 250.0
HEIGHT_M = 5.0
DIFFERENCE_M_S2 = 0.3  # of velocities 0.02 s apart, at loads of tens of m/s²


def glide(*dips: Dip, range_m: float = 1100e3) -> Glide:
    profile = PROFILES["irbm_glider"]
    return aim_glide(
        Departure(*START, 0.0, 50.0, profile.tilt_deg), profile.stages, BODY, dips, whole_kg_m2=profile.whole_kg_m2,
        range_m=range_m, apogee_m=99.8e3,
    )  # fmt: skip


@cache
def one_dip() -> Glide:
    return glide(FIRST)


def felt_m_s2(flown: Glide, time_s: float) -> tuple[np.ndarray, np.ndarray, float]:
    """All but gravity (3,), Earth-fixed velocity (3,) and height, by differences of the path."""
    path = flown.flight.path
    before, after = path.at(np.array([time_s - 0.01, time_s + 0.01]))[1]
    position, velocity = (values[0] for values in path.at(np.array([time_s])))
    spin = np.array([0.0, 0.0, ROTATION_RAD_S])
    free = np.array(gravity_inertial_m_s2(*(float(value) for value in position)))
    free -= 2.0 * np.cross(spin, velocity) + np.cross(spin, np.cross(spin, position))
    return (after - before) / 0.02 - free, velocity, height_m(*(float(value) for value in position))


def test_it_meets_its_figures() -> None:
    flown = one_dip()
    (dip,) = flown.dips
    assert flown.flight.apogee_m == pytest.approx(99.8e3, rel=FIGURE)
    assert flown.flight.range_m == pytest.approx(1100e3, rel=FIGURE)
    assert dip.altitude_m == pytest.approx(FIRST.altitude_m, abs=HEIGHT_M)
    assert ground_range_m(START, dip.place_deg) == pytest.approx(FIRST.distance_m, abs=PLACE_M)


def test_the_flight_lasts_as_long_as_was_announced() -> None:
    """About 11 minutes (launches/announced.csv, Japan, 2025-01-06): the ballistic arc alone would take seven."""
    assert one_dip().flight.path.end_s == pytest.approx(660.0, abs=30.0)


def test_height_falls_to_the_dip_rises_to_the_peak_and_ends_on_the_ground() -> None:
    flown = one_dip()
    (dip,) = flown.dips
    times = np.arange(flown.flight.apogee_s, flown.flight.path.end_s, 0.5)
    heights = np.array([height_m(*(float(v) for v in place)) for place in flown.flight.path.at(times)[0]])
    around = np.abs(times - dip.time_s) < 60.0
    assert heights[around].min() == pytest.approx(dip.altitude_m, abs=20.0)
    after = times > dip.time_s
    assert heights[after].max() == pytest.approx(FIRST.peak_m, abs=HEIGHT_M)
    assert heights[-1] < 200.0


def test_at_the_dip_it_leaves_the_arc_by_tens_of_kilometres() -> None:
    flown = one_dip()
    before_s = flown.dips[0].time_s - 25.0
    state = flown.flight.path.inertial_state(before_s)
    arc = integrate_leg(state, before_s, before_s + 600.0, drag_only(BODY.ballistic_kg_m2), (at_height(0.0),))
    end = np.array([arc.end_s])
    apart = np.linalg.norm(to_fixed(end, arc.state[:, None])[0] - flown.flight.path.at(end)[0])
    assert apart > 30e3


def test_lift_and_drag_obey_the_body() -> None:
    flown = one_dip()
    for time_s in np.linspace(flown.dips[0].time_s - 15.0, flown.dips[0].time_s + 5.0, 9):
        felt, velocity, height = felt_m_s2(flown, float(time_s))
        speed = float(np.linalg.norm(velocity))
        drag = -float(felt @ velocity) / speed
        lift = float(np.linalg.norm(felt + drag * velocity / speed))
        pressure = 0.5 * density_kg_m3(height) * speed**2
        assert drag == pytest.approx(pressure / BODY.ballistic_kg_m2, abs=DIFFERENCE_M_S2)
        assert lift <= min(BODY.lift_to_drag * drag, BODY.load_limit_g * 9.80665) + DIFFERENCE_M_S2


def test_between_burnout_and_the_pull_nothing_lifts() -> None:
    felt, _, height = felt_m_s2(one_dip(), one_dip().flight.apogee_s + 20.0)
    assert height > 90e3
    assert float(np.linalg.norm(felt)) < 0.05


def test_two_dips_follow_each_other() -> None:
    flown = glide(FIRST, Dip(distance_m=0.0, altitude_m=32e3, peak_m=36e3), range_m=1100e3)
    assert [dip.altitude_m for dip in flown.dips] == pytest.approx([27.5e3, 32e3], abs=HEIGHT_M)
    assert flown.dips[0].time_s < flown.dips[1].time_s
    assert flown.flight.range_m == pytest.approx(1100e3, rel=FIGURE)


@pytest.mark.parametrize(
    ("dip", "range_m", "what"),
    [
        (Dip(distance_m=680e3, altitude_m=60e3, peak_m=70e3), 1100e3, "depth"),
        (Dip(distance_m=680e3, altitude_m=27.5e3, peak_m=95e3), 1100e3, "peak"),
        (FIRST, 3000e3, "range"),
    ],
)
def test_what_no_such_body_can_do_is_said(dip: Dip, range_m: float, what: str) -> None:
    with pytest.raises(RunFailed, match=what):
        glide(dip, range_m=range_m)
