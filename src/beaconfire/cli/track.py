"""`beaconfire track`: detections in files in, tracks and events out; no network."""

from __future__ import annotations

from contextlib import nullcontext
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from beaconfire.cli.bars import progress_bar
from beaconfire.kernel.labels import Realm

if TYPE_CHECKING:
    from beaconfire.kernel.alerts import Language
    from beaconfire.shell.offline import Outcome

Json = Annotated[bool, Parameter(name="--json", negative="", help="print JSON")]


def register(app: App) -> None:
    """Add the `track` command."""
    app.command(track)


def track(
    *detections: Path,
    sensors: Path,
    out: Path | None = None,
    realm: Realm = Realm.EXERCISE,
    priors: Path | None = None,
    json: Json = False,
) -> None:
    """Track the detections of one or more files (.csv or .jsonl, rows in any order) and assess what was launched.

    Parameters
    ----------
    detections
        Detection files.
    sensors
        The sensors file (TOML) with every sensor that the rows name.
    out
        Folder for tracks.jsonl, events.jsonl, events.json and bulletins: a new one, an empty one, or a former run's.
    realm
        What the results are labelled.
    priors
        Classes to hold launches against instead of the package's, with the prior of each (TOML).
    json
        Print the outcome as JSON.
    """
    from beaconfire.assess import parse_library
    from beaconfire.kernel.errors import UsageError
    from beaconfire.kernel.sensors import parse_sensors
    from beaconfire.shell.config import read_bounded
    from beaconfire.shell.detection_files import read_detections
    from beaconfire.shell.export import ResultsWriter, check_folder, new_folder
    from beaconfire.shell.offline import nation_of, watch

    if not detections:
        raise UsageError("no detection file was named; name one or more, .csv or .jsonl")
    if out is not None:
        check_folder(out)
    sensors_toml = read_bounded(sensors)
    known = parse_sensors(sensors_toml, where=str(sensors))
    classes_toml = b"" if priors is None else read_bounded(priors)
    if priors is not None:
        parse_library(classes_toml, where=str(priors))  # its faults name the file, and come before the work
    with progress_bar("reading") as report:
        rows = read_detections(detections, sensors=[sensor.id for sensor in known], progress=report)
    with rows, nullcontext(None) if out is None else new_folder(out) as folder:
        writer = None if folder is None else ResultsWriter(folder, realm)
        with progress_bar("tracking") as report:
            outcome = watch(
                rows, sensors_toml=sensors_toml, nation=nation_of(known), realm=realm, progress=report,
                classes_toml=classes_toml, take=_nothing if writer is None else writer.take,
            )  # fmt: skip
        if writer is not None and folder is not None:
            writer.close()
            _write_bulletins(folder, nation_of(known), realm)
    _tell(_summary(outcome, realm, out), json=json)


def _write_bulletins(folder: Path, nation: str, realm: Realm) -> None:
    from beaconfire.shell.bulletins import launches_of, write_bulletins
    from beaconfire.shell.noticestore import NoticeStore
    from beaconfire.shell.recordstore import RecordStore

    launches, notices = launches_of(RecordStore(), realm), NoticeStore().notices()
    write_bulletins(folder, nation=nation, languages=_languages(nation), launches=launches, notices=notices)


def _languages(nation: str) -> tuple[Language, ...]:
    """The languages of a nation without a node's configuration: they name the seas."""
    own: dict[str, tuple[Language, ...]] = {"KOR": ("ko", "en"), "JPN": ("ja", "en")}
    return own.get(nation, ("en",))


def _nothing(_effects: object) -> None:
    """Results are printed only."""


def _summary(outcome: Outcome, realm: Realm, out: Path | None) -> dict[str, Any]:
    from beaconfire.kernel.results import event_row

    return {
        "realm": str(realm),
        "out": None if out is None else str(out),
        "detections": outcome.detections,
        "scans": outcome.scans,
        "quarantined": dict(outcome.quarantined),
        "tracks": outcome.tracks,
        "confirmed_tracks": outcome.confirmed_tracks,
        "events": [event_row(revision, realm=realm) for revision in outcome.events.values()],
    }


def _tell(summary: dict[str, Any], *, json: bool) -> None:
    if json:
        print(dumps(summary, ensure_ascii=False, indent=2))
        return
    held = sum(summary["quarantined"].values())
    print(
        f"{summary['realm']}: {summary['detections']} detections in {summary['scans']} scans, {held} held back, "
        f"{summary['confirmed_tracks']} confirmed tracks, {len(summary['events'])} events"
    )
    for reason, count in summary["quarantined"].items():
        print(f"  held back {count}: {reason}")
    for event in summary["events"]:
        print(f"  {_sentence(event)}")
    if summary["out"] is not None:
        print(f"written to {summary['out']}")


def _sentence(event: dict[str, Any]) -> str:
    """One event in one line."""
    kind, missile_class = (max(event[key], key=event[key].get) for key in ("kind", "class"))
    words = f"{event['event_id']}: {event['status']}, at least {event['count_at_least']}, {kind}, {missile_class}"
    for name in ("launch", "impact"):
        place = event[name]
        if place is not None and place["latitude_deg"] is not None:
            words += (
                f"; {name} {place['time_utc']} at {place['latitude_deg']:.3f}, {place['longitude_deg']:.3f} "
                f"within {place['ellipse_95']['semi_major_m'] / 1e3:.1f} km"
            )
    return words
