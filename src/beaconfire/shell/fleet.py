"""Several nodes of one machine as child processes: start them, give them turns in lockstep, end them.

It knows processes and the feed, no scenario: what a turn holds is the caller's. A node that does not answer within
`SILENCE_S` of link time, or whose process ended, is dropped from the lockstep and named; the others go on.
"""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from beaconfire.kernel.errors import BeaconfireError, RunFailed
from beaconfire.shell.broker import die_with_parent
from beaconfire.shell.config import NodeConfig
from beaconfire.shell.feed import Answer, Conductor, Turn

SILENCE_S = 5.0
READY_S = 60.0  # a first start may compile what is not in the cache yet
STOP_S = 10.0


class Ready(msgspec.Struct, frozen=True):
    """The line that a node prints once it runs."""

    ready: str
    pid: int
    console: str = ""


@dataclass(slots=True)
class Child:
    """One node's process; `lost` says why it is no longer in the lockstep, "" while it is."""

    config: NodeConfig
    process: asyncio.subprocess.Process
    ready: Ready
    conductor: Conductor | None
    lost: str = ""


class Fleet:
    """The nodes that were started, by nation."""

    def __init__(self) -> None:
        """Start with none."""
        self.children: dict[str, Child] = {}

    async def start(self, configs: Sequence[NodeConfig], *, arguments: Sequence[str] = ()) -> None:
        """Start a node per configuration and connect to those that have a feed.

        Raises the node's own failure as `RunFailed` with its last line; those already started are ended first.
        """
        outcomes = await asyncio.gather(*(self._start(config, arguments) for config in configs), return_exceptions=True)
        failures = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        if failures:
            await self.stop()
            raise failures[0]

    @property
    def living(self) -> tuple[str, ...]:
        """The nations in the lockstep, by name."""
        return tuple(sorted(nation for nation, child in self.children.items() if not child.lost))

    async def turn(self, turns: Mapping[str, Turn]) -> dict[str, Answer]:
        """Give each living node its turn and wait for all answers; a node that does not answer is lost."""
        asked = [(nation, self.children[nation]) for nation in turns if not self.children[nation].lost]
        for nation, child in asked:
            assert child.conductor is not None, "only nodes with a feed are given turns"
            child.conductor.give(turns[nation])
        answers = await asyncio.gather(*(self._answer(child) for _, child in asked))
        return {nation: answer for (nation, _), answer in zip(asked, answers, strict=True) if answer is not None}

    async def stop(self) -> dict[str, int]:
        """End every node and return each nation's exit code."""
        for child in self.children.values():
            if child.conductor is not None:
                child.conductor.close()
            if child.process.returncode is None:
                child.process.terminate()
        codes = await asyncio.gather(*(_end(child.process) for child in self.children.values()))
        return dict(zip(self.children, codes, strict=True))

    async def _start(self, config: NodeConfig, arguments: Sequence[str]) -> None:
        folder = Path(config.folder)
        log_path = folder / "node.log"
        with log_path.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "beaconfire", "node", "run", "--config", str(folder / "node.toml"), *arguments,
                stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=log, env=_environment(),
                start_new_session=True, preexec_fn=die_with_parent(),
            )  # fmt: skip
        try:
            assert process.stdout is not None, "a pipe was asked for"
            async with asyncio.timeout(READY_S):
                line = await process.stdout.readline()
            ready = msgspec.json.decode(line, type=Ready)
            conductor = await Conductor.connect(config.path(config.feed)) if config.feed else None
        except (TimeoutError, msgspec.DecodeError, RunFailed):
            await _terminate(process)
            raise RunFailed(f"node {config.nation} did not start: {_last_line(log_path)}") from None
        except asyncio.CancelledError:
            await _terminate(process)  # nobody else knows of it yet
            raise
        self.children[config.nation] = Child(config, process, ready, conductor)

    async def _answer(self, child: Child) -> Answer | None:
        assert child.conductor is not None, "only nodes with a feed are given turns"
        try:
            async with asyncio.timeout(SILENCE_S):
                return await child.conductor.answer()
        except TimeoutError:
            child.lost = f"did not answer for {SILENCE_S:g} s"
        except BeaconfireError as error:
            child.lost = str(error)
        child.conductor.close()
        return None


def _environment() -> dict[str, str]:
    """The children's environment: one thread of numerics each, lest they fight for the cores, and errors in full."""
    return {**os.environ, "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1", "BEACONFIRE_DEBUG": "1"}


async def _terminate(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await _end(process)


async def _end(process: asyncio.subprocess.Process) -> int:
    try:
        async with asyncio.timeout(STOP_S):
            return await process.wait()
    except TimeoutError:
        process.kill()
        return await process.wait()


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines() if path.exists() else []
    return (lines[-1] if lines else "it said nothing")[-500:]
