"""What a source says of a launch: a claim, never a fact.

A claim keeps what was announced (its wording, its clock, its bound) beside the numbers read from it. Its id is a hash
of its content, so that the same words are the same claim whoever imports them, and however often. A source may state
again what it stated: the same `statement` in a higher `edition` counts, the earlier ones stay as history.
"""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

import msgspec

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import format_utc, parse_utc

KOREA_OFFSET_MIN = 540  # UTC+09:00, the local time of every launch in the shipped record
PYONGYANG_OFFSET_MIN = 510  # the clock of DPRK state media between the two dates below
_PYONGYANG_FROM, _PYONGYANG_UNTIL = "2015-08-15", "2018-05-05"
DATE_PRECISION_S = 86_400.0  # only a date was given
MINUTE_PRECISION_S = 60.0

Confidence = Literal["A", "B", "C", ""]  # official; one secondary outlet; compiled or unconfirmed; unrated

# Stated classes by the distance they are built for; a launch may carry two (`MRBM/ICBM`).
LADDER = ("CRBM", "SRBM", "MRBM", "IRBM", "ICBM")
STATED_CLASSES = (*LADDER, "SLBM", "SLV", "HGV", "unknown")


class SourceClass(StrEnum):
    """What kind of source makes a claim."""

    OWN_SENSORS = "own sensors"
    PARTNER = "partner"
    GOVERNMENT = "government"
    STATE_MEDIA = "state media"
    PRESS = "press"
    COMPILED = "compiled"


# What sensors saw is a claim as others are, but no announcement.
SENSED = (SourceClass.OWN_SENSORS, SourceClass.PARTNER)


class CountBound(StrEnum):
    """How a stated number of missiles is meant."""

    EXACT = "exact"
    AT_LEAST = "at_least"
    UNKNOWN = "unknown"


class Bound(StrEnum):
    """How a stated range or apogee is meant, from its wording."""

    EXACT = "exact"
    OVER = "over"
    UNDER = "under"
    ABOUT = "about"


class Claim(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source's statement about one launch; None and the empty text mean not stated.

    `time_ns` begins the stated minute, second or (precision 86,400 s) local date; `until_ns` is the last missile's
    time where the wording gives one. Of several ranges or apogees, `range_m` and `apogee_m` are the largest and
    `…_least_m` the smallest.
    """

    source: str
    source_class: SourceClass
    reported: str  # as announced, in UTC: `2025-01-06T03:00Z`, or a local date `2025-01-06`
    time_ns: int
    precision_s: float = MINUTE_PRECISION_S
    until_ns: int | None = None
    local_time: str = ""  # the announced clock, hh:mm or hh:mm:ss
    utc_offset_min: int = KOREA_OFFSET_MIN  # of the launch's local date
    missile_class: str = "unknown"
    designation: str = ""
    count: int | None = None
    count_bound: CountBound = CountBound.UNKNOWN
    site: str = ""
    latitude_deg: float | None = None
    longitude_deg: float | None = None
    range_m: float | None = None
    range_least_m: float | None = None
    range_bound: Bound = Bound.EXACT
    apogee_m: float | None = None
    apogee_least_m: float | None = None
    apogee_bound: Bound = Bound.EXACT
    flight_time_s: float | None = None
    mach: float | None = None
    remark: str = ""
    via: str = ""
    confidence: Confidence = ""
    statement: str = ""  # the source's name for what it states; the same one again is a correction
    edition: int = 1
    withdrawn: bool = False
    realm: Realm = Realm.LIVE

    @property
    def id(self) -> str:
        """Sixteen hex digits of the content's SHA-256."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:16]

    @property
    def dated_only(self) -> bool:
        """Whether no clock time was given."""
        return self.precision_s >= DATE_PRECISION_S

    @property
    def local_date(self) -> str:
        """The local date of the launch, `YYYY-MM-DD`."""
        return local_date(self.time_ns, utc_offset_min=self.utc_offset_min)

    @property
    def classes(self) -> frozenset[str]:
        """The stated classes, `MRBM/ICBM` as two."""
        return frozenset(self.missile_class.split("/"))

    @property
    def latest_ns(self) -> int:
        """The last missile's time as far as it is stated."""
        return self.time_ns if self.until_ns is None else self.until_ns


def local_date(time_ns: int, *, utc_offset_min: int = KOREA_OFFSET_MIN) -> str:
    """Return the local date `YYYY-MM-DD` of a time."""
    return _local(time_ns, utc_offset_min)[:10]


def local_clock(time_ns: int, *, utc_offset_min: int = KOREA_OFFSET_MIN) -> str:
    """Return the local clock `hh:mm` of a time."""
    return _local(time_ns, utc_offset_min)[11:16]


def local_midnight_ns(date: str, *, utc_offset_min: int = KOREA_OFFSET_MIN) -> int:
    """Return the time at which a local date `YYYY-MM-DD` begins; raises `InvalidInput` for one that never was."""
    parse_utc(f"{date}T00:00Z", where="date")
    midnight = datetime.fromisoformat(f"{date}T00:00+00:00") - timedelta(minutes=utc_offset_min)
    return parse_utc(f"{midnight:%Y-%m-%dT%H:%M}Z", where="date")


def clock_offset_min(source_class: SourceClass, *, date: str) -> int:
    """Return the offset from UTC of a Korean source's clock on a date: state media had UTC+08:30 for three years."""
    if source_class is SourceClass.STATE_MEDIA and _PYONGYANG_FROM <= date < _PYONGYANG_UNTIL:
        return PYONGYANG_OFFSET_MIN
    return KOREA_OFFSET_MIN


def source_class_of(source: str) -> SourceClass:
    """Return the class of a source by the words of its name; a name that says nothing is press."""
    words = source.lower().replace("/", " ").replace("(", " ").replace(")", " ").split()
    for kind, known in _SOURCE_WORDS:
        if known & set(words):
            return kind
    return SourceClass.PRESS


def _local(time_ns: int, offset_min: int) -> str:
    """The local time as text, by the calendar: in TAI a day may have a second more."""
    text = format_utc(time_ns, decimals=0).replace(":60Z", ":59Z")
    return (datetime.fromisoformat(f"{text[:-1]}+00:00") + timedelta(minutes=offset_min)).isoformat()


_SOURCE_WORDS: tuple[tuple[SourceClass, frozenset[str]], ...] = (
    (SourceClass.COMPILED, frozenset("compiled cns csis nti database db".split())),
    (SourceClass.STATE_MEDIA, frozenset("kcna kctv rodong tass xinhua".split())),
    (
        SourceClass.GOVERNMENT,
        frozenset(
            "rok jcs mnd japan mod us usa pacom indopacom usindopacom northcom norad stratcom cabinet ministry".split()
        ),
    ),
)
