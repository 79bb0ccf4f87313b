"""The one value of a node: every room's memory, started from the journal's first row.

`step` consumes it: tables change in place, and whoever needs the old value takes a `checkpoint` first.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field

from beaconfire.assess import Assessor
from beaconfire.fuse import PartnerTracks, Tracklets
from beaconfire.kernel.products import AlertNoticeBody, Kind, ReleasedBody
from beaconfire.kernel.records import EventStatus, ObjectAssessment, PictureName
from beaconfire.kernel.sensors import parse_sensors
from beaconfire.kernel.time import from_seconds
from beaconfire.node.inputs import Genesis
from beaconfire.release import Releaser
from beaconfire.sense import Sense
from beaconfire.share import Link
from beaconfire.track import Tracker
from beaconfire.warn import Desk


@dataclass(frozen=True, slots=True)
class Heard:
    """The newest notice of one alert of a partner, and what makes it the newest: when it was sent, and its revision."""

    order: tuple[int, int]
    body: AlertNoticeBody


@dataclass(slots=True)
class NodeState:
    """Everything a node knows. OWN is `own` and what `assessor` holds of it; no partner byte enters it.

    `told` are the own tracks that partners are told of, with what was last thought of each; `partner_events` says
    which track of theirs a partner's event is about; `event_status` and `offered` are what was last offered. `desk` is
    None where the node warns nobody; `forecast_at` is when an event's picture last got a forecast, and its status then.
    `heard_alerts` are partners' own alerts by partner and by their name for it, ended ones until their time is over.
    """

    genesis: Genesis
    now_ns: int
    sense: Sense
    own: Tracker
    fused: Tracker | None
    assessor: Assessor
    tracklets: Tracklets
    partner_tracks: PartnerTracks
    releaser: Releaser
    links: dict[str, Link]
    told: dict[str, ObjectAssessment] = field(default_factory=dict)
    partner_events: dict[str, dict[str, str]] = field(default_factory=dict)
    event_status: dict[str, tuple[EventStatus, int]] = field(default_factory=dict)
    offered: dict[tuple[Kind, str], ReleasedBody] = field(default_factory=dict)
    desk: Desk | None = None
    forecast_at: dict[tuple[str, PictureName], tuple[EventStatus, int]] = field(default_factory=dict)
    heard_alerts: dict[str, dict[str, Heard]] = field(default_factory=dict)


def initial(genesis: Genesis, *, now_ns: int) -> NodeState:
    """Return the state a journal starts from; raises `InvalidInput` for a file in it that is wrong.

    A node without partners keeps no FUSED picture: it would be the OWN one again.
    """
    nation, partners = genesis.nation, genesis.partners
    releaser = Releaser(nation=nation, realm=genesis.realm, secret=genesis.id_secret)
    if genesis.policy_toml:
        releaser.load(genesis.policy_toml, where="policy.toml")
    period_s = releaser.fastest_period_s(Kind.TRAJECTORY)
    return NodeState(
        genesis=genesis,
        now_ns=now_ns,
        sense=Sense(parse_sensors(genesis.sensors_toml, where="sensors.toml") if genesis.sensors_toml else ()),
        own=Tracker("own", id_prefix=f"{nation}-"),
        fused=Tracker("fused", id_prefix=f"{nation}-F") if partners else None,
        assessor=Assessor(nation=nation, id_prefix=f"{nation}-E"),
        tracklets=Tracklets(nation, genesis.id_secret, interval_ns=from_seconds(period_s or 0.5)),
        partner_tracks=PartnerTracks(),
        releaser=releaser,
        links={
            partner.nation: Link(nation=nation, partner=partner.nation, realm=genesis.realm, epoch=genesis.epoch)
            for partner in partners
        },
        desk=make_desk(genesis, warning_toml=genesis.warning_toml, people_toml=genesis.people_toml, rules=genesis.rules)
        if genesis.warning_toml
        else None,
    )


def make_desk(genesis: Genesis, *, warning_toml: bytes, people_toml: bytes, rules: Sequence[bytes]) -> Desk:
    """Return the warning desk of a node; raises `InvalidInput` (`Refused` for a signature) for wrong files."""
    return Desk(
        nation=genesis.nation,
        realm=genesis.realm,
        epoch=genesis.epoch,
        root=genesis.root_public,
        warning_toml=warning_toml,
        people_toml=people_toml,
        rules=rules,
    )


def checkpoint(state: NodeState) -> NodeState:
    """Return a copy that shares nothing which `step` changes."""
    return copy.deepcopy(state)
