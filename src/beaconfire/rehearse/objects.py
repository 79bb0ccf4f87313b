"""Everything that flies in a scenario, with the facts a judge needs to know of it.

Launches are boosted to their stated figures once per process and kept: the search is the dear part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal, Protocol
from zlib import crc32

import numpy as np

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.time import format_utc, from_seconds
from beaconfire.rehearse.scenario import (
    Aircraft,
    Clutter,
    Flight,
    Glide,
    Inject,
    Launch,
    Meteor,
    Profile,
    Satellites,
    Scenario,
    ShortFall,
)
from beaconfire.rehearse.truth import arc, glide, measured
from beaconfire.rehearse.truth.background import aircraft_paths, meteor_path, satellite_paths
from beaconfire.rehearse.truth.boost import Departure, Stage
from beaconfire.rehearse.truth.broken import break_up
from beaconfire.rehearse.truth.force import Array, Mask
from beaconfire.rehearse.truth.path import Path
from beaconfire.rehearse.truth.place import geodetic, ground_range_m
from beaconfire.rehearse.truth.profiles import PROFILES

_DIP_TIME_S = 5.0  # a dip is where and when its file says within these
_DIP_PLACE_M = 10e3

ObjectKind = Literal["ballistic", "glide", "booster", "aircraft", "satellite", "meteor"]


class Moving(Protocol):
    """A path of its own time."""

    @property
    def start_s(self) -> float:
        """First time."""
        ...

    @property
    def end_s(self) -> float:
        """Last time."""
        ...

    def at(self, times_s: Array) -> tuple[Array, Array]:
        """Position (n, 3) and velocity (n, 3), Earth-fixed."""
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to an object: when (scenario seconds), where, how high."""

    time_s: float
    latitude_deg: float
    longitude_deg: float
    altitude_m: float


@dataclass(frozen=True, slots=True)
class Facts:
    """The truth of one launch; times are scenario seconds. `impact` is None where the data end in the air."""

    launch: Event
    azimuth_deg: float
    burnouts: tuple[Event, ...]
    apogee: Event
    dips: tuple[Event, ...]
    impact: Event | None
    range_m: float
    mismatch: measured.Mismatch | None = None


@dataclass(frozen=True, slots=True)
class TruthObject:
    """One object: its path shifted to scenario time, when it thrusts, and the facts of a launch."""

    object_id: str
    kind: ObjectKind
    path: Moving
    offset_s: float
    thrust_s: tuple[tuple[float, float], ...] = ()
    facts: Facts | None = None

    @property
    def start_s(self) -> float:
        """First scenario second at which it exists."""
        return self.path.start_s + self.offset_s

    @property
    def end_s(self) -> float:
        """Last scenario second at which it exists."""
        return self.path.end_s + self.offset_s

    def at(self, times_s: Array) -> tuple[Array, Array]:
        """Position (n, 3) in m and velocity (n, 3) in m/s, Earth-fixed, at scenario times inside its life."""
        inside = np.clip(np.asarray(times_s, dtype=float) - self.offset_s, self.path.start_s, self.path.end_s)
        return self.path.at(inside)

    def alive(self, times_s: Array) -> Mask:
        """Which of the scenario times lie inside its life (n,), bool."""
        return np.asarray((times_s >= self.start_s) & (times_s <= self.end_s), dtype=np.bool_)

    def thrusting(self, times_s: Array) -> Mask:
        """Which of the scenario times see it thrust (n,), bool."""
        lit = np.zeros(times_s.shape, dtype=np.bool_)
        for start_s, end_s in self.thrust_s:
            lit |= (times_s >= start_s) & (times_s < end_s)
        return lit


def build_objects(scenario: Scenario, *, seed: int) -> tuple[TruthObject, ...]:
    """Every object of the scenario; background paths are drawn from the seed, launches never are.

    Raises `InvalidInput` when a dip cannot be where the file states it, or a break-up not when it does, `RunFailed`
    when figures cannot be met.
    """
    objects = [_cut_short(launch_object(launch), launch, scenario.injects) for launch in scenario.launches]
    for index, group in enumerate(scenario.backgrounds):
        generator = np.random.default_rng([seed, crc32(b"background"), index])
        objects.extend(_background(group, index, scenario.duration_s, generator))
    return tuple(objects)


@lru_cache(maxsize=64)
def launch_object(launch: Launch) -> TruthObject:
    """One launch, flown; kept for the next time it is asked for."""
    if launch.flight is not None:
        return _measured(launch, launch.flight)
    if launch.glide is not None:
        return _glide(launch, launch.glide)
    assert launch.profile is not None, "the reader lets nothing else through"
    return _ballistic(launch, launch.profile)


