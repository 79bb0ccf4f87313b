"""A made-up quarter of an hour for the page: one glide-like flight, traffic around it, two partners.

Everything is a function of the scene's time alone, so a restarted process tells the same story. The figures are for
the eye, not for physics: the path is a great circle with a parabola and one dip, the ellipses shrink as time goes on.
"""

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from beaconfire.shell.feedhub import FeedRow

START = datetime(2025, 1, 6, 3, 0, tzinfo=UTC)
EARTH_KM = 6371.0
LAUNCH = (39.2, 126.0)
AZIMUTH_DEG = 50.0
RANGE_KM = 1100.0
FLIGHT_S = 520.0
DETECTED_S = 40.0
SHARED_S = 90.0  # from here on partners' data take part
EVENT_ID = "KOR-2025-0106-1"
TRACK_ID = "KOR-T-0017"
ROWS_PER_S = 0.5

SENSORS: list[dict[str, object]] = [
    {"id": name, "nation": nation, "kind": "radar", "latitude_deg": latitude, "longitude_deg": longitude,
     "max_range_m": 900e3, "status": status}
    for name, nation, latitude, longitude, status in [
        ("KOR-R1", "KOR", 36.6, 127.4, "up"),
        ("KOR-R2", "KOR", 35.2, 129.1, "up"),
        ("JPN-R1", "JPN", 38.1, 138.4, "up"),
        ("JPN-R2", "JPN", 41.3, 141.1, "up"),
        ("JPN-R3", "JPN", 31.6, 129.7, "down"),
        ("USA-R1", "USA", 40.9, 140.3, "up"),
        ("USA-SHIP", "USA", 38.5, 132.5, "up"),
    ]
]  # fmt: skip
CONFIG: dict[str, object] = {
    "nation": "KOR", "realm": "EXERCISE", "languages": ["ko", "en"], "scenario": "2025-01-06",
    "partners": ["JPN", "USA"], "sensors": SENSORS, "version": "0.1.0",
    "channels": [
        {"name": "files", "ok": True, "detail": "", "waiting": 0, "tested_s": 12},
        {"name": "sirens", "ok": False, "detail": "connection refused", "waiting": 1, "tested_s": 3},
    ],
}  # fmt: skip

LatLon = tuple[float, float]


