"""The world with the real tracker and assessor: a scenario's minute under faults, and the promises hold."""

from functools import cache

import pytest

from beaconfire.rehearse import read_scenario, shipped, simulate
from beaconfire.rehearse.world import Senses, draw, run, script, senses
from beaconfire.rehearse.world.plan import START_NS

SEEDS = range(4)  # of many: `test_many.py` runs the rest
SEEN_S = 42.0  # of the minute: what is left is for healing


@cache
def minute() -> Senses:
    """What three nations see of a launch, from a minute after it on."""
    name = "2025-01-06"
    return senses(simulate(read_scenario(shipped(name), where=name)), from_s=60.0, length_s=SEEN_S)


def test_what_is_seen_is_told_in_the_worlds_time() -> None:
    seen = minute()
    assert set(seen.scans) == set(seen.sensors_toml) == {"KOR", "JPN", "USA"}
    for nation, scans in seen.scans.items():
        times = [scan.time_ns for scan in scans]
        assert times == sorted(times)
        assert START_NS <= times[0] <= times[-1] < START_NS + SEEN_S * 1e9
        assert any(scan.detections for scan in scans), nation
        assert all(abs(one.time_ns - scan.time_ns) < 2e9 for scan in scans for one in scan.detections)
    assert b"[[sensor]]" in seen.sensors_toml["KOR"]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_promise_breaks(seed: int) -> None:
    plan = draw(seed, nodes=3)
    outcome = run(plan, senses=minute())
    assert outcome.broken is None, f"{outcome.broken}\n{script(plan)}"
    assert outcome.rows > 300


def test_real_tracks_are_shared_and_the_same_seed_gives_the_same_bytes() -> None:
    first, again = (run(draw(0, nodes=3), senses=minute()) for _ in range(2))
    assert first.taken > 0
    assert first.digest == again.digest
