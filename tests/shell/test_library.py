"""The library: the same answer as the command's, arrays and files alike, and every wrong input by its row."""

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import beaconfire as bf
from beaconfire.kernel.detections import FIELDS, to_row
from beaconfire.kernel.records import Detection
from beaconfire.kernel.sensors import format_sensors
from tests.track import world

Array = NDArray[np.float64]

RADAR = bf.Sensor(
    id="R1", nation="KOR", kind="radar", latitude_deg=36.6, longitude_deg=127.4, altitude_m=300.0,
    false_alarms_per_scan=0.0, detection_probability=1.0, max_range_m=1.5e6,
)  # fmt: skip
SECOND = bf.Sensor(
    id="R2", nation="JPN", kind="radar", latitude_deg=35.2, longitude_deg=129.1, altitude_m=500.0,
    false_alarms_per_scan=0.0, detection_probability=1.0, max_range_m=1.5e6,
)  # fmt: skip
NEAR_M = 1e3  # of a track at its last look: 30 m and 0.05 degrees at some 500 km


@pytest.fixture(scope="module")
def flight() -> world.Flight:
    return world.missile("M", latitude_deg=39.0, longitude_deg=126.5, azimuth_deg=85.0)


@pytest.fixture(scope="module")
def detections(flight: world.Flight) -> list[Detection]:
    scans = world.scans([flight], (RADAR, SECOND), until_s=240.0)
    return [item for scan in scans for item in scan.detections]


@pytest.fixture(scope="module")
def picture(detections: list[Detection]) -> bf.Picture:
    return bf.watch(detections, sensors=[RADAR, SECOND])


def columns_of(detections: list[Detection], sensor_id: str) -> dict[str, Array]:
    rows = [item for item in detections if item.sensor_id == sensor_id]
    return {
        name: np.array([getattr(row, name) for row in rows], dtype=float)
        for name in ("range_m", "azimuth_rad", "elevation_rad", "range_rate_m_s")
    }


def times_of(detections: list[Detection], sensor_id: str) -> NDArray[np.int64]:
    return np.array([item.time_ns for item in detections if item.sensor_id == sensor_id])


def assert_same(one: bf.Picture, other: bf.Picture) -> None:
    assert one.events == other.events
    assert [track.track_id for track in one.tracks] == [track.track_id for track in other.tracks]
    for mine, theirs in zip(one.tracks, other.tracks, strict=True):
        for name in ("times_ns", "states", "covariances", "phases", "existence"):
            np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))


def test_a_picture_is_arrays_of_one_length_near_the_truth(flight: world.Flight, picture: bf.Picture) -> None:
    (track,) = [track for track in picture.tracks if track.confirmed]
    n = len(track)
    assert track.times_ns.shape == (n,)
    assert track.states.shape == (n, 9)
    assert track.covariances.shape == (n, 9, 9)
    assert track.phases.shape == (n, len(bf.PHASES))
    assert track.existence.shape == (n,) == (len(track.statuses),)
    assert (np.diff(track.times_ns) >= 0).all()
    np.testing.assert_allclose(track.phases.sum(axis=1), 1.0, atol=1e-9)
    truth = flight.state((track.times_ns[-1] - world.START_NS) / 1e9)
    assert np.linalg.norm(track.states[-1, :3] - truth[:3]) < NEAR_M
    assert set(track.sensors) == {"R1", "R2"}
    assert bf.PHASES[track.phases[-1].argmax()] in ("ballistic", "reentry")


def test_events_have_launch_and_impact(picture: bf.Picture) -> None:
    (event,) = picture.events
    assert event == [revision for revision in picture.revisions if revision.event_id == event.event_id][-1]
    (one,) = event.objects
    assert one.launch is not None
    assert (one.launch.latitude_deg, one.launch.longitude_deg) == pytest.approx((39.0, 126.5), abs=0.1)
    assert one.impact is not None
    assert one.impact.ellipse_95 is not None
    assert one.impact.longitude_deg is not None
    assert one.impact.longitude_deg > 127.0
    assert dict(picture.held_back) == {}