def utc(time_s: float) -> str:
    """The scene's time as the feed writes it."""
    return (START + timedelta(seconds=time_s)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def walk(start: LatLon, azimuth_deg: float, distance_km: float) -> LatLon:
    """Go along a great circle of a sphere."""
    phi, azimuth, arc = math.radians(start[0]), math.radians(azimuth_deg), distance_km / EARTH_KM
    phi_end = math.asin(math.sin(phi) * math.cos(arc) + math.cos(phi) * math.sin(arc) * math.cos(azimuth))
    turn = math.atan2(
        math.sin(azimuth) * math.sin(arc) * math.cos(phi), math.cos(arc) - math.sin(phi) * math.sin(phi_end)
    )
    return math.degrees(phi_end), start[1] + math.degrees(turn)


def ring(
    centre: LatLon, *, major_km: float, minor_km: float, azimuth_deg: float, points: int = 48
) -> list[list[float]]:
    """An ellipse as longitude, latitude pairs, counter-clockwise as GeoJSON wants it."""
    corners = []
    for step in range(points + 1):
        angle = -2 * math.pi * step / points
        along, across = major_km * math.cos(angle), minor_km * math.sin(angle)
        azimuth = azimuth_deg + math.degrees(math.atan2(across, along))
        latitude, longitude = walk(centre, azimuth, math.hypot(along, across))
        corners.append([round(longitude, 4), round(latitude, 4)])
    return corners


def flight(time_s: float) -> tuple[LatLon, float]:
    """Ground point and altitude in metres: up to 100 km, down to 40 km, a dip, and down."""
    part = min(1.0, max(0.0, time_s / FLIGHT_S))
    altitude_km = 400.0 * part * (1 - part) * (1 - 0.45 * math.exp(-(((part - 0.72) / 0.1) ** 2)))
    return walk(LAUNCH, AZIMUTH_DEG, RANGE_KM * part**1.15), 1000 * max(0.0, altitude_km)


def tracks(time_s: float) -> dict[str, object]:
    """The fused picture."""
    rows = [*_traffic(time_s)]
    if DETECTED_S <= time_s < FLIGHT_S:
        rows.append(_missile(time_s))
    columns = (
        "id", "latitude_deg", "longitude_deg", "altitude_m", "speed_m_s", "heading_deg", "status", "phase", "kind",
        "event_id", "source", "ellipse",
    )  # fmt: skip
    picture = {name: [row[place] for row in rows] for place, name in enumerate(columns)}
    return {"time_utc": utc(time_s), "n": len(rows), **picture}


def _missile(time_s: float) -> tuple[object, ...]:
    (latitude, longitude), altitude_m = flight(time_s)
    shared = time_s >= SHARED_S
    size_km = 14.0 if shared else 46.0
    ellipse = ring((latitude, longitude), major_km=size_km, minor_km=0.4 * size_km, azimuth_deg=70, points=32)
    phase = "boost" if time_s < 130 else "ballistic" if time_s < 300 else "glide"
    kind = "ballistic" if time_s < 330 else "glide"
    return (
        TRACK_ID, latitude, longitude, altitude_m, 2400.0 + 2 * time_s, AZIMUTH_DEG + 0.01 * time_s,
        "confirmed" if time_s > DETECTED_S + 6 else "tentative", phase, kind, EVENT_ID,
        "fused" if shared else "own", ellipse,
    )  # fmt: skip


def _traffic(time_s: float) -> Iterator[tuple[object, ...]]:
    planes = [
        ((35.4, 131.2), 62.0), ((37.1, 130.2), 118.0), ((34.3, 128.1), 205.0), ((40.1, 137.2), 240.0),
        ((36.5, 136.9), 301.0), ((33.2, 131.8), 30.0), ((38.9, 134.1), 85.0),
    ]  # fmt: skip
    for number, (start, heading_deg) in enumerate(planes):
        latitude, longitude = walk(start, heading_deg, 0.24 * time_s)
        source = ("own", "partner", "fused")[number % 3]
        yield (
            f"KOR-T-{number:04d}", latitude, longitude, 9800.0 + 300 * number, 240.0, heading_deg,
            "confirmed" if number != 5 else "tentative", "powered_air", "aircraft", None, source, None,
        )  # fmt: skip
    latitude, longitude = walk((28.0, 128.0), 24.0, 7.1 * time_s)
    yield (
        "KOR-T-0009", latitude, longitude, 512e3, 7600.0, 24.0, "confirmed", "orbital", "satellite", None, "own", None,
    )  # fmt: skip


def clock(time_s: float, *, speed: float, age_s: float) -> dict[str, object]:
    """The heartbeat."""
    state = "running" if time_s < FLIGHT_S + 60 else "ended"
    return {
        "time_utc": utc(time_s), "speed": speed, "durable": True, "feed_age_s": age_s, "state": state,
        "synchronised": True, "error_s": 0.0004, "trusted": True, "step_s": 0.0,
    }  # fmt: skip


def row(offset: int) -> FeedRow:
    """The numbered row of an offset: revisions, partner states and decisions in turn, two seconds apart."""
    time_s = DETECTED_S + offset / ROWS_PER_S
    kinds = ("event", "audit", "partner", "audit", "partner", "alert")
    kind = kinds[offset % len(kinds)]
    if kind == "event":
        return FeedRow(offset, kind, revision(time_s, offset // len(kinds)))
    if kind == "alert":
        return FeedRow(offset, kind, _alert(time_s))
    nation = ("JPN", "USA")[(offset // 2) % 2]
    return FeedRow(offset, kind, _audit(time_s, offset, nation) if kind == "audit" else _partner(time_s, nation))


def _alert(time_s: float) -> dict[str, object]:
    """A draft that one person approved, with what the public would read."""
    area = {"area_id": "JP-02", "names": {"en": "Aomori Prefecture", "ko": "아오모리현", "ja": "青森県"}, "hit_p": 0.02,
            "pass_p": 0.8, "first_utc": utc(FLIGHT_S), "last_utc": utc(FLIGHT_S + 60)}  # fmt: skip
    draft = {
        "kind": "shelter", "identifier": "KOR-EXERCISE-1-A1-1", "sha256": "7f" * 32, "stage": "submitted",
        "sent_utc": utc(time_s), "hash_words": "lusab-babad-gutih-tugad", "author": "desk", "approved_by": ["kim"],
        "needs": 2, "expires_utc": utc(FLIGHT_S + 3600), "count_at_least": 1, "reach": "point", "areas": [area],
        "texts": [
            {"language": "en-US", "headline": "EXERCISE. Missile warning", "description": "d", "instruction": "i"}
        ],
    }  # fmt: skip
    log = {
        "alert_id": f"{EVENT_ID}-A1", "event_ids": [EVENT_ID], "time_utc": utc(time_s), "status": "submitted",
        "previous": "submitted", "sources": ["JPN", "KOR"], "who": "kim",
        "why": "approved; 1 more to come", "kind": "shelter",
        "identifier": draft["identifier"], "sha256": draft["sha256"], "areas": [area], "count_at_least": 1,
        "picture": None, "regime": "default", "p_hit": 0.01, "p_pass": 0.1, "beside": [], "due_utc": None,
    }  # fmt: skip
    alert = {
        "realm": "EXERCISE", "alert_id": f"{EVENT_ID}-A1", "event_ids": [EVENT_ID], "status": "submitted",
        "sources": ["JPN", "KOR"], "measured_utc": utc(time_s),
        "draft": draft, "ready": {}, "sent": None, "messages": [], "silent": ["sirens"],
        "conflicts": [], "due_utc": None,
    }  # fmt: skip
    return {"alert": alert, "log": log, "durable": True}


def _audit(time_s: float, offset: int, nation: str) -> dict[str, object]:
    withheld = offset % 15 == 3
    return {
        "time_utc": utc(time_s), "partner": nation, "kind": "assessment" if offset % 10 == 1 else "tracklet",
        "verdict": "withheld" if withheld else "released", "rule": "no-grant" if withheld else "launch-10km",
        "reason": "no grant covers aircraft" if withheld else "coarsened to 10 km, sensor identity dropped",
        "count": 1 if withheld else 8, "subject": f"KOR-T-{offset % 9:04d}" if withheld else EVENT_ID,
    }  # fmt: skip


def _partner(time_s: float, nation: str) -> dict[str, object]:
    number = int(time_s)
    return {
        "nation": nation, "link": "up", "last_heard_utc": utc(time_s - 0.4), "sent_number": 2 * number,
        "received_number": 3 * number, "contiguous": 3 * number - (2 if nation == "USA" else 0), "released": 2 * number,
        "withheld": 7, "rejected": 0, "epoch": 1, "clock_offset_s": None, "state": "active", "since_utc": None,
        "reason": "", "by": [], "effective_utc": None, "last_number": 0, "missed": 0, "catching_up": False,
    }  # fmt: skip


def revision(time_s: float, number: int) -> dict[str, object]:
    """One revision of the event, as a line of `events.jsonl` with what the feed adds."""
    known = min(1.0, (time_s - DETECTED_S) / 300)
    shared = time_s >= SHARED_S
    boosting = time_s < 130
    glide = 0.05 if time_s < 330 else min(0.86, 0.05 + (time_s - 330) / 60)
    impact = walk(LAUNCH, AZIMUTH_DEG + 0.4, RANGE_KM + 12)
    own_km, fused_km = 210 - 110 * known, 95 - 60 * known
    launch_own_km, launch_fused_km = 90 - 20 * known, 31 - 8 * known
    area_km = fused_km if shared else own_km
    axes = {"azimuth_deg": 52.0}
    place = {"latitude_deg": LAUNCH[0], "longitude_deg": LAUNCH[1], "time_utc": utc(3), "time_sigma_s": 2.4}
    return {
        "realm": "EXERCISE", "event_id": EVENT_ID, "aliases": ["JPN-E-4", "USA-E-11"] if shared else [],
        "revision": number, "issued_utc": utc(time_s), "status": "suspected" if time_s < 60 else "confirmed",
        "picture": "fused" if shared else "own", "count_at_least": 1, "count_probability": 0.97,
        "class": {"SRBM": 0.09 * (1 - known), "MRBM": 0.3 - 0.2 * known, "IRBM": 0.5 + 0.28 * known, "ICBM": 0.01,
                  "space_launch": 0.01, "unknown": 0.09},
        "kind": {"ballistic": 0.9 - glide, "quasi_ballistic": 0.06, "glide": glide, "space_launch": 0.01,
                 "aircraft": 0.0, "satellite": 0.0, "meteor": 0.0, "unknown": 0.03},
        "launch": {**place, "ellipse_95": {"semi_major_m": 1e3 * launch_fused_km, "semi_minor_m": 9e3, **axes}},
        "impact": {
            "time_utc": None if boosting else utc(FLIGHT_S), "time_sigma_s": None if boosting else 11.0,
            "latitude_deg": None if boosting else impact[0], "longitude_deg": None if boosting else impact[1],
            "ellipse_95": None,
            "footprint_95": {"type": "Polygon", "coordinates": [
                ring(impact, major_km=1.5 * area_km, minor_km=0.62 * area_km, azimuth_deg=52)]},
        },
        "impact_reason": "boosting" if boosting else None, "objects": [],
        "ground_range_m": None if boosting else 1e3 * RANGE_KM, "apogee_m": None if boosting else 99.6e3,
        "burnout_time_utc": None if boosting else utc(128), "tracks": [TRACK_ID],
        "contributors": ["KOR", "JPN", "USA"] if shared else ["KOR"],
        "rings": {
            "launch_own": ring(LAUNCH, major_km=launch_own_km, minor_km=26, azimuth_deg=52),
            "launch_fused": ring(LAUNCH, major_km=launch_fused_km, minor_km=9, azimuth_deg=52) if shared else None,
            "impact_own": None if boosting else ring(impact, major_km=own_km, minor_km=0.3 * own_km, azimuth_deg=52),
            "impact_fused": ring(impact, major_km=fused_km, minor_km=0.3 * fused_km, azimuth_deg=52)
            if shared and not boosting else None,
        },
        "alone": {"launch_semi_major_m": 1e3 * launch_own_km, "footprint_km2": 2.92 * own_km**2},
        "shared": {"launch_semi_major_m": 1e3 * launch_fused_km, "footprint_km2": 2.92 * fused_km**2}
        if shared else None,
    }  # fmt: skip
