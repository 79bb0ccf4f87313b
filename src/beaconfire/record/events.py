"""Detected events as claims: our own of "own sensors", a partner's as that partner's."""

import msgspec

from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.labels import Realm, check_nation
from beaconfire.kernel.records import EventRevision, EventStatus
from beaconfire.kernel.results import event_row
from beaconfire.kernel.time import NS_PER_S, parse_utc
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
    name, probability = _most(row.classes)
    kind, kind_probability = _most(row.kinds)
    stated = probability >= _LEAST_CLASS and name != "unknown"
    sure = row.count_probability >= _SURE_COUNT and row.status is EventStatus.CLOSED
    remark = f"P({name}) {probability:.2f}, P({kind}) {kind_probability:.2f}; "
    return Claim(
        source=f"{nation} own sensors" if own else f"{nation} (partner)",
        source_class=SourceClass.OWN_SENSORS if own else SourceClass.PARTNER,
        reported=launch.time_utc,
        time_ns=time_ns,
        precision_s=max(round(2.0 * launch.time_sigma_s, 1), 1.0),
        local_time=local_clock(time_ns, utc_offset_min=utc_offset_min),
        utc_offset_min=utc_offset_min,
        missile_class=_STATED.get(name, name) if stated else "unknown",
        count=max(row.count_at_least, 1),
        count_bound=CountBound.EXACT if sure else CountBound.AT_LEAST,
        latitude_deg=launch.latitude_deg,
        longitude_deg=launch.longitude_deg,
        range_m=row.ground_range_m or None,
        range_bound=Bound.ABOUT,
        apogee_m=row.apogee_m or None,
        apogee_bound=Bound.ABOUT,
        flight_time_s=_flight_time_s(row, time_ns),
        remark=f"{remark}{row.picture} picture of {', '.join(row.contributors) or nation}",
        via=f"event {row.event_id} revision {row.revision}",
        confidence=_RATED.get(row.status, "C"),
        statement=row.event_id,
        edition=max(row.revision, 1),
        withdrawn=row.status is EventStatus.RETRACTED,
        realm=row.realm,
    )


def _most(probabilities: dict[str, float]) -> tuple[str, float]:
    """The most probable name; of equal ones the last by name."""
    return max(probabilities.items(), key=lambda item: (item[1], item[0]), default=("unknown", 0.0))


def _flight_time_s(row: _Row, launched_ns: int) -> float | None:
    """From launch to impact, where both are known."""
    if row.launch is None or row.impact is None or row.impact.time_utc is None:
        return None
    flown_s = (parse_utc(row.impact.time_utc) - launched_ns) / NS_PER_S
    return round(flown_s, 1) if flown_s > 0.0 else None
