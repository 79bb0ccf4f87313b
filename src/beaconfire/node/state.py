"""The one value of a node: every room's memory, started from the journal's first row.

`step` consumes it: tables change in place, and whoever needs the old value takes a `checkpoint` first.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from beaconfire.assess import Assessor, Library, parse_library
from beaconfire.fuse import PartnerTracks, Tracklets
from beaconfire.kernel.people import load_people
from beaconfire.kernel.products import GRANTABLE, TRACK_KINDS, AlertNoticeBody, Kind, PartnerAdvice
from beaconfire.kernel.records import EventStatus, PictureName
from beaconfire.kernel.sensors import parse_sensors
from beaconfire.kernel.time import from_seconds
from beaconfire.node.inputs import Genesis
from beaconfire.node.telling import Telling
from beaconfire.node.views import View, make_views
from beaconfire.release import Releaser
from beaconfire.sense import Sense
from beaconfire.share import Backlog, Link, Seen
from beaconfire.track import Tracker
from beaconfire.warn import Desk

_NOBODY_S = 0.5  # between tracklets while nobody is granted any


@dataclass(frozen=True, slots=True)
class Heard:
    """The newest notice of one alert of a partner, and what makes it the newest: when it was sent, and its revision."""

    order: tuple[int, int]
    body: AlertNoticeBody


@dataclass(frozen=True, slots=True)
class Advised:
    """A partner's last estimate of one event, and when it was true."""

    time_ns: int
    advice: PartnerAdvice


@dataclass(slots=True)
class NodeState:
    """Everything a node knows. OWN is `own` and what `assessor` holds of it; no partner byte enters it.

    `telling` is what partners are told of OWN; `views` are the pictures of those who are granted some compartments
    only; `compartments` are those of the sensors. `partner_events` says which track of theirs a partner's event is
    about. `desk` is None where the node warns nobody; `forecast_at` is when an event's picture last got a forecast, and
    its status then.
    `heard_alerts` are partners' own alerts by partner and by their name for it, ended ones until their time is over.

    `advice` is the last that partners said of launches and impacts. `keys` are their public keys.
    `backlog` is what partners miss that are away, since `away_since_ns`;
    `catching_up` are those to whom history is being released, with the hashes of what they were told ahead of it.
    """

    genesis: Genesis
    now_ns: int
    sense: Sense
    own: Tracker
    fused: Tracker | None
    assessor: Assessor
    telling: Telling
    compartments: Mapping[str, str]
    partner_tracks: PartnerTracks
    releaser: Releaser
    links: dict[str, Link]
    views: dict[frozenset[str], View] = field(default_factory=dict)
    partner_events: dict[str, dict[str, str]] = field(default_factory=dict)
    desk: Desk | None = None
    forecast_at: dict[tuple[str, PictureName], tuple[EventStatus, int]] = field(default_factory=dict)
    heard_alerts: dict[str, dict[str, Heard]] = field(default_factory=dict)
    seen: Seen = field(default_factory=Seen)
    sensor_states: dict[str, str] = field(default_factory=dict)
    advice: dict[str, dict[tuple[Kind, str], Advised]] = field(default_factory=dict)
    keys: dict[str, bytes] = field(default_factory=dict)
    backlog: Backlog = field(default_factory=Backlog)
    away_since_ns: dict[str, int] = field(default_factory=dict)
    catching_up: dict[str, set[bytes]] = field(default_factory=dict)

    def tellings(self, partner: str) -> tuple[Telling, ...]:
        """What a partner is told from: its own views, else the OWN picture."""
        views = tuple(view.telling for view in self.views.values() if partner in view.partners)
        return views or (self.telling,)

    @property
    def audience(self) -> tuple[str, ...]:
        """The partners that are told of the OWN picture."""
        apart = {partner for view in self.views.values() for partner in view.partners}
        return tuple(partner for partner in self.links if partner not in apart)


def initial(genesis: Genesis, *, now_ns: int) -> NodeState:
    """Return the state a journal starts from; raises `InvalidInput` for a file in it that is wrong.

    A node without partners keeps no FUSED picture: it would be the OWN one again.
    """
    nation, partners = genesis.nation, genesis.partners
    releaser = Releaser(nation=nation, realm=genesis.realm, secret=genesis.id_secret)
    if genesis.policy_toml:
        people = load_people(genesis.people_toml, realm=genesis.realm, root=genesis.root_public, where="people.toml")
        releaser.load(genesis.policy_toml, where="policy.toml", people=people)
    sensors = parse_sensors(genesis.sensors_toml, where="sensors.toml") if genesis.sensors_toml else ()
    compartments = {sensor.id: sensor.compartment for sensor in sensors}
    tracklets = Tracklets(nation, genesis.id_secret)
    seen = Seen()
    state = NodeState(
        genesis=genesis,
        now_ns=now_ns,
        sense=Sense(sensors),
        own=Tracker("own", id_prefix=f"{nation}-"),
        fused=fused_tracker(nation) if partners else None,
        assessor=Assessor(nation=nation, id_prefix=f"{nation}-E", classes=_classes(genesis)),
        telling=Telling(tracklets, compartments=compartments),
        compartments=compartments,
        partner_tracks=PartnerTracks(),
        releaser=releaser,
        links={
            partner.nation: Link(
                nation=nation, partner=partner.nation, realm=genesis.realm, epoch=genesis.epoch, seen=seen
            )
            for partner in partners
        },
        seen=seen,
        keys={partner.nation: partner.public_key for partner in partners},
        desk=make_desk(genesis, warning_toml=genesis.warning_toml, people_toml=genesis.people_toml, rules=genesis.rules)
        if genesis.warning_toml
        else None,
    )
    look_again(state)
    return state


def look_again(state: NodeState) -> None:
    """Follow a policy that is new: who is told of which picture, how often, and all that is still true once more."""
    releaser, genesis = state.releaser, state.genesis
    kinds = frozenset(kind for kind in GRANTABLE if releaser.fastest_period_s(kind) is not None)
    periods = [releaser.fastest_period_s(kind) or _NOBODY_S for kind in TRACK_KINDS if kind in kinds]
    interval_ns = from_seconds(min(periods, default=_NOBODY_S))
    state.sensor_states.clear()
    state.views = make_views(
        {partner: releaser.compartments(partner) for partner in releaser.partners()},
        state.views,
        nation=genesis.nation,
        secret=genesis.id_secret,
        interval_ns=interval_ns,
        compartments=state.compartments,
    )
    for telling in (state.telling, *(view.telling for view in state.views.values())):
        telling.tracklets.interval_ns, telling.kinds = interval_ns, kinds
        telling.again()


def fused_tracker(nation: str) -> Tracker:
    """Return the empty FUSED picture of a nation that has partners."""
    return Tracker("fused", id_prefix=f"{nation}-F")


def _classes(genesis: Genesis) -> Library | None:
    return parse_library(genesis.classes_toml, where="priors") if genesis.classes_toml else None


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
