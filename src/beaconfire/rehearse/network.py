"""A whole network of nodes in one process: the real `step` of every nation, with perfect lines between them.

In: a simulation and each nation's genesis. Out: every effect, in the order in which it happened. What one nation sends
in a tick its partner takes in at the next, as in a lockstep run over real servers; no server, disk or key is needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from beaconfire.kernel.labels import Realm
from beaconfire.node import (
    ControlIn,
    Effect,
    EnvelopeIn,
    Genesis,
    Input,
    NodeState,
    Partner,
    ScanIn,
    Send,
    Tick,
    initial,
    step,
)
from beaconfire.rehearse.conductor import Beat, beats
from beaconfire.rehearse.scenario import Scenario
from beaconfire.rehearse.simulation import Simulation
from beaconfire.rehearse.writing import sensors_toml
from beaconfire.release import preset

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


def play(simulation: Simulation, genesis: Mapping[str, Genesis]) -> Iterator[Happening]:
    """Play a simulation through the nodes that the genesis rows start; yields nation after nation, tick after tick."""
    start_ns = simulation.scenario.start_ns
    nodes = {nation: _Node(initial(row, now_ns=start_ns)) for nation, row in genesis.items()}
    for beat in beats(simulation):
        done = [_turn(nation, node, beat) for nation, node in nodes.items()]
        for happening in done:
            _deliver(happening, nodes)
        if beat.number % RECEIPT_BEATS == 0:
            _receipts(nodes, beat.time_ns)
        yield from done


def genesis_rows(scenario: Scenario, *, seed: int, policies: Mapping[str, bytes] | None = None) -> dict[str, Genesis]:
    """Return a genesis per nation of a scenario, everybody the partner of everybody.

    `policies` are the bytes of policy files by nation; without, each nation has the preset that the scenario names.
    Raises `InvalidInput` for a preset that is none.
    """
    nations = [nation.code for nation in scenario.nations]
    rows = {}
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
        )
    return rows


def scenario_policy(scenario: Scenario, nation: str) -> bytes:
    """Return the policy file of the preset that a scenario gives a nation; raises `InvalidInput` for an unknown one."""
    chosen = next(row.policy for row in scenario.nations if row.code == nation)
    partners = [row.code for row in scenario.nations if row.code != nation]
    return preset(chosen, nation=nation, partners=partners, realm=Realm.EXERCISE)


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
    for effect in happening.effects:
        if isinstance(effect, Send) and effect.partner in nodes:
            nodes[effect.partner].waiting.append(EnvelopeIn(happening.nation, effect.unsigned, _NO_SIGNATURE))


def _receipts(nodes: Mapping[str, _Node], now_ns: int) -> None:
    for nation, node in nodes.items():
        for partner, link in node.state.links.items():
            if partner in nodes:
                receipt = link.receipt(now_ns=now_ns)
                nodes[partner].waiting.append(ControlIn(nation, receipt.unsigned, _NO_SIGNATURE))


def _digest(*parts: str | int) -> bytes:
    return sha256("/".join(str(part) for part in ("rehearsal", *parts)).encode()).digest()
