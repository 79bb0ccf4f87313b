"""The machine's floor under every durable figure: how long one small fsync takes on the disk that is measured on."""

import os
import tempfile
import time
from pathlib import Path

from beaconfire.rehearse.bench import Row, percentile, row

_WRITES = 200


def fsync_floor_s(folder: Path, *, writes: int = _WRITES) -> list[float]:
    """Return how long each of so many 4 KiB appends with fsync took."""
    took = []
    with (folder / "floor").open("wb", buffering=0) as file:
        for _ in range(writes):
            begun = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            took.append(time.perf_counter() - begun)
    return took


def rows() -> list[Row]:
    """Return the floor's median and 99th percentile; nothing is compared with a target."""
    with tempfile.TemporaryDirectory(prefix="beaconfire-bench-") as folder:
        took = [1e3 * value for value in fsync_floor_s(Path(folder))]
    return [
        row("fsync_floor_p50", [percentile(took, 0.5)], "ms", note="4 KiB append and fsync"),
        row("fsync_floor_p99", [percentile(took, 0.99)], "ms"),
    ]
