"""What else is in the sky: aircraft, satellites, a meteor. All drawn from one generator, so a seed repeats them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from beaconfire.rehearse.scenario import Aircraft, Meteor, Satellites
from beaconfire.rehearse.truth.force import ECCENTRICITY_2, EQUATOR_M, GM_M3_S2, Array
from beaconfire.rehearse.truth.path import Path, at_height, drag_only, integrate_leg, to_inertial
from beaconfire.rehearse.truth.place import east_north_up, place_ecef_m

_STEP_S = 1.0
_MIDDLE_M = 10.5e3
_LEVELS_M = 6e3  # traffic climbs and descends within this band around the middle
_METEOR_TOP_M = 110e3
_METEOR_END_M = 72e3
_METEOR_KG_M2 = 5.0  # a pebble


@dataclass(frozen=True, slots=True)
class Sampled:
    """A path through samples, smooth to its second derivative."""

    start_s: float
    end_s: float
    curve: CubicSpline

    def at(self, times_s: Array) -> tuple[Array, Array]:
        """Position (n, 3) in m and velocity (n, 3) in m/s, Earth-fixed."""
        return self.curve(times_s), self.curve(times_s, 1)


def aircraft_paths(traffic: Aircraft, *, duration_s: float, generator: np.random.Generator) -> list[Sampled]:
    """One path per aircraft for the whole scenario: level flight, turns up to 3°/s for jets, climbs and descents."""
    count, area = traffic.count, traffic.area
    jet = np.arange(count) % traffic.jet_every == traffic.jet_every - 1
    latitude = np.radians(generator.uniform(area.south_deg, area.north_deg, count))
    longitude = np.radians(generator.uniform(area.west_deg, area.east_deg, count))
    heading = generator.uniform(0.0, 2.0 * math.pi, count)
    speed = np.where(jet, generator.uniform(280.0, 420.0, count), generator.uniform(190.0, 260.0, count))
    altitude = _MIDDLE_M + generator.uniform(-0.25, 0.25, count) * _LEVELS_M
    steps = math.ceil(duration_s / _STEP_S) + 1
    turn = _manoeuvres(generator, count, steps, rate=np.where(jet, math.radians(2.0), math.radians(0.6)))
    climb = _manoeuvres(generator, count, steps, rate=np.where(jet, 40.0, 6.0), room=_LEVELS_M / 2.0)
    track = np.empty((steps, 3, count))
    for step in range(steps):
        track[step] = latitude, longitude, altitude
        heading = heading + turn[step] * _STEP_S
        altitude = altitude + climb[step] * _STEP_S
        north, east = _rates(latitude, altitude, speed, heading)
        middle = latitude + 0.5 * _STEP_S * north  # midpoint rule: metres per hour on a great circle
        north, east = _rates(middle, altitude, speed, heading + 0.5 * _STEP_S * east * np.sin(latitude))
        latitude, longitude = latitude + _STEP_S * north, longitude + _STEP_S * east
        heading = heading + _STEP_S * east * np.sin(middle)
    times = np.arange(steps) * _STEP_S
    places = _places(track)
    return [Sampled(0.0, float(times[-1]), CubicSpline(times, places[:, :, index])) for index in range(count)]


def satellite_paths(group: Satellites, *, duration_s: float, generator: np.random.Generator) -> list[Path]:
    """One path per satellite, each over the area at some moment, circular or up to 4 % elliptic."""
    area, paths = group.area, []
    for _ in range(group.count):
        passing_s = float(generator.uniform(0.0, duration_s))
        latitude = float(generator.uniform(area.south_deg, area.north_deg))
        longitude = float(generator.uniform(area.west_deg, area.east_deg))
        height = float(generator.uniform(*group.altitude_m))
        heading = math.radians(float(generator.uniform(-50.0, 50.0) + generator.choice([0.0, 180.0])))
        faster = float(generator.choice([0.0, 1.0]) * generator.uniform(0.0, 0.02))
        place = place_ecef_m(latitude, longitude, height)
        east, north, _ = east_north_up(latitude, longitude)
        state = to_inertial(passing_s, place, np.zeros(3))
        ahead = to_inertial(passing_s, math.sin(heading) * east + math.cos(heading) * north, np.zeros(3))[:3]
        state[3:] = math.sqrt(GM_M3_S2 / float(np.linalg.norm(place))) * (1.0 + faster) * ahead
        back = integrate_leg(state, passing_s, 0.0, drag_only(math.inf))
        paths.append(Path((integrate_leg(back.state, 0.0, duration_s, drag_only(math.inf)).solution,)))
    return paths


def meteor_path(meteor: Meteor) -> Path:
    """A meteor from 110 km to its end near 72 km; times since its appearance."""
    east, north, up = east_north_up(meteor.latitude_deg, meteor.longitude_deg)
    azimuth, descent = math.radians(meteor.azimuth_deg), math.radians(meteor.descent_deg)
    ahead = math.sin(azimuth) * east + math.cos(azimuth) * north
    velocity = meteor.speed_m_s * (math.cos(descent) * ahead - math.sin(descent) * up)
    state = to_inertial(0.0, place_ecef_m(meteor.latitude_deg, meteor.longitude_deg, _METEOR_TOP_M), velocity)
    return Path((integrate_leg(state, 0.0, 120.0, drag_only(_METEOR_KG_M2), (at_height(_METEOR_END_M),)).solution,))


def _manoeuvres(
    generator: np.random.Generator, count: int, steps: int, *, rate: Array, room: float = math.inf
) -> Array:
    """Rates (steps, count): mostly zero, now and then a manoeuvre of 20 to 90 s, eased in and out.

    What they add up to is kept within half of `room` of where it began: the next one goes back.
    """
    rates = np.zeros((steps, count))
    for index in range(count):
        start, total = int(generator.integers(0, 400)), 0.0
        while start < steps:
            length = int(generator.integers(20, 90))
            shape = float(rate[index] * generator.uniform(-1.0, 1.0)) * np.sin(np.linspace(0.0, math.pi, length)) ** 2
            if abs(total + float(shape.sum())) > 0.5 * room:
                shape = -math.copysign(1.0, total) * np.abs(shape)
            total += float(shape.sum())
            rates[start : start + length, index] = shape[: max(steps - start, 0)]
            start += length + int(generator.integers(120, 600))
    return rates


def _rates(latitude: Array, altitude: Array, speed: Array, heading: Array) -> tuple[Array, Array]:
    """Rates of latitude and longitude (rad/s) of flight over the ellipsoid."""
    square = 1.0 - ECCENTRICITY_2 * np.sin(latitude) ** 2
    meridian = EQUATOR_M * (1.0 - ECCENTRICITY_2) / square**1.5
    normal = EQUATOR_M / np.sqrt(square)
    east = speed * np.sin(heading) / ((normal + altitude) * np.cos(latitude))
    return speed * np.cos(heading) / (meridian + altitude), east


def _places(track: Array) -> Array:
    """ECEF places (steps, 3, count) of geodetic tracks (steps, 3, count) in radians and metres."""
    latitude, longitude, altitude = track[:, 0], track[:, 1], track[:, 2]
    normal = EQUATOR_M / np.sqrt(1.0 - ECCENTRICITY_2 * np.sin(latitude) ** 2)
    plane = (normal + altitude) * np.cos(latitude)
    axis = (normal * (1.0 - ECCENTRICITY_2) + altitude) * np.sin(latitude)
    return np.stack((plane * np.cos(longitude), plane * np.sin(longitude), axis), axis=1)
