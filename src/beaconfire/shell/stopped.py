"""A stopped node's partners: read from its journal, and ordered by a row that is added to it.

The row is made by the same step, signed with the node's own journal key, and is the journal's last: when the node
starts it goes on from there. Nothing is sent by this; a partner hears of it when the node runs.
"""

import threading
import time
from collections.abc import Callable

from beaconfire.kernel.errors import RunFailed
from beaconfire.kernel.time import unix_utc_to_tai_ns
from beaconfire.node import Cut, Input, NodeState, ShowAudit, digest, encode_input, members, step
from beaconfire.shell import bundles, journal
from beaconfire.shell.config import NodeConfig
from beaconfire.shell.control import Outcome
from beaconfire.shell.keys import Identity
from beaconfire.shell.partnerstatus import PartnerStatus, status_of
from beaconfire.shell.store import Identification, Store

_COMMIT_S = 10.0


def replayed(config: NodeConfig) -> NodeState | None:
    """Return the state at the end of a node's journal, None where it has none yet; raises as `journal.resume`."""
    resumed = journal.resume(config.path(config.data) / "journal.sqlite", step, lambda record, effects: None)
    return None if resumed is None else resumed[0]


def stopped_status(state: NodeState) -> dict[str, PartnerStatus]:
    """Return how partners stood when the node ended."""
    return {member.nation: status_of(member, state) for member in members(state)}


def accepted_status(config: NodeConfig) -> dict[str, PartnerStatus]:
    """Return the partners that were accepted by a node that never ran."""
    names = [partner.nation for partner in bundles.load_partners(config)]
    return {
        name: PartnerStatus(
            nation=name, connected=False, silent_s=None, epoch=0, sent_number=0, received_number=0, contiguous=0,
            rejected=0,
        )
        for name in names
    }  # fmt: skip


def order_stopped(config: NodeConfig, identity: Identity, make: Callable[[NodeState, int], Input]) -> Outcome:
    """Add an order to a stopped node's journal; `make` gives it for the state and the node time at which it is taken.

    Raises what `make` does, `RunFailed` for a node that never ran or a journal that cannot be written.
    """
    state = replayed(config)
    if state is None:
        raise RunFailed(f"{config.nation} has not run yet: it has no partners to order anything of")
    now_ns = max(state.now_ns, 0 if config.feed else unix_utc_to_tai_ns(time.time_ns()))
    item = make(state, now_ns)
    _, effects = step(state, item, now_ns=now_ns)
    seq = _append(config, identity, now_ns=now_ns, item=encode_input(item), decided=digest(effects))
    for effect in effects:
        if isinstance(effect, Cut) and effect.reason == "left":
            bundles.forget_partner(config, effect.partner)
    refused = tuple(row.reason for row in effects if isinstance(row, ShowAudit) and row.verdict == "refused")
    return Outcome(seq=seq, rows=(), refused=refused, durable=True)


def _append(config: NodeConfig, identity: Identity, *, now_ns: int, item: bytes, decided: bytes) -> int:
    """Write one row and return its number once it is on stable storage."""
    committed, troubles = threading.Event(), list[Exception]()

    def trouble(error: Exception | None) -> None:
        if error is not None:
            troubles.append(error)

    owner = Identification(config.nation, str(config.realm), identity.root_public, identity.journal_credential)
    store = Store(
        config.path(config.data) / "journal.sqlite", owner, identity.journal_key,
        committed=lambda seq: committed.set(), troubled=trouble,
    )  # fmt: skip
    try:
        seq = store.append(now_ns=now_ns, item=item, digest=decided)
        if not committed.wait(_COMMIT_S):
            raise RunFailed(f"the journal cannot be written: {troubles[-1] if troubles else 'it does not answer'}")
    finally:
        store.close()
    return seq
