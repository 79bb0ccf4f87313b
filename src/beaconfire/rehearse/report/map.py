"""The report's maps: the ground round the launches, drawn in the azimuthal equidistant projection.

Distances from the map's middle are true, and no seam runs through it: the antimeridian is a line like any other.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import shapely

from beaconfire.kernel.sensors import geostationary, site_geodetic
from beaconfire.rehearse.lines import EllipseLine, EventLine, Picture, Point
from beaconfire.rehearse.report import svg
from beaconfire.rehearse.report.land import coasts
from beaconfire.rehearse.report.scene import Course, Scene
from beaconfire.rehearse.truth.force import MEAN_RADIUS_M, Array

_MARGIN = 0.14  # of the span of what must be seen
_LEAST_M = 250e3  # half a map's least width
_NEAR_RAD, _FAR_RAD = 1.2, 2.5  # land that nowhere comes near, or reaches round to the antipode, is left out
_SENSOR_RAD = 0.2  # a ground sensor within 1,300 km of a path is on the map
_EDGE = 24.0  # pixels off the map that are still drawn, so that no edge shows
_ROUND_M = (10e3, 20e3, 50e3, 100e3, 200e3, 500e3, 1000e3, 2000e3)


class Ground:
    """A map's frame: which part of the Earth on how many pixels."""

    def __init__(self, longitude_deg: Array, latitude_deg: Array, *, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._middle = _middle(longitude_deg, latitude_deg)
        east, north = _project(self._middle, longitude_deg, latitude_deg)
        shift = 0.5 * (east.min() + east.max()), 0.5 * (north.min() + north.max())
        half_east = max(0.5 * float(np.ptp(east)) * (1.0 + _MARGIN), _LEAST_M)
        half_north = max(0.5 * float(np.ptp(north)) * (1.0 + _MARGIN), _LEAST_M)
        self._m_per_pixel = max(2.0 * half_east / width, 2.0 * half_north / height)
        self._shift = float(shift[0]), float(shift[1])

    def pixels(self, longitude_deg: Array, latitude_deg: Array) -> Array:
        """Return pixel coordinates (n, 2) of points in degrees (n,)."""
        east, north = _project(self._middle, longitude_deg, latitude_deg)
        x = 0.5 * self.width + (east - self._shift[0]) / self._m_per_pixel
        y = 0.5 * self.height - (north - self._shift[1]) / self._m_per_pixel
        return np.stack((x, y), axis=1)

    def line(self, points_deg: Array | Sequence[Point], *, closed: bool = False, **attributes: str | float) -> str:
        """Return a line or area through (longitude, latitude) points in degrees; nothing if it lies off the map."""
        points = np.asarray(points_deg, dtype=float).reshape(-1, 2)
        xy = self.pixels(points[:, 0], points[:, 1])
        if not len(xy) or not self._touches(xy):
            return ""
        return svg.element("path", d=svg.path([(x, y) for x, y in xy.tolist()], closed=closed), **attributes)

    def ground(self) -> Iterator[str]:
        """Yield sea, land and graticule."""
        yield svg.element("rect", width=self.width, height=self.height, class_="sea")
        for ring in coasts():
            away = _angle_rad(self._middle, ring[:, 0], ring[:, 1])
            if away.min() < _NEAR_RAD and away.max() < _FAR_RAD:
                yield self._land(ring)
        step = 5.0 if self._m_per_pixel * self.width < 4e6 else 10.0
        steps = np.linspace(0.0, 1.0, 60)
        for meridian in np.arange(-180.0, 180.0, step):
            yield self._grid(np.full(60, meridian), -85.0 + 170.0 * steps)
        for parallel in np.arange(-85.0, 85.1, step):
            yield self._grid(_around(self._middle[0], steps), np.full(60, parallel))

    def scale_bar(self) -> str:
        """Return a bar of a round length."""
        length_m = max((m for m in _ROUND_M if m < 0.22 * self.width * self._m_per_pixel), default=_ROUND_M[0])
        right, y = self.width - 16.0, self.height - 14.0
        left = right - length_m / self._m_per_pixel
        bar = svg.element("path", d=f"M{left:.1f},{y - 5:g}V{y:g}H{right:.1f}V{y - 5:g}", class_="bar")
        return bar + svg.text((0.5 * (left + right), y - 5.0), f"{length_m / 1e3:g} km", class_="small middle")

    def _land(self, ring: Array) -> str:
        """One coast, cut to the map so that a continent costs no more than what is seen of it."""
        xy = shapely.Polygon(self.pixels(ring[:, 0], ring[:, 1]))
        seen = shapely.clip_by_rect(xy, -_EDGE, -_EDGE, self.width + _EDGE, self.height + _EDGE)
        data = "".join(
            svg.path([(x, y) for x, y in shapely.get_coordinates(part.exterior).tolist()], closed=True)
            for part in shapely.get_parts(seen)
            if isinstance(part, shapely.Polygon) and not part.is_empty
        )
        return svg.element("path", d=data, class_="land") if data else ""

    def _grid(self, longitude_deg: Array, latitude_deg: Array) -> str:
        xy = self.pixels(longitude_deg, latitude_deg)
        inside = (np.abs(xy[:, 0] - 0.5 * self.width) < self.width) & (
            np.abs(xy[:, 1] - 0.5 * self.height) < self.height
        )
        if not inside.any():
            return ""
        first, last = np.flatnonzero(inside)[[0, -1]]
        return svg.element("path", d=svg.path([(x, y) for x, y in xy[first : last + 1].tolist()]), class_="grid")

    def _touches(self, xy: Array) -> bool:
        low, high = xy.min(axis=0), xy.max(axis=0)
        return bool(
            high[0] > -_EDGE and high[1] > -_EDGE and low[0] < self.width + _EDGE and low[1] < self.height + _EDGE
        )


def overview(scene: Scene, *, width: float = 1000.0, height: float = 600.0) -> str:
    """Return the map of the whole run: truth, sensors, every nation's shared tracks and final ellipses."""
    ground = _frame(scene, width, height, sensors=True)
    parts = [*ground.ground()]
    for (nation, picture), courses in scene.estimates.items():
        if picture == "fused":
            parts += [_track(ground, course, scene.colours[nation], "shared") for course in courses]
    for nation, account in scene.accounts.items():
        for revision in account.last_revisions("fused") or account.last_revisions("own"):
            parts += _ellipses(ground, revision, scene.colours.get(nation, "#555"), "shared")
    parts += [*_truth(scene, ground), *_sensors(scene, ground), ground.scale_bar()]
    return svg.drawing(parts, width=width, height=height, label="Map: truth, sensors, shared tracks and ellipses")


def of_nation(scene: Scene, nation: str, time_ns: int, *, width: float = 420.0, height: float = 320.0) -> str:
    """Return one nation's map: tracks, ellipses and footprints alone and shared, in force at one time."""
    ground, colour = _frame(scene, width, height), scene.colours[nation]
    parts, words = [*ground.ground()], (("own", "alone"), ("fused", "shared"))
    pictures: tuple[tuple[Picture, str], ...] = words  # type: ignore[assignment]
    for picture, style in pictures:
        for revision in scene.accounts[nation].in_force(picture, time_ns):
            for item in revision.each_object:
                rings = item.impact.footprint_95.outlines if item.impact and item.impact.footprint_95 else []
                parts += [
                    ground.line(r, closed=True, class_=f"foot {style}", stroke=colour, fill=colour) for r in rings
                ]
            parts += _ellipses(ground, revision, colour, style)
        parts += [_track(ground, course, colour, style) for course in scene.estimates.get((nation, picture), ())]
    parts += [*_truth(scene, ground), ground.scale_bar()]
    return svg.drawing(parts, width=width, height=height, label=f"Map of {nation}: alone and shared")


def ellipse_ring(centre: tuple[float, float], ellipse: EllipseLine, *, points: int = 48) -> Array:
    """Return an ellipse round a (latitude, longitude) in degrees as (longitude, latitude) points (n, 2) in degrees."""
    turn = np.linspace(0.0, 2.0 * math.pi, points, endpoint=False)
    azimuth = math.radians(ellipse.azimuth_deg)
    along, across = ellipse.semi_major_m * np.cos(turn), ellipse.semi_minor_m * np.sin(turn)
    north = along * math.cos(azimuth) - across * math.sin(azimuth)
    east = along * math.sin(azimuth) + across * math.cos(azimuth)
    latitude = centre[0] + np.degrees(north / MEAN_RADIUS_M)
    longitude = centre[1] + np.degrees(east / (MEAN_RADIUS_M * max(math.cos(math.radians(centre[0])), 0.01)))
    return np.stack((longitude, latitude), axis=1)


def _frame(scene: Scene, width: float, height: float, *, sensors: bool = False) -> Ground:
    """A map that holds the truth (and the ground sensors not far from it), or the sensors where nothing flew."""
    longitude = [course.longitude_deg for course in scene.truth]
    latitude = [course.latitude_deg for course in scene.truth]
    for _, (north, east) in _sites(scene):
        near = any(
            _angle_rad((east, north), course.longitude_deg, course.latitude_deg).min() < _SENSOR_RAD
            for course in scene.truth
        )
        if not scene.truth or (sensors and near):
            longitude.append(np.array([east]))
            latitude.append(np.array([north]))
    if not longitude:
        longitude, latitude = [np.array([0.0])], [np.array([0.0])]
    return Ground(np.concatenate(longitude), np.concatenate(latitude), width=width, height=height)


def _truth(scene: Scene, ground: Ground) -> Iterator[str]:
    for course in scene.truth:
        yield ground.line(np.stack((course.longitude_deg, course.latitude_deg), axis=1), class_="truth")
    for truth in scene.truths:
        (x, y), *_ = ground.pixels(
            np.array([truth.launch.longitude_deg]), np.array([truth.launch.latitude_deg])
        ).tolist()
        yield svg.element("path", d=f"M{x:.1f},{y - 6:.1f}l5.2,9h-10.4Z", class_="mark")
        if truth.impact is not None:
            place = np.array([truth.impact.longitude_deg]), np.array([truth.impact.latitude_deg])
            (x, y), *_ = ground.pixels(*place).tolist()
            yield svg.element("path", d=f"M{x - 5:.1f},{y - 5:.1f}l10,10m0,-10l-10,10", class_="cross")


def _sensors(scene: Scene, ground: Ground) -> Iterator[str]:
    for (name, nation), (latitude, longitude) in _sites(scene):
        (x, y), *_ = ground.pixels(np.array([longitude]), np.array([latitude])).tolist()
        if 0.0 < x < ground.width and 0.0 < y < ground.height:
            colour = scene.colours.get(nation, "#555")
            yield svg.element("rect", x=x - 3.5, y=y - 3.5, width=7, height=7, class_="site", fill=colour)
            yield svg.text((x + 7.0, y + 4.0), name, class_="small halo")


def _sites(scene: Scene) -> list[tuple[tuple[str, str], tuple[float, float]]]:
    """Names and places of the sensors that stand on the ground."""
    return [
        ((sensor.id, sensor.nation), (place[0], place[1]))
        for sensor in scene.simulation.scenario.sensors
        if (place := site_geodetic(sensor)) is not None and not geostationary(sensor)
    ]


def _track(ground: Ground, course: Course, colour: str, style: str) -> str:
    points = np.stack((course.longitude_deg, course.latitude_deg), axis=1)
    return ground.line(points, class_=f"track {style}", stroke=colour)


def _ellipses(ground: Ground, revision: EventLine, colour: str, style: str) -> Iterator[str]:
    for item in revision.each_object:
        for estimate in (item.launch, item.impact):
            if estimate is None or estimate.ellipse_95 is None:
                continue
            assert estimate.latitude_deg is not None and estimate.longitude_deg is not None, "an ellipse has a centre"
            ring = ellipse_ring((estimate.latitude_deg, estimate.longitude_deg), estimate.ellipse_95)
            yield ground.line(ring, closed=True, class_=f"ellipse {style}", stroke=colour, fill=colour)


def _around(longitude_deg: float, steps: Array) -> Array:
    return longitude_deg - 90.0 + 180.0 * steps


def _middle(longitude_deg: Array, latitude_deg: Array) -> tuple[float, float]:
    """The direction (longitude, latitude in degrees) of the mean of unit vectors."""
    lon, lat = np.radians(longitude_deg), np.radians(latitude_deg)
    x, y, z = (float(part.mean()) for part in (np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)))
    return math.degrees(math.atan2(y, x)), math.degrees(math.atan2(z, math.hypot(x, y)))


