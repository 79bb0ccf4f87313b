"""Who is a partner, and who is away: join, suspend, resume, leave, the partner's own notice, and the way back.

While a partner is away nothing is numbered for it; what it misses is kept (`share.Backlog`). Who comes back gets a new
epoch, what is true now first, then the history under the policy of the day, so many a tick, and `caught_up` at its end.
The order in a step that closes a link is purge, notice, cut: a lost notice changes nothing of what leaves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from beaconfire.kernel import limits, wire
from beaconfire.kernel.products import Product
from beaconfire.node.effects import Admit, Cut, Effect, Purge, ShowAudit, Tell
from beaconfire.node.inputs import Join, KeyChange, Leave, Resume, Suspend
from beaconfire.node.notices import standing_notices
from beaconfire.node.outbound import may_renew, release, send
from beaconfire.node.state import NodeState, fused_tracker
from beaconfire.share import Link, Standing, next_epoch

_Reason = Literal["suspended", "left"]


@dataclass(frozen=True, slots=True)
class Member:
    """A partner as people and metrics see it.

    `missed` records are kept for it, `lost` went beyond the limit (they are in the journal); `catching_up`: history is
    being released to it.
    """

    nation: str
    standing: Standing
    missed: int
    lost: int
    catching_up: bool
    public_key: bytes


def members(state: NodeState) -> tuple[Member, ...]:
    """Return every partner of a node with its standing, by nation."""
    return tuple(
        Member(
            nation=nation,
            standing=link.standing(state.now_ns),
            missed=state.backlog.left(nation),
            lost=state.backlog.lost.get(nation, 0),
            catching_up=nation in state.catching_up,
            public_key=state.keys[nation],
        )
        for nation, link in sorted(state.links.items())
    )


def join(state: NodeState, item: Join) -> list[Effect]:
    """Take a nation in, or back after it or we had left."""
    nation, key = item.partner.nation, item.partner.public_key
    link = state.links.get(nation)
    if nation == state.genesis.nation:
        return [_refused(state, nation, "is this node itself")]
    if link is not None:
        if link.ours.state != "left" and link.theirs is None:
            return [_refused(state, nation, f"is a partner already ({link.ours.state})")]
        return _back(state, link, key=key, by=item.by)
    if len(state.links) >= limits.MAX_PARTNERS:
        return [_refused(state, nation, f"is one more than {limits.MAX_PARTNERS} partners")]
    if state.fused is None:
        state.fused = fused_tracker(state.genesis.nation)
    epoch = next_epoch(now_ns=state.now_ns, attested=(state.genesis.epoch,))
    state.links[nation] = Link(
        nation=state.genesis.nation, partner=nation, realm=state.genesis.realm, epoch=epoch, seen=state.seen
    )
    state.links[nation].stand(Standing("active", state.now_ns, by=item.by))
    state.keys[nation] = key
    return [Admit(nation, key), _word(state, nation, "joined", item.by)]


def suspend(state: NodeState, item: Suspend) -> list[Effect]:
    """Let nothing more go to a partner, and say so."""
    link = state.links.get(item.nation)
    if link is None or link.closed:
        return [_refused(state, item.nation, "is no partner" if link is None else f"is {link.ours.state} already")]
    return _close(state, link, "suspended", reason=item.reason, by=item.by)


def leave(state: NodeState, item: Leave) -> list[Effect]:
    """End the link with a partner, now or at the end of a notice period."""
    link = state.links.get(item.nation)
    if link is None or link.ours.state == "left":
        return [_refused(state, item.nation, "is no partner" if link is None else "was left already")]
    if item.effective_ns <= state.now_ns:
        return _close(state, link, "left", reason=item.reason, by=item.by)
    if link.closed:
        return [_refused(state, item.nation, "is suspended: leave it at once, or after its return")]
    link.stand(Standing("leaving", state.now_ns, item.reason, item.by, effective_ns=item.effective_ns))
    return [_notice(state, link, "left"), _word(state, item.nation, "leaving", item.by, item.reason)]


def resume(state: NodeState, item: Resume) -> list[Effect]:
    """Let a suspended partner return, or call off a leave that was announced."""
    link = state.links.get(item.nation)
    if link is None or link.ours.state not in ("suspended", "leaving"):
        text = "is no partner" if link is None else f"is {link.ours.state}: nothing to resume"
        return [_refused(state, item.nation, text)]
    return _back(state, link, key=item.public_key or state.keys[item.nation], by=item.by)


def key_change(state: NodeState, item: KeyChange) -> list[Effect]:
    """Know a partner by another key from now on."""
    link = state.links.get(item.nation)
    if link is None:
        return [_refused(state, item.nation, "is no partner")]
    state.keys[item.nation] = item.public_key
    admitted = [] if link.closed else [Admit(item.nation, item.public_key)]
    return [*admitted, _word(state, item.nation, "key changed", item.by)]


def membership_restart(state: NodeState) -> list[Effect]:
    """Close again what is closed, for the node may have died before it did; say announced leaves again.

    A new epoch takes a notice back.
    """
    effects: list[Effect] = []
    for nation, link in state.links.items():
        if link.ours.state in ("suspended", "left"):
            effects += [Purge(nation, state.releaser.generation(nation)), Cut(nation, link.ours.state)]
        elif link.ours.state == "leaving":
            effects.append(_notice(state, link, "left"))
    return effects


def notices_end(state: NodeState) -> list[Effect]:
    """Let notice periods end, ours and theirs: before anything else of a tick is offered."""
    effects: list[Effect] = []
    for nation, link in state.links.items():
        ours = link.ours
        if ours.state == "leaving" and ours.effective_ns <= state.now_ns:
            effects += _close(state, link, "left", reason=ours.reason, by=ours.by)
        effects += follow(state, nation)
    return effects


def catch_up(state: NodeState) -> list[Effect]:
    """Release the next of what returning partners missed: after what a tick brought that is new."""
    return [effect for nation in list(state.catching_up) for effect in _catch_up(state, nation)]


def time_passed(state: NodeState) -> list[Effect]:
    """Freeze, before anything else is decided in a step, what is released to those whose notice has run out."""
    now_ns = state.now_ns
    gone = [nation for nation, link in state.links.items() if link.away(now_ns) and not state.releaser.barred(nation)]
    return [effect for nation in gone for effect in follow(state, nation)]


def follow(state: NodeState, nation: str) -> list[Effect]:
    """Do what a change of a link's standing asks for: keep things back for who is away, tell who is back."""
    link = state.links[nation]
    away, barred = link.away(state.now_ns), state.releaser.barred(nation)
    if away and not barred:
        standing = link.standing(state.now_ns)
        _keep_back(state, nation, standing.state)
        return [_word(state, nation, standing.state, (), standing.reason)]
    if barred and not away:
        state.releaser.unbar(nation)
        return [_word(state, nation, "returned", ()), *_now_first(state, nation)]
    return []


