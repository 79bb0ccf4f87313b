"""Bad lines between real servers: slow and far, cut without a word, cut one way, reset again and again.

While a line is bad each nation goes on; when it is good again everything that was decided has arrived.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from beaconfire.shell.config import NodeConfig
from beaconfire.shell.ports import free_ports
from tests.faults import chatty
from tests.faults import machines as hurt
from tests.faults.wire import Wire, wired

_CATCH_UP_S = 90.0


@contextmanager
def joined(root: Path, *, talk_s: float) -> Iterator[tuple[dict[str, hurt.Machine], tuple[Wire, Wire]]]:
    """Two nations each of which reaches the other over a wire of its own."""
    doors = dict(zip(("JPN", "KOR"), free_ports(2), strict=True))
    configs = hurt.make_nations(root, "JPN", "KOR", doors=doors)
    lines = [Wire(port=doors[nation], target=config.broker.link_port) for nation, config in configs.items()]
    with wired(*lines), hurt.running(configs, talk_s=talk_s) as nodes:
        yield nodes, (lines[0], lines[1])
    for config in configs.values():
        hurt.check_journal(config)


def heard(config: NodeConfig, sender: str) -> int:
    return len(chatty.received(config, sender))


def own_rows(machine: hurt.Machine) -> int:
    return sum(1 for _ in chatty.rows(machine.config))


@pytest.mark.long
def test_a_far_and_narrow_line_brings_everything(tmp_path: Path) -> None:
    """600 ms there and back, 64 kbit/s each way."""
    with joined(tmp_path, talk_s=5.0) as (nodes, lines):
        for line in lines:
            line.one_way_s, line.bytes_per_s = 0.3, 8_000.0
        assert hurt.all_there(nodes, timeout_s=_CATCH_UP_S), hurt.missing(nodes)


@pytest.mark.parametrize(
    ("out", "back"),
    [
        (True, True),
        pytest.param(True, False, marks=pytest.mark.long),
        pytest.param(False, True, marks=pytest.mark.long),
    ],
)
def test_a_cut_that_nobody_is_told_of_loses_nothing(tmp_path: Path, out: bool, back: bool) -> None:
    with joined(tmp_path, talk_s=16.0) as (nodes, lines):
        assert hurt.eventually(lambda: heard(nodes["JPN"].config, "KOR") > 5, timeout_s=_CATCH_UP_S)
        for line in lines:
            line.cut(out=out, back=back)
        time.sleep(4.0)
        before = heard(nodes["JPN"].config, "KOR") + heard(nodes["KOR"].config, "JPN")
        rows = own_rows(nodes["JPN"])
        time.sleep(3.0)
        assert own_rows(nodes["JPN"]) > rows, "a cut line stopped the node itself"
        if out and back:
            assert heard(nodes["JPN"].config, "KOR") + heard(nodes["KOR"].config, "JPN") == before
        for line in lines:
            line.heal()
        assert hurt.all_there(nodes, timeout_s=_CATCH_UP_S), hurt.missing(nodes)


def test_a_line_that_is_reset_again_and_again_brings_everything(tmp_path: Path) -> None:
    with joined(tmp_path, talk_s=12.0) as (nodes, lines):
        for number in range(20):
            time.sleep(0.5)
            lines[number % 2].reset()
        assert hurt.all_there(nodes, timeout_s=_CATCH_UP_S), hurt.missing(nodes)