def test_arrays_files_and_any_order_are_one_thing(
    detections: list[Detection], picture: bf.Picture, tmp_path: Path
) -> None:
    rows = [
        item
        for name in ("R2", "R1")
        for item in bf.detections_from_arrays(name, times_of(detections, name), **columns_of(detections, name))
    ]
    assert_same(bf.watch(rows, sensors=[RADAR, SECOND]), picture)
    lines = [",".join("" if cell is None else str(cell) for cell in to_row(row).values()) for row in rows]
    (tmp_path / "d.csv").write_text("\n".join([",".join(FIELDS), *lines]) + "\n")
    (tmp_path / "s.toml").write_text(format_sensors([RADAR, SECOND]))
    sensors = bf.read_sensors(str(tmp_path / "s.toml"))
    assert sensors == (RADAR, SECOND)
    read = bf.read_detections(tmp_path / "d.csv", sensors=sensors)
    assert [item.time_ns for item in read] == sorted(item.time_ns for item in rows)
    again = bf.watch(read, sensors=sensors)
    assert len(again.tracks) == len(picture.tracks)
    np.testing.assert_allclose(again.tracks[0].states, picture.tracks[0].states, rtol=1e-6)  # degrees in the file


def test_what_is_held_back_is_counted(detections: list[Detection]) -> None:
    seen: list[tuple[int, int]] = []
    some = [[row for row in detections if row.sensor_id == name][:3] for name in ("R1", "R2")]
    picture = bf.watch([*some[0], *some[1]], sensors=[RADAR], progress=lambda done, total: seen.append((done, total)))
    assert dict(picture.held_back) == {"unknown sensor": 3}
    assert seen[-1] == (6, 6)


def test_nothing_in_nothing_out() -> None:
    picture = bf.watch([], sensors=[RADAR])
    assert (picture.tracks, picture.events, picture.revisions) == ((), (), ())
    assert bf.detections_from_arrays("R1", [], range_m=[]) == []


def test_one_filter_over_measurements(flight: world.Flight, detections: list[Detection]) -> None:
    burnt_out = [item for item in detections if item.time_ns > world.START_NS + 100 * 10**9]
    measurements = bf.measurements_of(burnt_out, sensors=[RADAR, SECOND])
    assert len(measurements) == len(burnt_out)
    now_s = (measurements[0].time_ns - world.START_NS) / 1e9
    start = np.concatenate([flight.state(now_s) + np.array([300.0, -200.0, 100.0, 5.0, 5.0, -5.0]), np.zeros(3)])
    one = bf.ModelFilter("ballistic", start, np.diag([500.0**2] * 3 + [20.0**2] * 3 + [3e-4**2] * 3))
    for measurement in measurements:
        then_s = (measurement.time_ns - world.START_NS) / 1e9
        assert math.isfinite(one.predict(then_s - now_s).update(measurement))
        now_s = then_s
    assert np.linalg.norm(one.state[:3] - flight.state(now_s)[:3]) < NEAR_M


def test_a_detection_without_use_is_named(detections: list[Detection]) -> None:
    with pytest.raises(bf.InvalidInput, match=r"R2 at 2025-01-06T03:\d\d:\S+Z: unknown sensor"):
        bf.measurements_of(detections, sensors=[RADAR])


def test_times_there_and_back() -> None:
    texts = ["2025-01-06T03:00:00.000000001Z", "1990-12-31T23:59:59.5Z", "2016-12-31T23:59:60.25Z"]
    times = bf.times_from_utc(texts)
    assert times.dtype == np.int64
    back = bf.times_to_utc(times)
    assert back.tolist() == [
        np.datetime64(text, "ns").astype(int)
        for text in (texts[0][:-1], texts[1][:-1], "2016-12-31T23:59:59.25")  # datetime64 knows no leap second
    ]
    np.testing.assert_array_equal(bf.times_from_utc(back[:2]), times[:2])
    assert bf.times_from_utc("2025-01-06T03:00:00Z").shape == ()
    with pytest.raises(bf.InvalidInput, match=r"times_utc\[1\]: is 'yesterday'"):
        bf.times_from_utc(["2025-01-06T03:00:00Z", "yesterday"])


