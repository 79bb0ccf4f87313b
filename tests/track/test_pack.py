"""Columns of measurements: what stands where, the clutter each row stands in, tracklets that are none."""

import math
from collections.abc import Iterable, Sequence
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from beaconfire.earth.observe import LOS, RADAR, STATE
from beaconfire.kernel.records import Measurement, MeasurementScan
from beaconfire.track.pack import LINE_OF_SIGHT_SR, RATE_SPAN_M_S, pack

SITE = np.array([6.4e6, 1e5, 2e5])


def radar(values: Sequence[float] = (200e3, 0.5, 0.3, -40.0), time_ns: int = 0) -> Measurement:
    return Measurement("R:1", time_ns, "R", "KOR", "radar", np.array(values), np.array([30.0, 1e-3, 2e-3, 2.0]), SITE)


def scan(
    kind: Literal["radar", "los", "state"] = "radar", density: float = 1e-7, items: Iterable[Measurement] = ()
) -> MeasurementScan:
    return MeasurementScan(0, "R", "KOR", kind, tuple(items), 0.9, density, SITE, np.eye(3), 900e3, 0.0, 2.0)


def log_clutter(item: Measurement, scan: MeasurementScan) -> float:
    return float(pack([item], time_ns=0, scan=scan).log_clutter[0])


def test_three_kinds_stand_side_by_side() -> None:
    line = Measurement("I:1", 5, "I", "USA", "los", np.array([0.0, 0.6, 0.8]), np.array([3e-5]), 6.0 * SITE)
    tracklet = Measurement("J:1", 0, "J", "JPN", "state", np.arange(6.0), np.zeros(4), covariance=4.0 * np.eye(6))
    columns = pack([radar(), line, tracklet], time_ns=0, scan=None)
    assert columns.kind.tolist() == [RADAR, LOS, STATE]
    np.testing.assert_array_equal(columns.values[0], [200e3, 0.5, 0.3, -40.0, np.nan, np.nan])
    np.testing.assert_array_equal(columns.values[1, :3], [0.0, 0.6, 0.8])
    assert columns.sigmas[1, 0] == 3e-5 and columns.offset_s[1] == pytest.approx(5e-9)
    np.testing.assert_allclose(columns.whiteners[2], 0.5 * np.eye(6))
    np.testing.assert_array_equal(np.isnan(columns.points), [[False] * 3, [True] * 3, [False] * 3])
    assert columns.usable.all() and not columns.log_clutter.any()


def test_a_radar_row_has_a_place_only_when_whole() -> None:
    assert np.isfinite(pack([radar()], time_ns=0, scan=None).points).all()
    for n in range(3):
        values = [200e3, 0.5, 0.3, -40.0]
        values[n] = math.nan
        assert np.isnan(pack([radar(values)], time_ns=0, scan=None).points).all()
    assert pack([radar()], time_ns=0, scan=None).log_scale[0] == pytest.approx(math.log(math.cos(0.3)))


@pytest.mark.parametrize("bad", [np.zeros((6, 6)), -np.eye(6), np.full((6, 6), np.nan), np.diag([1.0] * 5 + [0.0])])
def test_a_tracklet_without_a_covariance_is_unusable(bad: NDArray[np.float64]) -> None:
    item = Measurement("J:1", 0, "J", "JPN", "state", np.arange(6.0), np.zeros(4), covariance=bad)
    assert not pack([item], time_ns=0, scan=None).usable[0]
    lost = Measurement("J:1", 0, "J", "JPN", "state", np.full(6, np.inf), np.zeros(4), covariance=np.eye(6))
    assert not pack([lost], time_ns=0, scan=None).usable[0]


def test_clutter_is_of_the_quantities_that_the_row_has() -> None:
    full = log_clutter(radar((200e3, 0.5, 0.3, math.nan)), scan())
    volume = 900e3 * 2 * math.pi * math.pi / 2
    assert full == pytest.approx(math.log(1e-7 + 0.1 / volume))
    assert log_clutter(radar(), scan()) == pytest.approx(full - math.log(RATE_SPAN_M_S))
    spans = (900e3, 2 * math.pi, math.pi / 2)
    for n, span in enumerate(spans):
        values = [200e3, 0.5, 0.3, math.nan]
        values[n] = math.nan
        assert log_clutter(radar(values), scan()) == pytest.approx(full + math.log(span))


def test_no_sensor_is_believed_to_be_free_of_clutter() -> None:
    assert math.isfinite(log_clutter(radar(), scan(density=0.0)))
    line = Measurement("I:1", 5, "I", "USA", "los", np.array([0.0, 0.6, 0.8]), np.array([3e-5]), SITE)
    assert log_clutter(line, scan("los", 0.0)) == pytest.approx(math.log((1e-3 + 0.1) / LINE_OF_SIGHT_SR))
    assert log_clutter(line, scan("los", 7.0)) == pytest.approx(math.log(7.0 + 0.1 / LINE_OF_SIGHT_SR))


def test_constant_errors_are_carried_along() -> None:
    item = Measurement(
        "R:1",
        0,
        "R",
        "KOR",
        "radar",
        np.array([1e5, 0.1, 0.1, 0.0]),
        np.ones(4),
        SITE,
        bias_sigmas=np.array([1.0, 2.0, 3.0]),
    )
    np.testing.assert_array_equal(pack([item], time_ns=0, scan=None).biases, [[1.0, 2.0, 3.0]])


def test_nothing_packs_to_nothing() -> None:
    columns = pack([], time_ns=0, scan=scan())
    assert columns.kind.shape == (0,) and columns.values.shape == (0, 6) and columns.axes.shape == (0, 3, 3)
