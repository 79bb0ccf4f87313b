"""What a sensor at a place can see of a point, and how it measures it: plain geometry, its own for the truth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.records import Sensor
from beaconfire.kernel.sensors import site_geodetic
from beaconfire.rehearse.truth.force import EQUATOR_M, POLE_M, Array, Mask
from beaconfire.rehearse.truth.place import east_north_up, place_ecef_m


@dataclass(frozen=True, slots=True)
class Site:
    """A sensor's place: ECEF position (3,) in m and rows east, north, up (3, 3)."""

    position_m: Array
    axes: Array


@dataclass(frozen=True, slots=True)
class Look:
    """Points as seen from a site, each (n,): m, rad from north to east, rad, m/s (receding positive)."""

    range_m: Array
    azimuth_rad: Array
    elevation_rad: Array
    range_rate_m_s: Array


def site_of(sensor: Sensor) -> Site:
    """The place of a fixed sensor; raises `InvalidInput` for one whose rows carry its place."""
    place = site_geodetic(sensor)
    if place is None:
        raise InvalidInput.single(f"sensor {sensor.id}", "has no place", "latitude_deg and longitude_deg")
    latitude, longitude, altitude = place
    return Site(place_ecef_m(latitude, longitude, altitude), np.stack(east_north_up(latitude, longitude)))


def look(site: Site, positions_m: Array, velocities_m_s: Array) -> Look:
    """Range, azimuth, elevation and range rate of points (n, 3) with velocities (n, 3), both Earth-fixed."""
    apart = positions_m - site.position_m
    distance = np.sqrt((apart**2).sum(axis=1))
    east, north, up = (apart @ site.axes.T).T
    return Look(
        range_m=distance,
        azimuth_rad=np.arctan2(east, north) % (2.0 * np.pi),
        elevation_rad=np.arcsin(np.clip(up / distance, -1.0, 1.0)),
        range_rate_m_s=(apart * velocities_m_s).sum(axis=1) / distance,
    )


def point(site: Site, range_m: Array, azimuth_rad: Array, elevation_rad: Array) -> Array:
    """ECEF points (n, 3) of polar coordinates (n,) in the site's frame."""
    flat = range_m * np.cos(elevation_rad)
    local = np.stack((flat * np.sin(azimuth_rad), flat * np.cos(azimuth_rad), range_m * np.sin(elevation_rad)), axis=1)
    return np.asarray(site.position_m + local @ site.axes, dtype=float)


def behind_earth(from_m: Array, to_m: Array) -> Mask:
    """Whether the ellipsoid hides points (n, 3) from a place (3,): (n,), bool.

    In axes where the ellipsoid is a unit sphere, a segment is hidden when it comes nearer than 1 between its ends.
    """
    scale = np.array([EQUATOR_M, EQUATOR_M, POLE_M])
    start, along = from_m / scale, (to_m - from_m) / scale
    nearest = np.clip(-(along @ start) / (along**2).sum(axis=1), 0.0, 1.0)
    closest = start + nearest[:, None] * along
    hidden = ((closest**2).sum(axis=1) < 1.0) & (nearest > 0.0) & (nearest < 1.0)
    return np.asarray(hidden, dtype=np.bool_)