def start_over(state: NodeState, nation: str) -> list[Effect]:
    """Begin anew with a partner that lost its journal: a new epoch, what is true now, what no receipt covers."""
    link = state.links[nation]
    if state.releaser.barred(nation) or not may_renew(state, nation):
        return []
    state.backlog.put_first(link.renew(now_ns=state.now_ns, lost=False), nation)
    state.away_since_ns[nation] = 0
    return [_word(state, nation, "lost its journal", ()), *_now_first(state, nation)]


def _close(state: NodeState, link: Link, to: _Reason, *, reason: str, by: tuple[str, ...]) -> list[Effect]:
    nation, told = link.partner, link.closed
    link.stand(Standing(to, state.now_ns, reason, by))
    _keep_back(state, nation, to)
    notices = [] if told else [_notice(state, link, to)]  # who is cut already cannot be told
    purge = Purge(nation, state.releaser.generation(nation))
    return [purge, *notices, Cut(nation, to), _word(state, nation, to, by, reason)]


def _keep_back(state: NodeState, nation: str, reason: str) -> None:
    """Freeze: nothing is decided for a partner from here on; what waited for its delay or rate is kept for it."""
    already = state.releaser.barred(nation)
    waiting = state.releaser.bar(nation, reason=reason)
    if not already:
        state.away_since_ns[nation] = state.now_ns
    for product in waiting:
        state.backlog.append(product, (nation,), again=True)


