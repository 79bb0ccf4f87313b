"""Simulated sensors: noise, bias, misses, false alarms and cover are what the sensor's file says."""

import math

import msgspec
import numpy as np
import pymap3d
import pytest
from scipy.stats import chi2, poisson

from beaconfire.kernel.records import BiasSigma, Sensor
from beaconfire.rehearse.scenario import Clutter, SensorBias, SensorDown, SensorUp
from beaconfire.rehearse.sensing import LIGHT_M_S, SensorScan, SimulatedSensor
from tests.rehearse.played import parked, radar, with_sensors

BAND = 0.999  # two-sided share of runs in which a right simulation passes
OVERHEAD = np.array(pymap3d.geodetic2ecef(36.6, 127.4, 120e3))
TARGET = np.array(pymap3d.geodetic2ecef(38.0, 129.0, 90e3))
INFRARED = Sensor(id="USA-I1", nation="USA", kind="infrared", longitude_deg=120.0, false_alarms_per_scan=0.0)


def watch(
    sensor: Sensor, *objects: object, seed: int = 1, **changes: object
) -> tuple[SimulatedSensor, list[SensorScan]]:
    """A sensor that watches objects through the small scenario."""
    simulated = SimulatedSensor(with_sensors(sensor, launches=(), **changes), 0, seed=seed)
    return simulated, simulated.scans(objects)  # type: ignore[arg-type]


def column(scans: list[SensorScan], name: str) -> np.ndarray:
    return np.array([getattr(row, name) for scan in scans for row in scan.detections])


def in_band(errors: np.ndarray, sigma: float) -> bool:
    """Whether a sum of squares lies in the two-sided chi-square band."""
    low, high = (float(chi2.ppf(share, errors.size)) for share in ((1 - BAND) / 2, (1 + BAND) / 2))
    return bool(low <= float(np.sum((errors / sigma) ** 2)) <= high)


@pytest.mark.parametrize("target", [TARGET, OVERHEAD + np.array([30e3, 0.0, 0.0])])
def test_radar_noise_is_chi_square_about_another_librarys_geometry(target: np.ndarray) -> None:
    sensor = radar(false_alarms_per_scan=0.0, detection_probability=1.0, range_rate_sigma_m_s=2.0, period_s=0.2)
    _, scans = watch(sensor, parked(target))
    azimuth, elevation, distance = pymap3d.ecef2aer(*target, 36.6, 127.4, 300.0)
    assert column(scans, "range_m").size == 2000
    assert in_band(column(scans, "range_m") - distance, 30.0)
    turned = np.remainder(column(scans, "azimuth_rad") - math.radians(azimuth) + math.pi, 2 * math.pi) - math.pi
    assert in_band(turned, math.radians(0.05))
    assert in_band(column(scans, "elevation_rad") - math.radians(elevation), math.radians(0.05))
    assert in_band(column(scans, "range_rate_m_s"), 2.0)
    assert np.all((column(scans, "azimuth_rad") >= 0.0) & (column(scans, "azimuth_rad") < 2.0 * math.pi))


def test_over_the_zenith_is_the_other_side_of_the_sky() -> None:
    sensor = radar(false_alarms_per_scan=0.0, elevation_sigma_deg=2.0, period_s=0.2)
    _, scans = watch(sensor, parked(OVERHEAD))
    assert column(scans, "elevation_rad").max() <= 0.5 * math.pi


def test_biases_follow_the_stated_sigmas_and_shift_every_measurement() -> None:
    sigma = BiasSigma(range_m=500.0, azimuth_deg=1.0, elevation_deg=1.0)
    sensor = radar(bias_sigma=sigma, false_alarms_per_scan=0.0, period_s=0.5)
    azimuth, elevation, distance = pymap3d.ecef2aer(*TARGET, 36.6, 127.4, 300.0)
    draws = []
    for seed in range(12):
        simulated, scans = watch(sensor, parked(TARGET), seed=seed)
        bias = simulated.bias
        draws += [bias.range_m / 500.0, math.degrees(bias.azimuth_rad), math.degrees(bias.elevation_rad)]
        few = 4.0 / math.sqrt(column(scans, "range_m").size)
        assert column(scans, "range_m").mean() - distance == pytest.approx(bias.range_m, abs=30.0 * few)
        mean = column(scans, "azimuth_rad").mean() - math.radians(azimuth)
        assert mean == pytest.approx(bias.azimuth_rad, abs=math.radians(0.05) * few)
        mean = column(scans, "elevation_rad").mean() - math.radians(elevation)
        assert mean == pytest.approx(bias.elevation_rad, abs=math.radians(0.05) * few)
    assert in_band(np.array(draws), 1.0)


