"""Detected events as claims: our own of "own sensors", a partner's as that partner's."""

import math
from collections.abc import Mapping

import msgspec

from beaconfire.earth import geodesic_inverse
from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.labels import Realm, check_nation
from beaconfire.kernel.products import ImpactBody, LaunchBody
from beaconfire.kernel.records import CLASSES, KINDS, EventRevision, EventStatus
from beaconfire.kernel.results import event_row
from beaconfire.kernel.time import NS_PER_S, format_utc, parse_utc, seconds_between
from beaconfire.record.claims import KOREA_OFFSET_MIN, Bound, Claim, Confidence, CountBound, SourceClass, local_clock
from beaconfire.record.table import objects_of

_STATED = {"space_launch": "SLV"}
_RATED: dict[EventStatus, Confidence] = {
    EventStatus.CONFIRMED: "A",
    EventStatus.LOST: "B",
    EventStatus.CLOSED: "A",
}
_LEAST_CLASS = 0.5  # below it no class is stated
_SURE_COUNT = 0.99
_NO_LAUNCH_SIGMA_S = 60.0  # a launch that is not known is near the first word of it


class _Launch(msgspec.Struct):
    time_utc: str
    time_sigma_s: float
    latitude_deg: float | None = None
    longitude_deg: float | None = None


class _Impact(msgspec.Struct):
    time_utc: str | None


class _Row(msgspec.Struct, rename={"classes": "class", "kinds": "kind"}):
    """What a claim takes from a line of `events.jsonl`."""

    event_id: str
    revision: int
    realm: Realm
    picture: str
    issued_utc: str
    status: EventStatus
    count_at_least: int
    count_probability: float
    classes: dict[str, float]
    kinds: dict[str, float]
    launch: _Launch | None
    impact: _Impact | None
    ground_range_m: float | None
    apogee_m: float | None
    contributors: list[str]


def claims_of_event(
    revision: EventRevision, *, nation: str, realm: Realm, own: bool = True, utc_offset_min: int = KOREA_OFFSET_MIN
) -> Claim:
    """Return what a nation's event revision claims; a later revision of the event is a correction of it.

    `nation` is whose event it is, `own` whether that is this node's. A retracted event is a withdrawn claim.
    """
    row = msgspec.convert(event_row(revision, realm=realm), _Row)
    return _claim(row, nation=nation, own=own, utc_offset_min=utc_offset_min)


def claim_of_partner(
    launch: LaunchBody | None,
    impact: ImpactBody | None,
    *,
    nation: str,
    told: str,
    realm: Realm,
    event: str,
    heard_ns: int,
    edition: int,
    withdrawn: bool,
    utc_offset_min: int = KOREA_OFFSET_MIN,
) -> Claim:
    """Return what a partner claims of one object by its released launch and impact; either may be missing.

    `nation` is the partner, `told` whom it told: it names its objects to each partner differently, and may tell each
    another place, so that what two of them heard are two sources. `heard_ns` dates a launch that it did not tell.
    """
    reported = format_utc(heard_ns if launch is None else launch.time_ns, decimals=3)
    time_ns = parse_utc(reported)
    sigma_s = _NO_LAUNCH_SIGMA_S if launch is None else launch.time_sigma_s
    return Claim(
        source=f"{nation} (partner of {told})",
        source_class=SourceClass.PARTNER,
        reported=reported,
        time_ns=time_ns,
        precision_s=_precision_s(sigma_s),
        local_time=local_clock(time_ns, utc_offset_min=utc_offset_min),
        utc_offset_min=utc_offset_min,
        missile_class="unknown" if launch is None else _stated(dict(zip(CLASSES, launch.classes, strict=True))),
        count=1,  # one object; the claims of one source add up
        count_bound=CountBound.AT_LEAST,
        latitude_deg=None if launch is None else round(launch.latitude_deg, 5),
        longitude_deg=None if launch is None else round(launch.longitude_deg, 5),
        range_m=_range_m(launch, impact),
        range_bound=Bound.ABOUT,
        flight_time_s=_flown_s(launch, impact),
        remark=_partner_remark(launch, impact),
        via=f"released to {told}",
        confidence="C" if launch is None else _RATED.get(launch.status, "C"),
        statement=event,
        edition=edition,
        withdrawn=withdrawn,
        realm=realm,
    )


def read_events(content: bytes, *, where: str, nation: str, own: bool = True) -> tuple[Claim, ...]:
    """Return the claims of an `events.json` or `events.jsonl` of a run, one per revision.

    Raises `InvalidInput` naming the line or element and what is wrong with it.
    """
    check_nation(nation, where="nation")
    claims: list[Claim] = []
    faults: list[Fault] = []
    for place, value in objects_of(content, where):
        try:
            row = msgspec.convert(value, _Row)
            claims.append(_claim(row, nation=nation, own=own, utc_offset_min=KOREA_OFFSET_MIN))
        except msgspec.ValidationError as error:
            faults.append(Fault(place, str(error), "a line of events.jsonl or an element of events.json"))
        except InvalidInput as error:
            faults += [Fault(f"{place}: {fault.where}", fault.what, fault.expected) for fault in error.faults]
    if faults:
        raise InvalidInput(faults)
    return tuple(claims)


