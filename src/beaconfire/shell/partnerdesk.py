"""What people order of partners: shown, signed by officers, judged, and only then an input of the step.

An order is an act (`kernel.approval`) whose hash names the partner, the epoch of its link and what else the order says:
a word that was used is spent with the epoch it names, or with the state that it changed. How many officers an act needs
is the realm's rule: in LIVE one suspends or leaves, two let a new partner in or a suspended one return.
"""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from beaconfire.kernel import codec
from beaconfire.kernel.approval import Act, Nonces, officers_needed, signed_by
from beaconfire.kernel.errors import RunFailed
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import format_utc
from beaconfire.node import Input, Join, KeyChange, Leave, NodeState, Resume, Suspend
from beaconfire.node import Partner as Named
from beaconfire.shell import bundles
from beaconfire.shell.config import NodeConfig
from beaconfire.shell.control import AskPartners, Orders, Outcome, PartnerOrder, PartnerRow, PartnerRows
from beaconfire.shell.keys import Identity
from beaconfire.shell.partnerstatus import PartnerStatus, is_member
from beaconfire.shell.people import read_people

OWNER = "owner"  # who orders in an exercise without a signature: whoever owns the node on this machine


class PartnerDesk:
    """Answers what people ask and order of one running node's partners."""

    def __init__(
        self,
        config: NodeConfig,
        identity: Identity,
        *,
        state: Callable[[], NodeState | None],
        status: Callable[[], Mapping[str, PartnerStatus]],
        orders: Orders,
    ) -> None:
        """Prepare; `state` is None before the first turn."""
        self._config, self._identity = config, identity
        self._state, self._status, self._orders = state, status, orders
        self._nonces = Nonces()

    async def meet(self, ask: AskPartners | PartnerOrder) -> PartnerRows | Outcome:
        """Answer a request; raises `Refused` for an order that is not signed as it must be, `RunFailed`."""
        state = self._state()
        if isinstance(ask, AskPartners):
            now_ns = 0 if state is None else state.now_ns
            return partner_rows(self._config, self._status(), now_ns=now_ns)
        if state is None:
            raise RunFailed("the node has made no turn yet")
        by = approved(
            self._config, ask, epoch=epoch_of(state, ask.nation), now_ns=state.now_ns, nonces=self._nonces,
            root_public=self._identity.root_public,
        )  # fmt: skip
        return await self._orders.put(order_item(self._config, ask, by=by, state=state))


def partner_rows(config: NodeConfig, status: Mapping[str, PartnerStatus], *, now_ns: int) -> PartnerRows:
    """Return all partners as people see them."""
    rows = tuple(partner_row(status[nation]) for nation in sorted(status))
    return PartnerRows(nation=config.nation, realm=config.realm, now_ns=now_ns, partners=rows)


def partner_row(status: PartnerStatus) -> PartnerRow:
    """Return one partner as people see it."""
    standing = status.standing
    return PartnerRow(
        nation=status.nation, state=status.state, since_utc=_utc(standing.since_ns), reason=standing.reason,
        by=standing.by, effective_utc=_utc(standing.effective_ns), link=status.link, heard_s=status.silent_s,
        epoch=status.epoch, sent_number=status.sent_number, received_number=status.received_number,
        contiguous=status.contiguous, last_number=standing.number, missed=status.missed, lost=status.lost,
        catching_up=status.catching_up,
    )  # fmt: skip


def order_act(config: NodeConfig, order: PartnerOrder, *, epoch: int) -> Act:
    """Return what officers sign for an order: its hash is over partner, epoch, key or bundle, reason and time.

    Raises `InvalidInput` if the bundle of the partner that is to be let in is not there.
    """
    path = Path(config.folder) / bundles.PARTNERS_FOLDER / f"{order.nation}.json"
    bundle = path.read_bytes() if order.action in ("partner", "resume") and path.exists() else b""
    return bundle_act(config.realm, order, epoch=epoch, bundle=bundle)


def bundle_act(realm: Realm, order: PartnerOrder, *, epoch: int, bundle: bytes) -> Act:
    """Return what officers sign, for a bundle that does not lie in the node's folder yet."""
    content = (order.nation, epoch, hashlib.sha256(bundle).digest(), order.reason, order.effective_ns)
    digest = hashlib.sha256(codec.encode(content)).digest()
    return Act(realm=realm, action=order.action, subject=order.nation, digest=digest)


def approved(
    config: NodeConfig,
    order: PartnerOrder,
    *,
    epoch: int,
    now_ns: int,
    root_public: bytes,
    nonces: Nonces | None = None,
    bundle: bytes | None = None,
) -> tuple[str, ...]:
    """Return who ordered: the officers whose words hold; in an exercise without any, the node's owner.

    Raises `Refused` for words that do not hold or are too few, `InvalidInput` for a list of people that is wrong.
    """
    if bundle is None:
        act = order_act(config, order, epoch=epoch)
    else:
        act = bundle_act(config.realm, order, epoch=epoch, bundle=bundle)
    names = signed_by(
        act, order.words, people=read_people(config, root_public=root_public),
        needs=officers_needed(order.action, config.realm), now_ns=now_ns, nonces=nonces,
    )  # fmt: skip
    return names or (OWNER,)


def order_item(config: NodeConfig, order: PartnerOrder, *, by: tuple[str, ...], state: NodeState) -> Input:
    """Return an approved order as an input of the step; raises `InvalidInput` if a bundle it needs is not there.

    Who is a partner already and is accepted again has new keys, under the root that is known.
    """
    if order.action == "suspend":
        return Suspend(order.nation, by, order.reason)
    if order.action == "leave":
        return Leave(order.nation, by, order.reason, order.effective_ns)
    key = bundles.load_partner(config, order.nation).node_public
    if order.action == "resume":
        return Resume(order.nation, key, by)
    return KeyChange(order.nation, key, by) if is_member(state, order.nation) else Join(Named(order.nation, key), by)


def epoch_of(state: NodeState | None, nation: str) -> int:
    """Return the epoch of the link with a nation, 0 where there is none."""
    link = None if state is None else state.links.get(nation)
    return 0 if link is None else link.outgoing.epoch


def _utc(time_ns: int) -> str | None:
    return format_utc(time_ns) if time_ns else None
