"""`beaconfire alert`: look at alerts, and order what a person may order, at a running node; the same rules as the page.

Every order is signed here with the person's own key, over the exact bytes that were just shown. The node judges it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from beaconfire.cli import alertwords
from beaconfire.cli.user import KeyFile, NodeFolder, node_config

if TYPE_CHECKING:
    from beaconfire.cli.orders import Signer

Flag = Annotated[bool, Parameter(negative="")]
Json = Annotated[bool, Parameter(name="--json", negative="", help="print JSON")]
Person = Annotated[str, Parameter(name="--as", help="your id in people.toml")]
Yes = Annotated[bool, Parameter(name="--yes", negative="", help="do not ask; what is signed is printed all the same")]
Words = Annotated[str, Parameter(name="--words", help="your own reason, which the public will read")]
Areas = Annotated[str, Parameter(name="--areas", help="areas by ISO 3166-2 code, as JP-01,JP-02")]
Trusted = Annotated[Path | None, Parameter(name="--trusted", help="PEM certificate; then the signature is checked too")]


def register(app: App) -> None:
    """Add the `alert` group."""
    group = App(name="alert", help="Alerts to the public: drafts, approvals, corrections, cancels.")
    group.command(list_alerts, name="list")
    for command in (show, channels, reload, draft, submit, approve, send, update, withdraw, correct, cancel):
        group.command(command)
    group.command(all_clear, name="all-clear")
    group.command(check)
    app.command(group)


def list_alerts(*, node: NodeFolder, json: Json = False) -> None:
    """List the alerts of a node: a running one is asked, of a stopped one the journal is replayed."""
    from beaconfire.cli.orders import alerts_of

    found = alerts_of(node_config(node))
    alertwords.print_rows(found, json=json)


def show(alert_id: str, *, node: NodeFolder, json: Json = False) -> None:
    """Show one alert: its draft, what lies ready to be sent in one step, what was sent, who is silent.

    Parameters
    ----------
    alert_id
        As `beaconfire alert list` names it.
    """
    from beaconfire.cli.orders import alerts_of

    alertwords.print_one(alerts_of(node_config(node)).find(alert_id), json=json)


def channels(*, node: NodeFolder, json: Json = False) -> None:
    """Show how every channel of a running node stands, and how old its last self-test is."""
    from beaconfire.shell.control import AskChannels, ChannelsHealth, ask, expect, socket_of

    answer = expect(ask(socket_of(node_config(node)), AskChannels()), ChannelsHealth)
    alertwords.print_channels(answer.channels, json=json)


def reload(*, node: NodeFolder, json: Json = False) -> None:
    """Have a running node read warning.toml, people.toml and its automatic rules again; approvals given are void."""
    from beaconfire.shell.control import AskReload, Outcome, ask, expect, socket_of

    alertwords.print_outcome(expect(ask(socket_of(node_config(node)), AskReload()), Outcome), json=json)


def draft(
    event_id: str, *, node: NodeFolder, person: Person, key: KeyFile = None, areas: Areas = "", words: Words = "",
    json: Json = False,
) -> None:  # fmt: skip
    """Write a draft by hand for an event, or again for an alert that was not sent; its author cannot approve it.

    Parameters
    ----------
    event_id
        An open event, or an alert.
    """
    _signer(node, person, key).give("draft", event_id, words=words, areas=_codes(areas), json=json)


def submit(alert_id: str, *, node: NodeFolder, person: Person, key: KeyFile = None, json: Json = False) -> None:
    """Submit a draft for approval.

    Parameters
    ----------
    alert_id
        As `beaconfire alert list` names it.
    """
    _signer(node, person, key, yes=True).give_draft("submit", alert_id, json=json)


def approve(
    alert_id: str, *, node: NodeFolder, person: Person, key: KeyFile = None, yes: Yes = False, json: Json = False
) -> None:
    """Approve the exact bytes of a submitted draft: shown first, with their hash in words, then signed.

    Parameters
    ----------
    alert_id
        As `beaconfire alert list` names it.
    """
    _signer(node, person, key, yes=yes).give_draft("approve", alert_id, json=json)


def send(
    alert_id: str, *, node: NodeFolder, person: Person, key: KeyFile = None, yes: Yes = False, json: Json = False
) -> None:
    """Send a draft that enough people approved, where the node's settings ask for a separate order.

    Parameters
    ----------
    alert_id
        As `beaconfire alert list` names it.
    """
    _signer(node, person, key, yes=yes).give_draft("send", alert_id, json=json)


def update(
    alert_id: str, *, node: NodeFolder, person: Person, key: KeyFile = None, areas: Areas = "", words: Words = "",
    json: Json = False,
) -> None:  # fmt: skip
    """Write an update of an alert that was sent; it is submitted and approved like the first.

    Parameters
    ----------
    alert_id
        As `beaconfire alert list` names it.
    """
    _signer(node, person, key).give("update", alert_id, words=words, areas=_codes(areas), json=json)


def withdraw(
    alert_id: str, *, node: NodeFolder, person: Person, key: KeyFile = None, words: Words = "", json: Json = False
) -> None:
    """Take a draft back before it is sent.

    Parameters
    ----------
    alert_id
        As `beaconfire alert list` names it.
    """
    _signer(node, person, key, yes=True).give_draft("withdraw", alert_id, words=words, json=json)


def correct(
    alert_id: str, *, node: NodeFolder, person: Person, key: KeyFile = None, areas: Areas = "", words: Words = "",
    yes: Yes = False, json: Json = False,
) -> None:  # fmt: skip
    """Send a correction of what was sent: the one that lies ready, or one in your own words or for fewer areas.

    Parameters
    ----------
    alert_id
        As `beaconfire alert list` names it.
    """
    signer = _signer(node, person, key, yes=yes)
    signer.give_ready("correct", alert_id, words=words, areas=_codes(areas), json=json)


def cancel(
    alert_id: str, *, node: NodeFolder, person: Person, key: KeyFile = None, words: Words = "", yes: Yes = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Send the cancel: what was said is void, it was wrong. One officer, on every channel that carried the alert.

    Parameters
    ----------
    alert_id
        As `beaconfire alert list` names it.
    """
    _signer(node, person, key, yes=yes).give_ready("cancel", alert_id, words=words, json=json)


def all_clear(
    alert_id: str, *, node: NodeFolder, person: Person, key: KeyFile = None, words: Words = "", yes: Yes = False,
    json: Json = False,
) -> None:  # fmt: skip
    """Send the all-clear: what was said was right, and the danger is over. One officer, on the same channels.

    Parameters
    ----------
    alert_id
        As `beaconfire alert list` names it.
    """
    _signer(node, person, key, yes=yes).give_ready("all_clear", alert_id, words=words, json=json)


def check(file: Path, *, trusted: Trusted = None, json: Json = False) -> int:
    """Check a CAP 1.2 file, whoever wrote it, by meaning and not only by schema; exit 4 if a rule is broken.

    Parameters
    ----------
    file
        One CAP message.
    """
    from beaconfire.cli.orders import check_file

    faults = check_file(file, trusted=trusted)
    alertwords.print_faults(str(file), faults, signed=trusted is not None, json=json)
    return 4 if faults else 0


def _signer(node: Path, person: str, key: Path | None, *, yes: bool = False) -> Signer:
    from beaconfire.cli.orders import Signer

    return Signer.of(node_config(node), person, key=key, yes=yes)


def _codes(areas: str) -> Sequence[str]:
    return tuple(code.strip() for code in areas.split(",") if code.strip())
