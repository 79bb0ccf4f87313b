"""Detections in files through the real step: time passes as in a node, and a flight becomes one event."""

from collections.abc import Sequence
from functools import cache

import pytest

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import Detection, EventStatus, Sensor
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import Effect, ScanIn, ShowEvent, ShowTrack, Tick
from beaconfire.rehearse import read_scenario, sensors_toml, shipped, simulate
from beaconfire.shell import offline
from beaconfire.shell.offline import QUIET_NS, Outcome, nation_of, watch

START_NS = 1_736_132_407 * NS_PER_S


def detection(at_s: float, sensor: str = "R1") -> Detection:
    return Detection(
        time_ns=START_NS + round(at_s * NS_PER_S), sensor_id=sensor, range_m=3e5, azimuth_rad=0.1, elevation_rad=0.2
    )


def inputs(*times_s: float) -> list[tuple[float, str]]:
    rows = offline._inputs([detection(at_s) for at_s in times_s])
    return [((now_ns - START_NS) / NS_PER_S, type(item).__name__) for now_ns, item in rows]


def test_time_passes_in_whole_seconds_between_scans() -> None:
    assert inputs(0.25, 2.75) == [(0.25, "ScanIn"), (1.0, "Tick"), (2.0, "Tick"), (2.75, "ScanIn"), (2.75, "Tick")]
    assert inputs(1.0, 2.0) == [(1.0, "ScanIn"), (2.0, "ScanIn"), (2.0, "Tick")]
    assert inputs() == []


def test_a_gap_of_days_is_not_ticked_through() -> None:
    rows = inputs(0.0, 10 * 86_400.0)
    assert len(rows) == QUIET_NS // NS_PER_S + 2
    assert rows[-2:] == [(864_000.0, "ScanIn"), (864_000.0, "Tick")]


def test_time_never_goes_back() -> None:
    times = [now_s for now_s, _ in inputs(0.1, 0.1, 0.7, 3.3, 9.9)]
    assert times == sorted(times)


def test_the_picture_is_the_sensors_nations() -> None:
    def sensor(nation: str) -> Sensor:
        return Sensor(id=f"{nation}-R1", nation=nation, kind="radar")

    assert nation_of([sensor("KOR"), sensor("KOR")]) == "KOR"
    assert nation_of([sensor("KOR"), sensor("JPN")]) == "XXX"


@cache
def played(nations: tuple[str, ...]) -> tuple[Outcome, tuple[Effect, ...], tuple[tuple[int, int], ...]]:
    """The flight of 6 January by the sensors of some nations, without the truth labels and the empty looks."""
    scenario = read_scenario(shipped("2025-01-06"), where="2025-01-06")
    known = tuple(sensor for sensor in scenario.sensors if sensor.nation in nations)
    ids = {sensor.id for sensor in known}
    rows = [row for _, sensor, rows, _ in simulate(scenario).scans() if sensor in ids for row in rows]
    effects: list[Effect] = []
    told: list[tuple[int, int]] = []

    def take(some: Sequence[Effect]) -> None:
        effects.extend(some)

    outcome = watch(
        sorted(rows, key=lambda row: (row.time_ns, row.sensor_id)), sensors_toml=sensors_toml(known).encode(),
        nation=nation_of(known), realm=Realm.EXERCISE, take=take,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    return outcome, tuple(effects), tuple(told)


@pytest.mark.parametrize("nations", [("KOR",), ("KOR", "JPN", "USA")])
def test_one_flight_is_one_event(nations: tuple[str, ...]) -> None:
    outcome, effects, _ = played(nations)
    (event,) = outcome.events.values()
    assert event.event_id.startswith(f"{'KOR' if len(nations) == 1 else 'XXX'}-E")
    assert EventStatus.CONFIRMED in {effect.revision.status for effect in effects if isinstance(effect, ShowEvent)}
    assert event.count_at_least == 1
    assert set(event.contributors) <= set(nations)


def test_without_partners_there_is_the_own_picture_only() -> None:
    _, effects, _ = played(("KOR", "JPN", "USA"))
    pictures = {effect.update.picture for effect in effects if isinstance(effect, ShowTrack)}
    pictures |= {effect.revision.picture for effect in effects if isinstance(effect, ShowEvent)}
    assert pictures == {"own"}


def test_what_was_done_is_counted() -> None:
    outcome, effects, told = played(("KOR",))
    assert told[-1] == (outcome.detections, outcome.detections)
    assert outcome.scans == len(told)
    assert outcome.tracks >= outcome.confirmed_tracks >= 1
    assert outcome.tracks == len({effect.update.track_id for effect in effects if isinstance(effect, ShowTrack)})
    assert not outcome.quarantined


def test_what_is_held_back_is_counted_with_its_reason() -> None:
    twice = [detection(1.0), detection(1.0)]
    outcome = watch(
        twice, sensors_toml=b'[[sensor]]\nid = "R1"\nnation = "KOR"\nkind = "radar"\nlatitude_deg = 36.6\n'
        b"longitude_deg = 127.4\n", nation="KOR", realm=Realm.EXERCISE, take=lambda effects: None,
        progress=lambda done, total: None,
    )  # fmt: skip
    assert outcome.detections == 2
    assert sum(outcome.quarantined.values()) == 1


def test_no_detections_are_no_outcome() -> None:
    outcome = watch(
        [], sensors_toml=b'[[sensor]]\nid = "R1"\nnation = "KOR"\nkind = "radar"\n', nation="KOR",
        realm=Realm.EXERCISE, take=lambda effects: None, progress=lambda done, total: None,
    )  # fmt: skip
    assert (outcome.scans, outcome.tracks, outcome.events) == (0, 0, {})


def test_inputs_are_those_of_a_node() -> None:
    kinds = {type(item) for _, item in offline._inputs([detection(0.0), detection(5.0)])}
    assert kinds == {ScanIn, Tick}
