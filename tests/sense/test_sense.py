"""The door of `sense`: what becomes a measurement, what is held back and why, and that nothing raises."""

import math
from typing import Any

import msgspec
import numpy as np
import pymap3d
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel.limits import REPLAY_HORIZON_S
from beaconfire.kernel.records import BiasSigma, Detection, Scan, Sensor
from beaconfire.kernel.time import NS_PER_S, parse_utc
from beaconfire.sense import MAX_AHEAD_S, Quarantined, Sense

NOW_NS = parse_utc("2025-01-06T03:00:00Z")
RADAR = Sensor(
    id="R1", nation="KOR", kind="radar", latitude_deg=36.6, longitude_deg=127.4, altitude_m=300.0, max_range_m=900e3,
    bias_sigma=BiasSigma(range_m=20.0, azimuth_deg=0.02, elevation_deg=0.03),
)  # fmt: skip
EYE = Sensor(id="I1", nation="USA", kind="infrared", longitude_deg=120.0, los_sigma_rad=3e-5, min_altitude_m=12e3)
SHIP = Sensor(id="S1", nation="USA", kind="radar", max_range_m=500e3, range_sigma_m=10.0)


Accepted = tuple[Any, tuple[Quarantined, ...]]  # the scan, or None where nothing could be said of it
Number = float | None
Triple = tuple[Number, Number, Number] | None


def row(sensor_id: str = "R1", time_ns: int = NOW_NS, **values: Any) -> Detection:
    return Detection(time_ns=time_ns, sensor_id=sensor_id, **values)


def full(**changes: Any) -> Detection:
    values = {"range_m": 200e3, "azimuth_rad": 0.5, "elevation_rad": 0.3, "range_rate_m_s": -100.0}
    return row(**(values | changes))


def accept(*rows: Detection, sensor: Sensor = RADAR, now_ns: int = NOW_NS, time_ns: int = NOW_NS) -> Accepted:
    return Sense([sensor]).accept(Scan(time_ns, sensor.id, tuple(rows)), now_ns=now_ns)


def reason(*rows: Detection, sensor: Sensor = RADAR, now_ns: int = NOW_NS) -> str:
    scan, held = accept(*rows, sensor=sensor, now_ns=now_ns)
    assert scan is None or not scan.measurements
    assert len(held) == 1 and held[0].index == 0 and held[0].detection == rows[0]
    return held[0].reason


def test_a_radar_row_becomes_a_measurement() -> None:
    scan, held = accept(full())
    assert held == ()
    assert (scan.kind, scan.nation, scan.sensor_id, scan.time_ns, scan.period_s) == ("radar", "KOR", "R1", NOW_NS, 2.0)
    (item,) = scan.measurements
    np.testing.assert_array_equal(item.values, [200e3, 0.5, 0.3, -100.0])
    assert (item.kind, item.time_ns, item.thrusting, item.covariance) == ("radar", NOW_NS, False, None)
    np.testing.assert_allclose(item.site_ecef_m, pymap3d.geodetic2ecef(36.6, 127.4, 300.0), atol=1e-6)
    np.testing.assert_allclose(item.axes_enu, [pymap3d.enu2uvw(*unit, 36.6, 127.4) for unit in np.eye(3)], atol=1e-12)


def test_sigmas_hold_noise_and_constant_error_and_say_which_part_is_constant() -> None:
    (item,) = accept(full())[0].measurements
    np.testing.assert_allclose(item.bias_sigmas, [20.0, math.radians(0.02), math.radians(0.03)])
    noise = [30.0, math.radians(0.05), math.radians(0.05)]
    np.testing.assert_allclose(item.sigmas[:3], np.hypot(noise, item.bias_sigmas))
    assert item.sigmas[3] == 2.0


def test_a_row_s_own_sigmas_go_before_the_sensor_s() -> None:
    (item,) = accept(full(range_sigma_m=5.0, azimuth_sigma_rad=1e-4, range_rate_sigma_m_s=0.5))[0].measurements
    assert item.sigmas[0] == pytest.approx(math.hypot(5.0, 20.0))
    assert item.sigmas[1] == pytest.approx(math.hypot(1e-4, math.radians(0.02)))
    assert item.sigmas[2] == pytest.approx(math.hypot(math.radians(0.05), math.radians(0.03)))
    assert item.sigmas[3] == 0.5


@pytest.mark.parametrize("missing", ["range_m", "azimuth_rad", "elevation_rad", "range_rate_m_s"])
def test_what_is_not_measured_is_nan(missing: str) -> None:
    (item,) = accept(full(**{missing: None}))[0].measurements
    assert np.isnan(item.values).sum() == 1
    assert np.isfinite(item.sigmas).all()


