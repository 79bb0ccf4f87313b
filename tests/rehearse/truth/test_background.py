"""Aircraft, satellites and meteors behave as their kind does, and a seed repeats them."""

import numpy as np
import pytest

from beaconfire.rehearse.scenario import Aircraft, Area, Meteor, Satellites
from beaconfire.rehearse.truth.background import Sampled, aircraft_paths, meteor_path, satellite_paths
from beaconfire.rehearse.truth.force import height_m
from beaconfire.rehearse.truth.place import geodetic, ground_range_m

AREA = Area(south_deg=32.0, north_deg=43.0, west_deg=124.0, east_deg=144.0)
HOUR_S = 3600.0
GREAT_CIRCLE = 1e-6  # relative: midpoint steps of 1 s over an hour


def heights(places: np.ndarray) -> np.ndarray:
    return np.array([height_m(*(float(value) for value in place)) for place in places])


@pytest.fixture(scope="module")
def traffic() -> list[Sampled]:
    wish = Aircraft(count=20, area=AREA, jet_every=5)
    return aircraft_paths(wish, duration_s=HOUR_S, generator=np.random.default_rng(3))


def test_aircraft_fly_at_their_heights_and_speeds(traffic: list[Sampled]) -> None:
    times = np.arange(0.0, HOUR_S, 10.0)
    for number, plane in enumerate(traffic, start=1):
        places, velocities = plane.at(times)
        level, speeds = heights(places), np.linalg.norm(velocities, axis=1)
        jet = number % 5 == 0
        assert level.min() > 6.9e3
        assert level.max() < 13.1e3
        assert speeds.min() > (279.0 if jet else 189.0)
        assert speeds.max() < (423.0 if jet else 262.0)


def test_aircraft_start_in_their_area(traffic: list[Sampled]) -> None:
    for plane in traffic:
        latitude, longitude, _ = geodetic(plane.at(np.array([0.0]))[0][0])
        assert AREA.south_deg <= latitude <= AREA.north_deg
        assert AREA.west_deg <= longitude <= AREA.east_deg


def test_aircraft_turn_and_climb_as_people_can_bear(traffic: list[Sampled]) -> None:
    times = np.arange(5.0, HOUR_S - 5.0, 1.0)
    pulls = np.stack([np.linalg.norm(plane.curve(times, 2), axis=1) for plane in traffic])
    assert pulls.max() < 3.0 * 9.81
    assert pulls.max() > 1.0  # somebody does turn


def test_without_manoeuvres_an_aircraft_keeps_to_its_great_circle(monkeypatch: pytest.MonkeyPatch) -> None:
    from geographiclib.geodesic import Geodesic

    from beaconfire.rehearse.truth import background

    monkeypatch.setattr(
        background, "_manoeuvres", lambda generator, count, steps, rate, room=0.0: np.zeros((steps, count))
    )
    wish = Aircraft(count=5, area=AREA)
    for plane in aircraft_paths(wish, duration_s=HOUR_S, generator=np.random.default_rng(5)):
        start, middle, end = (geodetic(plane.at(np.array([t]))[0][0]) for t in (0.0, 1800.0, HOUR_S))
        whole = Geodesic.WGS84.Inverse(*start[:2], *end[:2])
        halfway = Geodesic.WGS84.Direct(*start[:2], whole["azi1"], whole["s12"] / 2.0)
        off = ground_range_m((halfway["lat2"], halfway["lon2"]), middle[:2])
        assert off < 2e-3 * whole["s12"]  # the ellipsoid's own great ellipse; a rhumb line is off by ten times that


def test_satellites_stay_in_orbit_and_pass_over_the_area() -> None:
    group = Satellites(count=8, area=AREA, altitude_m=(400e3, 1200e3))
    times = np.arange(0.0, HOUR_S, 15.0)
    for orbit in satellite_paths(group, duration_s=HOUR_S, generator=np.random.default_rng(4)):
        places = orbit.at(times)[0]
        level = heights(places)
        assert level.min() > 370e3
        assert level.max() < 2200e3
        over = [geodetic(place)[:2] for place in places]
        assert any(
            AREA.south_deg - 1 <= lat <= AREA.north_deg + 1 and AREA.west_deg - 1 <= lon <= AREA.east_deg + 1
            for lat, lon in over
        )


def test_a_circular_orbit_has_its_textbook_period() -> None:
    """T = 2π √(a³ / μ); J2 shifts it by a thousandth."""
    group = Satellites(count=6, area=AREA, altitude_m=(700e3, 700e3))
    orbits = satellite_paths(group, duration_s=7000.0, generator=np.random.default_rng(9))
    times = np.arange(0.0, 7000.0, 1.0)
    lengths = []
    for orbit in orbits:
        heading = np.array([orbit.inertial_state(float(t))[:3] for t in (0.0, *times[5400:6900:1])])
        cosine = heading[1:] @ heading[0] / (np.linalg.norm(heading[1:], axis=1) * np.linalg.norm(heading[0]))
        lengths.append(times[5400 + int(cosine.argmax())])
    circular = 2.0 * np.pi * np.sqrt((6371e3 + 700e3) ** 3 / 3.986004418e14)
    assert min(lengths) == pytest.approx(circular, rel=0.01)


def test_a_meteor_slows_down_and_is_gone_in_seconds() -> None:
    wish = Meteor(
        time_s=0.0, latitude_deg=38.0, longitude_deg=134.0, azimuth_deg=140.0, speed_m_s=18e3, descent_deg=12.0
    )
    path = meteor_path(wish)
    places, velocities = path.at(np.array([0.0, path.end_s]))
    first, last = np.linalg.norm(velocities, axis=1)
    assert first == pytest.approx(18e3, rel=1e-9)
    assert last < 0.9 * first  # it brakes
    assert heights(places) == pytest.approx([110e3, 72e3], abs=1.0)
    assert 5.0 < path.end_s < 30.0


def test_a_seed_repeats_the_sky() -> None:
    wish = Aircraft(count=3, area=AREA)
    times = np.arange(0.0, 600.0, 50.0)
    first, again, other = (
        aircraft_paths(wish, duration_s=600.0, generator=np.random.default_rng(seed))[2].at(times)[0]
        for seed in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
