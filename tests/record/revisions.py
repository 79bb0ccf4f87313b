"""Lines of `events.jsonl` as nodes write them at the end of the flight of 6 January 2025."""

from typing import Any

# The reachable set of the shared picture when the track was lost, simplified: between Primorye and Sakhalin.
GLIDE_AREA: dict[str, Any] = {
    "type": "Polygon",
    "coordinates": [
        [[135.72, 44.5], [136.2, 43.4], [137.0, 43.33], [139.5, 44.0], [141.03, 46.5], [140.3, 47.56], [138.0, 46.6],
         [135.72, 44.5]]
    ],
}  # fmt: skip
CLASSES = {"SRBM": 0.0, "MRBM": 0.16739, "IRBM": 0.817359, "ICBM": 0.001951, "space_launch": 0.000488,
           "unknown": 0.012813}  # fmt: skip
KINDS = {"ballistic": 0.000413, "quasi_ballistic": 0.0, "glide": 0.999548, "space_launch": 0.000015,
         "aircraft": 0.000006, "satellite": 0.000006, "meteor": 0.000006, "unknown": 0.000006}  # fmt: skip
ELLIPSE = {"semi_major_m": 2814.0, "semi_minor_m": 940.0, "azimuth_deg": 51.0}


def revision(**changes: Any) -> dict[str, Any]:
    """The last line of the shared picture, with other fields."""
    row: dict[str, Any] = {
        "realm": "EXERCISE",
        "event_id": "KOR-E1",
        "aliases": [],
        "revision": 966,
        "picture": "fused",
        "issued_utc": "2025-01-06T03:12:24.000Z",
        "status": "lost",
        "count_at_least": 1,
        "count_probability": 1.0,
        "class": dict(CLASSES),
        "kind": dict(KINDS),
        "launch": {
            "time_utc": "2025-01-06T03:00:01.803Z", "time_sigma_s": 4.8, "latitude_deg": 39.2003,
            "longitude_deg": 125.9991, "ellipse_95": ELLIPSE,
        },
        "impact": {
            "time_utc": None, "time_sigma_s": None, "latitude_deg": None, "longitude_deg": None, "ellipse_95": None,
            "footprint_95": GLIDE_AREA, "footprint_km2": 1.5e5,
        },
        "impact_reason": "reachable_set",
        "ground_range_m": None,
        "apogee_m": 99_818.8,
        "burnout_time_utc": "2025-01-06T03:01:59.832Z",
        "contributors": ["JPN", "KOR", "USA"],
        "tracks": ["KOR-F1"],
        "objects": [{"object_id": "KOR-E1-1", "lost": True, "time_utc": "2025-01-06T03:11:04.000Z"}],
    }  # fmt: skip
    return {**row, **changes}


def with_own(shared: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """A last word of the OWN picture, which saw a ballistic arc alone, and the shared one after it."""
    classes = {**dict.fromkeys(CLASSES, 0.0), "SRBM": 0.41, "MRBM": 0.25, "IRBM": 0.34}
    kinds = {**dict.fromkeys(KINDS, 0.0), "ballistic": 0.93, "glide": 0.04, "space_launch": 0.03}
    place = {**shared["impact"], "time_utc": "2025-01-06T03:11:14Z", "latitude_deg": 44.9, "longitude_deg": 136.8}
    own = {**shared, "picture": "own", "revision": 960, "class": classes, "kind": kinds, "impact": place,
           "impact_reason": "lost", "ground_range_m": 1_087_657.9, "contributors": ["KOR"]}  # fmt: skip
    return own, shared
