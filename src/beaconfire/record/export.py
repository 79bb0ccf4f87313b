"""The record for other programs: rows that import again to the same claims, JSON, and GeoJSON."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import format_utc
from beaconfire.record.answer import class_name
from beaconfire.record.claims import Claim
from beaconfire.record.launches import Launch
from beaconfire.record.mapping import FIELDS


def claim_row(claim: Claim) -> dict[str, Any]:
    """Return a claim as a row of `FIELDS`: numbers and texts, None where nothing is stated."""
    return {
        "reported_utc": claim.reported,
        "local_time": claim.local_time or None,
        "source": claim.source,
        "designation": claim.designation or None,
        "missile_class": claim.missile_class,
        "count": claim.count,
        "count_bound": str(claim.count_bound),
        "launch_site": claim.site or None,
        "latitude_deg": claim.latitude_deg,
        "longitude_deg": claim.longitude_deg,
        "range_km": _figure(claim.range_m, claim.range_least_m),
        "apogee_km": _figure(claim.apogee_m, claim.apogee_least_m),
        "flight_time_s": claim.flight_time_s,
        "remark": claim.remark or None,
        "via": claim.via or None,
        "confidence": claim.confidence or None,
        "source_class": str(claim.source_class),
        "range_bound": str(claim.range_bound),
        "apogee_bound": str(claim.apogee_bound),
        "mach": claim.mach,
        "statement": claim.statement or None,
        "edition": claim.edition,
        "withdrawn": "yes" if claim.withdrawn else "no",
        "until_utc": None if claim.until_ns is None else format_utc(claim.until_ns, decimals=0),
        "precision_s": claim.precision_s,
        "utc_offset": f"{'-' if claim.utc_offset_min < 0 else '+'}{abs(claim.utc_offset_min) // 60:02d}"
        f":{abs(claim.utc_offset_min) % 60:02d}",
        "realm": str(claim.realm),
    }


def launch_row(launch: Launch) -> dict[str, Any]:
    """Return a launch with all its claims, each with its id; `history` holds what sources replaced or withdrew."""
    return {
        "launch_id": launch.id,
        "realm": str(_realm(launch)),
        "local_date": launch.local_date,
        "local_time": launch.clock or None,
        "time_utc": format_utc(launch.time_ns, decimals=0),
        "classes": list(launch.classes),
        "count_at_least": launch.count.least,
        "count_at_most": launch.count.most,
        "established": launch.established,
        "claims": [{"claim_id": claim.id, **claim_row(claim)} for claim in launch.claims],
        "history": [{"claim_id": claim.id, **claim_row(claim)} for claim in launch.history],
    }


def to_csv(claims: Sequence[Claim]) -> str:
    """Return claims as CSV that `read_claims` reads back to the same claims."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {name: "" if cell is None else cell for name, cell in claim_row(claim).items()} for claim in claims
    )
    return out.getvalue()


def to_geojson(launches: Sequence[Launch]) -> dict[str, Any]:
    """Return the launch points as a GeoJSON feature collection: one point per claim that states one."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [claim.longitude_deg, claim.latitude_deg]},
            "properties": {"launch_id": launch.id, "launch_class": class_name(launch), **claim_row(claim)},
        }
        for launch in launches
        for claim in launch.claims
        if claim.latitude_deg is not None and claim.longitude_deg is not None
    ]
    return {"type": "FeatureCollection", "features": features}


def _figure(largest_m: float | None, least_m: float | None) -> float | str | None:
    """One number of kilometres, or two as a text."""
    if largest_m is None:
        return None
    largest = round(largest_m / 1e3, 6)
    return largest if least_m is None else f"{round(least_m / 1e3, 6):g} to {largest:.10g}"


def _realm(launch: Launch) -> Realm:
    return (launch.claims or launch.history)[0].realm
