"""A detection that may be trusted: known sensor, plausible time and place, complete measurement, or quarantine.

In: scans of detections as files and feeds give them. Out: measurement scans for `track`, and what was held back, each
with a reason; nothing that arrives here raises. Sensor biases that are unknown but constant are carried as larger
standard deviations here (root of the sum of squares): right for one look, too hopeful for the mean of many looks of
one sensor; `Measurement` is where a consider state would attach.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from beaconfire.earth import ecef_to_geodetic, enu_axes, geodetic_to_ecef
from beaconfire.kernel.limits import MAX_SCAN_DETECTIONS, REPLAY_HORIZON_S
from beaconfire.kernel.records import Detection, MeasurementScan, Scan, Sensor
from beaconfire.kernel.sensors import site_geodetic
from beaconfire.kernel.time import NS_PER_S, from_seconds
from beaconfire.sense.measure import NotMeasurable, Place, measure
from beaconfire.sense.timing import SensorClocks

MAX_AHEAD_S = 1.0  # a sensor's clock may run this far ahead of the node's
_DISC_SR = 0.0725  # the Earth's disc from geostationary distance
_LOWEST_SITE_M, _HIGHEST_SITE_M = -1e3, 1e8


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A detection that was held back (`index` in its scan), and why."""

    detection: Detection
    index: int
    reason: str


class Sense:
    """Judges the detections of a fixed set of sensors."""

    def __init__(self, sensors: Sequence[Sensor]) -> None:
        self._sensors: Mapping[str, Sensor] = {sensor.id: sensor for sensor in sensors}
        self._places: dict[str, Place] = {}
        self._heard_ns: dict[str, int] = {}
        self._clocks = SensorClocks()
        self._news: dict[str, str] = {}
        for sensor in sensors:
            site = site_geodetic(sensor)
            if site is not None:
                self._places[sensor.id] = _place_geodetic(*site)

    def accept(self, scan: Scan, *, now_ns: int) -> tuple[MeasurementScan | None, tuple[Quarantined, ...]]:
        """Return the measurements of a scan and what was held back; no scan where nothing at all can be said of it."""
        sensor = self._sensors.get(scan.sensor_id)
        if sensor is not None:
            news = self._clocks.heard(sensor.id, time_ns=scan.time_ns, now_ns=now_ns)
            if news is not None:
                self._news[sensor.id] = news
        trouble = "unknown sensor" if sensor is None else _time_trouble(scan.time_ns, now_ns)
        if sensor is None or trouble:
            return None, tuple(Quarantined(item, i, trouble) for i, item in enumerate(scan.detections))
        self._heard_ns[sensor.id] = max(scan.time_ns, self._heard_ns.get(sensor.id, 0))
        measurements, held, seen = [], [], set[Detection]()
        place = self._places.get(scan.sensor_id)
        for index, item in enumerate(scan.detections):
            try:
                _check(item, scan, index, seen)
                own = _place_ecef(item) or place
                if own is None:
                    raise NotMeasurable("no place: neither the sensors file nor the row says where the sensor is")
                place = own
                measurements.append(measure(item, sensor, own, index))
            except NotMeasurable as error:
                held.append(Quarantined(item, index, str(error)))
            else:
                seen.add(item)
        if place is None:
            return None, tuple(held)
        time_ns = measurements[0].time_ns if measurements else _object_time(scan.time_ns, sensor)
        return (
            MeasurementScan(
                time_ns=time_ns, sensor_id=sensor.id, nation=sensor.nation,
                kind="los" if sensor.kind == "infrared" else "radar",
                measurements=tuple(measurements), detection_probability=sensor.detection_probability,
                false_density=sensor.false_alarms_per_scan / _volume(sensor), site_ecef_m=place.position_ecef_m,
                axes_enu=place.axes_enu, max_range_m=sensor.max_range_m,
                min_elevation_rad=math.radians(sensor.min_elevation_deg), period_s=sensor.scan_period_s,
                min_altitude_m=sensor.min_altitude_m if sensor.kind == "infrared" else 0.0,
            ),
            tuple(held),
        )  # fmt: skip

    @property
    def known(self) -> tuple[Sensor, ...]:
        """The sensors it judges, as their file has them."""
        return tuple(self._sensors.values())

    def clock_troubles(self) -> dict[str, str]:
        """Return what is wrong with which sensor's clock now, in words."""
        return self._clocks.troubles

    def drain_clock_news(self) -> dict[str, str]:
        """Return whose clock's trouble began (in words) or ended ("") since this was last asked."""
        news, self._news = self._news, {}
        return news

    def silent_s(self, sensor_id: str, *, now_ns: int) -> float | None:
        """Return how long a sensor has sent no scan, not even an empty one; None before its first."""
        heard_ns = self._heard_ns.get(sensor_id)
        return None if heard_ns is None else (now_ns - heard_ns) / NS_PER_S


def _time_trouble(time_ns: int, now_ns: int) -> str:
    if time_ns > now_ns + from_seconds(MAX_AHEAD_S):
        return f"time is {(time_ns - now_ns) / NS_PER_S:.3f} s in the future"
    if time_ns < now_ns - REPLAY_HORIZON_S * NS_PER_S:
        return f"time is more than {REPLAY_HORIZON_S} s ago"
    return ""


def _check(item: Detection, scan: Scan, index: int, seen: set[Detection]) -> None:
    if index >= MAX_SCAN_DETECTIONS:
        raise NotMeasurable(f"more than {MAX_SCAN_DETECTIONS} detections in one scan")
    if item.sensor_id != scan.sensor_id or item.time_ns != scan.time_ns:
        raise NotMeasurable("belongs to another scan")
    if item in seen:
        raise NotMeasurable("the same detection twice")


def _object_time(time_ns: int, sensor: Sensor) -> int:
    """An empty scan of a sensor that dates by reception is of the moment at half its range."""
    return time_ns if sensor.time_of == "object" else time_ns - from_seconds(0.5 * sensor.max_range_m / 299_792_458.0)


def _volume(sensor: Sensor) -> float:
    if sensor.kind == "infrared":
        return _DISC_SR
    return sensor.max_range_m * 2.0 * math.pi * max(0.5 * math.pi - math.radians(sensor.min_elevation_deg), 0.1)


def _place_ecef(item: Detection) -> Place | None:
    if item.sensor_ecef_m is None:
        return None
    latitude, longitude, altitude = ecef_to_geodetic(*item.sensor_ecef_m)
    if not _LOWEST_SITE_M <= altitude <= _HIGHEST_SITE_M:
        raise NotMeasurable("the sensor's place is inside the Earth or beyond the Moon")
    return Place(np.array(item.sensor_ecef_m), enu_axes(latitude, longitude), altitude)


def _place_geodetic(latitude_deg: float, longitude_deg: float, altitude_m: float) -> Place:
    latitude, longitude = math.radians(latitude_deg), math.radians(longitude_deg)
    return Place(np.array(geodetic_to_ecef(latitude, longitude, altitude_m)), enu_axes(latitude, longitude), altitude_m)
