"""A LIVE node in a process of its own, as `beaconfire node run` starts it, above which something always flies.

`python -m tests.shell.live --config node.toml` is the command itself but for the step: each tick that is a second after
the last is also OWN's word that one prefecture lies under a missile which comes `ARRIVES_S` after the node's first row.
`make_live` makes its folder; nobody is among its people yet.
"""

import contextlib
import functools
import io
import json
import os
import signal
import subprocess
import sys
import unittest.mock
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import beaconfire.shell
from beaconfire.cli import run
from beaconfire.kernel.alerts import Approved, AreaThreat
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import EventStatus
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import Effect, Input, NodeState, Publish, ShowAlert, Tick, step
from beaconfire.release import preset
from beaconfire.shell.config import BrokerConfig, ConsoleConfig, NodeConfig
from beaconfire.shell.loop import Node
from beaconfire.shell.setup import init_node
from beaconfire.warn import Outlook
from tests.shell.alarm import ALERT, EVENT, SENSORS, WARNING
from tests.shell.support import free_port

ROOT = Path(__file__).parents[2]
PASSPHRASE = "the root of a nation that does not exist"
ARRIVES_S = 1_500
READY_S = 90.0  # generous: the machine may be busy, and keys of passphrases take time to open
__all__ = ["ALERT", "EVENT", "LiveNode", "make_live", "running", "threatening"]


def threatening(state: NodeState, item: Input, *, now_ns: int) -> tuple[NodeState, Sequence[Effect]]:
    """The step, and OWN's word with every tick that begins another second."""
    before_ns = state.now_ns
    state, effects = step(state, item, now_ns=now_ns)
    if not isinstance(item, Tick) or state.desk is None or now_ns // NS_PER_S == before_ns // NS_PER_S:
        return state, effects
    outs = state.desk.take(outlook(state.genesis.epoch * NS_PER_S, now_ns), now_ns=now_ns)
    return state, [*effects, *(Publish(out) if isinstance(out, Approved) else ShowAlert(out) for out in outs)]


def outlook(start_ns: int, now_ns: int) -> Outlook:
    first_ns = start_ns + ARRIVES_S * NS_PER_S
    area = AreaThreat(area_id="JP-02", hit_p=0.02, pass_p=0.8, first_ns=first_ns, last_ns=first_ns + 60 * NS_PER_S)
    return Outlook(
        event_id=EVENT, picture="own", status=EventStatus.CONFIRMED, time_ns=now_ns, measured_ns=now_ns, sources=2,
        nations=("JPN",), count_at_least=1, launch_ns=start_ns, launch_nation="PRK", reach="point", threats=(area,),
        threatened=(area,),
    )  # fmt: skip


def make_live(root: Path, *, channels: str = "", console: int | None = None) -> NodeConfig:
    """Make the folder of a LIVE node with the given further channels."""
    link = free_port()
    return init_node(
        root / "JPN", "JPN", Realm.LIVE, console=ConsoleConfig(port=free_port() if console is None else console),
        policy_toml=preset("closed", nation="JPN", partners=(), realm=Realm.LIVE),
        warning_toml=(WARNING + channels).replace("EXERCISE", "LIVE").encode(),
        passphrase=PASSPHRASE, sensors_toml=SENSORS,
        broker=BrokerConfig(client_port=free_port(), link_port=link, address=f"127.0.0.1:{link}"),
    )  # fmt: skip


@dataclass
class LiveNode:
    """A node that runs: its folder, and what it said when it was ready."""

    config: NodeConfig
    said: dict[str, Any]

    def command(self, *words: str, code: int = 0) -> str:
        """Run a command of the command line at this node, in a process and so a session of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "beaconfire", *words, "--node", self.config.folder],
            cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=READY_S, check=False,
            start_new_session=True,
        )  # fmt: skip
        assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def here(self, *words: str, code: int = 0) -> str:
        """Run a command in this process, which is quicker; for what does not depend on whose terminal it is."""
        with (
            contextlib.redirect_stdout(io.StringIO()) as out,
            contextlib.redirect_stderr(out),
            unittest.mock.patch.dict(os.environ, environment()),
        ):
            done = run([*words, "--node", self.config.folder])
        assert done == code, f"{words}: {done}\n{out.getvalue()}"
        return out.getvalue()


@contextlib.contextmanager
def running(config: NodeConfig) -> Iterator[LiveNode]:
    """Start the node, wait until it is ready, and end it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.shell.live", "--config", str(Path(config.folder) / "node.toml")],
        cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, "the node ended before it was ready"
        yield LiveNode(config, json.loads(line))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(READY_S)
        process.stdout.close()


def environment() -> dict[str, str]:
    """What a child needs. Compiled kernels lie in the home of this machine: keys are named by file instead."""
    path = os.pathsep.join(filter(None, (str(ROOT), str(ROOT / "src"), os.environ.get("PYTHONPATH", ""))))
    secrets = {"BEACONFIRE_PASSPHRASE": PASSPHRASE, "BEACONFIRE_KEY_PASSPHRASE": "each to their own"}
    return {**os.environ, **secrets, "PYTHONPATH": path}


if __name__ == "__main__":
    beaconfire.shell.Node = functools.partial(Node, step=threatening)  # type: ignore[misc, assignment]
    sys.exit(run(["node", "run", *sys.argv[1:]]))
