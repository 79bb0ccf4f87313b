"""A whole network of nodes in one process: the real `step` of every nation, with perfect lines between them.

In: a simulation and each nation's genesis. Out: every effect, in the order in which it happened. What one nation sends
in a tick its partner takes in at the next, as in a lockstep run over real servers, and so does a receipt for what it
publishes; no server, disk or channel is needed. People order as the scenario has it, if their staffs are given; nations
suspend, resume and leave partners as it has that, and nothing passes between two while one has closed the link.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec

from beaconfire.kernel.alerts import Approved
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import EventRevision
from beaconfire.kernel.time import from_seconds
from beaconfire.node import (
    Command,
    ControlIn,
    Delivered,
    Effect,
    EnvelopeIn,
    Genesis,
    Input,
    Leave,
    NodeState,
    Partner,
    Publish,
    Resume,
    ScanIn,
    Send,
    ShowEvent,
    Suspend,
    Tell,
    Tick,
    initial,
    step,
)
from beaconfire.rehearse.conductor import Beat, beats
from beaconfire.rehearse.scenario import Parting, PartnerResume, PartnerSuspend, Scenario
from beaconfire.rehearse.simulation import Simulation
from beaconfire.rehearse.staff import Prompter, Staff, key_of, make_staff
from beaconfire.rehearse.writing import sensors_toml
from beaconfire.release import preset
from beaconfire.warn import ENDED

_ROOT = "root"
_BY = ("exercise",)
RECEIPT_BEATS = 10  # a receipt a second, as the link of the shell sends them
_NO_SIGNATURE = bytes(64)  # signatures are the shell's; nothing here can be forged on the way


@dataclass(frozen=True, slots=True)
class Happening:
    """What one nation's node did in one tick."""

    nation: str
    beat: int
    now_ns: int
    effects: tuple[Effect, ...]


@dataclass(slots=True)
class _Node:
    state: NodeState
    waiting: list[Input] = field(default_factory=list)
    open_events: dict[str, None] = field(default_factory=dict)


def play(
    simulation: Simulation, genesis: Mapping[str, Genesis], staffs: Mapping[str, Staff] | None = None
) -> Iterator[Happening]:
    """Play a simulation through the nodes that the genesis rows start; yields nation after nation, tick after tick.

    `staffs` are those that `genesis_rows` was given.
    """
    start_ns = simulation.scenario.start_ns
    nodes = {nation: _Node(initial(row, now_ns=start_ns)) for nation, row in genesis.items()}
    prompter = Prompter(simulation.scenario, dict(staffs or {}))
    for beat in beats(simulation):
        _prompt(prompter, nodes, beat.time_ns)
        for parting in beat.partings:
            nodes[parting.nation].waiting.append(parting_input(parting, now_ns=beat.time_ns))
        done = [_turn(nation, node, beat) for nation, node in nodes.items()]
        for happening in done:
            _deliver(happening, nodes)
        if beat.number % RECEIPT_BEATS == 0:
            _receipts(nodes, beat.time_ns)
        yield from done


def parting_input(parting: Parting, *, now_ns: int) -> Input:
    """Return what a scenario has a nation do with a partner as an input of its node."""
    if isinstance(parting, PartnerSuspend):
        return Suspend(parting.partner, _BY, parting.reason)
    if isinstance(parting, PartnerResume):
        return Resume(parting.partner, b"", _BY)
    effective_ns = now_ns + from_seconds(parting.notice_s) if parting.notice_s else 0
    return Leave(parting.partner, _BY, parting.reason, effective_ns)


def rehearsal_staffs(scenario: Scenario, *, seed: int) -> dict[str, Staff]:
    """Return the staff of each nation that has areas to warn; the same seed makes the same keys."""
    found = {}
    for nation in scenario.nations:
        root = key_of(_digest("staff", seed), nation.code, _ROOT)
        staff = make_staff(nation, secret=_digest("staff", seed), seal_with=root.sign)
        if staff is not None:
            found[nation.code] = staff
    return found


