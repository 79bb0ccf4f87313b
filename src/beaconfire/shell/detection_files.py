"""Detection files from disk: several, of either form, rows in any order; out come detections in order of time.

Every row is checked before the first is handed on, so that a fault in the last line leaves nothing half done. Rows
wait in a temporary file as numbers of fixed size and are sorted by an index in memory, 24 bytes each: a file may be
larger than the memory.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from beaconfire.kernel import limits
from beaconfire.kernel.detection_columns import ROW, Table, Times, parse_block, records, table_of
from beaconfire.kernel.detections import read_csv, read_header, read_jsonl
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.records import Detection

Rows = NDArray[np.int64]
Progress = Callable[[int, int], None]

_FORMS = (".csv", ".jsonl")
_BLOCK_BYTES = 1 << 20  # of text parsed at once
_BLOCK_ROWS = 8_192  # read one by one or handed on at once


class DetectionRows:
    """The detections of some files in order of time, then sensor; iterated as often as need be until it is left."""

    def __init__(self, file: BinaryIO, sensors: Sequence[str], time_ns: Rows, sensor: Rows) -> None:
        """Keep rows of `ROW` that stand in a file; `time_ns` and `sensor` are theirs, in the order of the file."""
        self._file, self._sensors = file, sensors
        rank = np.argsort(np.argsort(np.array(sensors, dtype=str)))
        self._order = np.lexsort((rank[sensor], time_ns))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Detection]:
        if not len(self):
            return
        stored = np.memmap(self._file, ROW, "r", shape=(len(self),))
        for start in range(0, len(self), _BLOCK_ROWS):
            yield from records(np.asarray(stored[self._order[start : start + _BLOCK_ROWS]]), self._sensors)


def read_detections(paths: Sequence[Path], *, sensors: Sequence[str], progress: Progress) -> DetectionRows:
    """Return the detections of all files in order of time, then sensor; `sensors` are the known ids.

    `progress` is called with the bytes read and the bytes in all. Raises `InvalidInput` naming file, line and field:
    for a file that cannot be read or is of no known form, a row that is none, a sensor that is not known.
    """
    total, done, count = sum(_size(path) for path in paths), 0, 0
    times, places = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    with ExitStack() as stack:
        file = stack.enter_context(tempfile.TemporaryFile())
        for path in paths:
            source = _Source(path, sensors)
            for table in source.tables():
                _check_count(source, count, len(table))
                count += len(table)
                file.write(table.tobytes())
                times.append(table["time_ns"].copy())
                places.append(table["sensor"].copy())
                progress(done + source.read, total)
            done += source.read
        progress(total, total)
        file.flush()
        stack.pop_all()  # it lives as long as the rows
    return DetectionRows(file, tuple(sensors), np.concatenate(times), np.concatenate(places))


@dataclass(slots=True)
class _Source:
    """One file: its rows as tables, and how many lines and bytes of it were read so far."""

    path: Path
    sensors: Sequence[str]
    number: int = 0
    read: int = 0

    def tables(self) -> Iterator[Table]:
        """Yield the file's rows, a block at a time."""
        known = {name: place for place, name in enumerate(self.sensors)}
        with self.path.open("rb") as file:
            if self.path.suffix.lower() == ".jsonl":
                yield from self._one_by_one(read_jsonl(self._lines(file), where=str(self.path)), known)
            else:
                yield from self._csv(file, known)

    def _csv(self, file: BinaryIO, known: Mapping[str, int]) -> Iterator[Table]:
        where, times = str(self.path), Times()
        first = next(self._lines(file), "")
        if '"' in first:
            yield from self._one_by_one(read_csv(chain([first], self._lines(file)), where=where), known)
            return
        header = read_header(first.rstrip("\r\n").split(",") if first.strip() else None, where=where)
        while True:
            start = file.tell()
            block = file.read(_BLOCK_BYTES)
            block += file.readline(limits.MAX_LINE_BYTES + 1) if not block.endswith(b"\n") else b""
            if not block:
                return
            text = _text(block)
            table = None if text is None else parse_block(text, header, sensors=known, times=times)
            if table is not None:
                self.number += len(table)
                self.read += len(block)
                yield table
                continue
            file.seek(start)
            lines = self._lines(file, until=start + len(block) if b'"' not in block else None)
            rows = read_csv(lines, where=where, header=header, before=self.number)
            yield from self._one_by_one(rows, known)

    def _one_by_one(self, rows: Iterator[Detection], known: Mapping[str, int]) -> Iterator[Table]:
        """Yield detections that are read line by line as tables; the line last read is each one's own."""
        while some := list(islice(self._of_known_sensors(rows, known), _BLOCK_ROWS)):
            yield table_of(some, sensors=known)

    def _of_known_sensors(self, rows: Iterator[Detection], known: Mapping[str, int]) -> Iterator[Detection]:
        for item in rows:
            if item.sensor_id not in known:
                raise _unknown(item.sensor_id, self.sensors, where=f"{self.path}:{self.number}: sensor_id")
            yield item

    def _lines(self, file: BinaryIO, *, until: int | None = None) -> Iterator[str]:
        while (until is None or file.tell() < until) and (line := file.readline(limits.MAX_LINE_BYTES + 1)):
            self.number += 1
            self.read += len(line)
            where = f"{self.path}:{self.number}"
            if len(line) > limits.MAX_LINE_BYTES:
                raise InvalidInput.single(where, "is too long for a line", f"at most {limits.MAX_LINE_BYTES} bytes")
            try:
                yield line.decode("utf-8")
            except UnicodeDecodeError as error:
                raise InvalidInput.single(where, f"byte {error.start} is not UTF-8", "UTF-8 text") from None


def _check_count(source: _Source, before: int, more: int) -> None:
    if before + more > limits.MAX_FILE_DETECTIONS:
        number = source.number - (before + more - limits.MAX_FILE_DETECTIONS) + 1
        expected = f"at most {limits.MAX_FILE_DETECTIONS} in one run"
        raise InvalidInput.single(f"{source.path}:{number}", "is one detection too many", expected)


def _text(block: bytes) -> str | None:
    try:
        return block.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _size(path: Path) -> int:
    if path.suffix.lower() not in _FORMS:
        raise InvalidInput.single(str(path), f"ends in {path.suffix!r}", "a detection file, .csv or .jsonl")
    try:
        with path.open("rb"):
            return path.stat().st_size
    except OSError as error:
        raise InvalidInput.single(str(path), error.strerror or "cannot be read", "a readable file") from None


def _unknown(sensor_id: str, sensors: Sequence[str], *, where: str) -> InvalidInput:
    near = get_close_matches(sensor_id, sensors, n=1)
    known = ", ".join(sensors)
    expected = f"{near[0]!r}, or another of {known}" if near else f"one of {known}"
    return InvalidInput.single(where, f"{sensor_id!r} is not in the sensors file", expected)
