"""Alerts as rows for people: the same for the page's feed and the command line; times in UTC, hashes in hexadecimal.

A hash is also said in words, so that two people on two screens, or on the telephone, can tell that they mean the same
bytes: the first 64 bits as four proquints (Wilkerson 2009, arXiv:0901.4016), which are spoken alike in many languages.
"""

from beaconfire.kernel.alerts import AlertRow, AlertView, AreaThreat, Ready
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import format_utc
from beaconfire.shell.channels.alerts import CAP, read_cap
from beaconfire.warn import areas

Row = dict[str, object]
_CONSONANTS, _VOWELS = "bdfghjklmnprstvz", "aiou"


def alert_row(view: AlertView, *, realm: Realm) -> Row:
    """Return one alert as it stands: whose data it rests on, and how old these are."""
    last = view.sent[-1] if view.sent else None
    ready = {str(item.kind): item for item in reversed(view.ready)}  # the newest of a kind stands first
    return {
        "realm": str(realm),
        "alert_id": view.alert_id,
        "event_ids": list(view.event_ids),
        "status": str(view.status),
        "sources": list(view.nations),
        "measured_utc": _utc(view.measured_ns or None),
        "draft": None if view.draft is None else ready_row(view.draft),
        "ready": {kind: ready_row(item, with_texts=False) for kind, item in ready.items()},
        "sent": None if last is None else ready_row(last),
        "messages": [_sent_row(item) for item in view.sent],
        "silent": list(view.silent),
        "conflicts": list(view.conflicts),
        "due_utc": _utc(view.due_ns),
    }


def log_row(row: AlertRow) -> Row:
    """Return one transition of an alert: who, when, why, and the probabilities and thresholds it rests on."""
    return {
        "alert_id": row.alert_id,
        "event_ids": list(row.event_ids),
        "time_utc": _utc(row.time_ns),
        "status": str(row.status),
        "previous": None if row.previous is None else str(row.previous),
        "sources": list(row.nations),
        "who": row.who,
        "why": row.why,
        "kind": None if row.kind is None else str(row.kind),
        "identifier": row.identifier,
        "sha256": row.digest.hex(),
        "areas": [_area_row(area) for area in row.areas],
        "count_at_least": row.count_at_least,
        "picture": row.picture,
        "regime": row.regime,
        "p_hit": row.p_hit,
        "p_pass": row.p_pass,
        "beside": list(row.beside),
        "due_utc": _utc(row.due_ns),
    }


def ready_row(ready: Ready, *, with_texts: bool = True) -> Row:
    """Return one message: what it is, whose word stands behind it, and its texts as the public will read them."""
    message = ready.message
    row: Row = {
        **_sent_row(ready),
        "hash_words": hash_words(ready.digest),
        "author": ready.author,
        "approved_by": list(ready.approved_by),
        "needs": ready.needs,
        "expires_utc": _utc(message.expires_ns),
        "count_at_least": message.count_at_least,
        "reach": message.reach,
        "areas": [_area_row(area) for area in message.areas],
    }
    return {**row, "texts": texts_of(ready.unsigned)} if with_texts else row


def texts_of(xml: bytes) -> list[Row]:
    """Return what a message says in each of its languages, in its order."""
    rows: list[Row] = []
    for info in read_cap(xml).iterfind(f"{CAP}info"):
        words = {name: info.findtext(f"{CAP}{name}") or "" for name in ("headline", "description", "instruction")}
        rows.append({"language": info.findtext(f"{CAP}language") or "en-US", **words})
    return rows


def hash_words(digest: bytes, *, words: int = 4) -> str:
    """Return the start of a hash as words of five letters, each 16 bits of it (proquints, arXiv:0901.4016)."""
    return "-".join(_proquint(digest[place] << 8 | digest[place + 1]) for place in range(0, 2 * words, 2))


def _proquint(value: int) -> str:
    letters = ""
    for shift, alphabet in ((12, _CONSONANTS), (10, _VOWELS), (6, _CONSONANTS), (4, _VOWELS), (0, _CONSONANTS)):
        letters += alphabet[value >> shift & (len(alphabet) - 1)]
    return letters


def _sent_row(ready: Ready) -> Row:
    return {
        "kind": str(ready.kind),
        "identifier": ready.identifier,
        "sha256": ready.digest.hex(),
        "stage": str(ready.stage),
        "sent_utc": _utc(ready.message.sent_ns),
    }


def _area_row(threat: AreaThreat) -> Row:
    area = areas().get(threat.area_id)
    return {
        "area_id": threat.area_id,
        "names": {} if area is None else dict(area.names),
        "hit_p": round(threat.hit_p, 4),
        "pass_p": round(threat.pass_p, 4),
        "first_utc": _utc(threat.first_ns),
        "last_utc": _utc(threat.last_ns),
    }


def _utc(time_ns: int | None) -> str | None:
    return None if time_ns is None else format_utc(time_ns, decimals=3)