def test_a_calibrated_sensor_has_no_bias() -> None:
    bias = watch(radar())[0].bias
    assert (bias.range_m, bias.azimuth_rad, bias.elevation_rad, bias.los_rad, bias.time_s) == (0, 0, 0, (0, 0, 0), 0)


def test_misses_follow_the_detection_probability() -> None:
    sensor = radar(detection_probability=0.7, false_alarms_per_scan=0.0, period_s=0.2)
    _, scans = watch(sensor, parked(TARGET))
    hits = sum(len(scan.detections) for scan in scans)
    spread = math.sqrt(2000 * 0.7 * 0.3)
    assert hits == pytest.approx(1400, abs=3.3 * spread)


def test_false_alarms_are_poisson_and_uniform_in_cover() -> None:
    _, scans = watch(radar(false_alarms_per_scan=3.0, period_s=0.2))
    counts = np.array([len(scan.detections) for scan in scans])
    low, high = (float(poisson.ppf(share, 3.0 * counts.size)) for share in ((1 - BAND) / 2, (1 + BAND) / 2))
    assert low <= counts.sum() <= high
    assert counts.var() == pytest.approx(3.0, rel=0.15)
    assert {label for scan in scans for label in scan.object_ids} == {""}
    ranges, azimuths, elevations = (column(scans, name) for name in ("range_m", "azimuth_rad", "elevation_rad"))
    for values, begin, end in (
        (ranges, 3e3, 900e3), (azimuths, 0.0, 2.0 * math.pi), (elevations, math.radians(1.0), math.pi / 2)
    ):  # fmt: skip
        share = np.histogram(values, bins=10, range=(begin, end))[0]
        expected = counts.sum() / 10
        assert float(np.sum((share - expected) ** 2 / expected)) < chi2.ppf(BAND, 9)


def test_a_radar_sees_neither_below_its_elevation_nor_beyond_its_range() -> None:
    sensor = radar(false_alarms_per_scan=0.0, min_elevation_deg=2.0, max_range_m=500e3)
    simulated, _ = watch(sensor)
    for longitude in np.linspace(127.5, 140.0, 26):
        for height in (5e3, 20e3, 60e3, 300e3):
            place = np.array(pymap3d.geodetic2ecef(36.6, longitude, height))
            _, elevation, distance = pymap3d.ecef2aer(*place, 36.6, 127.4, 300.0)
            seen = bool(simulated.visible(parked(place), np.array([1.0]))[0])
            assert seen is bool(elevation >= 2.0 and distance <= 500e3)


def test_infrared_sees_thrust_above_its_height_in_front_of_the_limb() -> None:
    simulated, _ = watch(INFRARED)
    high = np.array(pymap3d.geodetic2ecef(39.0, 126.0, 10.5e3))
    low = np.array(pymap3d.geodetic2ecef(39.0, 126.0, 9.5e3))
    far = np.array(pymap3d.geodetic2ecef(39.0, -60.0, 100e3))
    burning = ((0.0, 60.0),)
    assert simulated.visible(parked(high, thrust_s=burning), np.array([59.0, 61.0])).tolist() == [True, False]
    assert simulated.visible(parked(low, thrust_s=burning), np.array([59.0])).tolist() == [False]
    assert simulated.visible(parked(far, thrust_s=burning), np.array([59.0])).tolist() == [False]
    assert simulated.visible(parked(high), np.array([59.0])).tolist() == [False]


def test_infrared_lines_of_sight_scatter_by_their_sigma_both_ways_across() -> None:
    sensor = msgspec.structs.replace(INFRARED, period_s=0.2, detection_probability=1.0)
    simulated, scans = watch(sensor, parked(TARGET, thrust_s=((0.0, 400.0),)))
    lines = column(scans, "los_ecef")
    true = TARGET - simulated.site.position_m
    true /= np.linalg.norm(true)
    assert np.linalg.norm(lines, axis=1) == pytest.approx(np.ones(2000), abs=1e-12)
    east = np.cross([0.0, 0.0, 1.0], true) / np.linalg.norm(np.cross([0.0, 0.0, 1.0], true))
    assert in_band(lines @ east, 3e-5)
    assert in_band(lines @ np.cross(true, east), 3e-5)


