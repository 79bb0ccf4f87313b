"""Simulated sensors: what each would report of the truth, with its noise, biases, misses and false alarms.

Every sensor draws from a generator of its own, made of the seed and its id, so that a seed repeats every byte
and one sensor's luck does not move another's. Radars see what is above their lowest elevation and within
range; infrared sensors see what thrusts above their lowest altitude and is not behind the Earth. False alarms
are uniform in the sensor's own coordinates (range, azimuth, elevation; or direction on the Earth's disc).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from beaconfire.kernel.records import Detection, Sensor
from beaconfire.kernel.time import from_seconds
from beaconfire.rehearse.geometry import Site, behind_earth, look, point, site_of
from beaconfire.rehearse.objects import TruthObject
from beaconfire.rehearse.scenario import Clutter, Scenario, SensorBias, SensorDown, SensorUp
from beaconfire.rehearse.truth.force import EQUATOR_M, Array, Mask, height_m
from beaconfire.rehearse.truth.place import east_north_up, place_ecef_m

LIGHT_M_S = 299_792_458.0
_GOLDEN = 0.6180339887498949  # spreads the sensors' scan phases so that no two coincide
_NEAREST_M = 3e3  # a radar is blind while it sends
_FALSE_RATE_M_S = 3e3  # false alarms show any range rate that a target might
_CLUTTER_RATE_M_S = 15.0  # birds and waves


@dataclass(frozen=True, slots=True)
class Bias:
    """The registration error that one seed gave one sensor."""

    range_m: float
    azimuth_rad: float
    elevation_rad: float
    los_rad: tuple[float, float, float]
    time_s: float


@dataclass(frozen=True, slots=True)
class SensorScan:
    """One look of one sensor: detections and, beside each, the object it came from (empty: none)."""

    time_ns: int
    sensor_id: str
    detections: list[Detection]
    object_ids: list[str]


class SimulatedSensor:
    """One sensor of a scenario under one seed."""

    def __init__(self, scenario: Scenario, index: int, *, seed: int) -> None:
        self.sensor = scenario.sensors[index]
        self.site = site_of(self.sensor)
        self._scenario = scenario
        self._generator = np.random.default_rng([seed, crc32(self.sensor.id.encode())])
        self.bias = _draw_bias(self.sensor, self._generator)
        self.times_s = _scan_times(scenario, self.sensor, index)

    def scans(self, objects: Sequence[TruthObject]) -> list[SensorScan]:
        """Every scan in time order, empty ones too."""
        found: list[tuple[int, Detection, str]] = []
        for item in objects:
            found += self._of_object(item)
        found += self._false_alarms()
        for group in self._scenario.backgrounds:
            if isinstance(group, Clutter) and self.sensor.kind == "radar":
                found += self._clutter(group)
        start_ns = self._scenario.start_ns
        scans = [SensorScan(start_ns + from_seconds(float(t)), self.sensor.id, [], []) for t in self.times_s]
        # a stable order that does not tell true from false
        order = self._generator.permutation(len(found))
        for place in sorted(order.tolist(), key=lambda place: found[place][0]):
            scan, detection, object_id = found[place]
            scans[scan].detections.append(detection)
            scans[scan].object_ids.append(object_id)
        return scans

    def visible(self, item: TruthObject, times_s: Array) -> Mask:
        """Which of the times (n,) inside the object's life show it to this sensor: (n,), bool."""
        positions, velocities = item.at(times_s)
        if self.sensor.kind == "infrared":
            return self._seen_hot(item, times_s, positions)
        return self._in_cover(positions, velocities)

    def _of_object(self, item: TruthObject) -> list[tuple[int, Detection, str]]:
        indices = np.flatnonzero(item.alive(self.times_s))
        if not indices.size:
            return []
        indices = indices[self.visible(item, self.times_s[indices])]
        indices = indices[self._generator.random(indices.size) < self.sensor.detection_probability]
        positions, velocities = item.at(self.times_s[indices])
        rows = self._measure(self.times_s[indices], positions, velocities)
        return [(int(index), row, item.object_id) for index, row in zip(indices, rows, strict=True)]

    def _seen_hot(self, item: TruthObject, times_s: Array, positions: Array) -> Mask:
        heights = np.array([height_m(*(float(value) for value in place)) for place in positions])
        hot = item.thrusting(times_s) & np.asarray(heights >= self.sensor.min_altitude_m, dtype=np.bool_)
        hot[hot] = ~behind_earth(self.site.position_m, positions[hot])
        return hot

    def _in_cover(self, positions: Array, velocities: Array) -> Mask:
        seen = look(self.site, positions, velocities)
        near_enough = (seen.range_m >= _NEAREST_M) & (seen.range_m <= self.sensor.max_range_m)
        high_enough = seen.elevation_rad >= math.radians(self.sensor.min_elevation_deg)
        inside = np.asarray(near_enough & high_enough, dtype=np.bool_)
        inside[inside] = ~behind_earth(self.site.position_m, positions[inside])
        return inside

    def _measure(self, times_s: Array, positions: Array, velocities: Array) -> list[Detection]:
        distances = np.sqrt(((positions - self.site.position_m) ** 2).sum(axis=1))
        stamps = times_s + self.bias.time_s
        if self.sensor.time_of == "reception":
            stamps = stamps + distances / LIGHT_M_S
        if self.sensor.kind == "infrared":
            return self._lines_of_sight(stamps, (positions - self.site.position_m) / distances[:, None])
        seen = look(self.site, positions, velocities)
        shift = self._injected(times_s)
        ranges = seen.range_m + self.bias.range_m + shift[0]
        azimuths = seen.azimuth_rad + self.bias.azimuth_rad + shift[1]
        elevations = seen.elevation_rad + self.bias.elevation_rad + shift[2]
        return self._radar_rows(stamps, ranges, azimuths, elevations, seen.range_rate_m_s)

    def _radar_rows(
        self, stamps: Array, ranges: Array, azimuths: Array, elevations: Array, rates: Array
    ) -> list[Detection]:
        sensor, draw = self.sensor, self._generator.standard_normal((4, stamps.size))
        ranges = np.abs(ranges + sensor.range_sigma_m * draw[0])
        azimuths = azimuths + math.radians(sensor.azimuth_sigma_deg) * draw[1]
        elevations = elevations + math.radians(sensor.elevation_sigma_deg) * draw[2]
        rates = rates + sensor.range_rate_sigma_m_s * draw[3]
        over = elevations > 0.5 * math.pi  # past the zenith is the other side of the sky
        azimuths = np.where(over, azimuths + math.pi, azimuths) % (2.0 * math.pi)
        elevations = np.where(over, math.pi - elevations, elevations)
        columns = (stamps.tolist(), ranges.tolist(), azimuths.tolist(), elevations.tolist(), rates.tolist())
        start_ns = self._scenario.start_ns
        return [
            Detection(
                time_ns=start_ns + from_seconds(stamp), sensor_id=sensor.id, range_m=a, azimuth_rad=b, elevation_rad=c,
                range_rate_m_s=d,
            )
            for stamp, a, b, c, d in zip(*columns, strict=True)
        ]  # fmt: skip

    def _lines_of_sight(self, stamps: Array, directions: Array) -> list[Detection]:
        turned = directions + np.cross(np.array(self.bias.los_rad), directions)
        error = self.sensor.los_sigma_rad * self._generator.standard_normal(turned.shape)
        turned = turned + np.cross(error, turned)  # two of the three turns act: σ in each direction across
        turned /= np.sqrt((turned**2).sum(axis=1))[:, None]
        start_ns = self._scenario.start_ns
        return [
            Detection(time_ns=start_ns + from_seconds(stamp), sensor_id=self.sensor.id, los_ecef=(x, y, z))
            for stamp, (x, y, z) in zip(stamps.tolist(), turned.tolist(), strict=True)
        ]

    def _false_alarms(self) -> list[tuple[int, Detection, str]]:
        sensor, draw = self.sensor, self._generator
        indices = np.repeat(np.arange(self.times_s.size), draw.poisson(sensor.false_alarms_per_scan, self.times_s.size))
        stamps, size = self.times_s[indices] + self.bias.time_s, indices.size
        if sensor.kind == "infrared":
            rows = self._lines_of_sight(stamps, _on_disc(self.site, draw.random(size), draw.random(size)))
        else:
            rows = self._radar_rows(
                stamps, draw.uniform(_NEAREST_M, sensor.max_range_m, size), draw.uniform(0.0, 2.0 * math.pi, size),
                draw.uniform(math.radians(sensor.min_elevation_deg), 0.5 * math.pi, size),
                draw.uniform(-_FALSE_RATE_M_S, _FALSE_RATE_M_S, size),
            )  # fmt: skip
        return [(int(index), row, "") for index, row in zip(indices, rows, strict=True)]

    def _clutter(self, patch: Clutter) -> list[tuple[int, Detection, str]]:
        draw = self._generator
        indices = np.repeat(np.arange(self.times_s.size), draw.poisson(patch.false_alarms_per_scan, self.times_s.size))
        size = indices.size
        away, bearing = patch.radius_m * np.sqrt(draw.random(size)), draw.uniform(0.0, 2.0 * math.pi, size)
        centre = Site(
            place_ecef_m(patch.latitude_deg, patch.longitude_deg, 0.0),
            np.stack(east_north_up(patch.latitude_deg, patch.longitude_deg)),
        )
        level = point(centre, away, bearing, np.zeros(size))
        drop = away**2 / (2.0 * EQUATOR_M)  # the ground falls away from the tangent plane
        places = level + (draw.uniform(0.0, patch.top_m, size) - drop)[:, None] * centre.axes[2]
        seen = self._in_cover(places, np.zeros_like(places)) if size else np.zeros(0, dtype=bool)
        indices, places = indices[seen], places[seen]
        polar = look(self.site, places, np.zeros_like(places))
        rates = draw.uniform(-_CLUTTER_RATE_M_S, _CLUTTER_RATE_M_S, indices.size)
        stamps = self.times_s[indices] + self.bias.time_s
        rows = self._radar_rows(stamps, polar.range_m, polar.azimuth_rad, polar.elevation_rad, rates)
        return [(int(index), row, "") for index, row in zip(indices, rows, strict=True)]

    def _injected(self, times_s: Array) -> Array:
        """Bias (3, n) that injects have added by each time."""
        shift = np.zeros((3, times_s.size))
        for inject in self._scenario.injects:
            if isinstance(inject, SensorBias) and inject.sensor == self.sensor.id:
                step = np.array([inject.range_m, math.radians(inject.azimuth_deg), math.radians(inject.elevation_deg)])
                shift += step[:, None] * (times_s >= inject.time_s)
        return shift


