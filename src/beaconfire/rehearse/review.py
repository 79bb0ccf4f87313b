"""The review of a run: what each nation knew, when, how well, alone and with what partners released.

In: the simulation (truth and who could see it) and each nation's account. Out: the plain values of `summary.json`.
`alone` judges the OWN picture, `shared` the FUSED one; `comparison` holds both against the truth at one and the same
time, the one at which sharing told most. Scoring is pure: the same lines give the same values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import shapely

from beaconfire.kernel.time import format_utc, from_seconds, seconds_between
from beaconfire.rehearse import judge
from beaconfire.rehearse.judge import TrueLaunch
from beaconfire.rehearse.lines import Account, EventLine, ObjectLine, Picture
from beaconfire.rehearse.partings import partings
from beaconfire.rehearse.simulation import Simulation
from beaconfire.rehearse.warnings import warning_values

GRID_S = 10.0  # step of the equal times

Values = dict[str, Any]


def review(simulation: Simulation, accounts: Mapping[str, Account], *, failed: Sequence[str] = ()) -> Values:
    """Return the values of `summary.json`; `failed` names the nations whose node did not live to the end."""
    scenario, truths = simulation.scenario, judge.true_launches(simulation)
    seen_ns, areas = _first_detections(simulation), {name: _Areas(account) for name, account in accounts.items()}
    return {
        "scenario": scenario.name,
        "title": scenario.title,
        "realm": "EXERCISE",
        "seed": simulation.seed,
        "start_utc": format_utc(scenario.start_ns),
        "end_utc": format_utc(scenario.start_ns + from_seconds(scenario.duration_s)),
        "failed": list(failed),
        "exit_status": 1 if failed else 0,
        "launches": [_truth_values(truth) for truth in truths],
        "nations": {
            nation.code: _nation_values(simulation, accounts.get(nation.code, Account(nation.code)), truths, seen_ns)
            for nation in scenario.nations
        },
        "partings": partings(
            accounts, equal_times_ns(simulation, truths),
            lambda nation, time_ns: _rounded(areas[nation].km2("fused", time_ns), 1) if nation in areas else None,
        ),
    }  # fmt: skip


def equal_times_ns(simulation: Simulation, truths: Sequence[TrueLaunch]) -> tuple[int, ...]:
    """Return the times at which pictures are held against each other: every ten seconds from the first launch on."""
    scenario = simulation.scenario
    end_ns = scenario.start_ns + from_seconds(scenario.duration_s)
    start_ns = truths[0].launch.time_ns if truths else scenario.start_ns
    return tuple(range(start_ns, end_ns + 1, from_seconds(GRID_S)))


def _nation_values(
    simulation: Simulation, account: Account, truths: Sequence[TrueLaunch], seen_ns: Mapping[str, int]
) -> Values:
    areas = _Areas(account)
    times_ns = equal_times_ns(simulation, truths)
    contributors = [nation for row in account.last_revisions("fused") for nation in row.contributors]
    return {
        "alone": _picture_values(areas, "own", truths, times_ns, _earliest(seen_ns, [account.nation])),
        "shared": _picture_values(areas, "fused", truths, times_ns, _earliest(seen_ns, contributors)),
        "comparison": _comparison(areas, truths, times_ns),
        "warning": warning_values(account),
        "tracks": account.lines,
        "revisions": len(account.events),
    }


def _picture_values(
    areas: _Areas,
    picture: Picture,
    truths: Sequence[TrueLaunch],
    times_ns: Sequence[int],
    first_detection_ns: int | None,
) -> Values:
    account = areas.account
    last, revisions = account.last_revisions(picture), account.revisions(picture)
    confirmed = [row.issued_ns for row in revisions if row.status == "confirmed"]
    opened = [row.issued_ns for row in revisions]
    ends = [truth.impact.time_ns if truth.impact else truth.end_ns for truth in truths]
    warned = bool(confirmed and ends)
    return {
        "first_detection_utc": _utc(first_detection_ns) if last else None,
        "first_track_utc": _utc(_first_track_ns(account, picture)),
        "suspected_utc": _utc(min(opened, default=None)),
        "confirmed_utc": _utc(min(confirmed, default=None)),
        "warning_s": round(seconds_between(min(ends), min(confirmed)), 3) if warned else None,
        "footprint_km2": [
            {"time_utc": format_utc(time_ns), "km2": _rounded(areas.km2(picture, time_ns), 1)} for time_ns in times_ns
        ]
        if last
        else None,
        "events": [_event_values(revision, truths) for revision in last],
    }


def _event_values(revision: EventLine, truths: Sequence[TrueLaunch]) -> Values:
    objects = revision.each_object
    return {
        "event_id": revision.event_id,
        "status": revision.status,
        "revision": revision.revision,
        "issued_utc": revision.issued_utc,
        "count_at_least": revision.count_at_least,
        "class": _most_probable(revision.class_),
        "kind": _most_probable(revision.kind),
        "class_probabilities": revision.class_,
        "kind_probabilities": revision.kind,
        "contributors": list(revision.contributors),
        "objects": [
            _object_values(item, truth) for item, truth in zip(objects, judge.match(objects, truths), strict=True)
        ],
    }


def _object_values(item: ObjectLine, truth: TrueLaunch | None) -> Values:
    """The errors of one object; None where there is no estimate, or no truth to hold it against."""
    values: Values = dict.fromkeys(
        (
            "truth", "launch_error_m", "launch_time_error_s", "launch_semi_major_m", "launch_inside_95",
            "impact_error_m", "impact_time_error_s", "impact_semi_major_m", "impact_inside_95",
            "burnout_error_s", "ground_range_m", "apogee_m",
        )
    )  # fmt: skip
    values["ground_range_m"], values["apogee_m"] = _rounded(item.ground_range_m, 0), _rounded(item.apogee_m, 0)
    if truth is None:
        return values
    values["truth"] = truth.object_id
    values["burnout_error_s"] = _rounded(judge.time_error_s(item.burnout_time_utc, truth.burnout_ns), 3)
    if item.launch is not None:
        place = (item.launch.latitude_deg, item.launch.longitude_deg)
        values["launch_error_m"] = round(judge.distance_m(place, truth.launch), 1)
        values["launch_time_error_s"] = _rounded(judge.time_error_s(item.launch.time_utc, truth.launch.time_ns), 3)
        values["launch_semi_major_m"] = round(item.launch.ellipse_95.semi_major_m, 1)
        values["launch_inside_95"] = judge.inside_ellipse(place, item.launch.ellipse_95, truth.launch)
    impact = item.impact
    if impact is None or truth.impact is None or impact.latitude_deg is None or impact.longitude_deg is None:
        return values
    place = (impact.latitude_deg, impact.longitude_deg)
    values["impact_error_m"] = round(judge.distance_m(place, truth.impact), 1)
    values["impact_time_error_s"] = _rounded(judge.time_error_s(impact.time_utc, truth.impact.time_ns), 3)
    if impact.ellipse_95 is not None:
        values["impact_semi_major_m"] = round(impact.ellipse_95.semi_major_m, 1)
        values["impact_inside_95"] = judge.inside_ellipse(place, impact.ellipse_95, truth.impact)
    return values


def _comparison(areas: _Areas, truths: Sequence[TrueLaunch], times_ns: Sequence[int]) -> Values | None:
    """Hold OWN against FUSED at the equal time at which sharing told most, truth inside both before all else."""
    best: tuple[bool, float] | None = None
    chosen: Values | None = None
    for time_ns in times_ns:
        own, shared = areas.at("own", time_ns), areas.at("fused", time_ns)
        expected = _impacts_to_come(areas.account.in_force("fused", time_ns), truths, time_ns)
        if own is None or shared is None or not expected:
            continue
        inside = [all(judge.holds(area, truth) for truth in expected) for area in (own, shared)]
        own_km2, shared_km2 = areas.km2("own", time_ns), areas.km2("fused", time_ns)
        assert own_km2 and shared_km2, "an area that is there has a size"
        rank = (not all(inside), shared_km2 / own_km2)
        if best is None or rank < best:
            best = rank
            chosen = {
                "time_utc": format_utc(time_ns),
                "own_km2": round(own_km2, 1),
                "shared_km2": round(shared_km2, 1),
                "ratio": float(f"{shared_km2 / own_km2:.4g}"),
                "truth_inside_own": inside[0],
                "truth_inside_shared": inside[1],
            }
    return chosen


def _impacts_to_come(revisions: Sequence[EventLine], truths: Sequence[TrueLaunch], time_ns: int) -> list[judge.Place]:
    """The true impacts, still ahead, of the objects that these revisions know of."""
    objects = [item for revision in revisions for item in revision.each_object]
    known = [truth.impact for truth in judge.match(objects, truths) if truth is not None]
    return [impact for impact in known if impact is not None and impact.time_ns > time_ns]


class _Areas:
    """The areas that may be hit by one nation's account, over all events and objects, each worked out once."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._known: dict[tuple[tuple[str, int], ...], tuple[shapely.Geometry | None, float | None]] = {}

    def at(self, picture: Picture, time_ns: int) -> shapely.Geometry | None:
        """The area in force at a time; None if there is none, or none with a size."""
        return self._of(picture, time_ns)[0]

    def km2(self, picture: Picture, time_ns: int) -> float | None:
        """The size of that area."""
        return self._of(picture, time_ns)[1]

    def _of(self, picture: Picture, time_ns: int) -> tuple[shapely.Geometry | None, float | None]:
        revisions = self.account.in_force(picture, time_ns)
        key = tuple((revision.event_id, revision.revision) for revision in revisions)
        if key not in self._known:
            parts = [part for revision in revisions if (part := judge.footprint(revision)) is not None]
            whole = shapely.union_all(parts) if parts else None
            km2 = judge.size_km2(whole) if whole is not None else 0.0
            self._known[key] = (whole, km2) if km2 > 0.0 else (None, None)
        return self._known[key]