def genesis_rows(
    scenario: Scenario,
    *,
    seed: int,
    policies: Mapping[str, bytes] | None = None,
    staffs: Mapping[str, Staff] | None = None,
) -> dict[str, Genesis]:
    """Return a genesis per nation of a scenario, everybody the partner of everybody.

    `policies` are the bytes of policy files by nation; without, each nation has the preset that the scenario names.
    `staffs` are those of `rehearsal_staffs` with the same seed; a nation without one warns nobody.
    Raises `InvalidInput` for a preset that is none.
    """
    nations = [nation.code for nation in scenario.nations]
    rows = {}
    staffs = staffs or {}
    for nation in scenario.nations:
        partners = [code for code in nations if code != nation.code]
        own = tuple(sensor for sensor in scenario.sensors if sensor.nation == nation.code)
        rows[nation.code] = Genesis(
            nation=nation.code,
            realm=Realm.EXERCISE,
            sensors_toml=sensors_toml(own).encode() if own else b"",
            policy_toml=policies[nation.code] if policies else scenario_policy(scenario, nation.code),
            partners=tuple(Partner(code, _digest("key", code, seed)) for code in partners),
            id_secret=_digest("secret", nation.code, seed),
            epoch=1,
            fingerprint="",
            **_warning(staffs.get(nation.code), nation.code, seed),
        )
    return rows


def scenario_policy(scenario: Scenario, nation: str) -> bytes:
    """Return the policy file of the preset that a scenario gives a nation; raises `InvalidInput` for an unknown one."""
    chosen = next(row.policy for row in scenario.nations if row.code == nation)
    partners = [row.code for row in scenario.nations if row.code != nation]
    return preset(chosen, nation=nation, partners=partners, realm=Realm.EXERCISE)


def _warning(staff: Staff | None, nation: str, seed: int) -> dict[str, Any]:
    """The fields of a genesis that let a node warn."""
    if staff is None:
        return {}
    root = key_of(_digest("staff", seed), nation, _ROOT)
    return {
        "warning_toml": staff.warning_toml,
        "people_toml": staff.people_toml,
        "rules": tuple(staff.rules.values()),
        "root_public": root.public_key().public_bytes_raw(),
    }


def _prompt(prompter: Prompter, nodes: Mapping[str, _Node], now_ns: int) -> None:
    """Let people order what is due, knowing what the node knew before this tick."""
    for nation in sorted(prompter.due(now_ns)):
        node = nodes[nation]
        views = node.state.desk.alerts() if node.state.desk is not None else ()
        for order in prompter.orders(nation, views, tuple(node.open_events), now_ns=now_ns):
            node.waiting.append(Command(**msgspec.structs.asdict(order)))


def _turn(nation: str, node: _Node, beat: Beat) -> Happening:
    """One tick of one node: own scans, then what partners sent in the tick before, then that time has passed."""
    items: Sequence[Input] = [*(ScanIn(scan) for scan in beat.scans.get(nation, ())), *node.waiting, Tick()]
    node.waiting = []
    effects: list[Effect] = []
    for item in items:
        node.state, caused = step(node.state, item, now_ns=beat.time_ns)
        effects += caused
    return Happening(nation, beat.number, beat.time_ns, tuple(effects))


def _deliver(happening: Happening, nodes: Mapping[str, _Node]) -> None:
    own = nodes[happening.nation]
    for effect in happening.effects:
        if isinstance(effect, Publish):
            own.waiting += [_receipt(effect.approved, channel) for channel in effect.approved.channels]
        elif isinstance(effect, ShowEvent):
            _note(effect.revision, own)
        if isinstance(effect, Tell) and effect.partner in nodes:  # a line that is cut has carried its notice
            nodes[effect.partner].waiting.append(ControlIn(happening.nation, effect.unsigned, _NO_SIGNATURE))
        elif isinstance(effect, Send) and effect.partner in nodes and _joined(nodes, happening.nation, effect.partner):
            nodes[effect.partner].waiting.append(EnvelopeIn(happening.nation, effect.unsigned, _NO_SIGNATURE))


def _joined(nodes: Mapping[str, _Node], one: str, other: str) -> bool:
    """Whether the line between two nations is there: neither has cut it."""
    return not nodes[one].state.links[other].closed and not nodes[other].state.links[one].closed


def _receipt(approved: Approved, channel: str) -> Delivered:
    return Delivered(
        alert_id=approved.alert_id, identifier=approved.identifier, channel=channel, endpoint="rehearsal", ok=True
    )


def _note(revision: EventRevision, node: _Node) -> None:
    """Keep the open events in order of their opening."""
    if revision.status in ENDED:
        node.open_events.pop(revision.event_id, None)
    else:
        node.open_events.setdefault(revision.event_id)


def _receipts(nodes: Mapping[str, _Node], now_ns: int) -> None:
    for nation, node in nodes.items():
        for partner, link in node.state.links.items():
            if partner in nodes and _joined(nodes, nation, partner):
                receipt = link.receipt(now_ns=now_ns)
                nodes[partner].waiting.append(ControlIn(nation, receipt.unsigned, _NO_SIGNATURE))


def _digest(*parts: str | int) -> bytes:
    return sha256("/".join(str(part) for part in ("rehearsal", *parts)).encode()).digest()
