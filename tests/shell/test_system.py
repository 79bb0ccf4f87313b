"""The word with one's own server: what it refuses is said, and a server that was away is found again."""

import asyncio
import os
import signal
from functools import partial
from pathlib import Path

import pytest

from beaconfire.kernel.errors import RunFailed
from beaconfire.shell.broker import Broker
from beaconfire.shell.system import SystemDesk
from tests.shell.support import make_broker, make_nations, until


def test_a_configuration_that_is_wrong_is_refused_in_words(tmp_path: Path) -> None:
    async def run() -> None:
        (config, _) = make_nations(tmp_path, "JPN", "KOR")
        broker, desk = make_broker(config), SystemDesk(config)
        await broker.start()
        try:
            await desk.reload()
            (config.path(config.data) / "broker" / "server.conf").write_text("nonsense {")
            with pytest.raises(RunFailed, match="refused RELOAD: Parse error"):
                await desk.reload()
            assert await desk.kick("X_KOR") == 0
        finally:
            await desk.close()
            await broker.stop()

    asyncio.run(run())


def test_a_server_that_started_again_is_asked_again(tmp_path: Path) -> None:
    async def run() -> None:
        (config, _) = make_nations(tmp_path, "JPN", "KOR")
        broker, desk = make_broker(config), SystemDesk(config)
        await broker.start()
        try:
            assert await desk.connected() == frozenset()
            pid = broker.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            await until(partial(_is_back, broker, pid))
            while not await broker._accepts():
                await asyncio.sleep(0.01)
            assert await desk.connected() == frozenset()
        finally:
            await desk.close()
            await broker.stop()

    asyncio.run(run())


def _is_back(broker: Broker, old: int) -> bool:
    return broker.restarts == 1 and broker.pid not in (None, old)


def test_without_a_server_that_is_said(tmp_path: Path) -> None:
    (config, _) = make_nations(tmp_path, "JPN", "KOR")
    with pytest.raises(RunFailed, match="does not answer RELOAD"):
        asyncio.run(SystemDesk(config).reload())
