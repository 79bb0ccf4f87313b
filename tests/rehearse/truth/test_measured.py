"""The measured booster: its own speed and altitude kept, free flight where it coasted, and the difference stated."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import beaconfire.rehearse
from beaconfire.rehearse.truth.force import ROTATION_RAD_S, height_m
from beaconfire.rehearse.truth.measured import Measured, lay_out
from beaconfire.rehearse.truth.place import geodetic, ground_range_m

FLIGHTS = Path(beaconfire.rehearse.__file__).parent / "flights"
START = (38.8, 127.6)
SPEED_M_S = 5.0  # around the kinks at burnout and the entry burn; a tenth of that elsewhere
COAST_SPEED_M_S = 1.0
FINE_M, COARSE_M = 150.0, 600.0  # steps of 0.1 km below 100 km and of 1 km above, and a feed that lags by 0.1 s
FREE_M_S2 = 0.1  # gravity and Coriolis lift differ that much between its own sky and this one


@cache
def laid() -> Measured:
    return lay_out(
        "bulgariasat-1-stage1", latitude_deg=START[0], longitude_deg=START[1], altitude_m=0.0, azimuth_deg=92.0
    )


@cache
def telemetry() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = json.loads((FLIGHTS / "bulgariasat-1-stage1.json").read_text())
    return np.array(rows["time"])[:-1], np.array(rows["velocity"])[:-1], 1e3 * np.array(rows["altitude"])[:-1]


def test_speed_is_kept() -> None:
    times, speeds, _ = telemetry()
    flown = np.linalg.norm(laid().path.at(times)[1], axis=1)
    entry = (times > 388.0) & (times < 408.0)
    assert np.abs(flown - speeds)[~entry].max() < SPEED_M_S
    assert np.abs(flown - speeds)[entry].max() < 2.0 * SPEED_M_S  # 37 m/s² begins and ends within half a second
    coast = (times > 165.0) & (times < 380.0)
    assert np.abs(flown - speeds)[coast].max() < COAST_SPEED_M_S


def test_altitude_is_kept_within_the_files_own_steps() -> None:
    times, _, altitudes = telemetry()
    flown = np.array([height_m(*(float(v) for v in place)) for place in laid().path.at(times)[0]])
    fine = altitudes < 99.5e3
    assert np.abs(flown - altitudes)[fine].max() < FINE_M
    assert np.abs(flown - altitudes)[~fine].max() < COARSE_M
    assert np.abs((flown - altitudes)[fine].mean()) < 10.0


def test_the_top_is_where_the_feed_said() -> None:
    events = json.loads((FLIGHTS / "bulgariasat-1-events.json").read_text())
    assert laid().apogee_s == pytest.approx(events["apogee"], abs=2.0)
    assert laid().apogee_m == pytest.approx(119e3, abs=500.0)  # half a step
    assert laid().thrust_s == ((0.0, events["meco"]), (events["entry_start"], events["entry_end"]))


def test_it_runs_along_a_great_circle_until_burnout() -> None:
    """Its heading is what Karney's geodesic from the pad gives: cross-track stays under a metre."""
    from geographiclib.geodesic import Geodesic

    for time_s in (60.0, 120.0, 158.0):
        latitude, longitude, _ = geodetic(laid().path.at(np.array([time_s]))[0][0])
        line = Geodesic.WGS84.Inverse(*START, latitude, longitude)
        assert line["s12"] * np.radians(line["azi1"] - 92.0) == pytest.approx(0.0, abs=1.0)


def test_in_coast_it_drifts_aside_as_coriolis_turns_it() -> None:
    """Northern hemisphere: to the right, about ω sin(latitude) times speed times the coast squared."""
    from geographiclib.geodesic import Geodesic

    at = {time_s: laid().path.at(np.array([time_s])) for time_s in (158.5, 380.0)}
    start, end = (geodetic(at[time_s][0][0])[:2] for time_s in (158.5, 380.0))
    ahead = geodetic(laid().path.at(np.array([159.5]))[0][0])[:2]
    course = Geodesic.WGS84.Inverse(*start, *ahead)["azi1"]
    line = Geodesic.WGS84.Inverse(*start, *end)
    right = line["s12"] * np.sin(np.radians(line["azi1"] - course))
    speed = line["s12"] / (380.0 - 158.5)
    textbook = ROTATION_RAD_S * np.sin(np.radians(start[0])) * speed * (380.0 - 158.5) ** 2
    assert right == pytest.approx(textbook, rel=0.1)


def test_the_mismatch_is_stated_and_small() -> None:
    mismatch = laid().mismatch
    assert 158.0 < mismatch.from_s < mismatch.to_s < 390.0
    assert 0.0 < abs(mismatch.vertical_m_s2) < FREE_M_S2
    assert abs(mismatch.along_track_m_s2) < FREE_M_S2


def test_it_goes_as_far_as_the_file_says_and_ends_in_the_air() -> None:
    latitude, longitude, height = geodetic(laid().path.at(np.array([laid().path.end_s]))[0][0])
    assert ground_range_m(START, (latitude, longitude)) == pytest.approx(650e3, rel=0.02)
    assert height == pytest.approx(22.8e3, abs=FINE_M)
    assert laid().path.end_s == pytest.approx(429.4, abs=0.2)