def _first_detections(simulation: Simulation) -> dict[str, int]:
    """When each nation's sensors first saw a launch, by nation."""
    nation_of = {sensor.id: sensor.nation for sensor in simulation.scenario.sensors}
    launched = {item.object_id for item in simulation.truth if item.facts is not None}
    found: dict[str, int] = {}
    for time_ns, sensor_id, _, object_ids in simulation.scans():
        if nation_of[sensor_id] not in found and launched.intersection(object_ids):
            found[nation_of[sensor_id]] = time_ns
    return found


def _first_track_ns(account: Account, picture: Picture) -> int | None:
    return min((lines[0].time_ns for lines in account.tracks.values() if lines[0].picture == picture), default=None)


def _earliest(times_ns: Mapping[str, int], nations: Sequence[str]) -> int | None:
    return min((times_ns[nation] for nation in nations if nation in times_ns), default=None)


def _truth_values(truth: TrueLaunch) -> Values:
    def place(at: judge.Place | None) -> Values | None:
        if at is None:
            return None
        return {
            "time_utc": format_utc(at.time_ns),
            "latitude_deg": round(at.latitude_deg, 5),
            "longitude_deg": round(at.longitude_deg, 5),
        }

    return {
        "object_id": truth.object_id,
        "launch": place(truth.launch),
        "impact": place(truth.impact),
        "burnout_utc": _utc(truth.burnout_ns),
        "end_utc": format_utc(truth.end_ns),
    }


def _most_probable(probabilities: Mapping[str, float]) -> str:
    return max(probabilities, key=lambda name: probabilities[name])


def _utc(time_ns: int | None) -> str | None:
    return None if time_ns is None else format_utc(time_ns)


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
