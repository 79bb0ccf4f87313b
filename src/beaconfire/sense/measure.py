"""One detection to one measurement: sigmas from the sensor, light time, refraction, partial rows.

A row may hold any subset. Directions given as a unit vector become azimuth and elevation where the row also has a
range or a range rate, and azimuth and elevation of an infrared sensor become a unit vector, so that each measurement
is of one kind. What is not measured is NaN.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth import ecef_to_geodetic, point_at
from beaconfire.kernel.records import BiasSigma, Detection, Measurement, Sensor, Vector3
from beaconfire.kernel.time import from_seconds
from beaconfire.sense.refraction import remove_refraction

Array = NDArray[np.float64]

LIGHT_M_S = 299_792_458.0
_TYPICAL_SPEED_M_S = 3_000.0  # turns a sensor's clock error into a place error
_OBJECT_RADIUS_M = 6_378_137.0 + 100e3  # where a line of sight meets the objects of interest
_DEEPEST_M = -20e3  # below this a detection is under the ground by more than any error at the horizon
_HIGHEST_M = 45_000e3
_RANGE_SLACK, _ELEVATION_SLACK_RAD = 1.1, math.radians(5.0)


class NotMeasurable(Exception):
    """The row cannot be a measurement of this sensor; the message says why. It never leaves this room."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a sensor stands: ECEF position (3,), its east, north and up axes as rows (3, 3), altitude."""

    position_ecef_m: Array
    axes_enu: Array
    altitude_m: float


def measure(item: Detection, sensor: Sensor, place: Place, index: int) -> Measurement:
    """Return the measurement of one detection; raises `NotMeasurable`."""
    _check_finite(item)
    ranged = item.range_m is not None or item.range_rate_m_s is not None
    if item.los_ecef is not None and not ranged:
        return _line(item, sensor, place, index, np.array(item.los_ecef))
    azimuth, elevation = item.azimuth_rad, item.elevation_rad
    if item.los_ecef is not None:
        azimuth, elevation = _angles(item.los_ecef, place)
    if sensor.kind == "infrared" and azimuth is not None and elevation is not None and not ranged:
        return _line(item, sensor, place, index, _direction(azimuth, elevation, place))
    if not ranged and azimuth is None and elevation is None:
        raise NotMeasurable("measures nothing")
    return _radar(item, sensor, place, index, azimuth, elevation)


def _check_finite(item: Detection) -> None:
    numbers = (
        item.range_m, item.azimuth_rad, item.elevation_rad, item.range_rate_m_s, item.range_sigma_m,
        item.azimuth_sigma_rad, item.elevation_sigma_rad, item.range_rate_sigma_m_s, item.los_sigma_rad,
        *(item.los_ecef or ()), *(item.sensor_ecef_m or ()),
    )  # fmt: skip
    if any(number is not None and not math.isfinite(number) for number in numbers):
        raise NotMeasurable("a number is not finite")
    sigmas = numbers[4:9]
    if any(sigma is not None and not sigma > 0.0 for sigma in sigmas):
        raise NotMeasurable("a standard deviation is not positive")
    if item.los_ecef is not None and not 0.5 < math.hypot(*item.los_ecef) < 2.0:
        raise NotMeasurable("the line of sight is no unit vector")