def describe(scenario: Scenario, item: TruthObject) -> dict[str, object]:
    """The facts of an object as plain values for files and people."""
    facts = item.facts
    if facts is None:
        return {"object_id": item.object_id, "kind": item.kind}

    def event(happening: Event) -> dict[str, object]:
        return {
            "time_utc": format_utc(scenario.start_ns + from_seconds(happening.time_s)),
            "latitude_deg": round(happening.latitude_deg, 5),
            "longitude_deg": round(happening.longitude_deg, 5),
            "altitude_m": round(happening.altitude_m, 1),
        }

    described: dict[str, object] = {
        "object_id": item.object_id,
        "kind": item.kind,
        "launch": event(facts.launch),
        "azimuth_deg": facts.azimuth_deg,
        "burnouts": [event(burnout) for burnout in facts.burnouts],
        "apogee": event(facts.apogee),
        "dips": [event(dip) for dip in facts.dips],
        "impact": event(facts.impact) if facts.impact else None,
        "range_m": round(facts.range_m, 1),
    }
    if facts.mismatch is not None:
        described["mismatch"] = {
            "what": "kept speed and altitude minus free flight here, mean over the coast above the air",
            "from_s": facts.mismatch.from_s,
            "to_s": facts.mismatch.to_s,
            "vertical_m_s2": round(facts.mismatch.vertical_m_s2, 4),
            "along_track_m_s2": round(facts.mismatch.along_track_m_s2, 4),
        }
    return described


def _ballistic(launch: Launch, wish: Profile) -> TruthObject:
    profile = PROFILES[wish.kind]
    flown = arc.aim(
        _departure(launch, profile.tilt_deg), _burning(wish), whole_kg_m2=profile.whole_kg_m2,
        body_kg_m2=profile.body_kg_m2, range_m=wish.range_m, apogee_m=wish.apogee_m,
    )  # fmt: skip
    return _flown(launch, "ballistic", flown, dip_times_s=())


def _glide(launch: Launch, wish: Glide) -> TruthObject:
    profile = PROFILES[wish.kind]
    start = (launch.latitude_deg, launch.longitude_deg)
    dips = [
        glide.Dip(ground_range_m(start, (dip.latitude_deg, dip.longitude_deg)), dip.altitude_m, dip.peak_altitude_m)
        for dip in wish.dip
    ]
    body = glide.Glider(wish.lift_to_drag, wish.load_limit_g, profile.body_kg_m2)
    flown = glide.aim_glide(
        _departure(launch, profile.tilt_deg), _burning(wish), body, dips, whole_kg_m2=profile.whole_kg_m2,
        range_m=wish.range_m, apogee_m=wish.apogee_m,
    )  # fmt: skip
    for index, (stated, dip) in enumerate(zip(wish.dip, flown.dips, strict=True)):
        apart_m = ground_range_m((stated.latitude_deg, stated.longitude_deg), dip.place_deg)
        if abs(stated.time_s - dip.time_s) > _DIP_TIME_S or apart_m > _DIP_PLACE_M:
            raise InvalidInput.single(
                f"launch {launch.id}: glide.dip[{index}]",
                f"cannot be at {stated.time_s:g} s, {stated.latitude_deg:g} N {stated.longitude_deg:g} E",
                f"{dip.time_s:.0f} s, {dip.place_deg[0]:.2f} N {dip.place_deg[1]:.2f} E for these figures",
            )
    return _flown(launch, "glide", flown.flight, dip_times_s=tuple(dip.time_s for dip in flown.dips))


def _measured(launch: Launch, wish: Flight) -> TruthObject:
    laid = measured.lay_out(
        wish.file, latitude_deg=launch.latitude_deg, longitude_deg=launch.longitude_deg, altitude_m=launch.altitude_m,
        azimuth_deg=launch.azimuth_deg,
    )  # fmt: skip
    last = _event(launch, laid.path, laid.path.end_s)
    facts = Facts(
        launch=_event(launch, laid.path, 0.0),
        azimuth_deg=launch.azimuth_deg,
        burnouts=tuple(_event(launch, laid.path, end_s) for _, end_s in laid.thrust_s[:1]),
        apogee=_event(launch, laid.path, laid.apogee_s),
        dips=(),
        impact=None,
        range_m=ground_range_m((launch.latitude_deg, launch.longitude_deg), (last.latitude_deg, last.longitude_deg)),
        mismatch=laid.mismatch,
    )
    return TruthObject(launch.id, "booster", laid.path, launch.time_s, _shift(laid.thrust_s, launch.time_s), facts)


