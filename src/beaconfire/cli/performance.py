"""One performance of a scenario: the conductor's beats given to the fleet in lockstep, and what came of it.

Each tick is given when every living node has done the one before and has taken in what the others had sent by then, so
a run goes as fast as the machine allows and still crosses real servers. A pace only makes the conductor wait.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from beaconfire.cli.bars import Report
from beaconfire.kernel.errors import RunFailed
from beaconfire.kernel.time import from_seconds
from beaconfire.rehearse import Prompter, Simulation
from beaconfire.rehearse.conductor import TICK_S, Beat, beat_count, beats
from beaconfire.rehearse.scenario import Parting, PartnerResume, PartnerSuspend
from beaconfire.shell import AlertOrder, Answer, Fleet, LeaveOrder, ResumeOrder, SuspendOrder, Turn
from beaconfire.shell.control import Alerts, AskAlerts, ask, expect, socket_of
from beaconfire.shell.export import open_events
from beaconfire.shell.feed import Order


@dataclass(slots=True)
class Played:
    """How it went: wall time, why a nation fell out of the lockstep, ticks at which a partner's words were late, and
    orders of the exercise's people that were never possible."""

    wall_s: float = 0.0
    failed: dict[str, str] = field(default_factory=dict)
    late: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)


async def perform(
    fleet: Fleet, simulation: Simulation, prompter: Prompter, *, speed: float | None, report: Report
) -> Played:
    """Play a simulation to its end with the nodes that live; `speed` is scenario over wall time, None the fastest.

    `prompter` tells the people of the exercise when to order something of an alert. `report` is called with the seconds
    played and the seconds in all. Raises `RunFailed` when no node is left.
    """
    played, loop = Played(), asyncio.get_running_loop()
    started_s, total_s = loop.time(), beat_count(simulation) * TICK_S
    answers: dict[str, Answer] = {}
    for beat in beats(simulation):
        if speed is not None:
            await asyncio.sleep(max(started_s + beat.number * TICK_S / speed - loop.time(), 0.0))
        orders = await _orders(fleet, prompter, beat.time_ns)
        answers = await fleet.turn(
            {
                nation: _turn(
                    nation,
                    beat,
                    answers,
                    (*_partings(nation, beat), *orders.get(nation, ())),
                    last=beat.number == beat_count(simulation),
                )
                for nation in fleet.living
            }
        )
        for nation, answer in answers.items():
            played.late.update({nation: 1} if answer.missing else {})
        if not fleet.living:
            raise RunFailed(f"no node is left: {_reasons(lost(fleet))}")
        report(beat.number * TICK_S, total_s)
    played.wall_s = loop.time() - started_s
    played.failed = lost(fleet)
    played.missed = [f"{item.nation}: {item.action} by {item.person} at {item.time_s:g} s" for item in prompter.missed]
    return played


def lost(fleet: Fleet) -> dict[str, str]:
    """Return why each nation that is no longer in the lockstep fell out of it."""
    return {nation: child.lost for nation, child in fleet.children.items() if child.lost}


async def _orders(fleet: Fleet, prompter: Prompter, now_ns: int) -> dict[str, tuple[AlertOrder, ...]]:
    """What each nation's people order now, knowing what their node's desk shows between two turns."""
    found = {}
    for nation in sorted(prompter.due(now_ns) & set(fleet.living)):
        config = fleet.children[nation].config
        shown = expect(await asyncio.to_thread(ask, socket_of(config), AskAlerts()), Alerts)
        events = await asyncio.to_thread(open_events, config.path(config.results))
        orders = prompter.orders(nation, shown.alerts, events, now_ns=now_ns)
        found[nation] = tuple(AlertOrder(order) for order in orders)
    return found


def _partings(nation: str, beat: Beat) -> tuple[Order, ...]:
    """What the scenario has a nation order of its partners in this tick."""
    return tuple(_parting_order(item, beat.time_ns) for item in beat.partings if item.nation == nation)


def _parting_order(item: Parting, now_ns: int) -> Order:
    if isinstance(item, PartnerSuspend):
        return SuspendOrder(item.partner, item.reason)
    if isinstance(item, PartnerResume):
        return ResumeOrder(item.partner)
    effective_ns = now_ns + from_seconds(item.notice_s) if item.notice_s else 0
    return LeaveOrder(item.partner, item.reason, effective_ns)


def _turn(
    nation: str, beat: Beat, answers: Mapping[str, Answer], orders: tuple[Order, ...], *, last: bool = False
) -> Turn:
    """A nation's turn: its scans, its people's orders, and what its partners said they had sent by the turn before."""
    awaited = {
        partner: answer.sent[nation]
        for partner, answer in answers.items()
        if partner != nation and answer.sent.get(nation)
    }
    epochs = {partner: answers[partner].epochs.get(nation, 0) for partner in awaited}
    scans = beat.scans.get(nation, ())
    return Turn(
        tick=beat.number, time_ns=beat.time_ns, scans=scans, awaited=awaited, epochs=epochs, orders=orders, last=last
    )


def _reasons(failed: Mapping[str, str]) -> str:
    return "; ".join(f"{nation} {reason}" for nation, reason in failed.items())
