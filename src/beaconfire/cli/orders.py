"""What the `alert` commands do with a node: find an alert, show what is to be signed, sign it, say what came of it."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from beaconfire.cli import alertwords
from beaconfire.cli.signing import own_key, passphrase_of
from beaconfire.kernel.alerts import AlertAction, AlertView, MessageKind, Ready
from beaconfire.kernel.errors import Fault, InvalidInput, RunFailed, UsageError, Violation
from beaconfire.kernel.labels import Realm
from beaconfire.shell import NodeConfig
from beaconfire.shell.control import Alerts, AskAlerts, GiveOrder, Outcome, ask, expect, socket_of
from beaconfire.shell.people import personal_key, sign_order

_KINDS = {
    AlertAction.CORRECT: MessageKind.CORRECTION,
    AlertAction.CANCEL: MessageKind.CANCEL,
    AlertAction.ALL_CLEAR: MessageKind.ALL_CLEAR,
}


@dataclass(frozen=True, slots=True)
class Found:
    """The alerts of a node at its time; `running` says whether it was asked or replayed."""

    nation: str
    realm: Realm
    now_ns: int
    alerts: tuple[AlertView, ...]
    running: bool
    context: Mapping[str, tuple[str, ...]]  # by event: announced space launches that fit it

    def find(self, alert_id: str) -> Found:
        """Return the one alert of this name; raises `UsageError` for none."""
        alerts = tuple(view for view in self.alerts if view.alert_id == alert_id)
        if not alerts:
            known = ", ".join(view.alert_id for view in self.alerts) or "it has none"
            raise UsageError(f"{alert_id}: is no alert of {self.nation}; known: {known}")
        return Found(self.nation, self.realm, self.now_ns, alerts, self.running, self.context)


def alerts_of(config: NodeConfig) -> Found:
    """Return a node's alerts: of a running one by asking it, of a stopped one by replaying its journal."""
    answer = running(config)
    if answer is None:
        return _replayed(config)
    return _told(answer)


def running(config: NodeConfig) -> Alerts | None:
    """Return what a running node says of its alerts and its time, None where none runs."""
    if not socket_of(config).exists():
        return None
    try:
        return expect(ask(socket_of(config), AskAlerts()), Alerts)
    except RunFailed as error:
        if "no node runs here" not in str(error):
            raise
        return None


def check_file(path: Path, *, trusted: Path | None) -> tuple[Fault, ...]:
    """Return every rule that a CAP file breaks; raises `InvalidInput` if it is no XML or cannot be read."""
    from beaconfire.kernel import limits
    from beaconfire.shell import capsign
    from beaconfire.warn import check_cap, parse_cap

    try:
        with path.open("rb") as file:
            xml = file.read(limits.MAX_CAP_BYTES + 1)
    except OSError as error:
        raise InvalidInput.single(str(path), error.strerror or "cannot be read", "a CAP file") from None
    if len(xml) > limits.MAX_CAP_BYTES:
        raise InvalidInput.single(str(path), "is too long", f"at most {limits.MAX_CAP_BYTES} bytes")
    parse_cap(xml)  # raises for what is no XML at all
    faults = check_cap(xml)
    if trusted is not None:
        try:
            capsign.verify(xml, trusted.read_bytes())
        except OSError as error:
            raise InvalidInput.single(str(trusted), error.strerror or "cannot be read", "a PEM certificate") from None
        except Violation as error:
            faults = (*faults, Fault("alert", str(error), "a message signed for this certificate"))
    return faults


