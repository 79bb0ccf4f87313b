"""Accounts that no node wrote: lines of results made from the truth with stated errors, so that scores are known."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from geographiclib.geodesic import Geodesic

from beaconfire.kernel.time import format_utc, from_seconds
from beaconfire.rehearse import Simulation, read_scenario, shipped, simulate
from beaconfire.rehearse.judge import Place, TrueLaunch, true_launches
from beaconfire.rehearse.lines import (
    Account,
    EllipseLine,
    EventLine,
    ImpactLine,
    LaunchLine,
    ObjectLine,
    Picture,
    Polygon,
    TrackLine,
    account,
)

CLASSES = {"IRBM": 0.8, "MRBM": 0.2}
KINDS = {"glide": 0.7, "ballistic": 0.3}


@cache
def simulation(name: str = "2025-01-06") -> Simulation:
    return simulate(read_scenario(shipped(name), where=name))


def moved(place: Place, *, azimuth_deg: float, distance_m: float) -> tuple[float, float]:
    """The (latitude, longitude) so far from a place."""
    answer = Geodesic.WGS84.Direct(place.latitude_deg, place.longitude_deg, azimuth_deg, distance_m)
    return answer["lat2"], answer["lon2"]


def square(centre: tuple[float, float], half_m: float) -> Polygon:
    """A footprint: a square on a (latitude, longitude), counter-clockwise from the south-west."""
    up = math.degrees(half_m / 6371e3)
    side = up / math.cos(math.radians(centre[0]))
    corners = [(-side, -up), (side, -up), (side, up), (-side, up), (-side, -up)]
    return Polygon([[(centre[1] + x, centre[0] + y) for x, y in corners]])


def thing(truth: TrueLaunch, *, off_m: float, half_m: float) -> ObjectLine:
    """One object: launch and impact both `off_m` east of the truth, in ellipses of `half_m`, in a square of that."""
    assert truth.impact is not None
    ellipse = EllipseLine(half_m, half_m, 30.0)
    start, end = (moved(place, azimuth_deg=90.0, distance_m=off_m) for place in (truth.launch, truth.impact))
    return ObjectLine(
        launch=LaunchLine(format_utc(truth.launch.time_ns + from_seconds(2.0)), 1.0, *start, ellipse),
        impact=ImpactLine(format_utc(truth.impact.time_ns), 4.0, *end, ellipse, square(end, half_m)),
    )


def event(picture: Picture, revision: int, at_ns: int, objects: Sequence[ObjectLine], **changes: object) -> EventLine:
    values: dict[str, object] = {
        "event_id": "KOR-E1", "revision": revision, "issued_utc": format_utc(at_ns), "status": "confirmed",
        "picture": picture, "count_at_least": len(objects), "class_": CLASSES, "kind": KINDS,
        "launch": objects[0].launch, "impact": objects[0].impact, "objects": tuple(objects),
        "contributors": ("KOR",) if picture == "own" else ("KOR", "USA"), "tracks": (f"T-{picture}",),
    }  # fmt: skip
    return EventLine(**(values | changes))  # type: ignore[arg-type]


def track(sim: Simulation, picture: Picture, *, from_s: float, off_m: float) -> list[TrackLine]:
    """Updates every four seconds of the first launch, so far off on every axis, to its end."""
    item = next(item for item in sim.truth if item.facts is not None)
    times = np.arange(from_s, min(item.end_s, sim.scenario.duration_s), 4.0)
    positions, velocities = item.at(times)
    return [
        TrackLine(
            f"T-{picture}", format_utc(sim.scenario.start_ns + from_seconds(time_s)), (x + off_m, y + off_m, z + off_m),
            (u, v, w), "confirmed", picture, {"ballistic": 1.0},
        )
        for time_s, (x, y, z), (u, v, w) in zip(times.tolist(), positions.tolist(), velocities.tolist(), strict=True)
    ]  # fmt: skip


def pretend(nation: str, sim: Simulation, *, own: bool = True, own_m: float = 60e3, shared_m: float = 20e3) -> Account:
    """One nation's account: areas that shrink over time, shared a third as wide as own, truth inside both."""
    truths = true_launches(sim)
    start_ns, known = truths[0].launch.time_ns, [truth for truth in truths if truth.impact is not None]
    pictures: list[tuple[Picture, float, float]] = [("fused", 70.0, shared_m)]
    if own:
        pictures.append(("own", 110.0, own_m))
    events, tracks = [], []
    for picture, after_s, half_m in pictures:
        for number in range(12):
            size_m = half_m * (1.0 + 2.0 / (1.0 + number))
            objects = [thing(truth, off_m=0.3 * size_m, half_m=size_m) for truth in known]
            status = "suspected" if number == 0 else "confirmed"
            at_ns = start_ns + from_seconds(after_s + 30.0 * number)
            events.append(event(picture, 2 * number + (picture == "own"), at_ns, objects, status=status))
        tracks += track(sim, picture, from_s=after_s, off_m=0.05 * half_m)
    return account(nation, sorted(events, key=lambda row: row.issued_ns), tracks)