def _radar(
    item: Detection, sensor: Sensor, place: Place, index: int, azimuth: float | None, elevation: float | None
) -> Measurement:
    bias, deg = sensor.bias_sigma, math.radians(1.0)
    distance = item.range_m
    if elevation is not None and not -0.5 * math.pi <= elevation <= 0.5 * math.pi:
        raise NotMeasurable("elevation is beyond the vertical")
    if distance is not None and not 0.0 < distance <= _RANGE_SLACK * sensor.max_range_m:
        raise NotMeasurable("range is outside the sensor's reach")
    if elevation is not None and elevation < math.radians(sensor.min_elevation_deg) - _ELEVATION_SLACK_RAD:
        raise NotMeasurable("elevation is below the sensor's field of view")
    extra_elevation = extra_range = 0.0
    if sensor.refraction and elevation is not None:
        elevation, true_range, extra_elevation, extra_range = remove_refraction(
            elevation_rad=elevation, range_m=distance, altitude_m=place.altitude_m
        )
        distance = None if distance is None else true_range
    if distance is not None and azimuth is not None and elevation is not None:
        _check_altitude(point_at(place.position_ecef_m, place.axes_enu, azimuth, elevation, distance))
    smear_m = _TYPICAL_SPEED_M_S * bias.time_s
    smear_rad = smear_m / max(distance or sensor.max_range_m, 1e3)
    angle = item.los_sigma_rad if item.los_ecef is not None else None
    biases = (
        math.hypot(bias.range_m, smear_m, extra_range),
        math.hypot(bias.azimuth_deg * deg, smear_rad),
        math.hypot(bias.elevation_deg * deg, smear_rad, extra_elevation),
    )
    sigmas = (
        math.hypot(_first(item.range_sigma_m, sensor.range_sigma_m), biases[0]),
        math.hypot(_first(item.azimuth_sigma_rad, angle, sensor.azimuth_sigma_deg * deg), biases[1]),
        math.hypot(_first(item.elevation_sigma_rad, angle, sensor.elevation_sigma_deg * deg), biases[2]),
        _first(item.range_rate_sigma_m_s, sensor.range_rate_sigma_m_s),
    )  # fmt: skip
    values = (distance, azimuth, elevation, item.range_rate_m_s)
    return Measurement(
        id=f"{sensor.id}:{item.time_ns}:{index}",
        time_ns=item.time_ns - _light_ns(sensor, distance if distance is not None else 0.5 * sensor.max_range_m),
        sensor_id=sensor.id, nation=sensor.nation, kind="radar",
        values=np.array([math.nan if value is None else value for value in values]), sigmas=np.array(sigmas),
        site_ecef_m=place.position_ecef_m, axes_enu=place.axes_enu, bias_sigmas=np.array(biases),
    )  # fmt: skip


def _line(item: Detection, sensor: Sensor, place: Place, index: int, direction: Array) -> Measurement:
    bias: BiasSigma = sensor.bias_sigma
    unit = direction / math.sqrt(float((direction * direction).sum()))
    distance = _distance_along(place.position_ecef_m, unit)
    constant = math.hypot(bias.los_rad, _TYPICAL_SPEED_M_S * bias.time_s / distance)
    sigma = math.hypot(_first(item.los_sigma_rad, sensor.los_sigma_rad), constant)
    return Measurement(
        id=f"{sensor.id}:{item.time_ns}:{index}", time_ns=item.time_ns - _light_ns(sensor, distance),
        sensor_id=sensor.id, nation=sensor.nation, kind="los", values=unit, sigmas=np.array([sigma]),
        site_ecef_m=place.position_ecef_m, axes_enu=place.axes_enu, thrusting=sensor.kind == "infrared",
        bias_sigmas=np.array([constant, 0.0, 0.0]),
    )  # fmt: skip


def _light_ns(sensor: Sensor, distance_m: float) -> int:
    return from_seconds(distance_m / LIGHT_M_S) if sensor.time_of == "reception" else 0


def _distance_along(site: Array, unit: Array) -> float:
    """Return the distance at which a line enters the shell of objects, or of its nearest approach to the Earth."""
    along = -float((site * unit).sum())
    off2 = float((site * site).sum()) - along * along
    inside = _OBJECT_RADIUS_M * _OBJECT_RADIUS_M - off2
    return max(along - math.sqrt(max(inside, 0.0)), 1e3)


def _angles(los: Vector3, place: Place) -> tuple[float, float]:
    east, north, up = (float((axis * los).sum()) for axis in place.axes_enu)
    return math.atan2(east, north), math.atan2(up, math.hypot(east, north))


def _direction(azimuth: float, elevation: float, place: Place) -> Array:
    x, y, z = point_at(np.zeros(3), place.axes_enu, azimuth, elevation, 1.0)
    return np.array([x, y, z])


def _check_altitude(point: tuple[float, float, float]) -> None:
    altitude = ecef_to_geodetic(*point)[2]
    if not _DEEPEST_M <= altitude <= _HIGHEST_M:
        raise NotMeasurable(f"the place is {altitude / 1e3:.0f} km above the ellipsoid")


def _first(*values: float | None) -> float:
    """Return the first that is given: the row's own sigma before the sensor's."""
    return next(value for value in values if value is not None)
