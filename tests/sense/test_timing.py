"""A sensor's clock is judged by when its scans arrive: one scan proves ahead, the least delayed of many behind."""

import pytest

from beaconfire.kernel.limits import SENSOR_AHEAD_S, SENSOR_BEHIND_S, SENSOR_SCANS
from beaconfire.kernel.records import Scan
from beaconfire.kernel.sensors import parse_sensors
from beaconfire.kernel.time import from_seconds, parse_utc
from beaconfire.sense import Sense
from beaconfire.sense.timing import SensorClocks

NOW_NS = parse_utc("2025-01-06T03:02:00Z")
SENSORS = b"""[[sensor]]
id = "R1"
nation = "KOR"
kind = "radar"
latitude_deg = 36.6
longitude_deg = 127.4
altitude_m = 300.0
range_sigma_m = 30.0
azimuth_sigma_deg = 0.05
elevation_sigma_deg = 0.05
max_range_m = 900e3
period_s = 2.0
"""


def hear(clocks: SensorClocks, error_s: float, *, scans: int = SENSOR_SCANS, delay_s: float = 0.03) -> list[str]:
    """Let a sensor whose clock is `error_s` ahead send scans through a feed that delays them; returns what was said."""
    said = []
    for number in range(scans):
        now_ns = NOW_NS + from_seconds(2.0 * number)
        words = clocks.heard("R1", time_ns=now_ns - from_seconds(delay_s - error_s), now_ns=now_ns)
        said += [] if words is None else [words]
    return said


@pytest.mark.parametrize("error_s", [0.1, 0.5, 1.0, 18.0, 37.0, 60.0, 3600.0])
def test_a_clock_that_is_ahead_is_said_once_with_its_size(error_s: float) -> None:
    clocks = SensorClocks()
    assert hear(clocks, error_s) == [f"its clock is at least {error_s - 0.03:.2f} s ahead"]
    assert list(clocks.troubles) == ["R1"]


@pytest.mark.parametrize("error_s", [-2.0, -18.0, -37.0, -60.0, -3600.0])
def test_a_clock_that_is_behind_is_said_when_no_scan_came_sooner(error_s: float) -> None:
    clocks = SensorClocks()
    assert hear(clocks, error_s, scans=SENSOR_SCANS - 1) == []
    assert hear(clocks, error_s, scans=1) == [f"its clock is {0.03 - error_s:.2f} s behind, or its feed as late"]


@pytest.mark.parametrize("error_s", [0.001, 0.01, 0.03, -0.001, -0.05, -0.5, -1.0])
def test_what_a_feed_may_delay_is_not_called_a_wrong_clock(error_s: float) -> None:
    clocks = SensorClocks()
    assert hear(clocks, error_s) == []
    assert clocks.troubles == {}


def test_one_delayed_scan_is_no_trouble_and_trouble_ends_when_the_old_scans_are_forgotten() -> None:
    clocks = SensorClocks()
    hear(clocks, 0.0, scans=3)
    assert hear(clocks, -30.0, scans=5) == []
    assert hear(clocks, 0.5, scans=1) == ["its clock is at least 0.47 s ahead"]
    assert hear(clocks, 0.0, scans=SENSOR_SCANS - 1) == []
    assert hear(clocks, 0.0, scans=1) == [""]
    assert clocks.troubles == {}


def test_the_bounds_leave_a_tick_and_a_feed_their_time() -> None:
    assert 0.0 < SENSOR_AHEAD_S <= 0.1 < 1.0 < SENSOR_BEHIND_S


@pytest.mark.parametrize(("error_s", "held"), [(0.5, ""), (60.0, "in the future"), (-3600.0, "more than 900 s ago")])
def test_sense_watches_every_known_sensor_even_where_it_holds_everything_back(error_s: float, held: str) -> None:
    sense = Sense(parse_sensors(SENSORS, where="sensors.toml"))
    for number in range(SENSOR_SCANS):
        now_ns = NOW_NS + from_seconds(2.0 * number)
        measured, _ = sense.accept(Scan(now_ns + from_seconds(error_s), "R1", ()), now_ns=now_ns)
        assert (measured is None) is bool(held)
    assert list(sense.clock_troubles()) == ["R1"]
    assert list(sense.drain_clock_news()) == ["R1"]
    assert sense.drain_clock_news() == {}
    sense.accept(Scan(NOW_NS, "unheard of", ()), now_ns=NOW_NS)
    assert list(sense.clock_troubles()) == ["R1"]
