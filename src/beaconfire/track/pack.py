"""Measurements as columns: what the kernels take, made once per scan."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.observe import KIND_CODES, LOS, RADAR, STATE, radar_point, whitening
from beaconfire.kernel.jit import kernel, warmer
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
    thrusting: NDArray[np.bool_]  # (m,) an infrared sensor's
    usable: NDArray[np.bool_]  # (m,) False where a tracklet's covariance is no covariance

    def for_update(self) -> tuple[Any, ...]:
        """Return the columns in the order of `rows.update_rows`."""
        return (
            self.kind, self.values, self.sigmas, self.sites, self.axes, self.whiteners, self.offset_s, self.biases,
            self.thrusting,
        )  # fmt: skip

    def for_gates(self) -> tuple[Any, ...]:
        """Return the columns in the order of `gate.likelihoods`."""
        return (
            self.kind, self.values, self.sigmas, self.biases, self.sites, self.axes, self.whiteners, self.offset_s,
            self.points, self.point_covariances, self.log_scale,
        )  # fmt: skip


def pack(measurements: Sequence[Measurement], *, time_ns: int, scan: MeasurementScan | None) -> Packed:
    """Return the columns of measurements; `scan` gives the clutter they stand in (None: none to speak of)."""
    count = len(measurements)
    kinds = np.array([KIND_CODES[item.kind] for item in measurements], np.int64)
    columns = Packed(
        tuple(measurements), kinds, np.full((count, 6), math.nan), np.ones((count, 4)), np.zeros((count, 3)),
        np.zeros((count, 3)), np.zeros((count, 3, 3)), np.zeros((count, 6, 6)), np.zeros(count),
        np.full((count, 3), math.nan), np.zeros((count, 3, 3)), np.zeros(count), np.zeros(count),
        np.array([item.thrusting for item in measurements], np.bool_), np.ones(count, np.bool_),
    )  # fmt: skip
    if not count:
        return columns
    columns.sites[:] = [item.site_ecef_m for item in measurements]
    columns.axes[:] = [item.axes_enu for item in measurements]
    columns.offset_s[:] = [(item.time_ns - time_ns) * 1e-9 for item in measurements]
    for kind in np.unique(kinds).tolist():
        _fill(columns, np.flatnonzero(kinds == kind), kind)
    if scan is not None:
        columns.log_clutter[:] = _log_clutter(columns, scan)
    return columns


def _fill(columns: Packed, rows: NDArray[np.int64], kind: int) -> None:
    """Fill the rows of one kind."""
    items = [columns.measurements[row] for row in rows]
    values = np.array([item.values for item in items])
    columns.values[rows, : values.shape[1]] = values
    if kind == STATE:
        for row, item in zip(rows, items, strict=True):
            covariance = np.ascontiguousarray(item.covariance, dtype=np.float64)
            columns.usable[row] = bool(np.isfinite(item.values).all()) and whitening(covariance, columns.whiteners[row])
            columns.points[row], columns.point_covariances[row] = item.values[:3], covariance[:3, :3]
        return
    sigmas = np.array([item.sigmas for item in items])
    columns.sigmas[rows, : sigmas.shape[1]] = sigmas
    columns.biases[rows] = [item.bias_sigmas for item in items]
    if kind == RADAR:
        fill_points(
            rows, columns.values, columns.sigmas, columns.sites, columns.axes, columns.points,
            columns.point_covariances, columns.log_scale,
        )  # fmt: skip


@kernel
def fill_points(
    rows: NDArray[np.int64], values: Array, sigmas: Array, sites: Array, axes: Array, points: Array,
    point_covariances: Array, log_scale: Array,
) -> None:  # fmt: skip
    """Fill in the places of the radar rows that measure range, azimuth and elevation."""
    for row in rows:
        if math.isnan(values[row, 0]) or math.isnan(values[row, 1]) or math.isnan(values[row, 2]):
            continue
        radar_point(values[row], sigmas[row], sites[row], axes[row], points[row], point_covariances[row])
        log_scale[row] = math.log(max(math.cos(values[row, 2]), 1e-6))


def _log_clutter(columns: Packed, scan: MeasurementScan) -> Array:
    """Return per row the log density, in the units of what it measures, of detections that belong to no track."""
    lines = max(scan.false_density, _FLOOR_FALSE_PER_SCAN / LINE_OF_SIGHT_SR) + _NEW_PER_SCAN / LINE_OF_SIGHT_SR
    spans = np.array([scan.max_range_m, 2.0 * math.pi, max(0.5 * math.pi - scan.min_elevation_rad, 0.1)])
    volume = float(spans.prod())
    places = max(scan.false_density, _FLOOR_FALSE_PER_SCAN / volume) + _NEW_PER_SCAN / volume
    missing = np.isnan(columns.values[:, :3])
    density = places * np.where(missing, spans, 1.0).prod(axis=1)
    density /= np.where(np.isnan(columns.values[:, 3]), 1.0, RATE_SPAN_M_S)
    kind = columns.kind
    return np.where(kind == RADAR, np.log(density), np.where(kind == LOS, math.log(lines), 0.0))


@warmer
def _warm() -> None:
    three, square = np.ones((1, 3)), np.zeros((1, 3, 3))
    fill_points(np.zeros(1, np.int64), np.ones((1, 6)), np.ones((1, 4)), three, square, three, square, np.zeros(1))
