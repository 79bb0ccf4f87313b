"""Measurements as columns: what the kernels take, made once per scan."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.observe import KIND_CODES, LOS, RADAR, STATE, radar_point, whitening
from beaconfire.kernel.records import Measurement, MeasurementScan

Array = NDArray[np.float64]

RATE_SPAN_M_S = 16_000.0  # false range rates are taken as uniform over +-8 km/s
LINE_OF_SIGHT_SR = 0.0725  # the Earth's disc from geostationary distance
_FLOOR_FALSE_PER_SCAN = 1e-3  # a sensor without false alarms is not believed
_NEW_PER_SCAN = 0.1  # objects not yet tracked that one scan may hold


@dataclass(frozen=True, slots=True)
class Packed:
    """The measurements of one scan, one row each; `points` are NaN where a row has no position of its own."""

    measurements: tuple[Measurement, ...]
    kind: NDArray[np.int64]  # (m,)
    values: Array  # (m, 6)
    sigmas: Array  # (m, 4)
    biases: Array  # (m, 3)
    sites: Array  # (m, 3)
    axes: Array  # (m, 3, 3)
    whiteners: Array  # (m, 6, 6)
    offset_s: Array  # (m,) after the scan's time
    points: Array  # (m, 3)
    point_covariances: Array  # (m, 3, 3)
    log_clutter: Array  # (m,) log density of false and new objects where the row stands
    log_scale: Array  # (m,) from density per tangent plane to density per the sensor's own units
    usable: NDArray[np.bool_]  # (m,) False where a tracklet's covariance is no covariance


def pack(measurements: Sequence[Measurement], *, time_ns: int, scan: MeasurementScan | None) -> Packed:
    """Return the columns of measurements; `scan` gives the clutter they stand in (None: none to speak of)."""
    count = len(measurements)
    columns = Packed(
        tuple(measurements), np.zeros(count, np.int64), np.full((count, 6), math.nan), np.ones((count, 4)),
        np.zeros((count, 3)), np.zeros((count, 3)), np.zeros((count, 3, 3)), np.zeros((count, 6, 6)), np.zeros(count),
        np.full((count, 3), math.nan), np.zeros((count, 3, 3)), np.zeros(count), np.zeros(count),
        np.ones(count, np.bool_),
    )  # fmt: skip
    for row, item in enumerate(measurements):
        _fill(columns, row, item, time_ns)
        if scan is not None:
            columns.log_clutter[row] = log_clutter(item, scan)
    return columns


def log_clutter(item: Measurement, scan: MeasurementScan) -> float:
    """Return the log density, in the units of what the row measures, of detections that belong to no track."""
    if item.kind == "state":
        return 0.0
    if item.kind == "los":
        return math.log(
            max(scan.false_density, _FLOOR_FALSE_PER_SCAN / LINE_OF_SIGHT_SR) + _NEW_PER_SCAN / LINE_OF_SIGHT_SR
        )
    spans = (scan.max_range_m, 2.0 * math.pi, max(0.5 * math.pi - scan.min_elevation_rad, 0.1))
    volume = spans[0] * spans[1] * spans[2]
    density = max(scan.false_density, _FLOOR_FALSE_PER_SCAN / volume) + _NEW_PER_SCAN / volume
    for value, span in zip(item.values[:3], spans, strict=True):
        if math.isnan(value):
            density *= span
    if not math.isnan(item.values[3]):
        density /= RATE_SPAN_M_S
    return math.log(density)


def _fill(columns: Packed, row: int, item: Measurement, time_ns: int) -> None:
    kind = KIND_CODES[item.kind]
    columns.kind[row] = kind
    columns.values[row, : len(item.values)] = item.values
    columns.sites[row], columns.axes[row] = item.site_ecef_m, item.axes_enu
    columns.offset_s[row] = (item.time_ns - time_ns) * 1e-9
    if kind == STATE:
        covariance = np.ascontiguousarray(item.covariance, dtype=np.float64)
        columns.usable[row] = bool(np.isfinite(item.values).all()) and whitening(covariance, columns.whiteners[row])
        columns.points[row], columns.point_covariances[row] = item.values[:3], covariance[:3, :3]
        return
    columns.sigmas[row, : len(item.sigmas)] = item.sigmas
    columns.biases[row] = item.bias_sigmas
    if kind == LOS or np.isnan(item.values[:3]).any():
        return
    assert kind == RADAR, "three kinds of measurement"
    radar_point(
        columns.values[row], columns.sigmas[row], columns.sites[row], columns.axes[row],
        columns.points[row], columns.point_covariances[row],
    )  # fmt: skip
    columns.log_scale[row] = math.log(max(math.cos(item.values[2]), 1e-6))