def _claim(row: _Row, *, nation: str, own: bool, utc_offset_min: int) -> Claim:
    launch = row.launch or _Launch(row.issued_utc, _NO_LAUNCH_SIGMA_S)
    time_ns = parse_utc(launch.time_utc)
    sure = row.count_probability >= _SURE_COUNT and row.status is EventStatus.CLOSED
    return Claim(
        source=f"{nation} own sensors" if own else f"{nation} (partner)",
        source_class=SourceClass.OWN_SENSORS if own else SourceClass.PARTNER,
        reported=launch.time_utc,
        time_ns=time_ns,
        precision_s=_precision_s(launch.time_sigma_s),
        local_time=local_clock(time_ns, utc_offset_min=utc_offset_min),
        utc_offset_min=utc_offset_min,
        missile_class=_stated(row.classes),
        count=max(row.count_at_least, 1),
        count_bound=CountBound.EXACT if sure else CountBound.AT_LEAST,
        latitude_deg=launch.latitude_deg,
        longitude_deg=launch.longitude_deg,
        range_m=row.ground_range_m or None,
        range_bound=Bound.ABOUT,
        apogee_m=row.apogee_m or None,
        apogee_bound=Bound.ABOUT,
        flight_time_s=_flight_time_s(row, time_ns),
        remark=f"{_probable(row.classes, row.kinds)}; {row.picture} picture of {', '.join(row.contributors) or nation}",
        via=f"event {row.event_id} revision {row.revision}",
        confidence=_RATED.get(row.status, "C"),
        statement=row.event_id,
        edition=max(row.revision, 1),
        withdrawn=row.status is EventStatus.RETRACTED,
        realm=row.realm,
    )


def _stated(classes: Mapping[str, float]) -> str:
    name, probability = _most(classes)
    return _STATED.get(name, name) if probability >= _LEAST_CLASS else "unknown"


def _probable(classes: Mapping[str, float], kinds: Mapping[str, float]) -> str:
    (name, probability), (kind, kind_probability) = _most(classes), _most(kinds)
    return f"P({name}) {probability:.2f}, P({kind}) {kind_probability:.2f}"


def _precision_s(sigma_s: float) -> float:
    return max(round(2.0 * sigma_s, 1), 1.0)


def _range_m(launch: LaunchBody | None, impact: ImpactBody | None) -> float | None:
    if launch is None or impact is None or impact.latitude_deg is None or impact.longitude_deg is None:
        return None
    distance_m, _ = geodesic_inverse(
        latitude1_rad=math.radians(launch.latitude_deg),
        longitude1_rad=math.radians(launch.longitude_deg),
        latitude2_rad=math.radians(impact.latitude_deg),
        longitude2_rad=math.radians(impact.longitude_deg),
    )
    return round(distance_m, 1) or None


def _flown_s(launch: LaunchBody | None, impact: ImpactBody | None) -> float | None:
    if launch is None or impact is None or impact.time_ns is None or impact.time_ns <= launch.time_ns:
        return None
    return round(seconds_between(impact.time_ns, launch.time_ns), 1)


def _partner_remark(launch: LaunchBody | None, impact: ImpactBody | None) -> str:
    if launch is None:
        return "no launch told"
    classes, kinds = dict(zip(CLASSES, launch.classes, strict=True)), dict(zip(KINDS, launch.kinds, strict=True))
    said = [_probable(classes, kinds), f"of an event of at least {launch.count_at_least}"]
    if launch.coarsened_m > 0.0:
        said.append(f"launch point coarsened by up to {launch.coarsened_m / 1e3:g} km")
    if impact is not None and impact.reason:
        said.append(f"no point of impact: {impact.reason.replace('_', ' ')}")
    return "; ".join(said)


def _most(probabilities: Mapping[str, float]) -> tuple[str, float]:
    """The most probable name; of equal ones the last by name."""
    return max(probabilities.items(), key=lambda item: (item[1], item[0]), default=("unknown", 0.0))


def _flight_time_s(row: _Row, launched_ns: int) -> float | None:
    """From launch to impact, where both are known."""
    if row.launch is None or row.impact is None or row.impact.time_utc is None:
        return None
    flown_s = (parse_utc(row.impact.time_utc) - launched_ns) / NS_PER_S
    return round(flown_s, 1) if flown_s > 0.0 else None
