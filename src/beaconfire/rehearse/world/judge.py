"""The verdict after healing: all that may has arrived, in one form; both ends of each chain agree; nothing leaked in.

What holds at every moment is looked at as it happens (`watch`); here stands what holds in the end.
"""

from collections.abc import Mapping

from beaconfire.kernel import limits
from beaconfire.rehearse.world.host import Host
from beaconfire.rehearse.world.lanes import Lane
from beaconfire.rehearse.world.plan import NS_PER_MS
from beaconfire.rehearse.world.watch import Watch

_REPLAYED = 3  # of so many seeds one replays a whole journal in the end, the others play it alone; crashes replay too

_UNDER_WAY_NS = 8_000 * NS_PER_MS  # what was let go so late may be on its way, and its receipt (one in 4 s) too


def judge(hosts: Mapping[str, Host], lanes: Mapping[tuple[str, str], Lane], watch: Watch, *, chosen: int) -> None:
    """Raise `Broken` if a promise does not hold at the end; `chosen` picks the node whose journal is replayed."""
    for sender, recipient in lanes:
        if _apart(hosts[sender], hosts[recipient]):
            continue
        if _complete(hosts[sender], hosts[recipient], watch):
            _agreed(hosts[sender], hosts[recipient], watch)
    one = list(hosts.values())[chosen % len(hosts)]
    rows = [*one.disk.rows, *one.disk.waiting]
    if chosen % _REPLAYED == 0:
        one.mind.check_replay(rows)
    else:
        one.mind.check_alone(rows)


def _apart(one: Host, other: Host) -> bool:
    """Say whether either side gives the other nothing in the end."""
    ends = ((one, other.nation), (other, one.nation))
    return any(host.mind.state.links[partner].away(host.now_ns()) for host, partner in ends)


def _complete(sender: Host, recipient: Host, watch: Watch) -> bool:
    """P4: every record whose last word was yes took effect; returns False if some are too young to be judged."""
    young_ns, still = sender.now_ns() - _UNDER_WAY_NS, True
    kept = [key for partner, key in sender.mind.ledger.kept if partner == recipient.nation]
    if kept or recipient.nation in sender.mind.state.catching_up:
        text = f"{len(kept)} records of {sender.nation} were kept back from {recipient.nation} and never decided again"
        raise watch.fail("P4", text)
    for (partner, key), yes_ns in sender.mind.ledger.decided.items():
        if partner != recipient.nation or yes_ns is None or (sender.nation, key) in recipient.forgotten:
            continue
        if yes_ns > young_ns:
            still = False
        elif recipient.mind.ledger.took.get((sender.nation, key), 0) != 1:
            raise watch.fail("P4", f"a {key[0]} of {sender.nation} never took effect at {partner}")
    return still


def _agreed(sender: Host, recipient: Host, watch: Watch) -> None:
    """P7: both ends hold the same chain to its end, and nothing waits; P10: nothing has grown beyond its bound."""
    out = sender.mind.state.links[recipient.nation].outgoing
    incoming = recipient.mind.state.links[sender.nation].incoming
    chain, epoch = incoming.chain, incoming.epoch
    pair = f"{sender.nation} to {recipient.nation}"
    if out.number and (epoch, chain.contiguous, chain.head) != (out.epoch, out.number, out.head):
        state = f"{out.epoch}/{out.number} was sent, {epoch}/{chain.contiguous} is there"
        raise watch.fail("P7", f"{pair}: the chain did not come to its end: {state}")
    if out.unreceipted():
        raise watch.fail("P4", f"{pair}: {out.unreceipted()} envelopes wait for a receipt")
    if len(chain.ranges()) > limits.MAX_SEGMENTS:
        raise watch.fail("P10", f"{pair}: {len(chain.ranges())} runs beyond a gap")
