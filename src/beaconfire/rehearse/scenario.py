"""What a scenario may say: nations, sensors, launches, background and injects (INTERFACES part 6).

These records are what `reading.read_scenario` makes of a TOML file after every check; rooms that play a
scenario trust them. Times are seconds after the scenario's start, as in the file.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from beaconfire.kernel.alerts import AlertAction, MessageKind
from beaconfire.kernel.records import Sensor

Seconds = Annotated[float, Meta(ge=0.0, le=86_400.0)]
Metres = Annotated[float, Meta(gt=0.0, le=5e7)]
Latitude = Annotated[float, Meta(ge=-90.0, le=90.0)]
Longitude = Annotated[float, Meta(ge=-180.0, le=180.0)]
Azimuth = Annotated[float, Meta(ge=0.0, lt=360.0)]
Identifier = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$")]
NationCode = Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
Reason = Annotated[str, Meta(max_length=200)]
Burns = Annotated[tuple[Annotated[float, Meta(gt=0.0, le=1000.0)], ...], Meta(min_length=1, max_length=4)]
Band = tuple[float, float]
ProfileName = Literal["srbm_solid", "mrbm_solid", "irbm_liquid", "irbm_solid", "irbm_glider", "icbm_solid"]


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A TOML table: unknown keys are refused."""


class Header(_Table, frozen=True, kw_only=True):
    """`[scenario]`."""

    name: Identifier
    title: Annotated[str, Meta(min_length=1, max_length=200)]
    start_utc: str
    duration_s: Annotated[float, Meta(gt=0.0, le=86_400.0)]
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    realm: Literal["EXERCISE"]


class Alerting(_Table, frozen=True, kw_only=True):
    """`[nation.alerting]`: how a nation warns its public in the exercise.

    `areas` are ISO 3166-2 codes, all of the nation's if none is named. `approval` automatic is a written rule that
    sends `kinds` without people from `min_probability` on; manual waits for the people, who are named here.
    """

    areas: Annotated[tuple[str, ...], Meta(max_length=100)] = ()
    regime: Literal["default", "j_alert_2022", "j_alert_2023"] = "default"
    approval: Literal["manual", "automatic"] = "manual"
    kinds: tuple[MessageKind, ...] = (MessageKind.SHELTER, MessageKind.UPDATE, MessageKind.PASSED, MessageKind.LOST)
    min_probability: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.1
    single_source: bool = True
    while_boosting: bool = True
    authors: Annotated[tuple[Identifier, ...], Meta(max_length=10)] = ("author",)
    officers: Annotated[tuple[Identifier, ...], Meta(max_length=10)] = ("officer-1", "officer-2")


class Nation(_Table, frozen=True, kw_only=True):
    """`[[nation]]`: who takes part, in which languages, under which release policy (a preset or a file)."""

    code: NationCode
    languages: Annotated[tuple[Literal["en", "ko", "ja"], ...], Meta(min_length=1)]
    policy: Annotated[str, Meta(min_length=1, max_length=200)] = "default"
    alerting: Alerting = Alerting()


class Profile(_Table, frozen=True, kw_only=True):
    """A generic class boosted to a stated range and apogee; `burn_s` replaces the burn times, stage by stage."""

    kind: ProfileName = msgspec.field(name="class")
    range_m: Metres
    apogee_m: Metres
    burn_s: Burns | None = None


class Dip(_Table, frozen=True, kw_only=True):
    """A dip of a glide: where its bottom is to be, and the height of the peak that follows."""

    time_s: Seconds
    latitude_deg: Latitude
    longitude_deg: Longitude
    altitude_m: Metres
    peak_altitude_m: Metres


class Glide(_Table, frozen=True, kw_only=True):
    """A generic glide to a stated range and apogee with dips at a stated time (after lift-off), place and altitude."""

    kind: ProfileName = msgspec.field(name="class")
    range_m: Metres
    apogee_m: Metres
    burn_s: Burns | None = None
    lift_to_drag: Annotated[float, Meta(gt=0.0, le=10.0)] = 3.0
    load_limit_g: Annotated[float, Meta(gt=0.0, le=100.0)] = 12.0
    dip: Annotated[tuple[Dip, ...], Meta(min_length=1, max_length=8)]


class Flight(_Table, frozen=True, kw_only=True):
    """A measured flight shipped in `rehearse/flights`, laid along a great circle from the launch point."""

    file: Literal["bulgariasat-1-stage1"]


class Launch(_Table, frozen=True, kw_only=True):
    """`[[launch]]`: when and whence, and exactly one of `profile`, `glide` and `flight`."""

    id: Identifier
    time_s: Seconds
    latitude_deg: Latitude
    longitude_deg: Longitude
    altitude_m: Annotated[float, Meta(ge=-500.0, le=9000.0)] = 0.0
    azimuth_deg: Azimuth
    profile: Profile | None = None
    glide: Glide | None = None
    flight: Flight | None = None


class Area(_Table, frozen=True, kw_only=True):
    """A box of latitude and longitude that does not cross the antimeridian."""

    south_deg: Latitude
    north_deg: Latitude
    west_deg: Longitude
    east_deg: Longitude


class Aircraft(_Table, frozen=True, kw_only=True, tag_field="kind", tag="aircraft"):
    """Air traffic that starts in an area: great circles, turns, climbs; every `jet_every`-th is a fast jet."""

    count: Annotated[int, Meta(ge=1, le=2000)]
    area: Area
    jet_every: Annotated[int, Meta(ge=1)] = 10


class Satellites(_Table, frozen=True, kw_only=True, tag_field="kind", tag="satellite"):
    """Satellites in low orbit that each pass over an area once while the scenario runs."""

    count: Annotated[int, Meta(ge=1, le=500)]
    area: Area
    altitude_m: Band = (400e3, 1200e3)


