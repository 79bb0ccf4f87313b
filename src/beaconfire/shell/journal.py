"""From a journal back to a running node: the first row of a new journal, and the replay of an old one."""

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from beaconfire.kernel import limits
from beaconfire.kernel.errors import InvalidInput, Violation
from beaconfire.node import Effect, Genesis, Input, NodeState, Partner, decode_input, initial
from beaconfire.shell import bundles, keys
from beaconfire.shell.alerting import read_warning
from beaconfire.shell.config import NodeConfig, read_bounded
from beaconfire.shell.engine import Step
from beaconfire.shell.fingerprint import fingerprint
from beaconfire.shell.people import sealed_people
from beaconfire.shell.store import Chain, Reader, Record

Shown = Callable[[Record, Sequence[Effect]], None]


def make_genesis(
    config: NodeConfig, identity: keys.Identity, partners: tuple[bundles.Partner, ...], *, epoch: int,
    begun: bool = False,
) -> Genesis:  # fmt: skip
    """Return the first row of this node's journal; raises `InvalidInput` for sensors or a policy that are wrong.

    `begun`: there is a journal, whose policy is in force; a changed file enters later and need not stand on its own.
    """
    warning = read_warning(config)
    genesis = Genesis(
        nation=config.nation,
        realm=config.realm,
        sensors_toml=_optional(config.path(config.sensors)),
        policy_toml=_optional(config.path(config.policy)),
        partners=tuple(Partner(partner.nation, partner.node_public) for partner in partners),
        id_secret=identity.id_secret,
        epoch=epoch,
        fingerprint=fingerprint(),
        warning_toml=warning.warning_toml,
        people_toml=warning.people_toml or sealed_people(config.path(config.people), realm=config.realm),
        rules=warning.rules,
        root_public=identity.root_public,
    )
    judged = msgspec.structs.replace(genesis, policy_toml=b"") if begun else genesis
    initial(judged, now_ns=limits.MIN_TIME_NS)  # refuses now what would fail at the first turn
    return genesis


def resume(path: Path, step: Step[NodeState], shown: Shown) -> tuple[NodeState, int] | None:
    """Return the state after the journal's last row and that row's time, or None if there is no row yet.

    `shown` is called with every record and its effects, as they were when they happened. Raises `Violation` for a row
    that does not follow from the one before, or a last row that this journal's key did not sign: nothing is built on
    a damaged history.
    """
    if not path.exists():
        return None
    reader = Reader(path)
    chain, last = Chain(where=str(path)), None
    state: NodeState | None = None
    now_ns = 0
    try:
        for row in reader.rows():
            record, last = chain.take(row), row
            item = read_input(record, where=str(path))
            now_ns = record.now_ns
            if state is None:
                state = begin(item, now_ns=now_ns, where=str(path))
                continue
            state, effects = step(state, item, now_ns=now_ns)
            shown(record, effects)
        key = reader.identification.credential.public_key
        if last is not None and not keys.signature_holds(key, last.signature, last.record):
            raise Violation(f"{path}: row {last.seq}: has a wrong signature")
    finally:
        reader.close()
    return None if state is None else (state, now_ns)


def begin(item: Input, *, now_ns: int, where: str) -> NodeState:
    """Return the state that a journal's first row makes; raises `Violation` if it is not a genesis."""
    if not isinstance(item, Genesis):
        raise Violation(f"{where}: row 1: is a {type(item).__name__}, not the genesis")
    try:
        return initial(item, now_ns=now_ns)
    except InvalidInput as error:
        raise Violation(f"{where}: row 1: {error}") from None


def read_input(record: Record, *, where: str) -> Input:
    """Return the input of a record; raises `Violation` if it is none."""
    try:
        return decode_input(record.item)
    except msgspec.DecodeError as error:
        raise Violation(f"{where}: row {record.seq}: holds no input: {error}") from None


def _optional(path: Path) -> bytes:
    """A node without sensors, or without a policy, is one: it hears, or it tells nothing."""
    return read_bounded(path) if path.exists() else b""
