"""`python -m benchmarks.warning [--json] [--rounds N]`: decision to channels, on a LIVE node in a process of its own.

A round is one alert: submitted, approved by two people, on every channel; then its cancel by one, on the same. The
clock starts when the deciding order is handed to the node's local socket and stops when the message is whole at the
receiver: a file in the folder, an entry in the feed, the last byte of a POST. One receiver answers half a second late,
one refuses the first try of every message. Results go to standard output, progress to standard error.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from beaconfire.kernel.alerts import AlertAction, AlertStatus
from beaconfire.rehearse.bench import Row, row, table
from beaconfire.shell.config import NodeConfig
from benchmarks.warning.hands import Hand, add_people, hands
from tests.shell.live import make_live, running
from tests.shell.receivers import Receivers, receivers

LONGEST_S = 30.0  # of one message on one channel: what takes longer does not come
WORDS = {"files": "folder", "feed": "Atom feed", "prompt": "HTTP", "slow": "HTTP, answers 0.5 s late",
         "down": "HTTP, down at the first try"}  # fmt: skip
TARGETS_S = {"approval": 2.0, "cancel": 10.0}
Arrivals = dict[str, float]


class Channels:
    """Where a message is looked for, and when it was there."""

    def __init__(self, config: NodeConfig, there: Receivers) -> None:
        self._folder, self._there = Path(config.folder), there

    def wait(self, identifier: str, begun_s: float) -> Arrivals:
        """Return the seconds from `begun_s` after which a message was on each channel."""
        found: Arrivals = {}
        while len(found) < len(WORDS):
            for name in WORDS.keys() - found.keys():
                at_s = self._at_s(name, identifier)
                if at_s is not None:
                    found[name] = at_s - begun_s
            if time.monotonic() - begun_s > LONGEST_S:
                return {name: found.get(name, float("inf")) for name in WORDS}
            time.sleep(0.001)
        return found

    def _at_s(self, name: str, identifier: str) -> float | None:
        if name == "files":
            return time.monotonic() if (self._folder / "alerts" / f"{identifier}.xml").exists() else None
        if name == "feed":
            feed = self._folder / "feed" / "alerts.atom"
            return time.monotonic() if feed.exists() and identifier in feed.read_text() else None
        taken = [post.at_s for post in self._there.taken(name) if post.identifier == identifier]
        return taken[0] if taken else None


def measured(rounds: int, progress: Callable[[str], None]) -> list[Row]:
    """Play rounds and return a row per decision and channel, and one for all channels together."""
    found: dict[str, list[Arrivals]] = {"approval": [], "cancel": []}
    with tempfile.TemporaryDirectory() as folder, receivers() as there:
        config = make_live(Path(folder), channels=there.channels, console=0)
        private = add_people(config)
        with running(config), hands(config, private) as people:
            channels = Channels(config, there)
            for number in range(rounds):
                progress(f"round {number + 1} of {rounds}")
                approval, cancel = _round(people, channels)
                found["approval"].append(approval)
                found["cancel"].append(cancel)
    return [each for name, arrivals in found.items() for each in _rows(name, arrivals)]


def _round(people: dict[str, Hand], channels: Channels) -> tuple[Arrivals, Arrivals]:
    _until(lambda: any(view.status is AlertStatus.DRAFTED for view in people["aoki"].views()))
    people["aoki"].order(AlertAction.SUBMIT)
    people["kim"].order(AlertAction.APPROVE)
    return _decide(people["lee"], AlertAction.APPROVE, channels), _decide(people["lee"], AlertAction.CANCEL, channels)


def _decide(hand: Hand, action: AlertAction, channels: Channels) -> Arrivals:
    alert_id = hand.view().alert_id
    begun_s = time.monotonic()
    hand.order(action)
    view = next(view for view in hand.views() if view.alert_id == alert_id)
    return channels.wait(view.sent[-1].identifier, begun_s)


def _until(true: Callable[[], bool]) -> None:
    end_s = time.monotonic() + LONGEST_S
    while not true():
        assert time.monotonic() < end_s, "the desk drafts within seconds"
        time.sleep(0.02)


def _rows(decision: str, arrivals: Sequence[Arrivals]) -> list[Row]:
    at_most = TARGETS_S[decision]
    rows = [
        row(f"{decision} to {WORDS[name]}", [item[name] for item in arrivals], "s", at_most=at_most) for name in WORDS
    ]
    every = [max(item.values()) for item in arrivals]
    rows.append(row(f"{decision} to all channels", every, "s", at_most=at_most, note=f"longest {max(every):.2f} s"))
    return rows


def main(arguments: Sequence[str]) -> int:
    """Run, print, and return 0; a missed target is a finding, not a failure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.warning", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print an array of rows")
    parser.add_argument("--rounds", type=int, default=20, help="alerts to be sent and cancelled")
    given = parser.parse_args(arguments)
    begun_s = time.monotonic()
    rows = measured(
        given.rounds, lambda words: print(f"{time.monotonic() - begun_s:5.0f} s  {words}", file=sys.stderr, flush=True)
    )
    print(msgspec.json.format(msgspec.json.encode(rows)).decode() if given.json else table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