def _flown(launch: Launch, kind: ObjectKind, flown: arc.Flight, *, dip_times_s: tuple[float, ...]) -> TruthObject:
    facts = Facts(
        launch=_event(launch, flown.path, 0.0),
        azimuth_deg=launch.azimuth_deg,
        burnouts=tuple(_event(launch, flown.path, time_s) for time_s in flown.burnouts_s),
        apogee=_event(launch, flown.path, flown.apogee_s),
        dips=tuple(_event(launch, flown.path, time_s) for time_s in dip_times_s),
        impact=_event(launch, flown.path, flown.path.end_s),
        range_m=flown.range_m,
    )
    thrust = _shift(((0.0, flown.burnouts_s[-1]),), launch.time_s)
    return TruthObject(launch.id, kind, flown.path, launch.time_s, thrust, facts)


def _cut_short(item: TruthObject, launch: Launch, injects: Sequence[Inject]) -> TruthObject:
    """The object as it is when it breaks up, as the first inject of its launch has it."""
    found = [inject for inject in injects if isinstance(inject, ShortFall) and inject.launch == launch.id]
    if not found:
        return item
    assert isinstance(item.path, Path) and item.facts is not None, "the reader lets no measured flight through"
    inject = min(found, key=lambda inject: inject.time_s)
    at_s = inject.time_s - launch.time_s
    if not 0.0 < at_s < item.path.end_s:
        expected = f"between {launch.time_s:g} and {item.end_s:.0f} s, while it flies"
        raise InvalidInput.single(f"inject short_fall of {launch.id}: time_s", f"is {inject.time_s:g}", expected)
    broken = break_up(item.path, at_s, speed_kept=inject.speed_kept, piece_kg_m2=inject.piece_kg_m2)
    impact = _event(launch, broken, broken.end_s)
    facts = item.facts
    start, end = (launch.latitude_deg, launch.longitude_deg), (impact.latitude_deg, impact.longitude_deg)
    return replace(
        item,
        path=broken,
        thrust_s=tuple((begin, min(end_s, inject.time_s)) for begin, end_s in item.thrust_s if begin < inject.time_s),
        facts=replace(
            facts,
            burnouts=tuple(event for event in facts.burnouts if event.time_s < inject.time_s),
            apogee=facts.apogee if facts.apogee.time_s < inject.time_s else _event(launch, broken, broken.apogee_s),
            dips=tuple(event for event in facts.dips if event.time_s < inject.time_s),
            impact=impact,
            range_m=ground_range_m(start, end),
        ),
    )


def _background(
    group: Aircraft | Satellites | Meteor | Clutter, index: int, duration_s: float, generator: np.random.Generator
) -> list[TruthObject]:
    if isinstance(group, Aircraft):
        paths = aircraft_paths(group, duration_s=duration_s, generator=generator)
        return [TruthObject(f"AIR{index}-{place}", "aircraft", path, 0.0) for place, path in enumerate(paths, start=1)]
    if isinstance(group, Satellites):
        orbits = satellite_paths(group, duration_s=duration_s, generator=generator)
        return [
            TruthObject(f"SAT{index}-{place}", "satellite", path, 0.0) for place, path in enumerate(orbits, start=1)
        ]
    if isinstance(group, Meteor):
        return [TruthObject(f"MET{index}", "meteor", meteor_path(group), group.time_s)]
    return []


def _departure(launch: Launch, tilt_deg: float) -> Departure:
    return Departure(launch.latitude_deg, launch.longitude_deg, launch.altitude_m, launch.azimuth_deg, tilt_deg)


def _burning(wish: Profile | Glide) -> tuple[Stage, ...]:
    stages = PROFILES[wish.kind].stages
    if wish.burn_s is None:
        return stages
    # the same impulse over another time: the acceleration goes the other way
    return tuple(
        replace(stage, burn_s=burn_s, ignition_m_s2=stage.ignition_m_s2 * stage.burn_s / burn_s)
        for stage, burn_s in zip(stages, wish.burn_s, strict=True)
    )


def _event(launch: Launch, path: Moving, time_s: float) -> Event:
    latitude, longitude, height = geodetic(path.at(np.array([time_s]))[0][0])
    return Event(launch.time_s + time_s, latitude, longitude, height)


def _shift(spans: tuple[tuple[float, float], ...], by_s: float) -> tuple[tuple[float, float], ...]:
    return tuple((start + by_s, end + by_s) for start, end in spans)