def _back(state: NodeState, link: Link, *, key: bytes, by: tuple[str, ...]) -> list[Effect]:
    nation = link.partner
    state.keys[nation] = key
    link.theirs = None  # a fresh bundle was exchanged, or our own word is taken back: theirs comes again if it holds
    link.stand(Standing("active", state.now_ns, by=by))
    state.backlog.put_first(link.renew(now_ns=state.now_ns, lost=False), nation)
    state.releaser.unbar(nation)
    return [Admit(nation, key), _word(state, nation, "returned", by), *_now_first(state, nation)]


def true_now(state: NodeState, nation: str) -> list[Product]:
    """Return the last word on all that is live: public alerts in force, then what a partner is told of its picture."""
    return [*standing_notices(state), *(product for telling in state.tellings(nation) for product in telling.live())]


def _now_first(state: NodeState, nation: str) -> list[Effect]:
    """Release the last word on all that is live and that the partner misses; history follows with the ticks."""
    since_ns = state.away_since_ns.pop(nation, state.now_ns)
    unreceipted = {_identity(product) for product in state.backlog.first(nation)}
    told: set[bytes] = set()
    effects: list[Effect] = []
    for product in true_now(state, nation):
        if product.time_ns >= since_ns or _identity(product) in unreceipted:
            sent = release(state, product, (nation,), again=True)
            told.update({_identity(product)} if sent else ())
            effects += sent
    state.catching_up[nation] = told
    return effects


def _catch_up(state: NodeState, nation: str) -> list[Effect]:
    """Release the next records of a partner's history, as many as its receipts leave room for, or end it."""
    link = state.links[nation]
    room = min(limits.CATCH_UP_PER_TICK, limits.MAX_CATCH_UP_PENDING - link.outgoing.unreceipted())
    if state.releaser.barred(nation) or room <= 0:
        return []
    effects: list[Effect] = []
    generation, now_ns = state.releaser.generation(nation), state.now_ns
    void = link.void_missing(generation=generation, now_ns=now_ns)
    if void is not None:
        effects.append(send(void))
    told = state.catching_up[nation]
    for product, again in state.backlog.take(nation, room):
        if not told or _identity(product) not in told:
            effects += release(state, product, (nation,), again=again, past=not again)
    if not state.backlog.left(nation):
        del state.catching_up[nation]
        state.releaser.unbar(nation)
        effects.append(send(link.outgoing.caught_up(generation=generation, now_ns=now_ns)))
        effects += _said_lost(state, nation)
    return effects


def _said_lost(state: NodeState, nation: str) -> Iterator[Effect]:
    lost = state.backlog.lost.pop(nation, 0)
    if lost:
        text = f"{lost} records older than the {limits.MAX_BACKLOG} that are kept: they are in the journal alone"
        yield ShowAudit(state.now_ns, nation, "partner", nation, "withheld", "history_full", text, lost)


def _identity(product: Product) -> bytes:
    return wire.body_hash(product.kind, product.body)


def _notice(state: NodeState, link: Link, reason: _Reason) -> Tell:
    out = link.notice(now_ns=state.now_ns, reason=reason, effective_ns=link.ours.effective_ns)
    return Tell(link.partner, "suspend", out.subject, out.unsigned)


def _word(state: NodeState, nation: str, word: str, by: tuple[str, ...], reason: str = "") -> ShowAudit:
    """Return the row that a partner's standing changed: what it is now, by whom, and why."""
    link = state.links[nation]
    text = f"{reason} (last number {link.outgoing.number} of epoch {link.outgoing.epoch})".strip()
    return ShowAudit(state.now_ns, nation, "partner", ", ".join(by), word, "", text[: limits.MAX_TEXT_LENGTH])


def _refused(state: NodeState, nation: str, text: str) -> ShowAudit:
    return ShowAudit(state.now_ns, nation, "partner", nation, "refused", "partner", text)
