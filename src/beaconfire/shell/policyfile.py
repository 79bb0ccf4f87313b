"""A node's policy file: read again while it runs, taken up after it was changed meanwhile, and what it gives to whom.

The file enters the step as a `PolicyLoad` with the sealed list of people whose signatures count, so that the journal
holds all that the decision rests on. A file that is wrong, or not signed by enough officers, changes nothing.
"""

from collections.abc import Callable

from beaconfire.kernel.errors import InvalidInput, RunFailed
from beaconfire.node import Input, NodeState, PolicyLoad, true_now
from beaconfire.release import Policy, Would, parse_policy, preview_policy
from beaconfire.shell.config import NodeConfig, read_bounded
from beaconfire.shell.control import AskPolicy, AskWould, LoadPolicy, Orders, Outcome, PolicyInForce, WouldGet
from beaconfire.shell.people import sealed_people

PolicyAsk = AskPolicy | AskWould | LoadPolicy


class PolicyDesk:
    """Answers what people ask of one running node's policy; `state` is None before its first turn."""

    def __init__(self, config: NodeConfig, *, state: Callable[[], NodeState | None], orders: Orders) -> None:
        """Prepare; nothing is read yet."""
        self._config, self._state, self._orders = config, state, orders

    async def meet(self, ask: PolicyAsk) -> Outcome | PolicyInForce | WouldGet:
        """Answer a request; raises `InvalidInput` for a wrong file, `RunFailed` before the node has a state."""
        if isinstance(ask, LoadPolicy):
            load = read_policy(self._config)
            parse_policy(load.policy_toml, where=str(self._config.path(self._config.policy)))
            return await self._orders.put(load)
        state = self._state()
        if state is None:
            raise RunFailed("the node has made no turn yet")
        if isinstance(ask, AskPolicy):
            return policy_in_force(state)
        draft = parse_policy(ask.policy_toml.encode(), where="policy") if ask.policy_toml else None
        return would_get(state, ask.partner, draft=draft)

    def changed(self) -> list[Input]:
        """Return the load that is due after a start: of a file that was written while the node was down."""
        state = self._state()
        path = self._config.path(self._config.policy)
        if state is None or not path.exists():
            return []
        load = read_policy(self._config)
        try:
            policy = parse_policy(load.policy_toml, where=str(path))
        except InvalidInput:
            return [load]  # the step refuses it and says why; what is in force stays
        return [load] if policy.version > state.releaser.policy.version else []


def read_policy(config: NodeConfig) -> PolicyLoad:
    """Return the load of a node's policy file; raises `InvalidInput` for one that cannot be read."""
    return PolicyLoad(
        policy_toml=read_bounded(config.path(config.policy)),
        people_toml=sealed_people(config.path(config.people), realm=config.realm),
    )


def policy_in_force(state: NodeState) -> PolicyInForce:
    """Return the policy of a node's state."""
    releaser = state.releaser
    return PolicyInForce(
        nation=state.genesis.nation,
        realm=state.genesis.realm,
        now_ns=state.now_ns,
        version=releaser.policy.version,
        signed_by=releaser.signed_by,
        clock_trusted=releaser.clock_trusted,
        partners=releaser.overview(now_ns=state.now_ns),
    )


def would_get(state: NodeState, partner: str, *, draft: Policy | None = None) -> WouldGet:
    """Return what a partner would be given of all that is true now, under the policy in force or under a draft."""
    releaser, now_ns = state.releaser, state.now_ns
    products = true_now(state, partner)
    rows: tuple[Would, ...]
    if draft is None:
        rows = tuple(releaser.preview(product, partner, now_ns=now_ns) for product in products)
    else:
        rows = preview_policy(
            draft, products, partner, realm=state.genesis.realm, now_ns=now_ns, clock_trusted=releaser.clock_trusted
        )
    version = releaser.policy.version if draft is None else draft.version
    return WouldGet(partner=partner, now_ns=now_ns, version=version, products=rows)