def test_lines_of_sight_and_moving_sensors_as_arrays() -> None:
    lines = np.array([[1.0, 0.0, 0.0], [0.0, 0.6, -0.8], [np.nan] * 3])
    places = np.array([[7e6, 0.0, 0.0], [7e6, 1.0, 0.0], [np.nan] * 3])
    rows = bf.detections_from_arrays(
        "S", [1, 2, 3], los_ecef=lines, sensor_ecef_m=places, range_m=[np.nan, np.nan, 5e5]
    )
    assert [row.los_ecef for row in rows] == [(1.0, 0.0, 0.0), (0.0, 0.6, -0.8), None]
    assert [row.sensor_ecef_m for row in rows] == [(7e6, 0.0, 0.0), (7e6, 1.0, 0.0), None]
    assert [row.range_m for row in rows] == [None, None, 5e5]


@pytest.mark.parametrize(
    ("columns", "fault"),
    [
        ({"range_m": [1e5, -1.0]}, r"range_m\[1\]: is -1.0; expected from 0 to"),
        ({"range_m": [0.0, 1e5]}, r"range_m\[0\]: is 0.0"),
        ({"range_m": [1e5, np.inf]}, r"range_m\[1\]: is inf"),
        ({"range_m": [1e5, np.nan]}, "row 1: measures nothing"),
        ({"azimuth_rad": [0.1, 90.0]}, r"azimuth_rad\[1\]: is 90.0; expected from -6.28319"),
        ({"elevation_rad": [0.1, 2.0]}, r"elevation_rad\[1\]"),
        ({"range_m": [1e5]}, r"range_m: has shape \(1,\); expected \(2,\)"),
        ({"los_ecef": [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]}, r"los_ecef\[1\]: .*expected a unit vector"),
        ({"los_ecef": [[1.0, 0.0, 0.0], [1.0, np.nan, 0.0]]}, r"los_ecef\[1\]"),
        ({"los_ecef": [1.0, 0.0]}, r"los_ecef: has shape \(2,\); expected \(2, 3\)"),
        ({"range_m": [1e5, 1e5], "sensor_ecef_m": [[0.0, 0.0, 0.0], [1e99, 0.0, 0.0]]}, r"sensor_ecef_m\[1\]"),
        ({}, "row 0: measures nothing"),
    ],
)
def test_wrong_columns_are_named_with_their_row(columns: dict[str, list[float]], fault: str) -> None:
    with pytest.raises(bf.InvalidInput, match=fault):
        bf.detections_from_arrays("R1", [1, 2], **columns)


@pytest.mark.parametrize("times", [[0.5, 1.5], [[1, 2], [3, 4]], ["a"]])
def test_times_are_whole_nanoseconds(times: object) -> None:
    with pytest.raises(bf.InvalidInput, match=r"times_ns: is .* expected whole TAI nanoseconds"):
        bf.detections_from_arrays("R1", times, range_m=[1e5, 1e5])  # type: ignore[arg-type]


def test_wrong_sensors_and_classes_are_refused(detections: list[Detection]) -> None:
    twins = [RADAR, RADAR]
    with pytest.raises(bf.InvalidInput, match="uses an id twice"):
        bf.watch(detections, sensors=twins)
    with pytest.raises(bf.InvalidInput, match=r"holds no \[\[sensor\]\]"):
        bf.watch(detections, sensors=[])
    with pytest.raises(bf.InvalidInput, match="classes_toml"):
        bf.watch(detections, sensors=[RADAR], classes_toml=b"x = 1")


def test_files_that_are_wrong_are_refused(tmp_path: Path) -> None:
    with pytest.raises(bf.BeaconfireError, match=r"none\.toml"):
        bf.read_sensors(tmp_path / "none.toml")
    with pytest.raises(bf.InvalidInput, match=r"none\.csv"):
        bf.read_detections(tmp_path / "none.csv", sensors=[RADAR])
