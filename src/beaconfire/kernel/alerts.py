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

    `lost`: every object is coasting.
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


class AlertAction(StrEnum):
    """What a person may order. The last three end or mend what was sent and need one officer."""

    DRAFT = "draft"
    SUBMIT = "submit"
    APPROVE = "approve"
    SEND = "send"
    UPDATE = "update"
    WITHDRAW = "withdraw"
    CORRECT = "correct"
    CANCEL = "cancel"
    ALL_CLEAR = "all_clear"


class Order(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    """One signed order of one person about one alert; `warn.signed_bytes` says what the signature is over.

    `alert_id` is an alert, or for a draft by hand an event. `digest` is the SHA-256 of the exact CAP bytes meant; a
    DRAFT or UPDATE has none, and a CORRECT, CANCEL or ALL_CLEAR without one asks to prepare the message anew with
    `words` and `areas` instead of sending the one that lies ready. `session` is the shell's word, not the person's.
    """

    person: str
    session: str
    action: AlertAction
    alert_id: str
    digest: bytes
    nonce: bytes
    issued_ns: int
    signature: bytes
    words: str = ""
    areas: tuple[str, ...] = ()


class Delivery(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    """What one end-point of one channel did with one message; `detail` is the answer or the trouble."""

    alert_id: str
    identifier: str
    channel: str
    endpoint: str
    ok: bool
    detail: str = ""


class Notice(msgspec.Struct, frozen=True, kw_only=True, array_like=True, forbid_unknown_fields=True):
    """Another authority's alert, as someone brought it: ours must reference it where the areas meet."""

    authority: str
    reference: str  # sender,identifier,sent
    areas: tuple[str, ...]
    expires_ns: int
    ended: bool = False  # cancelled or cleared since


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """A message that people or a written rule approved, byte for byte; only `warn` may make one."""

    alert_id: str
    identifier: str
    kind: MessageKind
    digest: bytes  # SHA-256 of `unsigned`
    unsigned: bytes
    channels: tuple[str, ...]  # by their names in `warning.toml`
    approved_by: tuple[str, ...]  # ids of people, or `rule:ID`


class AlertRow(msgspec.Struct, frozen=True, kw_only=True):
    """One transition of an alert, or a line of its log: who, when, why, and the probabilities it rests on.

    `status` is what the message `identifier` became and `previous` what it was (None for its first row). A row of a
    proposal names its `picture`, every threatened area with its probabilities, and the thresholds used. `beside` are
    areas that OWN names and FUSED no longer does: a shrink which a person or a written rule may take.
    """

    alert_id: str
    event_ids: tuple[str, ...]
    time_ns: int
    status: AlertStatus
    previous: AlertStatus | None
    who: str  # id of a person, `rule:ID`, `desk`, or `channel:NAME`
    why: str
    kind: MessageKind | None = None
    identifier: str = ""
    digest: bytes = b""
    areas: tuple[AreaThreat, ...] = ()
    count_at_least: int = 0
    picture: PictureName | None = None
    regime: str = ""
    p_hit: float = 0.0
    p_pass: float = 0.0
    beside: tuple[str, ...] = ()
    due_ns: int | None = None  # the end of a countdown
    nations: tuple[str, ...] = ()  # whose sensors it rests on


class Ready(msgspec.Struct, frozen=True, kw_only=True):
    """A message that lies ready: its exact bytes, its stage, and who stands behind it so far."""

    kind: MessageKind
    identifier: str
    digest: bytes
    unsigned: bytes
    stage: AlertStatus
    author: str
    approved_by: tuple[str, ...]
    needs: int  # approvals in all
    message: Message


class AlertView(msgspec.Struct, frozen=True, kw_only=True):
    """One alert as it stands: the draft if there is one, what may be sent in one step, what was sent, who is silent."""

    alert_id: str
    event_ids: tuple[str, ...]
    status: AlertStatus
    draft: Ready | None
    ready: tuple[Ready, ...]
    sent: tuple[Ready, ...]
    silent: tuple[str, ...]  # channels without a receipt for the last message
    conflicts: tuple[str, ...]  # another authority's alerts in the same areas
    due_ns: int | None
    nations: tuple[str, ...] = ()  # whose sensors it rests on
    measured_ns: int = 0  # when anything of it was last measured, as far as it is live
