"""P3: After suspend or leave, zero further records go out, including queued ones; nothing already shared is pretended
back."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from beaconfire.kernel.products import Kind
from beaconfire.node import Purge, Send, Tell
from beaconfire.rehearse.world import draw, run
from beaconfire.rehearse.world.plan import Parting, Plan
from tests.exchange import NOW_NS, product
from tests.node.corridor import Corridor, histories, random_history
from tests.node.parting import LEAVE, RESUME, SUSPEND, TICK, Japan, korea, sends


@settings(max_examples=150)
@given(history=histories)
def test_nothing_is_numbered_for_who_is_shut_out_whatever_happens(history: list[tuple[str, int]]) -> None:
    corridor = Corridor()
    for act, number in history:
        corridor.play(act, number)
        assert corridor.sent_closed == []


@pytest.mark.parametrize("order", [SUSPEND, LEAVE])
def test_what_is_queued_is_dropped_by_its_generation(order: object) -> None:
    """A `Send` that the shell still holds is older than the purge that comes first in the step."""
    node = korea()
    queued = [effect for effect in node.offers(product(number=1), product(number=2)) if isinstance(effect, Send)]
    purge = node.do(order)[0]  # type: ignore[arg-type]
    assert isinstance(purge, Purge)
    assert all(effect.generation < purge.generation for effect in queued if effect.partner == "JPN")


def test_a_lost_notice_changes_nothing_of_what_goes() -> None:
    node, japan = korea(), Japan()
    japan.take(node.offers(product(number=1)), now_ns=NOW_NS)
    node.do(SUSPEND)  # and its notice is heard by nobody
    assert japan.link.standing(NOW_NS).state == "active"
    for number in range(2, 40):
        assert sends(node.offers(product(number=number))) == []
        assert sends(node.do(TICK, after_s=1.0)) == []


@pytest.mark.parametrize("order", [SUSPEND, LEAVE])
def test_nothing_that_was_shared_is_pretended_back(order: object) -> None:
    """No withdrawal, no void: the partner keeps what it has, and its receipts go on to say so."""
    node, japan = korea(), Japan()
    japan.take(node.offers(product(number=1), product(Kind.LAUNCH, number=1)), now_ns=NOW_NS)
    had = list(japan.applied)
    japan.take(node.do(order) + node.do(TICK), now_ns=NOW_NS)  # type: ignore[arg-type]
    assert japan.applied == had
    assert {*japan.kinds} == {Kind.TRAJECTORY, Kind.LAUNCH}
    assert japan.link.incoming.chain.contiguous == 2


def test_the_notice_is_no_record_and_names_the_last_one() -> None:
    node, japan = korea(), Japan()
    japan.take(node.offers(product(number=1)), now_ns=NOW_NS)
    effects = node.do(SUSPEND)
    assert [type(effect) for effect in effects if isinstance(effect, Send | Tell)] == [Tell]
    japan.take(effects, now_ns=NOW_NS)
    standing = japan.link.standing(NOW_NS)
    assert (standing.state, standing.number) == ("suspended_by_partner", 1)
    assert standing.head == japan.link.incoming.chain.head


def test_a_return_gives_nothing_of_the_old_outbox() -> None:
    """What was queued is not replayed: what goes is decided anew, in a new epoch."""
    node = korea()
    old = [envelope.content for envelope in sends(node.offers(*(product(number=number) for number in range(9))))]
    node.do(SUSPEND)
    new = sends(node.do(RESUME, after_s=60.0) + node.do(TICK))
    assert len(new) == 10
    assert not {envelope.content for envelope in new} & set(old)
    assert {envelope.epoch for envelope in new} == {node.state.links["JPN"].outgoing.epoch}


def partings(plan: Plan) -> Plan:
    """The same world in which one nation parts from each of the others for good or for long."""
    one, *others = plan.nations
    apart = [
        Parting(6_000 + 4_000 * number, one, other, "left" if number else "suspended", 0, 12_000 * number)
        for number, other in enumerate(others)
    ]
    return replace(plan, faults=(*(fault for fault in plan.faults if not isinstance(fault, Parting)), *apart))


def test_nothing_crosses_in_a_world_that_fails_by_seed() -> None:
    """The simulated world bars a partner from the moment that the cut was carried out, and judges each crossing."""
    for seed in range(700, 715):
        outcome = run(partings(draw(seed, nodes=3)))
        assert outcome.broken is None, outcome.broken
        assert outcome.crossed > 0


def test_long_histories_end_without_one() -> None:
    for seed in range(20):
        corridor = Corridor()
        for act, number in random_history(seed, length=250):
            corridor.play(act, number)
        assert corridor.sent_closed == []
