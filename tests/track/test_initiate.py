"""Pairs of looks that one object could have caused: radar, lines of sight, both; and what could not."""

import math

import numpy as np
import pymap3d
import pytest
from numpy.typing import NDArray

from beaconfire.kernel.records import Measurement
from beaconfire.kernel.time import NS_PER_S
from beaconfire.track.initiate import LooseLooks, Seed
from beaconfire.track.pack import pack

Array = NDArray[np.float64]
GEO = (36.6, 127.4, 300.0)
SITE = np.array(pymap3d.geodetic2ecef(*GEO))
AXES = np.array([pymap3d.enu2uvw(*unit, *GEO[:2]) for unit in np.eye(3)])
EYES = {lon: np.array(pymap3d.geodetic2ecef(0.0, lon, 35_786e3)) for lon in (85.0, 120.0, 165.0)}
PLACE = np.array(pymap3d.geodetic2ecef(39.0, 126.0, 30e3))
UP = np.array(pymap3d.enu2uvw(0, 0, 1, 39.0, 126.0))
ALONG = np.array(pymap3d.enu2uvw(0.8, 0.6, 0, 39.0, 126.0))


def radar(place: Array, time_s: float, *, sensor: str = "R", whole: bool = True) -> Measurement:
    azimuth, elevation, distance = (float(v) for v in pymap3d.ecef2aer(*place, *GEO))
    values = np.array([distance, math.radians(azimuth), math.radians(elevation) if whole else math.nan, math.nan])
    time_ns = round(time_s * NS_PER_S)
    sigmas = np.array([30.0, 9e-4, 9e-4, 2.0])
    return Measurement(f"{sensor}:{time_s}:{place[0]}", time_ns, sensor, "KOR", "radar", values, sigmas, SITE, AXES)


def line(place: Array, time_s: float, lon: float) -> Measurement:
    unit = (place - EYES[lon]) / np.linalg.norm(place - EYES[lon])
    time_ns = round(time_s * NS_PER_S)
    return Measurement(
        f"I{lon}:{time_s}", time_ns, f"I{lon}", "USA", "los", unit, np.array([3e-5]), EYES[lon], thrusting=True
    )


def loose_after(*items: Measurement, period_s: float = 2.0) -> LooseLooks:
    looks = LooseLooks()
    for item in items:
        looks.add(pack([item], time_ns=item.time_ns, scan=None), [0], time_ns=item.time_ns, period_s=period_s)
    return looks


def seeds(looks: LooseLooks, *items: Measurement) -> list[Seed]:
    return looks.seeds(
        pack(items, time_ns=items[0].time_ns, scan=None), list(range(len(items))), time_ns=items[0].time_ns
    )


@pytest.mark.parametrize("speed", [0.0, 250.0, 3000.0, 7900.0])
def test_two_radar_looks_bound_the_velocity(speed: float) -> None:
    (seed,) = seeds(loose_after(radar(PLACE, 0.0)), radar(PLACE + 2.0 * speed * ALONG, 2.0))
    np.testing.assert_allclose(seed.state[:3], PLACE, atol=1.0)
    np.testing.assert_allclose(seed.state[3:], speed * ALONG, atol=1.0)
    assert seed.covariance[3, 3] == 2500.0**2


def test_nothing_is_faster_than_eight_kilometres_a_second() -> None:
    own = 8.0 * math.hypot(30.0, 2 * 9e-4 * 300e3)  # the place errors of both looks
    assert not seeds(loose_after(radar(PLACE, 0.0)), radar(PLACE + (16e3 + own + 1e3) * ALONG, 2.0))


def test_each_look_keeps_its_nearest_rivals() -> None:
    looks = loose_after(
        *(radar(PLACE + distance * ALONG, 0.0, sensor=f"S{distance}") for distance in (9e3, 1e3, 4e3, 14e3))
    )
    found = seeds(looks, radar(PLACE, 2.0))
    assert [seed.earlier.columns.measurements[0].sensor_id for seed in found] == ["S1000.0", "S4000.0", "S9000.0"]


def test_one_radar_s_single_scan_is_no_pair() -> None:
    looks = loose_after(radar(PLACE, 0.0))
    assert not seeds(looks, radar(PLACE + 100.0 * ALONG, 0.0))
    assert seeds(looks, radar(PLACE + 100.0 * ALONG, 0.0, sensor="R2"))


