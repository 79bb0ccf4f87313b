"""Result files: what a node shows, written as the lines of INTERFACES part 5, and the folder they end up in.

`ResultsWriter` is a window of the node: one line per track update and per event revision, whole lines only, so that a
killed node leaves no half of one. `new_folder` gives a run a folder that appears, complete, when the run has ended and
not before: it is filled as a hidden sibling and moved into place.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from beaconfire.assess import phase_probabilities
from beaconfire.kernel import results
from beaconfire.kernel.errors import RunFailed, UsageError
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import EventStatus
from beaconfire.kernel.time import format_utc
from beaconfire.node import Effect, ShowAlert, ShowAudit, ShowEvent, ShowTrack
from beaconfire.shell.alertrows import log_row
from beaconfire.warn import ENDED

TRACKS, EVENTS, LAST_EVENTS = "tracks.jsonl", "events.jsonl", "events.json"
ALERTS = "alerts.jsonl"
PARTNERS = "partners.jsonl"
MARKER = ".beaconfire-results"
Row = dict[str, Any]
_ENCODER = msgspec.json.Encoder()


class _Event(msgspec.Struct, frozen=True):
    event_id: str
    status: EventStatus


_EVENT = msgspec.json.Decoder(_Event)


class ResultsWriter:
    """Writes `tracks.jsonl`, `events.jsonl` and, once there is any, `alerts.jsonl` and `partners.jsonl` as things
    happen, and `events.json` when it is closed."""

    def __init__(self, folder: Path, realm: Realm) -> None:
        """Start empty files in a folder, which is made; a journal that is replayed fills them again."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._realm = folder, realm
        self._tracks = (folder / TRACKS).open("wb", buffering=0)
        self._events = (folder / EVENTS).open("wb", buffering=0)
        self._once: dict[str, BinaryIO] = {}  # files that are there once something is in them
        for name in (ALERTS, PARTNERS):
            (folder / name).unlink(missing_ok=True)
        self.tracks = self.revisions = 0

    def show(self, *, seq: int, now_ns: int, effects: Sequence[Effect], durable: bool) -> None:
        """Write what the effects of one journal row show."""
        self.take(effects)

    def take(self, effects: Sequence[Effect]) -> None:
        """Write what effects show: each file's lines in one call, so that a kill leaves whole lines."""
        updates = [effect.update for effect in effects if isinstance(effect, ShowTrack)]
        revisions = [effect.revision for effect in effects if isinstance(effect, ShowEvent)]
        if updates:
            self._tracks.write(
                _lines(
                    results.track_row(update, realm=self._realm, phases=phase_probabilities(update))
                    for update in updates
                )
            )
        if revisions:
            self._events.write(_lines(results.event_row(revision, realm=self._realm) for revision in revisions))
        alerts = [effect.row for effect in effects if isinstance(effect, ShowAlert)]
        if alerts:
            self._append(ALERTS, [log_row(row) for row in alerts])
        if words := [row for effect in effects if (row := partner_word(effect)) is not None]:
            self._append(PARTNERS, words)
        self.tracks += len(updates)
        self.revisions += len(revisions)

    def close(self) -> None:
        """Close the files and write `events.json`."""
        self._tracks.close()
        self._events.close()
        for file in self._once.values():
            file.close()
        write_last_events(self._folder)

    def _append(self, name: str, rows: Sequence[Row]) -> None:
        if name not in self._once:
            self._once[name] = (self._folder / name).open("wb", buffering=0)
        self._once[name].write(_lines({"realm": str(self._realm), **row} for row in rows))


def partner_word(effect: Effect) -> Row | None:
    """Return the line of a partner's standing that changed, or of a catch-up that came to its end; None of all else."""
    if not isinstance(effect, ShowAudit) or effect.verdict == "refused":
        return None
    if effect.kind != "partner" and effect.verdict != "caught up":
        return None
    return {
        "time_utc": format_utc(effect.time_ns), "partner": effect.partner,
        "word": effect.verdict.replace(" ", "_"), "by": effect.subject, "why": effect.reason, "count": effect.count,
    }  # fmt: skip


def write_last_events(folder: Path) -> list[Row]:
    """Write `events.json`, the last revision of each event of `events.jsonl`, and return it."""
    latest: dict[str, Row] = {}
    with (folder / EVENTS).open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                revision = msgspec.json.decode(line)
                latest[revision["event_id"]] = revision
    last = list(latest.values())
    (folder / LAST_EVENTS).write_bytes(msgspec.json.format(_ENCODER.encode(last), indent=1) + b"\n")
    return last


def open_events(folder: Path) -> tuple[str, ...]:
    """Return the ids of the events that a running node's results hold open, in order of their opening."""
    found: dict[str, None] = {}
    path = folder / EVENTS
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else ():
        if line.endswith(b"\n"):
            revision = _EVENT.decode(line)
            found.setdefault(revision.event_id)
            if revision.status in ENDED:
                del found[revision.event_id]
    return tuple(found)


def check_folder(folder: Path) -> None:
    """Raise `UsageError` unless a run may put its results there: a new folder, an empty one, or a former run's."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder")
    held = {item.name for item in folder.iterdir()}
    if not held:
        return
    foreign = sorted(held - _former(folder))
    if foreign:
        raise UsageError(f"{folder} holds {foreign[0]!r}; name a new folder, an empty one or a former run's")


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """Give a hidden sibling of `folder` to fill; it takes the folder's place when the block ends without an error.

    Raises `UsageError` as `check_folder` does, `RunFailed` when the place cannot be written.
    """
    folder = folder.absolute()
    check_folder(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise RunFailed(f"{folder.parent} cannot be written: {error.strerror}") from None
    try:
        yield staged
        names = sorted(item.name for item in staged.iterdir())
        (staged / MARKER).write_bytes(_ENCODER.encode([MARKER, *names]))
        staged.chmod(0o755)
        _replace(folder, staged)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _replace(folder: Path, staged: Path) -> None:
    """Move a filled folder into its place; the old one is out of the way before, and gone after."""
    try:
        if folder.exists():
            check_folder(folder)
            old = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
            folder.rename(old / folder.name)
            staged.rename(folder)
            shutil.rmtree(old)
        else:
            staged.rename(folder)
    except OSError as error:
        raise RunFailed(f"{folder} cannot be replaced: {error.strerror}") from None


def _former(folder: Path) -> frozenset[str]:
    """The names that a former run put into a folder, none if it is no run's."""
    try:
        names = msgspec.json.decode((folder / MARKER).read_bytes(), type=list[str])
    except (OSError, msgspec.DecodeError):
        return frozenset()
    return frozenset(names)


def _lines(values: Iterator[Row]) -> bytes:
    return b"".join(_ENCODER.encode(value) + b"\n" for value in values)
