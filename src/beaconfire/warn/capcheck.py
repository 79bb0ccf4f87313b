"""What the CAP schema does not see: a checker of meaning, for our own messages and for any stranger's file.

The OASIS schema accepts a sender with a space, a polygon that does not close, a Cancel that cancels nothing. Each rule
here is one function that yields its faults; none of them trusts the file.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise

import shapely
from lxml import etree

from beaconfire.kernel import limits
from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.warn.capwords import length_faults, profile_faults, wording_faults
from beaconfire.warn.capxml import (
    children,
    is_reference,
    is_word,
    pairs,
    parse_cap,
    path,
    read_time,
    shape_faults,
    text,
    value,
    values,
)

_TIME_LIKE = "a time such as 2025-01-06T12:00:00+09:00: whole seconds, numeric offset, UTC as -00:00"
_PAIR = re.compile(r"(-?\d{1,3}(?:\.\d{1,12})?),(-?\d{1,3}(?:\.\d{1,12})?)", re.ASCII)
_SUBDIVISION = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?", re.ASCII)
_OET = re.compile(r"OET-\d{3}", re.ASCII)
_MISSILE = "OET-129"
_EACH_INFO = ("headline", "description", "instruction", "senderName", "expires", "web", "contact")
_SAME_IN_ALL = ("category", "responseType", "urgency", "severity", "certainty", "effective", "onset", "expires")
_AHEAD = frozenset(("Immediate", "Expected", "Future"))
_ACTS = frozenset(("Shelter", "Evacuate", "Prepare", "Execute"))


def check_cap(xml: bytes, *, earlier: Sequence[bytes] = ()) -> tuple[Fault, ...]:
    """Return what is wrong with a CAP message, nothing if all is right; never raises for what the file holds.

    `earlier` are messages sent before it: then identifiers used twice and unexpired related messages that it does not
    reference are found too. At most MAX_FAULTS are returned.
    """
    try:
        root = parse_cap(xml)
        before = [parse_cap(item) for item in earlier]
    except InvalidInput as error:
        return error.faults
    found = (fault for rule in RULES for fault in rule(root))
    related = _history(root, before)
    return tuple(islice((fault for faults in (found, related) for fault in faults), limits.MAX_FAULTS))


def _names(root: etree._Element) -> Iterator[Fault]:
    """Identifier and sender: words without space, comma, < and &."""
    for tag in ("identifier", "sender"):
        if not is_word(value(root, tag)):
            yield Fault(f"alert/{tag}", f"is {value(root, tag)[:60]!r}", "a word without space, comma, < and &")


def _times(root: etree._Element) -> Iterator[Fault]:
    """Times: whole seconds with a numeric offset, in an order that makes sense."""
    for element in root.iter("{*}sent", "{*}effective", "{*}onset", "{*}expires"):
        if read_time(text(element)) is None:
            yield Fault(path(element), f"is {text(element)[:60]!r}", _TIME_LIKE)
    sent = read_time(value(root, "sent"))
    for info in children(root, "info"):
        expires = read_time(value(info, "expires"))
        for name, start in (("sent", sent), *((tag, read_time(value(info, tag))) for tag in ("effective", "onset"))):
            if start and expires and expires <= start:
                yield Fault(f"{path(info)}/expires", f"is not after {name}", "a later time")


def _references(root: etree._Element) -> Iterator[Fault]:
    """References: `sender,identifier,sent` each; whoever updates or cancels must say what."""
    given, sent = value(root, "references").split(), read_time(value(root, "sent"))
    if not given and value(root, "msgType") in {"Update", "Cancel", "Ack", "Error"}:
        yield Fault("alert/references", "are missing", f"the messages that this {value(root, 'msgType')} is about")
    for item in given:
        if not is_reference(item):
            yield Fault("alert/references", f"has {item[:80]!r}", "sender,identifier,sent")
            continue
        sender, identifier, then = item.split(",")
        if (sender, identifier) == (value(root, "sender"), value(root, "identifier")):
            yield Fault("alert/references", "name the message itself", "earlier messages")
        elif sent and (before := read_time(then)) and sent < before:
            yield Fault("alert/references", f"{identifier[:60]} was sent later than this", "earlier messages")
    if len(set(given)) != len(given):
        yield Fault("alert/references", "name a message twice", "each once")


def _polygons(root: etree._Element) -> Iterator[Fault]:
    """Polygons: `lat,lon` pairs, closed, not crossing themselves, on one side of the antimeridian."""
    for polygon in root.iter("{*}polygon"):
        yield from _polygon(path(polygon), text(polygon).split())
    for circle in root.iter("{*}circle"):
        centre, _, radius = text(circle).partition(" ")
        if _point(centre) is None or not re.fullmatch(r"\d+(\.\d+)?", radius, re.ASCII):
            yield Fault(path(circle), f"is {text(circle)[:60]!r}", "lat,lon and a radius in km")


def _polygon(place: str, given: Sequence[str]) -> Iterator[Fault]:
    points = [_point(item) for item in given]
    good = [point for point in points if point is not None]
    if len(good) < len(points):
        wrong = given[points.index(None)]
        yield Fault(place, f"has {wrong[:60]!r}", "lat,lon in degrees, latitude first, at most 90 and 180")
        return
    if len(good) < 4:
        yield Fault(place, f"has {len(good)} pairs", "at least 4, the last as the first")
        return
    if good[0] != good[-1]:
        yield Fault(place, "is not closed", "the last pair as the first")
        return
    if any(abs(b[1] - a[1]) > 180.0 for a, b in pairwise(good)):
        yield Fault(place, "crosses the antimeridian", "one polygon on each side")
    elif not shapely.Polygon([(lon, lat) for lat, lon in good]).is_valid:
        yield Fault(place, "crosses or touches itself", "a simple ring")


def _information(root: etree._Element) -> Iterator[Fault]:
    """Every info says what, where, why, what to do, until when, who; every message names its event."""
    if not children(root, "info") and value(root, "msgType") in {"Alert", "Update", "Cancel"}:
        yield Fault("alert/info", "is missing", "at least one, which says what the matter is")
    for info in children(root, "info"):
        for tag in _EACH_INFO:
            if not value(info, tag):
                yield Fault(f"{path(info)}/{tag}", "is missing", "this element: people must know")
        if not children(info, "area"):
            yield Fault(f"{path(info)}/area", "is missing", "at least one: people must know where")
    if not value(root, "incidents"):
        yield Fault("alert/incidents", "are missing", "the event that the message is about")


def _languages(root: etree._Element) -> Iterator[Fault]:
    """The same facts in every language: blocks about the same areas differ in their words only."""
    blocks: dict[tuple[str, ...], list[etree._Element]] = {}
    for info in children(root, "info"):
        blocks.setdefault(_where(info), []).append(info)
    spoken = [sorted(value(info, "language") for info in infos) for infos in blocks.values()]
    for infos, languages in zip(blocks.values(), spoken, strict=True):
        first = infos[0]
        if len(infos) > 1 and "" in languages:
            yield Fault(f"{path(first)}/language", "is missing in a block", "a language in each")
        if len(set(languages)) != len(languages):
            yield Fault(f"{path(first)}/language", "is in two blocks about the same areas", "one block per language")
        if languages != spoken[0]:
            yield Fault(path(first), f"speaks {', '.join(languages)}", f"{', '.join(spoken[0])}, as of the other areas")
        for other in infos[1:]:
            for tag in (*_SAME_IN_ALL, "eventCode"):
                if _facts(first, tag) != _facts(other, tag):
                    yield Fault(f"{path(other)}/{tag}", "differs between languages", f"as in {path(first)}")


def _kinds(root: etree._Element) -> Iterator[Fault]:
    """Event code, category, geocodes: what machines sort by."""
    for info in children(root, "info"):
        listed = [code for name, code in pairs(info, "eventCode") if name.startswith("OET")]
        if not listed or not all(_OET.fullmatch(code) for code in listed):
            yield Fault(f"{path(info)}/eventCode", "has none of the OASIS event terms list", f"OET:v1.2, {_MISSILE}")
        if _MISSILE in listed and "CBRNE" not in values(info, "category"):
            yield Fault(f"{path(info)}/category", f"is {values(info, 'category')}", f"CBRNE, for {_MISSILE}")
        for area in children(info, "area"):
            codes = [code for name, code in pairs(area, "geocode") if name.upper().replace("-", "") == "ISO31662"]
            if not codes or not all(_SUBDIVISION.fullmatch(code) for code in codes):
                yield Fault(f"{path(area)}/geocode", "has no code of ISO 3166-2", "ISO3166-2 with one such as JP-02")


def _reach(root: etree._Element) -> Iterator[Fault]:
    """Status and scope: an exercise has a note; a restricted or private message says for whom."""
    if value(root, "status") in {"Exercise", "Test"} and not value(root, "note"):
        yield Fault("alert/note", f"is missing in a message of status {value(root, 'status')}", "what it is for")
    if value(root, "scope") == "Restricted" and not value(root, "restriction"):
        yield Fault("alert/restriction", "is missing", "who may read it")
    if value(root, "scope") == "Private" and not value(root, "addresses"):
        yield Fault("alert/addresses", "are missing", "for whom it is")


def _endings(root: etree._Element) -> Iterator[Fault]:
    """Two buttons: a Cancel voids a message, an Update with AllClear ends the danger; neither calls to shelter."""
    kind = value(root, "msgType")
    for info in children(root, "info"):
        responses = set(values(info, "responseType"))
        clear = "AllClear" in responses
        if clear and kind != "Update":
            yield Fault(f"{path(info)}/responseType", f"is AllClear in {kind or 'nothing'}", "AllClear in an Update")
        if (clear or kind == "Cancel") and responses & _ACTS:
            yield Fault(f"{path(info)}/responseType", f"ends the danger and says {sorted(responses & _ACTS)}", "one")
        if (clear or kind == "Cancel") and value(info, "urgency") in _AHEAD:
            yield Fault(f"{path(info)}/urgency", f"is {value(info, 'urgency')} where the danger ends", "Past")


def _words(root: etree._Element) -> Iterator[Fault]:
    """Words of the realm, of the profiles, and how long they may be."""
    realm = {"Actual": Realm.LIVE, "Exercise": Realm.EXERCISE}.get(value(root, "status"))
    if realm is not None:
        yield from wording_faults(root, realm)
    yield from length_faults(root)
    yield from profile_faults(root)


def _history(root: etree._Element, earlier: Sequence[etree._Element]) -> Iterator[Fault]:
    """Never an identifier twice; every unexpired related message is referenced."""
    given = set(value(root, "references").split())
    about, sent = set(value(root, "incidents").split()), read_time(value(root, "sent"))
    for other in earlier:
        name = (value(other, "sender"), value(other, "identifier"))
        if name == (value(root, "sender"), value(root, "identifier")):
            yield Fault("alert/identifier", f"{name[1][:60]!r} was used before", "a new one")
            continue
        ends = [end for info in children(other, "info") if (end := read_time(value(info, "expires")))]
        open_still = sent is not None and any(end > sent for end in ends)
        own = name[0] == value(root, "sender") and not about.isdisjoint(value(other, "incidents").split())
        if own and open_still and f"{name[0]},{name[1]},{value(other, 'sent')}" not in given:
            yield Fault("alert/references", f"leave out {name[1][:60]}", "all unexpired messages about the event")


RULES: tuple[Callable[[etree._Element], Iterator[Fault]], ...] = (
    shape_faults,
    _names,
    _times,
    _references,
    _polygons,
    _information,
    _languages,
    _kinds,
    _reach,
    _endings,
    _words,
)


def _point(pair: str) -> tuple[float, float] | None:
    match = _PAIR.fullmatch(pair)
    if match is None:
        return None
    latitude_deg, longitude_deg = float(match[1]), float(match[2])
    return (latitude_deg, longitude_deg) if abs(latitude_deg) <= 90.0 and abs(longitude_deg) <= 180.0 else None


def _where(info: etree._Element) -> tuple[str, ...]:
    """Return what tells the areas of a block apart from another's: all but their names."""
    parts = []
    for area in children(info, "area"):
        parts += [*values(area, "polygon"), *values(area, "circle"), *(code for _, code in pairs(area, "geocode"))]
    return tuple(sorted(parts))


def _facts(info: etree._Element, tag: str) -> tuple[object, ...]:
    return tuple(sorted(pairs(info, tag) if tag == "eventCode" else values(info, tag)))
