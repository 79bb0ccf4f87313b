"""What leaves a node: products decided, numbered and sent, or kept for partners that are away; new epochs; narrowing.

In: products, and what a link lost or a policy narrowed. Out: `Send` and `Purge`. Every record that leaves passes
`release`, the one place that decides and numbers, so that nothing is ever numbered for a partner that is away.
"""

from collections.abc import Sequence

from beaconfire.kernel import limits
from beaconfire.kernel.products import Product, Released
from beaconfire.kernel.time import from_seconds
from beaconfire.node.effects import Effect, Purge, Send
from beaconfire.node.state import NodeState
from beaconfire.share import Numbered

_RENEW_GAP_NS = from_seconds(limits.RENEW_GAP_S)


def offer(state: NodeState, product: Product, partners: Sequence[str]) -> list[Effect]:
    """Offer something new to partners; it is kept for those of them that are away."""
    joined = tuple(partner for partner in partners if partner in state.links)  # a policy may name others
    missing = [partner for partner in joined if state.releaser.barred(partner)]
    if missing:
        state.backlog.append(product, missing)
    return release(state, product, joined)


def release(
    state: NodeState, product: Product, partners: Sequence[str], *, again: bool = False, past: bool = False
) -> list[Effect]:
    """Decide a product for partners now and number what may go.

    `again`: it went before and was not received; `past`: it was kept back while the partner was away.
    """
    effects: list[Effect] = []
    for partner in partners:
        decision = state.releaser.decide(product, partner, now_ns=state.now_ns, again=again, past=past)
        if isinstance(decision, Released):
            link = state.links[partner]
            effects.append(send(link.number(decision, now_ns=state.now_ns)))
            for dropped in link.outgoing.let_go():
                state.backlog.append(dropped, (partner,), again=True)
                state.catching_up.setdefault(partner, set())
    return effects


def release_again(state: NodeState, products: Sequence[Product], partner: str) -> list[Effect]:
    """Release again what no receipt covers, or keep it for a partner that is away."""
    if state.releaser.barred(partner):
        state.backlog.put_first(products, partner)
        return []
    return [effect for product in products for effect in release(state, product, (partner,), again=True)]


def send(numbered: Numbered) -> Send:
    """Return the effect that publishes an envelope."""
    return Send(
        partner=numbered.partner,
        number=numbered.number,
        generation=numbered.generation,
        kind=numbered.kind,
        local_id=numbered.local_id,
        subject=numbered.subject,
        unsigned=numbered.unsigned,
        inner=numbered.inner,
        origin_signature=numbered.origin_signature,
    )


def renew(state: NodeState, partner: str, *, lost: bool) -> list[Effect]:
    """Start a new epoch towards a partner and release again, under today's policy, what no receipt covers."""
    link = state.links[partner]
    if link.closed:
        return []
    return release_again(state, link.renew(now_ns=state.now_ns, lost=lost), partner)


def renew_by_word(state: NodeState, partner: str) -> list[Effect]:
    """Start a new epoch since a partner shows more than we remember, but not so often that its word becomes a load."""
    return renew(state, partner, lost=True) if may_renew(state, partner) else []


def may_renew(state: NodeState, partner: str) -> bool:
    """Say whether a partner's word may begin a new epoch again by now."""
    return state.now_ns - state.links[partner].renewed_ns >= _RENEW_GAP_NS


def narrowed(state: NodeState, partners: Sequence[str]) -> list[Effect]:
    """Purge what a narrowed policy left queued, void those numbers, and release again what it still allows."""
    effects: list[Effect] = []
    for partner in partners:
        link, generation = state.links.get(partner), state.releaser.generation(partner)
        if link is None or link.closed:  # no partner of this node, or nothing of it is queued any more
            continue
        effects.append(Purge(partner, generation))
        void, products = link.void_unreceipted(generation=generation, now_ns=state.now_ns)
        if void is not None:
            effects.append(send(void))
        effects += release_again(state, products, partner)
    return effects
