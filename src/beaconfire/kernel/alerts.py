"""The words of public warning that pass between rooms, node, shell and files.

An alert is one warning of one node about one event; it says everything by messages. A message is content without a
signature: `warn` turns it into the exact CAP bytes that people approve. Times are TAI nanoseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import Array, PictureName

Language = Literal["en", "ko", "ja"]
LANGUAGES: tuple[Language, ...] = ("en", "ko", "ja")


class AlertStatus(StrEnum):
    """The life of an alert; what was sent may be updated or corrected again and again before it ends."""

    PROPOSED = "proposed"
    DRAFTED = "drafted"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    SENT = "sent"
    UPDATED = "updated"
    CORRECTED = "corrected"
    CANCELLED = "cancelled"
    ALL_CLEAR = "all_clear"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"  # before anything was sent


class MessageKind(StrEnum):
    """What a message says. SHELTER warns; PASSED, DEBRIS, LOST and UPDATE follow it; the last three end it."""

    SHELTER = "shelter"
    UPDATE = "update"
    PASSED = "passed"
    DEBRIS = "debris"  # too late for shelter: it has passed or fallen already, do not touch what lies there
    LOST = "lost"  # the track was lost; nothing is said of where it went
    CORRECTION = "correction"
    CANCEL = "cancel"  # voids the message: it was wrong
    ALL_CLEAR = "all_clear"  # ends the danger: it was right and is over


@dataclass(frozen=True, slots=True)
class ForecastPath:
    """One sampled future of one object: its way over the ground from now to where it comes down.

    `times_ns` (n,) int64 ascending; `latitude_deg`, `longitude_deg`, `altitude_m` (n,); the weights of an object's
    paths sum to 1. `falls`: the last point is on the ground; else the path was cut off (it leaves the Earth).
    """

    object_id: str
    weight: float
    falls: bool
    times_ns: NDArray[np.int64]
    latitude_deg: Array
    longitude_deg: Array
    altitude_m: Array


@dataclass(frozen=True, slots=True)
class Forecast:
    """Where the objects of one event, as one picture has them now, may pass and fall.

    `reason` is why there is no single point: as `impact_reason`. `lost`: every object is coasting.
    """

    event_id: str
    picture: PictureName
    time_ns: int
    lost: bool
    paths: tuple[ForecastPath, ...]


class AreaThreat(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """How one area is threatened: probabilities, and the time span of arrival (5 % earliest, 95 % latest)."""

    area_id: str  # ISO 3166-2, as JP-02
    hit_p: float
    pass_p: float
    first_ns: int
    last_ns: int


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one public message says; `warn.cap.render` makes its bytes, the same for the same message."""

    realm: Realm
    kind: MessageKind
    identifier: str  # never reused; no space, comma, <, &
    sender: str
    sent_ns: int
    expires_ns: int
    references: tuple[str, ...]  # sender,identifier,sent of all unexpired related messages
    incidents: tuple[str, ...]  # event ids
    areas: tuple[AreaThreat, ...]
    count_at_least: int
    launch_ns: int | None
    launch_nation: str  # ISO 3166 alpha-3 of the ground the launch point lies on, "" if not known
    reach: Literal["point", "boosting", "reachable_set", "lost"]  # how sure the place is
    author: str  # the nation's warning authority, a key of `warning.toml`
    languages: tuple[Language, ...]
    words: str = ""  # a person's own reason for a correction or a cancel