class Meteor(_Table, frozen=True, kw_only=True, tag_field="kind", tag="meteor"):
    """One meteor, from 110 km height to where it has burnt out."""

    time_s: Seconds
    latitude_deg: Latitude
    longitude_deg: Longitude
    azimuth_deg: Azimuth
    speed_m_s: Annotated[float, Meta(ge=11e3, le=30e3)]
    descent_deg: Annotated[float, Meta(gt=0.0, le=90.0)]


class Clutter(_Table, frozen=True, kw_only=True, tag_field="kind", tag="clutter"):
    """A patch of birds, waves or weather: false detections of every radar that sees it, beyond the stated rate."""

    latitude_deg: Latitude
    longitude_deg: Longitude
    radius_m: Annotated[float, Meta(gt=0.0, le=200e3)]
    top_m: Annotated[float, Meta(gt=0.0, le=15e3)]
    false_alarms_per_scan: Annotated[float, Meta(gt=0.0, le=1000.0)]


Background = Aircraft | Satellites | Meteor | Clutter


class SensorDown(_Table, frozen=True, kw_only=True, tag_field="what", tag="sensor_down"):
    """A sensor stops looking."""

    time_s: Seconds
    sensor: Identifier


class SensorUp(_Table, frozen=True, kw_only=True, tag_field="what", tag="sensor_up"):
    """A sensor looks again."""

    time_s: Seconds
    sensor: Identifier


class SensorBias(_Table, frozen=True, kw_only=True, tag_field="what", tag="sensor_bias"):
    """A sensor's registration shifts by so much from now on."""

    time_s: Seconds
    sensor: Identifier
    range_m: float = 0.0
    azimuth_deg: float = 0.0
    elevation_deg: float = 0.0


class LinkCut(_Table, frozen=True, kw_only=True, tag_field="what", tag="link_cut"):
    """The line between two nations is cut, both ways."""

    time_s: Seconds
    between: tuple[NationCode, NationCode]


class LinkHeal(_Table, frozen=True, kw_only=True, tag_field="what", tag="link_heal"):
    """The line between two nations works again."""

    time_s: Seconds
    between: tuple[NationCode, NationCode]


class PartnerSuspend(_Table, frozen=True, kw_only=True, tag_field="what", tag="partner_suspend"):
    """A nation stops releasing to a partner, and cuts the line."""

    time_s: Seconds
    nation: NationCode
    partner: NationCode
    reason: Reason = ""


class PartnerResume(_Table, frozen=True, kw_only=True, tag_field="what", tag="partner_resume"):
    """A nation lets a partner that it suspended return."""

    time_s: Seconds
    nation: NationCode
    partner: NationCode


class PartnerLeave(_Table, frozen=True, kw_only=True, tag_field="what", tag="partner_leave"):
    """A nation leaves a partnership, at the end of a notice of so many seconds."""

    time_s: Seconds
    nation: NationCode
    partner: NationCode
    notice_s: Seconds = 0.0
    reason: Reason = ""


class ClockStep(_Table, frozen=True, kw_only=True, tag_field="what", tag="clock_step"):
    """A nation's clock jumps by so much."""

    time_s: Seconds
    nation: NationCode
    step_s: Annotated[float, Meta(ge=-1e6, le=1e6)]


class OperatorAction(_Table, frozen=True, kw_only=True, tag_field="what", tag="operator_action"):
    """A person of a nation's warning authority gives an order, as soon as it is possible within `within_s`.

    The order is about the nation's latest open alert, or for a draft without one about its latest event; `areas` and
    `words` are what a person may add to it.
    """

    time_s: Seconds
    nation: NationCode
    person: Identifier
    action: AlertAction
    within_s: Annotated[float, Meta(ge=0.0, le=3600.0)] = 60.0
    areas: Annotated[tuple[str, ...], Meta(max_length=100)] = ()
    words: Annotated[str, Meta(max_length=500)] = ""


class ShortFall(_Table, frozen=True, kw_only=True, tag_field="what", tag="short_fall"):
    """A launched object breaks up: its thrust ends, and its largest piece falls, short of where it was to go.

    `piece_kg_m2` is the piece's ballistic coefficient, mass over drag area; `speed_kept` what it keeps of its speed.
    """

    time_s: Seconds
    launch: Identifier
    speed_kept: Annotated[float, Meta(gt=0.0, le=1.0)] = 1.0
    piece_kg_m2: Annotated[float, Meta(gt=0.0, le=1e5)] = 500.0


Inject = (
    SensorDown | SensorUp | SensorBias | LinkCut | LinkHeal | PartnerSuspend | PartnerResume | PartnerLeave | ClockStep
    | OperatorAction | ShortFall
)  # fmt: skip


Parting = PartnerSuspend | PartnerResume | PartnerLeave


class ScenarioFile(_Table, frozen=True, kw_only=True):
    """The file as a whole; what `scenario schema` describes."""

    scenario: Header
    nation: Annotated[tuple[Nation, ...], Meta(min_length=1, max_length=9)]
    sensor: Annotated[tuple[Sensor, ...], Meta(min_length=1, max_length=500)]
    launch: Annotated[tuple[Launch, ...], Meta(max_length=200)] = ()
    background: Annotated[tuple[Background, ...], Meta(max_length=200)] = ()
    inject: Annotated[tuple[Inject, ...], Meta(max_length=1000)] = ()


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A checked scenario; `start_ns` is TAI."""

    name: str
    title: str
    start_ns: int
    duration_s: float
    seed: int
    nations: tuple[Nation, ...]
    sensors: tuple[Sensor, ...]
    launches: tuple[Launch, ...]
    backgrounds: tuple[Background, ...]
    injects: tuple[Inject, ...]