@dataclass(frozen=True, slots=True)
class Signer:
    """One person at one running node, with the file of that person's key; `yes` signs without asking."""

    config: NodeConfig
    person: str
    path: Path
    yes: bool

    @classmethod
    def of(cls, config: NodeConfig, person: str, *, key: Path | None, yes: bool) -> Signer:
        """Return the signer; the key is the person's own in `$BEACONFIRE_HOME` unless it is named."""
        return cls(config, person, key or own_key(config, person), yes)

    def give(self, action: str, alert_id: str, *, words: str, areas: Sequence[str], json: bool) -> None:
        """Give an order that means no bytes yet: the node writes what it asks for."""
        outcome = self._order(AlertAction(action), alert_id, b"", self._now_ns(), words=words, areas=areas)
        alertwords.print_outcome(outcome, json=json)

    def give_draft(self, action: str, alert_id: str, *, json: bool, words: str = "") -> None:
        """Give an order about the draft's exact bytes, after showing them."""
        found = self._ask().find(alert_id)
        draft = found.alerts[0].draft
        if draft is None:
            raise UsageError(f"{alert_id}: has no draft; it is {found.alerts[0].status}")
        self._sign_shown(AlertAction(action), alert_id, draft, words=words, json=json)

    def give_ready(self, action: str, alert_id: str, *, json: bool, words: str = "", areas: Sequence[str] = ()) -> None:
        """Send what lies ready; with words or areas of one's own it is first laid ready anew, then shown and signed."""
        order, kind = AlertAction(action), _KINDS[AlertAction(action)]
        self._ask().find(alert_id)
        if words or areas:
            refuse(self._order(order, alert_id, b"", self._now_ns(), words=words, areas=areas))
        view = self._ask().find(alert_id).alerts[0]
        ready = next((item for item in view.ready if item.kind is kind), None)
        if ready is None:
            raise UsageError(f"{alert_id}: no {kind} lies ready; it is {view.status}")
        self._sign_shown(order, alert_id, ready, words=words, json=json)

    def _sign_shown(self, action: AlertAction, alert_id: str, ready: Ready, *, words: str, json: bool) -> None:
        digest = hashlib.sha256(ready.unsigned).digest()  # of the bytes shown, whatever hash the node names
        print("\n".join(alertwords.ready_lines(ready, digest=digest, now_ns=self._now_ns())), file=sys.stderr)
        if not self.yes:
            _confirm(action)
        outcome = self._order(action, alert_id, digest, self._now_ns(), words=words)
        alertwords.print_outcome(outcome, json=json)

    def _order(
        self, action: AlertAction, alert_id: str, digest: bytes, issued_ns: int, *, words: str = "",
        areas: Sequence[str] = (),
    ) -> Outcome:  # fmt: skip
        key = personal_key(self.path, passphrase=passphrase_of(self.path))
        order = sign_order(
            key, realm=self.config.realm, person=self.person, action=action, alert_id=alert_id, digest=digest,
            issued_ns=issued_ns, words=words, areas=areas,
        )  # fmt: skip
        return refuse(expect(ask(socket_of(self.config), GiveOrder(order)), Outcome))

    def _ask(self) -> Found:
        return _told(expect(ask(socket_of(self.config), AskAlerts()), Alerts))

    def _now_ns(self) -> int:
        """Node time: in an exercise the scenario's, which the order's five minutes run by."""
        return self._ask().now_ns


def refuse(outcome: Outcome) -> Outcome:
    """Return an outcome that was carried out; raises `RunFailed` with the desk's reason for one that was refused."""
    if outcome.refused:
        raise RunFailed("refused: " + "; ".join(outcome.refused))
    return outcome


def _told(answer: Alerts) -> Found:
    return Found(answer.nation, answer.realm, answer.now_ns, answer.alerts, running=True, context=answer.context)


def _replayed(config: NodeConfig) -> Found:
    from beaconfire.node import step
    from beaconfire.shell import journal
    from beaconfire.shell.alerting import views_of
    from beaconfire.shell.beside import Beside
    from beaconfire.shell.noticestore import NoticeStore

    beside = Beside(NoticeStore(config.record_path), realm=config.realm)
    path = config.path(config.data) / "journal.sqlite"
    resumed = journal.resume(path, step, lambda record, effects: beside.take(effects))
    if resumed is None:
        return Found(config.nation, config.realm, 0, (), running=False, context={})
    state, now_ns = resumed
    views = views_of(state)
    return Found(config.nation, config.realm, now_ns, views, running=False, context=beside.context(views))


def _confirm(action: AlertAction) -> None:
    """Ask the person at the terminal for the action's own word; raises `UsageError` for any other answer."""
    if not sys.stdin.isatty():
        raise UsageError(f"nobody can be asked here: look at what is to be signed, then say {action} with --yes")
    print(f"Type {action} to sign exactly this: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != str(action):
        raise UsageError("not signed, nothing was ordered")
