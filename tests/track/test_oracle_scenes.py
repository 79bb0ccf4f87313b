"""Whole scenes of a second model of flight: what is told of aircraft, satellites, boosters, falls and pull-ups."""

import math

import numpy as np
import pymap3d
import pytest

from beaconfire.kernel.records import Sensor, TrackStatus, TrackUpdate
from beaconfire.kernel.time import NS_PER_S
from beaconfire.track import Tracker
from tests.track import play, world
from tests.track.oracle import AIR, BALLISTIC, BOOST, GLIDE, Array

QUIET = tuple(
    Sensor(
        id=sensor.id, nation=sensor.nation, kind="radar", latitude_deg=sensor.latitude_deg,
        longitude_deg=sensor.longitude_deg, altitude_m=300.0, max_range_m=1500e3, false_alarms_per_scan=0.1,
    )
    for sensor in world.RADARS
)  # fmt: skip
BURN_S = 85.0


@pytest.fixture(scope="module")
def missile() -> world.Flight:
    return world.missile(
        "M", latitude_deg=39.2, longitude_deg=126.0, azimuth_deg=75.0, burn_s=BURN_S, thrust=(22.0, 55.0)
    )


@pytest.mark.parametrize("seed", range(6))
def test_clutter_alone_confirms_nothing(seed: int) -> None:
    assert not play.play([], world.RADARS, until_s=240.0, seed=seed).confirmed


@pytest.mark.long
def test_clutter_alone_confirms_nothing_in_hours() -> None:
    confirmed = [len(play.play([], world.RADARS, until_s=600.0, seed=1000 + seed).confirmed) for seed in range(40)]
    assert sum(confirmed) == 0


@pytest.mark.parametrize("heading_deg", [0.0, 135.0, 290.0])
@pytest.mark.parametrize("altitude_m", [3_000.0, 11_000.0])
def test_an_aircraft_is_powered_air_within_a_minute(heading_deg: float, altitude_m: float) -> None:
    flight = world.aircraft(
        "A", latitude_deg=36.9, longitude_deg=127.0, heading_deg=heading_deg, altitude_m=altitude_m, duration_s=120.0
    )
    low = tuple(world.RADARS[:2])
    log = play.play([flight], low, until_s=110.0, seed=3)
    (updates,) = log.confirmed.values()
    late = [update for update in updates if play.seconds(update) > 60.0]
    assert late and min(float(update.modes[AIR]) for update in late) > 0.9
    assert max(float(update.modes[BOOST]) for update in late) < 0.05


def test_a_satellite_is_ballistic() -> None:
    radius = 6378e3 + 500e3
    speed = math.sqrt(3.986004418e14 / radius)
    start = play.along(
        latitude_deg=33.0,
        longitude_deg=122.0,
        altitude_m=500e3,
        azimuth_deg=50.0,
        climb_deg=0.0,
        speed_m_s=speed - 300.0,
    )
    log = play.play([play.thrown("S", start, seconds_s=200.0, beta=100.0)], QUIET, until_s=190.0, seed=2)
    (updates,) = log.confirmed.values()
    late = [update for update in updates if play.seconds(update) > play.seconds(updates[0]) + 30.0]
    assert late and min(float(update.modes[BALLISTIC]) for update in late) > 0.9


@pytest.mark.parametrize("seed", range(3))
def test_burnout_is_seen_within_seconds(missile: world.Flight, seed: int) -> None:
    log = play.play([missile], QUIET, until_s=130.0, seed=seed)
    (updates,) = log.confirmed.values()
    burning = [update for update in updates if BURN_S - 11.0 < play.seconds(update) < BURN_S]
    coasting = [update for update in updates if play.seconds(update) > BURN_S + 6.0]
    assert burning and coasting
    # First met at 62 s by one radar of 0.05 degrees: some ten seconds until a thrust is told from a steep climb.
    assert np.median([update.modes[BOOST] for update in burning]) > 0.85
    assert min(float(update.modes[BALLISTIC]) for update in coasting) > 0.9  # within 6 s: each radar looks every 2 s


def fall(*, beta: float, lift_m_s2: float = 0.0) -> world.Flight:
    """A re-entry at 2.4 km/s; from 35 km down it may lift across its velocity until it climbs."""
    start = play.along(
        latitude_deg=37.3, longitude_deg=130.0, altitude_m=110e3, azimuth_deg=260.0, climb_deg=-35.0, speed_m_s=2400.0
    )

    def push(p: Array, v: Array, altitude_m: float) -> Array:
        up = p / np.linalg.norm(p)
        sink = -float(up @ v) / float(np.linalg.norm(v))
        share = min(max(sink / 0.1, 0.0), 1.0) if altitude_m < 35e3 else 0.0  # fades, so that no solver chatters
        across = up - v * float(up @ v) / float(v @ v)
        return across / np.linalg.norm(across) * lift_m_s2 * share

    return play.thrown("R", start, seconds_s=120.0, beta=beta, step_s=0.25, push=push)


