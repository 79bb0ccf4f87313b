"""Detected events as claims: our own of "own sensors", a partner's as that partner's."""

from collections.abc import Mapping
from typing import Any

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import EventRevision, EventStatus
from beaconfire.kernel.results import event_row
from beaconfire.kernel.time import parse_utc
from beaconfire.record.claims import KOREA_OFFSET_MIN, Bound, Claim, Confidence, CountBound, SourceClass, local_clock

_STATED = {"space_launch": "SLV"}
_RATED: dict[str, Confidence] = {EventStatus.CONFIRMED: "A", EventStatus.LOST: "B", EventStatus.CLOSED: "B"}
_LEAST_CLASS = 0.5  # below it no class is stated
_SURE_COUNT = 0.99


def claims_of_event(
    revision: EventRevision, *, nation: str, realm: Realm, own: bool = True, utc_offset_min: int = KOREA_OFFSET_MIN
) -> Claim:
    """Return what a nation's event revision claims; a later revision of the event is a correction of it.

    `nation` is whose event it is, `own` whether that is this node's. A retracted event is a withdrawn claim.
    """
    return claim_of_event_row(event_row(revision, realm=realm), nation=nation, own=own, utc_offset_min=utc_offset_min)


def claim_of_event_row(
    row: Mapping[str, Any], *, nation: str, own: bool = True, utc_offset_min: int = KOREA_OFFSET_MIN
) -> Claim:
    """Return the claim of one line of `events.jsonl` or one element of `events.json`, as `claims_of_event` does."""
    launch = row["launch"] or {"time_utc": row["issued_utc"], "time_sigma_s": 60.0}
    time_ns = parse_utc(launch["time_utc"])
    name, probability = max(row["class"].items(), key=lambda item: (item[1], item[0]))
    kind, kind_probability = max(row["kind"].items(), key=lambda item: (item[1], item[0]))
    stated = probability >= _LEAST_CLASS and name != "unknown"
    count, sure = row["count_at_least"], row["count_probability"] >= _SURE_COUNT and row["status"] == "closed"
    return Claim(
        source=f"{nation} own sensors" if own else f"{nation} (partner)",
        source_class=SourceClass.OWN_SENSORS if own else SourceClass.PARTNER,
        reported=launch["time_utc"],
        time_ns=time_ns,
        precision_s=max(round(2.0 * launch["time_sigma_s"], 1), 1.0),
        local_time=local_clock(time_ns, utc_offset_min=utc_offset_min),
        utc_offset_min=utc_offset_min,
        missile_class=_STATED.get(name, name) if stated else "unknown",
        count=max(count, 1),
        count_bound=CountBound.EXACT if sure else CountBound.AT_LEAST,
        latitude_deg=launch.get("latitude_deg"),
        longitude_deg=launch.get("longitude_deg"),
        range_m=row["ground_range_m"],
        range_bound=Bound.ABOUT,
        apogee_m=row["apogee_m"],
        apogee_bound=Bound.ABOUT,
        flight_time_s=_flight_time_s(row, time_ns),
        remark=f"P({name}) {probability:.2f}, P({kind}) {kind_probability:.2f}; {row['picture']} picture of "
        f"{', '.join(row['contributors']) or nation}",
        via=f"event {row['event_id']} revision {row['revision']}",
        confidence=_RATED.get(row["status"], "C"),
        statement=row["event_id"],
        edition=row["revision"],
        withdrawn=row["status"] == EventStatus.RETRACTED,
        realm=Realm(row["realm"]),
    )


def _flight_time_s(row: Mapping[str, Any], launched_ns: int) -> float | None:
    """From launch to impact, where both are known."""
    impact = row["impact"]
    if row["launch"] is None or impact is None or impact["time_utc"] is None:
        return None
    flown_s = (parse_utc(impact["time_utc"]) - launched_ns) / 1e9
    return round(flown_s, 1) if flown_s > 0.0 else None
