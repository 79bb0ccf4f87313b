"""The shipped scenarios keep the figures of the public reports, and every nation sees what it needs to see."""

from functools import cache

import numpy as np
import pytest

from beaconfire.kernel.time import parse_utc
from beaconfire.rehearse.objects import Facts, TruthObject, launch_object
from beaconfire.rehearse.scenario import PartnerResume, PartnerSuspend
from beaconfire.rehearse.sensing import SimulatedSensor
from beaconfire.rehearse.truth.force import height_m
from beaconfire.rehearse.truth.place import geodetic, ground_range_m
from tests.rehearse.played import played, scenario

FIGURE = 2e-4
LAUNCHING = ("2024-11-05", "2025-01-06", "lofted", "overflight", "real-booster")


def first(name: str) -> TruthObject:
    return launch_object(scenario(name).launches[0])


def facts(name: str) -> Facts:
    stated = first(name).facts
    assert stated is not None
    return stated


@cache
def views(name: str) -> dict[str, np.ndarray]:
    """Seconds after lift-off at which each sensor sees the first launch."""
    item, found = first(name), {}
    for index, sensor in enumerate(scenario(name).sensors):
        simulated = SimulatedSensor(scenario(name), index, seed=0)
        times = simulated.times_s[item.alive(simulated.times_s)]
        found[sensor.id] = times[simulated.visible(item, times)] - facts(name).launch.time_s
    return found


def nation_views(name: str, nation: str, *, radars: bool = True) -> np.ndarray:
    ids = [s.id for s in scenario(name).sensors if s.nation == nation and (s.kind == "radar") is radars]
    return np.sort(np.concatenate([views(name)[identifier] for identifier in ids]))


@pytest.mark.parametrize("name", LAUNCHING)
def test_three_nations_take_part_with_the_default_sites(name: str) -> None:
    read = scenario(name)
    assert [nation.code for nation in read.nations] == ["KOR", "JPN", "USA"]
    sites = {(sensor.latitude_deg, sensor.longitude_deg) for sensor in read.sensors}
    for site in ((36.6, 127.4), (35.2, 129.1), (38.1, 138.4), (41.3, 141.1), (31.6, 129.7), (40.9, 140.3),
                 (35.8, 135.2), (38.5, 132.5), (None, 85.0), (None, 120.0), (None, 165.0)):  # fmt: skip
        assert site in sites


@pytest.mark.parametrize("name", LAUNCHING)
@pytest.mark.parametrize("nation", ["KOR", "JPN", "USA"])
def test_every_nation_has_own_detections_enough_for_a_track(name: str, nation: str) -> None:
    assert nation_views(name, nation).size >= 20
    if nation == "USA":
        assert nation_views(name, nation, radars=False).size >= 3


@pytest.mark.parametrize("name", LAUNCHING)
def test_one_nation_sees_the_boost(name: str) -> None:
    burnout_s = facts(name).burnouts[-1].time_s - facts(name).launch.time_s
    assert np.sum(nation_views(name, "KOR") < burnout_s) >= 4


def test_2025_01_06_is_the_announced_flight() -> None:
    stated = facts("2025-01-06")
    start_ns = scenario("2025-01-06").start_ns
    assert start_ns + int(stated.launch.time_s * 1e9) == parse_utc("2025-01-06T03:00:00Z")
    assert stated.range_m == pytest.approx(1100e3, rel=FIGURE)
    assert stated.apogee.altitude_m == pytest.approx(99.8e3, rel=FIGURE)
    assert stated.azimuth_deg == 50.0
    assert first("2025-01-06").end_s < scenario("2025-01-06").duration_s


def test_2025_01_06_dips_where_its_file_says_within_view() -> None:
    stated = facts("2025-01-06")
    wish = scenario("2025-01-06").launches[0].glide
    assert wish is not None
    (dip,), (told,) = stated.dips, wish.dip
    assert dip.time_s - stated.launch.time_s == pytest.approx(told.time_s, abs=5.0)
    assert ground_range_m((dip.latitude_deg, dip.longitude_deg), (told.latitude_deg, told.longitude_deg)) < 5e3
    assert dip.altitude_m == pytest.approx(told.altitude_m, abs=5.0)
    bottom_s = dip.time_s - stated.launch.time_s
    ship = views("2025-01-06")["USA-S1"]
    assert np.sum((ship > bottom_s - 20.0) & (ship < bottom_s)) >= 8
    assert np.sum((ship > bottom_s) & (ship < bottom_s + 40.0)) >= 15
    assert np.sum(nation_views("2025-01-06", "JPN") > bottom_s + 40.0) >= 20