def _scan_times(scenario: Scenario, sensor: Sensor, index: int) -> Array:
    """Times of the sensor's looks (n,), its own phase, without those while it is down."""
    period_s = sensor.scan_period_s
    phase_s = round(((index * _GOLDEN) % 1.0) * period_s, 3)
    times = phase_s + period_s * np.arange(max(math.ceil((scenario.duration_s - phase_s) / period_s), 0))
    switches = sorted(
        (inject.time_s, isinstance(inject, SensorUp))
        for inject in scenario.injects
        if isinstance(inject, SensorDown | SensorUp) and inject.sensor == sensor.id
    )
    up = np.ones(times.size, dtype=bool)
    for time_s, works in switches:
        up[times >= time_s] = works
    return np.asarray(times[up], dtype=float)


def _draw_bias(sensor: Sensor, generator: np.random.Generator) -> Bias:
    sigma, draw = sensor.bias_sigma, generator.standard_normal(7).tolist()
    return Bias(
        range_m=sigma.range_m * draw[0],
        azimuth_rad=math.radians(sigma.azimuth_deg) * draw[1],
        elevation_rad=math.radians(sigma.elevation_deg) * draw[2],
        los_rad=(sigma.los_rad * draw[3], sigma.los_rad * draw[4], sigma.los_rad * draw[5]),
        time_s=sigma.time_s * draw[6],
    )


def _on_disc(site: Site, first: Array, second: Array) -> Array:
    """Unit vectors (n, 3) from a space sensor to the Earth's disc, uniform in solid angle."""
    distance = float(np.sqrt((site.position_m**2).sum()))
    edge = math.sqrt(1.0 - (EQUATOR_M / distance) ** 2)
    cosine = edge + (1.0 - edge) * first
    sine, turn = np.sqrt(1.0 - cosine**2), 2.0 * math.pi * second
    local = np.stack((sine * np.cos(turn), sine * np.sin(turn), -cosine), axis=1)
    return np.asarray(local @ site.axes, dtype=float)