def _angle_rad(middle_deg: tuple[float, float], longitude_deg: Array, latitude_deg: Array) -> Array:
    lon, lat = np.radians(longitude_deg - middle_deg[0]), np.radians(latitude_deg)
    lat0 = math.radians(middle_deg[1])
    cosine = math.sin(lat0) * np.sin(lat) + math.cos(lat0) * np.cos(lat) * np.cos(lon)
    return np.asarray(np.arccos(np.clip(cosine, -1.0, 1.0)), dtype=float)


def _project(middle_deg: tuple[float, float], longitude_deg: Array, latitude_deg: Array) -> tuple[Array, Array]:
    """Azimuthal equidistant (Snyder 1987, chapter 25, sphere): metres east and north of the middle."""
    lon, lat = np.radians(longitude_deg - middle_deg[0]), np.radians(latitude_deg)
    lat0 = math.radians(middle_deg[1])
    away = _angle_rad(middle_deg, longitude_deg, latitude_deg)
    stretch = MEAN_RADIUS_M / np.sinc(away / math.pi)  # away / sin(away), 1 at the middle
    east = stretch * np.cos(lat) * np.sin(lon)
    north = stretch * (math.cos(lat0) * np.sin(lat) - math.sin(lat0) * np.cos(lat) * np.cos(lon))
    return east, north
