"""People at a LIVE node for a benchmark: keys, and each a process at the node's local socket, as at a terminal.

The node tells sessions apart by the process at the other end, and the same session may not approve twice.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel.alerts import AlertAction, AlertView, MessageKind
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.person import Person, Role
from beaconfire.shell import keys, people
from beaconfire.shell.config import NodeConfig
from beaconfire.shell.control import (
    Alerts,
    Answer,
    Ask,
    AskAlerts,
    ChannelsHealth,
    GiveOrder,
    Outcome,
    PageAddress,
    expect,
    socket_of,
)
from tests.shell.live import PASSPHRASE

_ROLES: dict[str, Role] = {"aoki": "author", "kim": "officer", "lee": "officer"}
_RELAY = """import socket, sys
line = socket.socket(socket.AF_UNIX); line.connect(sys.argv[1]); node = line.makefile("rwb")
for asked in sys.stdin.buffer:
    node.write(asked); node.flush(); sys.stdout.buffer.write(node.readline()); sys.stdout.flush()
"""
_ANSWERS = msgspec.json.Decoder(Answer)
Expected = TypeVar("Expected", Alerts, ChannelsHealth, PageAddress, Outcome)


@dataclass
class Hand:
    """One person with a key, and a line to the node."""

    person: str
    key: Ed25519PrivateKey
    process: "subprocess.Popen[bytes]"

    def ask(self, request: Ask, kind: type[Expected]) -> Expected:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(msgspec.json.encode(request) + b"\n")
        self.process.stdin.flush()
        return expect(_ANSWERS.decode(self.process.stdout.readline()), kind)

    def views(self) -> tuple[AlertView, ...]:
        return self.ask(AskAlerts(), Alerts).alerts

    def view(self) -> AlertView:
        """The alert opened last."""
        return self.views()[-1]

    def order(self, action: AlertAction) -> None:
        """Order something about the last alert's bytes; raises `RunFailed` for what the desk refused."""
        answer = self.ask(AskAlerts(), Alerts)
        view = answer.alerts[-1]
        ready = view.draft
        if action is AlertAction.CANCEL:
            ready = next(item for item in view.ready if item.kind is MessageKind.CANCEL)
        assert ready is not None, "there is something to order"
        order = people.sign_order(
            self.key, realm=Realm.LIVE, person=self.person, action=action, alert_id=view.alert_id,
            digest=ready.digest, issued_ns=answer.now_ns,
        )  # fmt: skip
        outcome = self.ask(GiveOrder(order), Outcome)
        assert not outcome.refused, outcome.refused


def add_people(config: NodeConfig) -> dict[str, Ed25519PrivateKey]:
    """Add an author and two officers to a node that does not run yet; returns their keys."""
    root = keys.load_root(Path(config.folder), passphrase=PASSPHRASE)
    made = {}
    for name, role in _ROLES.items():
        made[name] = Ed25519PrivateKey.generate()
        public = made[name].public_key().public_bytes_raw().hex()
        people.add_person(config, Person(id=name, name=name, roles=(role,), keys=(public,)), root=root)
    return made


@contextmanager
def hands(config: NodeConfig, private: dict[str, Ed25519PrivateKey]) -> Iterator[dict[str, Hand]]:
    """Sit the people down at a running node."""
    command = [sys.executable, "-c", _RELAY, str(socket_of(config))]
    found = {
        name: Hand(
            name, key,
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True),
        )
        for name, key in private.items()
    }  # fmt: skip
    try:
        yield found
    finally:
        for hand in found.values():
            hand.process.communicate(timeout=10.0)
