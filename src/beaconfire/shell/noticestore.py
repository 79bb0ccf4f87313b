"""Announced space launches of one user: `notices.toml` under `$BEACONFIRE_HOME`, written by commands or by hand."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from beaconfire.kernel.errors import InvalidInput, RunFailed
from beaconfire.record import LaunchNotice, checked_notice, fits, parse_notices
from beaconfire.shell.config import read_bounded
from beaconfire.shell.recordstore import home

_HEAD = "# Space launches announced in advance: context for people, never suppression.\n"


class NoticeStore:
    """The notices that belong to a launch record, by id; they lie beside it."""

    def __init__(self, record: Path | None = None) -> None:
        """Use `notices.toml` beside the record's file, by default under `home()`; nothing is made before `add`."""
        self.path = (home() if record is None else record.parent) / "notices.toml"
        self._read: tuple[int, tuple[LaunchNotice, ...]] = (0, ())

    def notices(self) -> tuple[LaunchNotice, ...]:
        """Return all notices, the withdrawn too; raises `InvalidInput` for a file that is wrong."""
        if not self.path.exists():
            return ()
        changed_ns = self.path.stat().st_mtime_ns
        if changed_ns != self._read[0]:
            self._read = changed_ns, parse_notices(read_bounded(self.path), where=str(self.path))
        return self._read[1]

    def context(self, row: Mapping[str, Any]) -> list[str]:
        """Return what the notices say to an event (a line of `events.jsonl`), a line each; or why they cannot be read.

        For people only; whatever it says or fails to say, the event and its alerts are the same.
        """
        try:
            return [fit.words() for fit in fits(self.notices(), row)]
        except InvalidInput as error:
            return [f"Announced space launches cannot be read: {error}"]

    def add(self, notice: LaunchNotice) -> None:
        """Add a notice; raises `InvalidInput` for one that is wrong, or whose id is there with other words."""
        checked_notice(notice, where=notice.id)
        known = {item.id: item for item in self.notices()}
        if known.get(notice.id, notice) != notice:
            raise InvalidInput.single(notice.id, "is there already, with other words", "a new id; withdraw the old one")
        self._write([*known.values(), *([] if notice.id in known else [notice])])

    def withdraw(self, name: str) -> None:
        """Take a notice back; it stays in the file. Raises `InvalidInput` for one that is not there."""
        known = {item.id: item for item in self.notices()}
        if name not in known:
            raise InvalidInput.single(name, "is no notice here", "an id of `notice list`")
        known[name] = msgspec.structs.replace(known[name], withdrawn=True)
        self._write(list(known.values()))

    def _write(self, notices: Sequence[LaunchNotice]) -> None:
        """Put the whole file in place at once."""
        text = _HEAD + "".join(_table(notice) for notice in notices)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile("w", dir=self.path.parent, delete=False, encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(file.name).replace(self.path)
        except OSError as error:
            raise RunFailed(f"{self.path}: {error.strerror}") from None


def _table(notice: LaunchNotice) -> str:
    rows = msgspec.to_builtins(notice)
    lines = [f"{name} = {msgspec.json.encode(value).decode()}" for name, value in rows.items()]  # JSON's are TOML's
    return "\n".join(["\n[[notice]]", *lines, ""])