@pytest.mark.parametrize("gap_s", [0.0, 3.3, 9.0])
@pytest.mark.parametrize("pair", [(85.0, 120.0), (120.0, 165.0), (165.0, 85.0)])
def test_two_lines_of_sight_fix_a_rising_place(pair: tuple[float, float], gap_s: float) -> None:
    climb = 900.0 * UP + 600.0 * ALONG
    (seed,) = seeds(loose_after(line(PLACE, 0.0, pair[0]), period_s=10.0), line(PLACE + gap_s * climb, gap_s, pair[1]))
    error = seed.state[:3] - PLACE
    distance = math.sqrt(float(error @ np.linalg.solve(seed.covariance[:3, :3], error)))
    assert distance < 3.0
    assert seed.state[3:] @ UP > 0.0


def test_lines_that_miss_each_other_or_meet_under_the_ground_are_no_pair() -> None:
    looks = loose_after(line(PLACE, 0.0, 85.0), period_s=10.0)
    assert not seeds(looks, line(PLACE + 60e3 * UP + 60e3 * ALONG, 3.0, 120.0))
    deep = np.array(pymap3d.geodetic2ecef(39.0, 126.0, -300e3))
    assert not seeds(loose_after(line(deep, 0.0, 85.0), period_s=10.0), line(deep, 3.0, 120.0))


def test_one_eye_s_two_looks_are_no_pair() -> None:
    assert not seeds(loose_after(line(PLACE, 0.0, 85.0), period_s=10.0), line(PLACE + 500.0 * UP, 10.0, 85.0))


@pytest.mark.parametrize("line_first", [True, False])
def test_a_line_and_a_radar_look_fix_a_place(line_first: bool) -> None:
    items = [line(PLACE, 0.0, 120.0), radar(PLACE + 4.0 * 1200.0 * UP, 4.0)]
    if not line_first:
        items = [radar(PLACE, 0.0), line(PLACE + 4.0 * 1200.0 * UP, 4.0, 120.0)]
    (seed,) = seeds(loose_after(items[0], period_s=10.0), items[1])
    error = seed.state[:3] - PLACE
    assert float(error @ np.linalg.solve(seed.covariance[:3, :3], error)) < 12.0
    assert (
        not seeds(loose_after(items[0], period_s=10.0), radar(PLACE + 90e3 * ALONG, 4.0, sensor="X")) or not line_first
    )


def test_partial_rows_start_nothing() -> None:
    assert not seeds(loose_after(radar(PLACE, 0.0)), radar(PLACE, 2.0, whole=False))
    assert not seeds(loose_after(radar(PLACE, 0.0, whole=False)), radar(PLACE, 2.0))
    assert not seeds(loose_after(radar(PLACE, 0.0, whole=False)), line(PLACE, 2.0, 120.0))


def test_looks_are_forgotten_by_their_sensor_s_period() -> None:
    looks = loose_after(radar(PLACE, 0.0, sensor="fast"), period_s=2.0)
    looks.add(pack([line(PLACE, 0.0, 85.0)], time_ns=0, scan=None), [0], time_ns=0, period_s=10.0)
    looks.forget(6 * NS_PER_S)
    assert len(seeds(looks, radar(PLACE, 6.0, sensor="R2"))) == 2
    looks.forget(7 * NS_PER_S)
    assert len(seeds(looks, radar(PLACE, 7.0, sensor="R2"))) == 1
    looks.forget(27 * NS_PER_S)
    assert not seeds(looks, radar(PLACE, 27.0, sensor="R2"))


def test_a_flood_is_cut() -> None:
    rng = np.random.default_rng(1)
    looks = LooseLooks()
    items = [radar(PLACE + rng.normal(size=3) * 3e3, 0.0) for _ in range(5_000)]
    looks.add(pack(items, time_ns=0, scan=None), list(range(5_000)), time_ns=0, period_s=2.0)
    found = seeds(looks, *(radar(PLACE + rng.normal(size=3) * 3e3, 2.0) for _ in range(150)))
    assert len(found) == 256


def test_a_copy_is_independent() -> None:
    looks = loose_after(radar(PLACE, 0.0))
    other = looks.copy()
    other.forget(60 * NS_PER_S)
    assert seeds(looks, radar(PLACE, 2.0)) and not seeds(other, radar(PLACE, 2.0))
    assert not seeds(LooseLooks(), radar(PLACE, 2.0))