@pytest.mark.parametrize("beta", [1_500.0, 4_000.0, 10_000.0])
def test_drag_is_no_glide(beta: float) -> None:
    flight = fall(beta=beta)
    log = play.play([flight], QUIET, until_s=flight.end_s - 1.0, seed=4)
    (updates,) = log.confirmed.values()
    in_air = [update for update in updates if _altitude(update) < 45e3 and update.accepted]
    assert len(in_air) > 5
    assert max(float(update.modes[GLIDE]) for update in in_air) < 0.5
    assert float(np.mean([update.modes[BALLISTIC] for update in in_air])) > 0.8


def test_a_pull_up_is_a_glide() -> None:
    flight = fall(beta=5_000.0, lift_m_s2=50.0)
    log = play.play([flight], QUIET, until_s=90.0, seed=4)
    (updates,) = log.confirmed.values()
    begun = next(t for t in flight.times if _height(flight.state(float(t))) < 35e3)
    lifting = [update for update in updates if begun + 5.0 < play.seconds(update) < begun + 15.0 and update.accepted]
    assert lifting and float(np.mean([update.modes[GLIDE] for update in lifting])) > 0.8
    assert max(float(update.modes[BOOST]) for update in lifting) < 0.3, "it turns, it does not burn"


def _altitude(update: TrackUpdate) -> float:
    return _height(update.mean)


def _height(state: Array) -> float:
    return float(pymap3d.ecef2geodetic(*state[:3])[2])


def test_a_lofted_flight_comes_back_under_its_name_after_an_hour() -> None:
    """Nobody sees it for 3,600 s of its arc; the coasted prediction meets it at re-entry."""
    start = play.along(
        latitude_deg=37.5, longitude_deg=128.5, altitude_m=150e3, azimuth_deg=90.0, climb_deg=87.0, speed_m_s=8_050.0
    )
    flight = play.thrown("H", start, seconds_s=5_000.0, beta=8_000.0, step_s=2.0)
    apogee = max(_height(state) for state in flight.states)
    assert apogee > 5_000e3 and flight.end_s > 3_700.0
    log = play.play([flight], QUIET, until_s=200.0, seed=6)
    (name,) = log.confirmed
    gone = play.seconds(log.updates[name][-1])
    t = gone
    while t < flight.end_s - 300.0:
        t += 20.0
        log.take(log.tracker.advance(world.START_NS + round(t * NS_PER_S)))
    assert log.updates[name][-1].status is TrackStatus.LOST, "lost is not ended"
    where = flight.state(flight.end_s - 150.0)[:3]
    latitude, longitude, _ = (float(v) for v in pymap3d.ecef2geodetic(*where))
    eyes = tuple(
        Sensor(id=f"FAR-{n}", nation="USA", kind="radar", latitude_deg=latitude + north, longitude_deg=longitude + east,
               max_range_m=2_500e3, false_alarms_per_scan=0.1)
        for n, (north, east) in enumerate([(1.0, 0.5), (-1.0, 0.0), (0.2, -1.5)])
    )  # fmt: skip
    log = play.play([flight], eyes, until_s=flight.end_s - 20.0, seed=7, log=log, from_s=flight.end_s - 250.0)
    seen = log.updates[name][-1]
    assert seen.status is TrackStatus.CONFIRMED and seen.last_measured_ns > world.START_NS + (flight.end_s - 60.0) * 1e9
    assert np.linalg.norm(seen.mean[:3] - flight.state(play.seconds(seen))[:3]) < 1e3
    others = {key for key, updates in log.confirmed.items() if updates[-1].status is TrackStatus.CONFIRMED}
    assert others == {name}


def salvo() -> list[world.Flight]:
    """Seven missiles from one place, 75 s apart."""
    return [
        world.missile(
            f"M{n}", latitude_deg=39.2, longitude_deg=126.0, azimuth_deg=75.0, start_s=75.0 * n, burn_s=70.0,
        )
        for n in range(7)
    ]  # fmt: skip


def test_a_salvo_of_seven_keeps_seven_names() -> None:
    flights = salvo()
    log = play.play(flights, world.RADARS, until_s=560.0, seed=5)
    names: dict[str, set[str]] = {}
    for name, updates in log.confirmed.items():
        for update in updates:
            if update.accepted:
                names.setdefault(play.owner(update, flights), set()).add(name)
    assert set(names) == {flight.name for flight in flights}
    assert all(len(tracks) == 1 for tracks in names.values()), names
    assert len(set.union(*names.values())) == 7


def test_time_may_pass_with_nothing_to_track() -> None:
    tracker = Tracker("own", id_prefix="T")
    assert tracker.advance(world.START_NS) == []
    assert tracker.advance(world.START_NS + 10**15) == []
    assert dict(tracker.current()) == {}
