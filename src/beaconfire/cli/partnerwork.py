"""What the `partner` commands do with a node, running or stopped: read, compare, have signed, order, say."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from beaconfire.cli.init import ask_passphrase
from beaconfire.cli.signing import words_of
from beaconfire.cli.user import node_config
from beaconfire.kernel.approval import Act, officers_needed
from beaconfire.kernel.errors import InvalidInput, RunFailed, UsageError
from beaconfire.kernel.labels import Realm, check_nation
from beaconfire.kernel.person import Word
from beaconfire.kernel.time import parse_utc
from beaconfire.node import Input, NodeState
from beaconfire.shell import NodeConfig, bundles, keys
from beaconfire.shell.config import read_bounded
from beaconfire.shell.control import AskPartners, Outcome, PartnerOrder, PartnerRow, PartnerRows, ask, expect, socket_of
from beaconfire.shell.partnerdesk import approved, bundle_act, epoch_of, order_act, order_item, partner_rows
from beaconfire.shell.stopped import accepted_status, order_stopped, replayed, stopped_status

Action = Literal["partner", "suspend", "resume", "leave"]


@dataclass(frozen=True, slots=True)
class Signing:
    """Who signs: officers at this terminal with the files of their keys, and words that were brought in files."""

    persons: Sequence[str] = ()
    keys: Sequence[Path] = ()
    signed: Sequence[Path] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """A nation that was taken in, with the twelve words of its root."""

    nation: str
    words: str
    running: bool


def invitation(nation: str, *, node: Path, out: Path) -> str:
    """Write an invitation for a nation and return the twelve words of our root; raises `UsageError`, `InvalidInput`."""
    config = node_config(node)
    check_nation(nation, where="nation")
    if nation == config.nation:
        raise UsageError(f"{nation}: is this node's own nation; expected the one invited")
    passphrase = ask_passphrase(config.realm)
    identity = keys.load(Path(config.folder), config.nation, config.realm, passphrase=passphrase)
    data = bundles.make_bundle(config, identity, passphrase=passphrase, meant_for=nation)
    try:
        out.write_bytes(data)
    except OSError as error:
        raise UsageError(f"{out}: {error.strerror}; expected a file that can be written") from None
    return bundles.fingerprint(bundles.open_bundle(data, where=str(out), realm=config.realm))


def taken_in(file: Path, *, node: Path, words: str, signing: Signing) -> Accepted:
    """Compare, have signed and take in the nation of an invitation.

    Raises `InvalidInput` for an invitation that does not hold or other words, `Refused` for officers that are too few
    or did not sign this, `RunFailed` where the node refuses.
    """
    config, data = node_config(node), read_bounded(file)
    bundle = bundles.open_bundle(data, where=str(file), realm=config.realm)
    bundles.check_meant(config, bundle, where=str(file))
    own_words = bundles.fingerprint(bundle)
    _compare(config, words, own_words, where=str(file))
    running = _ask_rows(config)
    state = None if running else replayed(config)
    epoch = _epoch(running, bundle.nation) if running else epoch_of(state, bundle.nation)
    order = PartnerOrder("partner", bundle.nation)
    act = bundle_act(config.realm, order, epoch=epoch, bundle=data)
    order = msgspec.structs.replace(order, words=_words(config, act, signing))
    passphrase = ask_passphrase(config.realm)
    identity = keys.load(Path(config.folder), config.nation, config.realm, passphrase=passphrase)
    now_ns = _now_ns(config, running, state)
    by = approved(config, order, epoch=epoch, now_ns=now_ns, root_public=identity.root_public, bundle=data)
    bundles.check_root(config, bundle, where=str(file))
    with bundles.accepting(config, data, where=str(file), passphrase=passphrase):
        if running:
            _said(expect(ask(socket_of(config), order), Outcome))
        elif state is not None:
            _said(order_stopped(config, identity, lambda now, _: order_item(config, order, by=by, state=now)))
    return Accepted(bundle.nation, own_words, running is not None)


def listed(node: Path) -> PartnerRows:
    """Return every partner of a node: a running one is asked, of a stopped one the journal is replayed."""
    config = node_config(node)
    if rows := _ask_rows(config):
        return rows
    state = replayed(config)
    status = accepted_status(config) if state is None else stopped_status(state)
    return partner_rows(config, status, now_ns=0 if state is None else state.now_ns)


def ordered(
    action: Action, nation: str, *, node: Path, reason: str = "", when_ns: int = 0, signing: Signing
) -> Outcome:  # fmt: skip
    """Have an order signed and taken, by a running node or into a stopped one's journal.

    Raises `Refused` for officers that are too few or did not sign this, `RunFailed` where the step refuses.
    """
    config = node_config(node)
    check_nation(nation, where="nation")
    order = PartnerOrder(action, nation, reason, when_ns)
    if rows := _ask_rows(config):
        act = order_act(config, order, epoch=_epoch(rows, nation))
        signed = msgspec.structs.replace(order, words=_words(config, act, signing))
        return _said(expect(ask(socket_of(config), signed), Outcome))
    identity = keys.load(
        Path(config.folder), config.nation, config.realm, passphrase=ask_passphrase(config.realm)
    )  # fmt: skip

    def item(state: NodeState, now_ns: int) -> Input:
        epoch = epoch_of(state, nation)
        act = order_act(config, order, epoch=epoch)
        signed = msgspec.structs.replace(order, words=_words(config, act, signing))
        by = approved(config, signed, epoch=epoch, now_ns=now_ns, root_public=identity.root_public)
        return order_item(config, signed, by=by, state=state)

    return _said(order_stopped(config, identity, item))


def effective_ns(text: str) -> int:
    """Return the node time of a UTC date or time, 0 for none; raises `InvalidInput`."""
    if not text:
        return 0
    return parse_utc(f"{text}T00:00:00Z" if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else text)


def partner_lines(rows: PartnerRows) -> Iterator[str]:
    """Yield the list for people."""
    yield f"{rows.realm} {rows.nation}: {len(rows.partners) or 'no'} partner{'' if len(rows.partners) == 1 else 's'}"
    for row in rows.partners:
        yield f"  {row.nation}  {row.state}{_since(row)}"
        heard = "not heard yet" if row.heard_s is None else f"last heard {row.heard_s:.1f} s ago"
        yield f"       link {row.link}, {heard}, epoch {row.epoch}"
        yield f"       sent {row.sent_number}, received {row.contiguous} of {row.received_number}"
        if row.state in ("suspended", "left", "suspended_by_partner"):
            yield f"       closed after number {row.last_number}"
        if row.missed or row.lost or row.catching_up:
            told = "being told again" if row.catching_up else "kept for its return"
            lost = f", {row.lost} older ones are in the journal alone" if row.lost else ""
            yield f"       missed {row.missed} records, {told}{lost}"


def _since(row: PartnerRow) -> str:
    words = f" since {row.since_utc}" if row.since_utc else ""
    words += f" until {row.effective_utc}" if row.effective_utc else ""
    words += f", by {', '.join(row.by)}" if row.by else ""
    return words + (f": {row.reason}" if row.reason else "")


def _compare(config: NodeConfig, given: str, words: str, *, where: str) -> None:
    if not given and config.realm is Realm.LIVE:
        raise UsageError(
            "--fingerprint: LIVE never skips it; expected the twelve words that the nation's people told over another "
            "channel than the file took"
        )
    if given and not bundles.same_words(given, words):
        expected = "the words that the nation's people say; if these differ from the file's, it is not theirs"
        raise InvalidInput.single(f"{where}: fingerprint", "has other words than those given", expected)


def _words(config: NodeConfig, act: Act, signing: Signing) -> tuple[Word, ...]:
    needs = officers_needed(act.action, config.realm)
    if len(signing.persons) + len(signing.signed) < needs:
        raise UsageError(
            f"{act.action} {act.subject}: needs {needs} officer{'s' if needs > 1 else ''}: --as for each who signs "
            f"here, or --signed with a file of: beaconfire user word {act.action} {act.subject} {act.digest.hex()}"
        )
    return words_of(config, act, persons=signing.persons, keys=signing.keys, signed=signing.signed)


def _said(outcome: Outcome) -> Outcome:
    if outcome.refused:
        raise RunFailed("refused: " + "; ".join(outcome.refused))
    if not outcome.durable:
        print("NOT DURABLE: the node cannot write its journal; it is carried out once it can", file=sys.stderr)
    return outcome


def _ask_rows(config: NodeConfig) -> PartnerRows | None:
    """Return the partners of a running node, None where none runs."""
    if not socket_of(config).exists():
        return None
    try:
        return expect(ask(socket_of(config), AskPartners()), PartnerRows)
    except RunFailed as error:
        if "no node runs here" not in str(error):
            raise
        return None


def _row(rows: PartnerRows | None, nation: str) -> PartnerRow | None:
    return next((row for row in rows.partners if row.nation == nation), None) if rows else None


def _epoch(rows: PartnerRows, nation: str) -> int:
    row = _row(rows, nation)
    return 0 if row is None else row.epoch


def _now_ns(config: NodeConfig, running: PartnerRows | None, state: NodeState | None) -> int:
    from beaconfire.shell.people import wall_ns

    if running is not None:
        return running.now_ns
    return max(0 if state is None else state.now_ns, 0 if state is not None and config.feed else wall_ns())