def test_infrared_false_alarms_lie_on_the_earths_disc() -> None:
    simulated, scans = watch(msgspec.structs.replace(INFRARED, false_alarms_per_scan=20.0))
    lines, place = column(scans, "los_ecef"), simulated.site.position_m
    nearest = np.linalg.norm(np.cross(place, lines), axis=1)
    assert lines.shape[0] > 600
    assert nearest.max() < 6378137.0 + 10e3  # and their own noise
    assert np.median(nearest) == pytest.approx(6378137.0 * math.sqrt(0.5), rel=0.08)


def test_reception_time_is_later_by_the_light_time() -> None:
    base = {"false_alarms_per_scan": 0.0, "detection_probability": 1.0}
    _, at_object = watch(radar(**base), parked(TARGET))
    _, received = watch(radar(**base, time_of="reception"), parked(TARGET))
    late = column(received, "time_ns") - column(at_object, "time_ns")
    distance = float(np.linalg.norm(TARGET - np.array(pymap3d.geodetic2ecef(36.6, 127.4, 300.0))))
    assert late == pytest.approx(np.full(late.size, 1e9 * distance / LIGHT_M_S), abs=2)


def test_a_sensors_clock_error_moves_its_stamps() -> None:
    sensor = radar(bias_sigma=BiasSigma(time_s=0.05), false_alarms_per_scan=0.0, detection_probability=1.0)
    simulated, scans = watch(sensor, parked(TARGET))
    shift = [scan.detections[0].time_ns - scan.time_ns for scan in scans]
    assert simulated.bias.time_s != 0.0
    assert shift == pytest.approx([1e9 * simulated.bias.time_s] * len(shift), abs=2)


def test_a_sensor_is_silent_while_it_is_down() -> None:
    injects = (SensorDown(time_s=100.0, sensor="KOR-R1"), SensorUp(time_s=150.0, sensor="KOR-R1"))
    simulated, _ = watch(radar(), injects=injects)
    times = simulated.times_s
    assert not np.any((times >= 100.0) & (times < 150.0))
    assert times.size == 350
    other, _ = watch(radar(id="KOR-R2"), injects=injects)
    assert other.times_s.size == 400


def test_an_injected_bias_begins_when_it_is_told() -> None:
    inject = SensorBias(time_s=200.0, sensor="KOR-R1", range_m=5000.0)
    _, scans = watch(radar(false_alarms_per_scan=0.0), parked(TARGET), injects=(inject,))
    _, plain = watch(radar(false_alarms_per_scan=0.0), parked(TARGET))
    moved = column(scans, "range_m") - column(plain, "range_m")
    times = (column(scans, "time_ns") - column(scans, "time_ns")[0]) / 1e9
    assert moved[times < 190.0] == pytest.approx(0.0, abs=1e-6)
    assert moved[times > 201.0] == pytest.approx(5000.0, abs=1e-6)


def test_clutter_lies_in_its_patch_and_moves_slowly() -> None:
    patch = Clutter(latitude_deg=37.0, longitude_deg=128.5, radius_m=40e3, top_m=3000.0, false_alarms_per_scan=2.0)
    simulated, scans = watch(radar(false_alarms_per_scan=0.0, min_elevation_deg=0.2), backgrounds=(patch,))
    ranges, azimuths, elevations = (column(scans, name) for name in ("range_m", "azimuth_rad", "elevation_rad"))
    places = [pymap3d.aer2ecef(math.degrees(a), math.degrees(e), r, 36.6, 127.4, 300.0)
              for a, e, r in zip(azimuths, elevations, ranges, strict=True)]  # fmt: skip
    latitude, longitude, height = pymap3d.ecef2geodetic(*np.array(places).T)
    east, north = (longitude - 128.5) * 89e3, (latitude - 37.0) * 111e3
    assert 100 < ranges.size <= 1000
    assert np.hypot(east, north).max() < 41e3
    assert height.max() < 3400.0
    assert np.abs(column(scans, "range_rate_m_s")).max() < 15.0 + 5 * 2.0
    assert simulated.sensor.id == "KOR-R1"


def test_phases_keep_sensors_apart() -> None:
    scenario = with_sensors(*(radar(id=f"KOR-R{number}", period_s=2.0) for number in range(1, 9)))
    firsts = [SimulatedSensor(scenario, index, seed=1).times_s[0] for index in range(8)]
    gaps = np.diff(np.sort(firsts))
    assert gaps.min() > 0.1