def test_2025_01_06_would_pass_north_of_hokkaido() -> None:
    from geographiclib.geodesic import Geodesic

    line = Geodesic.WGS84.Line(39.2, 126.0, 50.0)
    beyond = [line.Position(distance) for distance in np.linspace(1.2e6, 1.9e6, 50)]
    over = [point["lat2"] for point in beyond if 140.0 < point["lon2"] < 145.5]
    assert over
    assert min(over) > 45.5  # Cape Soya is at 45.52 N


def test_2024_11_05_is_seven_in_nine_minutes_into_the_sea() -> None:
    launches = [launch_object(launch).facts for launch in scenario("2024-11-05").launches]
    times = [stated.launch.time_s for stated in launches if stated]
    assert len(times) == 7
    assert 480.0 < times[-1] - times[0] <= 560.0
    assert max(np.diff(times)) < 300.0
    start_ns = scenario("2024-11-05").start_ns
    assert start_ns + int(times[0] * 1e9) == parse_utc("2024-11-04T22:30:00Z")
    for stated in launches:
        assert stated is not None
        assert stated.range_m == pytest.approx(400e3, rel=0.02)
        assert stated.apogee.altitude_m == pytest.approx(100e3, rel=0.03)
        assert stated.impact is not None
        assert stated.impact.longitude_deg > 129.5  # east of the coast
        assert ground_range_m((stated.launch.latitude_deg, stated.launch.longitude_deg), (38.51, 125.76)) < 5e3


def test_overflight_crosses_northern_japan() -> None:
    item = first("overflight")
    places = [geodetic(place) for place in item.at(np.arange(item.start_s, item.end_s, 1.0))[0]]
    over = [latitude for latitude, longitude, _ in places if 140.0 < longitude < 141.5]
    assert all(40.2 < latitude < 41.6 for latitude in over)  # Aomori and the Tsugaru strait
    assert facts("overflight").range_m == pytest.approx(4600e3, rel=FIGURE)
    assert facts("overflight").apogee.altitude_m == pytest.approx(970e3, rel=FIGURE)
    assert item.end_s - item.start_s == pytest.approx(1320.0, abs=60.0)


def test_lofted_flies_for_69_minutes_mostly_unseen() -> None:
    item, stated = first("lofted"), facts("lofted")
    assert 68.0 * 60.0 <= item.end_s - item.start_s <= 70.0 * 60.0
    assert stated.apogee.altitude_m == pytest.approx(6050e3, abs=50e3)
    assert stated.range_m == pytest.approx(1000e3, rel=FIGURE)
    seen = np.sort(np.concatenate(list(views("lofted").values())))
    assert np.max(np.diff(seen)) > 3000.0
    assert np.sum(seen > 3500.0) > 100


def test_partner_leaves_is_the_same_flight_with_a_parting_while_it_flies() -> None:
    """What parting costs can be held against `2025-01-06`, in which nobody parts."""
    parted, whole = scenario("partner-leaves"), scenario("2025-01-06")
    assert (parted.launches, parted.sensors, parted.seed) == (whole.launches, whole.sensors, whole.seed)
    suspend, resume = parted.injects
    assert isinstance(suspend, PartnerSuspend)
    assert isinstance(resume, PartnerResume)
    impact = first("partner-leaves").facts
    assert impact is not None
    assert impact.impact is not None
    assert parted.launches[0].time_s < suspend.time_s < resume.time_s < impact.impact.time_s


def test_real_booster_burns_158_seconds_and_ends_in_the_air() -> None:
    stated = facts("real-booster")
    assert stated.burnouts[0].time_s - stated.launch.time_s == 158.0
    assert stated.impact is None
    assert first("real-booster").thrust_s[1] == (420.0, 436.0)
    assert np.sum(nation_views("real-booster", "KOR") < 158.0) > 40


def test_quiet_day_is_an_hour_without_a_launch_and_affordable() -> None:
    simulation = played("quiet-day")
    assert simulation.scenario.launches == ()
    assert simulation.scenario.duration_s == 3600.0
    rows = [label for _, _, _, ids in simulation.scans() for label in ids]
    assert 10_000 < len(rows) < 150_000
    seen = {label.rstrip("0123456789-")[:3] for label in rows}
    assert {"AIR", "SAT", "MET", ""} <= seen


def test_nothing_of_the_truth_comes_from_the_engines_physics() -> None:
    """The engine must not be graded against itself."""
    import ast
    from pathlib import Path

    import beaconfire.rehearse.truth as truth

    for path in Path(truth.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
            assert not module.startswith(("beaconfire.earth", "beaconfire.sense", "beaconfire.track"))


def test_no_truth_goes_underground() -> None:
    for name in LAUNCHING:
        for launch in scenario(name).launches:
            item = launch_object(launch)
            places = item.at(np.linspace(item.start_s, item.end_s, 200))[0]
            assert min(height_m(*(float(value) for value in place)) for place in places) > -1.0
