"""Claims made for tests: a short-range launch at noon Korean time, and what differs from it."""

from typing import Any

from beaconfire.kernel.time import parse_utc
from beaconfire.record import Claim, CountBound, Launch, associate, shipped_claims, source_class_of

NOON = "2024-05-01T03:00Z"


def claim(**changes: Any) -> Claim:
    """A claim of the South Korean staff, unless something else is said; `at` sets time and local clock together."""
    at = changes.pop("at", NOON)
    source = changes.get("source", "ROK JCS")
    stated: dict[str, Any] = {
        "source": source,
        "source_class": source_class_of(source),
        "reported": at,
        "time_ns": parse_utc(at),
        "missile_class": "SRBM",
        "count": 1,
        "count_bound": CountBound.EXACT,
        "confidence": "A",
    }
    return Claim(**{**stated, **changes})


def shipped() -> tuple[Launch, ...]:
    """The launches of the shipped record."""
    return associate(shipped_claims())


def shipped_launch(name: str) -> Launch:
    """One launch of the shipped record."""
    return next(launch for launch in shipped() if launch.id == name)


def csv_of(*rows: str, header: str = "reported_utc,source") -> bytes:
    """A CSV file of rows."""
    return "\n".join((header, *rows, "")).encode()
