"""A folder as a channel: one file per message, whole or not there at all.

Other programs watch such a folder (a siren controller, a broadcaster's ingest), so a file must appear complete: it is
written and synced under a hidden name and renamed. Identifiers are never reused, so a file that is there was delivered.
"""

import asyncio
import hashlib
import os
import re
import tempfile
from pathlib import Path

from beaconfire.kernel.errors import ChannelDown
from beaconfire.shell.channels.alerts import SignedAlert

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,199}")
_PROBE = ".self-test"


class Directory:
    """Delivers into one folder, which is made when it is missing."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; nothing is made yet."""
        self._folder = folder
        self.endpoint = str(folder)

    async def deliver(self, alert: SignedAlert) -> None:
        """Write the message; raises `ChannelDown` when the folder cannot be written."""
        await asyncio.to_thread(self._deliver, alert)

    async def probe(self) -> None:
        """Write and remove a small file; raises `ChannelDown` when that fails."""
        await asyncio.to_thread(self._probe)

    def _deliver(self, alert: SignedAlert) -> None:
        try:
            path = self._folder / file_name(alert.identifier)
            if not path.exists():
                write_atomically(path, alert.xml)
        except OSError as error:
            raise ChannelDown(error.strerror or str(error)) from None

    def _probe(self) -> None:
        try:
            write_atomically(self._folder / _PROBE, b"")
            (self._folder / _PROBE).unlink(missing_ok=True)
        except OSError as error:
            raise ChannelDown(error.strerror or str(error)) from None


def file_name(identifier: str) -> str:
    """Return the file's name for an identifier: itself where that is a plain name, else one made of its hash."""
    if _PLAIN.fullmatch(identifier):
        return f"{identifier}.xml"
    return f"{hashlib.sha256(identifier.encode()).hexdigest()}.xml"


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a crash, finds all of it or nothing; raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
