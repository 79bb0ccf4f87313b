"""What grows with partners, tracks and rate, in processor time, which other programs on the machine do not blur."""

import time
from collections.abc import Callable, Sequence

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel.labels import Realm
from beaconfire.rehearse.bench import Row, row
from beaconfire.share import Link
from beaconfire.shell.intake import Intake
from beaconfire.shell.parcels import parcels
from benchmarks.exchange import steps
from benchmarks.exchange.speakers import now_ns, release_path

PARTNERS = (2, 4, 8)
_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
_COMMIT = 512


async def growth(*, messages: int, seconds: float, progress: Callable[[str], None]) -> list[Row]:
    """Return the cost of one message at both ends, alone and in bundles, and of one scan by number of partners."""
    progress("the cost of a message, in processor time")
    found = _costs(messages)
    for partners in PARTNERS:
        run = await steps.loaded(
            steps.PARTNERS[:partners], seconds=seconds, false_alarms=steps.OBJECTS, progress=progress
        )
        found.append(
            row(f"growth_scan_{partners}_partners", [1e3 * run.cpu_s / len(run.took_ms)], "ms of cpu", note=run.words)
        )
    return found


def _costs(messages: int) -> list[Row]:
    costs = {}
    for name, commit in (("single", 1), ("bundled", _COMMIT)):
        release = release_path(Link(nation="KOR", partner="JPN", realm=Realm.EXERCISE, epoch=1))
        begun_s = time.process_time()
        sent: list[bytes] = []
        for first in range(1, messages + 1, commit):
            sends = [release(number) for number in range(first, min(first + commit, messages + 1))]
            sent += [parcel.data for parcel in parcels(sends, _KEY.sign)]
        costs[f"cost_release_{name}"] = (time.process_time() - begun_s) / messages
        costs[f"cost_accept_{name}"] = _accepted(sent) / messages
        if commit == 1:
            costs["cost_copy"] = _accepted(sent, again=True) / messages
    return [row(name, [1e6 * cost], "µs of cpu") for name, cost in sorted(costs.items())]


def _accepted(sent: Sequence[bytes], *, again: bool = False) -> float:
    """Return the processor time of taking messages in: limit, verify, bounds, chain; or of seeing them `again`."""
    words, taken = Link(nation="JPN", partner="KOR", realm=Realm.EXERCISE, epoch=1), list[object]()
    took_s = 0.0
    door = Intake(
        "KOR", key=_KEY.public_key().public_bytes_raw(), realm=Realm.EXERCISE, clock=lambda: 1e4 * time.monotonic(),
        envelope=lambda _, item: taken.append(words.accept(item.envelope, now_ns=now_ns()).stage),
        control=lambda *_: None,
    )  # fmt: skip
    for turn in range(1 + again):
        begun_s = time.process_time()
        for data in sent:
            door.take("stored", data)
        took_s = time.process_time() - begun_s
        assert not door.refused and not door.waiting, (turn, door.refused, door.waiting)
    return took_s
