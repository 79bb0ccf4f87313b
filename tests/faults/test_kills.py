"""`kill -9` of nodes and servers, singly and together, while they release: nothing that was decided is lost.

What a nation's own journal decided to release (its replay says it) must be in the partner's journal in the end, and
every journal must hold.
"""

import random
from pathlib import Path

import pytest

from tests.faults import machines as hurt

_CATCH_UP_S = 90.0  # a bound on a busy machine; what is usual is seconds
WAYS = ("node", "server", "both servers", "both nodes", "node and the other's server")


def strike(way: str, first: hurt.Machine, second: hurt.Machine) -> None:
    """Kill in one way; nodes that fell are started again."""
    if way == "server":
        first.kill_server()
    elif way == "both servers":
        first.kill_server()
        second.kill_server()
    else:
        if way == "node and the other's server":
            second.kill_server()
        first.kill()
        if way == "both nodes":
            second.kill()
            second.start()
        first.start()


def killed(root: Path, *, kills: int, seed: int, gap_s: tuple[float, float]) -> None:
    """Kill so many times, wait for quiet, and hold the journals against each other."""
    chance = random.Random(seed)
    configs = hurt.make_nations(root, "JPN", "KOR")
    with hurt.running(configs, talk_s=kills * (sum(gap_s) / 2 + 2.0)) as nodes:
        for number in range(kills):
            pause = chance.uniform(*gap_s)
            assert not hurt.eventually(lambda: not all(node.running for node in nodes.values()), timeout_s=pause)
            pair = [nodes["JPN"], nodes["KOR"]]
            chance.shuffle(pair)
            strike(WAYS[number % len(WAYS)], *pair)
        assert hurt.all_there(nodes, timeout_s=_CATCH_UP_S), hurt.missing(nodes)
    for config in configs.values():
        assert hurt.check_journal(config) > kills


def test_ten_kills_lose_nothing(tmp_path: Path) -> None:
    killed(tmp_path, kills=10, seed=1, gap_s=(0.2, 1.5))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_two_hundred_kills_lose_nothing(tmp_path: Path, seed: int) -> None:
    killed(tmp_path, kills=50, seed=100 + seed, gap_s=(0.1, 2.0))
