"""Detection files from disk: several, of either form, rows in any order; out come detections in order of time.

Every row is checked before the first is handed on, so that a fault in the last line leaves nothing half done.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from beaconfire.kernel import limits
from beaconfire.kernel.detections import read_csv, read_jsonl
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.records import Detection

READERS = {".csv": read_csv, ".jsonl": read_jsonl}
_REPORT_ROWS = 2_000  # between two words of progress


@dataclass(slots=True)
class _Lines:
    """The text lines of one file, with the number and the bytes of what was read so far."""

    path: Path
    number: int = 0
    read: int = 0

    def __iter__(self) -> Iterator[str]:
        with self.path.open("rb") as file:
            while line := file.readline(limits.MAX_LINE_BYTES + 1):
                self.number += 1
                self.read += len(line)
                where = f"{self.path}:{self.number}"
                if len(line) > limits.MAX_LINE_BYTES:
                    raise InvalidInput.single(where, "is too long for a line", f"at most {limits.MAX_LINE_BYTES} bytes")
                try:
                    yield line.decode("utf-8")
                except UnicodeDecodeError as error:
                    raise InvalidInput.single(where, f"byte {error.start} is not UTF-8", "UTF-8 text") from None


def read_detections(
    paths: Sequence[Path], *, sensors: Sequence[str], progress: Callable[[int, int], None]
) -> list[Detection]:
    """Return the detections of all files in order of time, then sensor; `sensors` are the known ids.

    `progress` is called with the bytes read and the bytes in all. Raises `InvalidInput` naming file, line and field:
    for a file that cannot be read or is of no known form, a row that is none, a sensor that is not known.
    """
    total = sum(_size(path) for path in paths)
    found: list[Detection] = []
    done = 0
    for path in paths:
        lines = _Lines(path)
        for detection in READERS[path.suffix.lower()](lines, where=str(path)):
            if detection.sensor_id not in sensors:
                raise _unknown(detection.sensor_id, sensors, where=f"{path}:{lines.number}: sensor_id")
            found.append(detection)
            if len(found) > limits.MAX_FILE_DETECTIONS:
                expected = f"at most {limits.MAX_FILE_DETECTIONS} in one run"
                raise InvalidInput.single(f"{path}:{lines.number}", "is one detection too many", expected)
            if len(found) % _REPORT_ROWS == 0:
                progress(done + lines.read, total)
        done += lines.read
    progress(total, total)
    found.sort(key=lambda detection: (detection.time_ns, detection.sensor_id))
    return found


def _size(path: Path) -> int:
    if path.suffix.lower() not in READERS:
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