def test_a_clock_error_is_a_constant_error_of_place() -> None:
    late = msgspec.structs.replace(RADAR, bias_sigma=BiasSigma(time_s=0.01))
    (item,) = accept(full(), sensor=late)[0].measurements
    np.testing.assert_allclose(item.bias_sigmas, [30.0, 30.0 / 200e3, 30.0 / 200e3])


def test_an_infrared_row_is_a_thrusting_line_of_sight() -> None:
    scan, held = accept(row("I1", los_ecef=(0.6, 0.0, 0.8)), sensor=EYE)
    assert held == () and scan.kind == "los" and scan.min_altitude_m == 12e3 and scan.period_s == 10.0
    (item,) = scan.measurements
    assert item.thrusting and item.kind == "los"
    np.testing.assert_allclose(item.values, [0.6, 0.0, 0.8])
    np.testing.assert_allclose(item.sigmas, [3e-5])
    np.testing.assert_allclose(item.site_ecef_m, pymap3d.geodetic2ecef(0.0, 120.0, 35_786e3), atol=1e-3)


def test_directions_become_what_the_other_columns_make_of_them() -> None:
    place = np.array(pymap3d.geodetic2ecef(36.6, 127.4, 300.0))
    there = np.array(pymap3d.aer2ecef(70.0, 20.0, 300e3, 36.6, 127.4, 300.0))
    line = tuple(float(v) for v in (there - place) / np.linalg.norm(there - place))
    (item,) = accept(row(range_m=300e3, los_ecef=line, los_sigma_rad=1e-4))[0].measurements
    np.testing.assert_allclose(np.degrees(item.values[1:3]), [70.0, 20.0], atol=1e-9)
    assert item.kind == "radar" and item.sigmas[1] == pytest.approx(math.hypot(1e-4, math.radians(0.02)))
    ground = msgspec.structs.replace(EYE, latitude_deg=36.6, longitude_deg=127.4, altitude_m=300.0)
    angles = row("I1", azimuth_rad=math.radians(70.0), elevation_rad=math.radians(20.0))
    (item,) = accept(angles, sensor=ground)[0].measurements
    assert item.kind == "los"
    np.testing.assert_allclose(item.values, line, atol=1e-9)


def test_a_moving_sensor_stands_where_its_row_says() -> None:
    place = tuple(float(v) for v in pymap3d.geodetic2ecef(38.5, 132.5, 20.0))
    scan, held = accept(row("S1", range_m=1e5, azimuth_rad=1.0, elevation_rad=0.2, sensor_ecef_m=place), sensor=SHIP)
    assert held == ()
    np.testing.assert_allclose(scan.measurements[0].site_ecef_m, place)
    np.testing.assert_allclose(scan.site_ecef_m, place)
    np.testing.assert_allclose(scan.axes_enu[2], pymap3d.enu2uvw(0, 0, 1, 38.5, 132.5), atol=1e-9)


def test_a_sensor_without_a_place_says_nothing() -> None:
    assert "no place" in reason(row("S1", range_m=1e5, azimuth_rad=1.0, elevation_rad=0.2), sensor=SHIP)
    assert accept(sensor=SHIP) == (None, ())
    inside = (1e6, 0.0, 0.0)
    assert "inside the Earth" in reason(row("S1", range_m=1e5, azimuth_rad=1.0, sensor_ecef_m=inside), sensor=SHIP)


def test_an_empty_scan_says_that_the_sensor_saw_nothing() -> None:
    scan, held = accept()
    assert scan.measurements == () and held == () and scan.time_ns == NOW_NS


def test_false_alarms_are_spread_over_what_the_sensor_measures() -> None:
    scan, _ = accept(full())
    volume = 900e3 * 2 * math.pi * (math.pi / 2 - math.radians(1.0))
    assert scan.false_density == pytest.approx(0.5 / volume)
    assert accept(row("I1", los_ecef=(1.0, 0.0, 0.0)), sensor=EYE)[0].false_density == pytest.approx(0.5 / 0.0725)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"range_m": 1200e3}, "reach"),
        ({"range_m": -5.0}, "reach"),
        ({"elevation_rad": math.radians(-10.0)}, "field of view"),
        ({"elevation_rad": 1.8}, "vertical"),
        ({"azimuth_rad": math.nan}, "not finite"),
        ({"range_rate_m_s": math.inf}, "not finite"),
        ({"range_sigma_m": 0.0}, "not positive"),
        ({"azimuth_sigma_rad": -1.0}, "not positive"),
        ({"range_m": None, "azimuth_rad": None, "elevation_rad": None, "range_rate_m_s": None}, "nothing"),
        ({"range_m": None, "range_rate_m_s": None, "los_ecef": (0.0, 0.0, 0.0)}, "unit vector"),
    ],
)
def test_what_cannot_be_is_held_back(changes: dict[str, Any], words: str) -> None:
    assert words in reason(full(**changes))


