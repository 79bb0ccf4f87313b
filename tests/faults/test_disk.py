"""A journal's disk that refuses, and a process that stands still: sending stops, nothing is lost, it goes on.

The disk refuses by a limit on the size of files that is put on the running node and taken off again, which needs no
rights; one failed sync is injected by `strace` where there is one.
"""

import resource
import shutil
import signal
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults import chatty
from tests.faults import machines as hurt

_CATCH_UP_S = 60.0
_NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def heard(nodes: dict[str, hurt.Machine], receiver: str, sender: str) -> int:
    """How many records of one nation the other's journal holds."""
    return len(chatty.received(nodes[receiver].config, sender))


def grows(nodes: dict[str, hurt.Machine], receiver: str, sender: str, *, timeout_s: float) -> bool:
    """Whether more of one nation's records reach the other within a bound."""
    before = heard(nodes, receiver, sender)
    return hurt.eventually(lambda: heard(nodes, receiver, sender) > before, timeout_s=timeout_s)


def test_a_disk_that_refuses_for_a_while_stops_sending_and_loses_nothing(tmp_path: Path) -> None:
    configs = hurt.make_nations(tmp_path, "JPN", "KOR")
    with hurt.running(configs, talk_s=14.0) as nodes:
        assert grows(nodes, "JPN", "KOR", timeout_s=_CATCH_UP_S)
        resource.prlimit(nodes["KOR"].pid, resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))
        time.sleep(1.0)  # what was committed before is on its way
        before = heard(nodes, "JPN", "KOR")
        assert not grows(nodes, "JPN", "KOR", timeout_s=3.0), "sent without a journal"
        assert grows(nodes, "KOR", "JPN", timeout_s=0.0) is False  # nor can it keep what comes
        assert nodes["KOR"].running
        resource.prlimit(nodes["KOR"].pid, resource.RLIMIT_FSIZE, _NO_LIMIT)
        assert hurt.all_there(nodes, timeout_s=_CATCH_UP_S), hurt.missing(nodes)
        assert heard(nodes, "JPN", "KOR") > before
    for config in configs.values():
        hurt.check_journal(config)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace injects the failed sync")
@pytest.mark.parametrize("call", ["fdatasync", "fsync", "pwrite64"])
def test_one_failed_call_of_the_disk_loses_nothing(tmp_path: Path, call: str) -> None:
    configs = hurt.make_nations(tmp_path, "JPN", "KOR")
    inject = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"inject={call}:error=EIO:when=60..62")
    with hurt.running(configs, talk_s=15.0, wrappers={"KOR": inject}) as nodes:
        assert grows(nodes, "JPN", "KOR", timeout_s=_CATCH_UP_S)
        time.sleep(15.0)
        assert hurt.all_there(nodes, timeout_s=_CATCH_UP_S), hurt.missing(nodes)
    for config in configs.values():
        hurt.check_journal(config)


def stopped(root: Path, pauses_s: Sequence[float]) -> None:
    """Stop a node for so long each time; the other goes on, and in the end everything has arrived."""
    configs = hurt.make_nations(root, "JPN", "KOR", "USA")
    with hurt.running(configs, talk_s=sum(pauses_s) + 4.0 * len(pauses_s)) as nodes:
        for pause_s in pauses_s:
            assert grows(nodes, "JPN", "KOR", timeout_s=_CATCH_UP_S)
            nodes["KOR"].signal(signal.SIGSTOP)
            assert grows(nodes, "JPN", "USA", timeout_s=_CATCH_UP_S)  # whom it does not concern goes on
            time.sleep(pause_s)
            nodes["KOR"].signal(signal.SIGCONT)
        assert hurt.all_there(nodes, timeout_s=_CATCH_UP_S), hurt.missing(nodes)
    for config in configs.values():
        hurt.check_journal(config)


def test_a_node_that_stood_still_catches_up(tmp_path: Path) -> None:
    stopped(tmp_path, [1.0, 4.0])


@pytest.mark.long
def test_a_node_that_stood_still_for_long_catches_up(tmp_path: Path) -> None:
    stopped(tmp_path, [30.0, 120.0])