def test_a_place_under_the_ground_is_held_back() -> None:
    mountain = msgspec.structs.replace(RADAR, min_elevation_deg=-10.0)
    assert "above the ellipsoid" in reason(full(elevation_rad=math.radians(-12.0), range_m=300e3), sensor=mountain)


def test_times_that_cannot_be_are_held_back() -> None:
    late = NOW_NS + REPLAY_HORIZON_S * NS_PER_S + 1
    early = NOW_NS - round(MAX_AHEAD_S * NS_PER_S) - 1
    assert accept(full(), now_ns=late)[0] is None and "ago" in reason(full(), now_ns=late)
    assert accept(full(), now_ns=early)[0] is None and "future" in reason(full(), now_ns=early)
    assert accept(full(), now_ns=late - 1)[0].measurements and accept(full(), now_ns=early + 1)[0].measurements


def test_an_unknown_sensor_is_held_back() -> None:
    scan, held = Sense([RADAR]).accept(Scan(NOW_NS, "R2", (full(sensor_id="R2"),)), now_ns=NOW_NS)
    assert scan is None and held[0].reason == "unknown sensor"


def test_twins_and_strangers_in_a_scan_are_held_back() -> None:
    scan, held = accept(full(), full(), full(range_m=201e3), full(sensor_id="R9"), full(time_ns=NOW_NS + 1))
    assert [item.id for item in scan.measurements] == [f"R1:{NOW_NS}:0", f"R1:{NOW_NS}:2"]
    assert [(item.index, item.reason) for item in held] == [
        (1, "the same detection twice"),
        (3, "belongs to another scan"),
        (4, "belongs to another scan"),
    ]


def test_a_flood_is_cut() -> None:
    rows = tuple(full(range_m=1e5 + n) for n in range(20_003))
    scan, held = accept(*rows)
    assert len(scan.measurements) == 20_000 and [item.index for item in held] == [20_000, 20_001, 20_002]
    assert "more than 20000" in held[0].reason


def test_light_time_is_taken_off_where_the_sensor_dates_by_reception() -> None:
    far = msgspec.structs.replace(RADAR, time_of="reception")
    (item,) = accept(full(), sensor=far)[0].measurements
    assert item.time_ns == NOW_NS - round(200e3 / 299_792_458.0 * 1e9)
    (blind,) = accept(full(range_m=None), sensor=far)[0].measurements
    assert blind.time_ns == NOW_NS - round(450e3 / 299_792_458.0 * 1e9)
    eye = msgspec.structs.replace(EYE, time_of="reception")
    place = np.array(pymap3d.geodetic2ecef(0.0, 120.0, 35_786e3))
    there = np.array(pymap3d.geodetic2ecef(39.0, 126.0, 60e3))
    line = (there - place) / np.linalg.norm(there - place)
    (item,) = accept(row("I1", los_ecef=tuple(line.tolist())), sensor=eye)[0].measurements
    # The object is taken to be 100 km up: 1 ms for every 300 km wrong.
    assert (NOW_NS - item.time_ns) / 1e9 == pytest.approx(np.linalg.norm(there - place) / 299_792_458.0, abs=1e-3)
    assert accept(sensor=eye)[0].time_ns < NOW_NS


numbers = st.one_of(
    st.none(), st.floats(allow_nan=True, allow_infinity=True), st.sampled_from([0.0, -0.0, 1e308, 5e-324])
)


def whole(triple: Triple) -> Triple:
    return None if triple is None or None in triple else triple


@given(
    range_m=numbers, azimuth_rad=numbers, elevation_rad=numbers, range_rate_m_s=numbers, range_sigma_m=numbers,
    azimuth_sigma_rad=numbers, los_sigma_rad=numbers, los=st.one_of(st.none(), st.tuples(numbers, numbers, numbers)),
    place=st.one_of(st.none(), st.tuples(numbers, numbers, numbers)), which=st.sampled_from([RADAR, EYE, SHIP]),
)  # fmt: skip
def test_any_numbers_are_a_finite_measurement_or_held_back(
    los: Triple, place: Triple, which: Sensor, **values: Any
) -> None:
    item = row(which.id, los_ecef=whole(los), sensor_ecef_m=whole(place), **values)
    flagged: tuple[dict[str, Any], ...] = ({}, {"refraction": True, "time_of": "reception"})
    for flags in flagged:
        scan, held = accept(item, sensor=msgspec.structs.replace(which, **flags))
        assert (scan is not None and len(scan.measurements) == 1 and not held) or len(held) == 1
        for taken in scan.measurements if scan is not None else ():
            assert np.isfinite(taken.values[~np.isnan(taken.values)]).all() and (~np.isnan(taken.values)).any()
            assert np.isfinite(taken.sigmas).all() and (taken.sigmas > 0.0).all()
