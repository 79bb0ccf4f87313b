"""A message as CAP 1.2: content in, exact bytes out, the same bytes for the same message.

One `<info>` per language; where an authority tells some of its areas to do something else, one per language for each
such set of areas. There is no white space between elements, so that what people approve, what is signed and what any
reader canonicalises are one thing. Times have the offset of the first area's clock, never `Z`.

OASIS, Common Alerting Protocol 1.2 (1 July 2010) and Event Terms List (OET-129, missile threat).
"""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import product
from typing import NamedTuple

from lxml import etree

from beaconfire.kernel.alerts import AreaThreat, Language, Message, MessageKind
from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import NS_PER_S, parse_utc
from beaconfire.warn.areas import areas as known_areas
from beaconfire.warn.authority import Action, Authority
from beaconfire.warn.capprofiles import codes, profile
from beaconfire.warn.capwords import KIND_PARAMETER
from beaconfire.warn.capxml import CAP, is_reference, is_word
from beaconfire.warn.texts import area_name, note, texts
from beaconfire.warn.wording import unprintable
from beaconfire.warn.zones import local

EVENT_LIST, EVENT_CODE = "OET:v1.2", "OET-129"
GEOCODE = "ISO3166-2"
CATEGORIES = ("CBRNE", "Security")
COUNT_PARAMETER = "beaconfire:countAtLeast"
SOURCE = "Beaconfire"
_LIKELY_P = 0.5  # CAP: Likely is p > ~50 %


class _Kind(NamedTuple):
    """CAP's words for one kind of message."""

    type: str
    responses: tuple[str, ...]
    urgency: str
    severity: str
    certainty: str  # empty: by probability


_KINDS = {
    MessageKind.SHELTER: _Kind("Alert", ("Shelter",), "Immediate", "Extreme", ""),
    MessageKind.UPDATE: _Kind("Update", ("Shelter",), "Immediate", "Extreme", ""),
    MessageKind.PASSED: _Kind("Update", ("Avoid", "Monitor"), "Past", "Moderate", "Likely"),
    MessageKind.DEBRIS: _Kind("Update", ("Avoid", "Monitor"), "Past", "Severe", "Likely"),
    MessageKind.LOST: _Kind("Update", ("Shelter", "Monitor"), "Immediate", "Extreme", "Possible"),
    MessageKind.CORRECTION: _Kind("Update", ("Shelter",), "Immediate", "Extreme", ""),
    MessageKind.CANCEL: _Kind("Cancel", ("None",), "Past", "Minor", "Unlikely"),
    MessageKind.ALL_CLEAR: _Kind("Update", ("AllClear",), "Past", "Minor", "Unlikely"),
}


def render(message: Message, *, authority: Authority) -> bytes:
    """Return the unsigned CAP 1.2 document of a message in UTF-8.

    Raises `InvalidInput` for what cannot be said rightly: no areas, an update that references nothing, an identifier
    with a space, a text that belongs to the other realm, a time that ended before it began.
    """
    faults = list(_faults(message, authority))
    if faults:
        raise InvalidInput(faults)
    root = etree.Element(_name("alert"), nsmap={None: CAP})
    kind = _KINDS[message.kind]
    _put(root, "identifier", message.identifier)
    _put(root, "sender", message.sender)
    _put(root, "sent", cap_time(message.sent_ns, message))
    _put(root, "status", "Actual" if message.realm is Realm.LIVE else "Exercise")
    _put(root, "msgType", "Alert" if _first(message) else kind.type)
    _put(root, "source", SOURCE)
    _put(root, "scope", "Public")
    for code in codes(message):
        _put(root, "code", code)
    if message.realm is not Realm.LIVE:
        _put(root, "note", note(message))
    if message.references:
        _put(root, "references", " ".join(message.references))
    if message.incidents:
        _put(root, "incidents", " ".join(message.incidents))
    for threats in _groups(message, authority):
        for language in message.languages:
            _info(root, message, language, authority, threats)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def authority_faults(
    authority: Authority, *, realm: Realm, languages: tuple[Language, ...], areas: Sequence[str]
) -> tuple[Fault, ...]:
    """Return why an authority could not speak, found before it has to: every kind of message is tried.

    Tried for the first of `areas` and for each that has advice of its own.
    """
    faults: dict[Fault, None] = {}
    named = dict.fromkeys((*areas[:1], *(area for item in authority.actions for area in item.areas if area in areas)))
    for area_id, kind in product(named, MessageKind):
        try:
            render(_trial(authority, realm, languages, area_id, kind), authority=authority)
        except InvalidInput as error:
            faults.update(dict.fromkeys(error.faults))
    return tuple(faults)


def reference(message: Message) -> str:
    """Return how later messages refer to this one: `sender,identifier,sent`."""
    return f"{message.sender},{message.identifier},{cap_time(message.sent_ns, message)}"


def cap_time(time_ns: int, message: Message) -> str:
    """Return a TAI instant as CAP writes it, in the zone of the message's first area; UTC is `-00:00`."""
    text = local(time_ns, message.areas[0].area_id).isoformat(timespec="seconds")
    return text.replace("+00:00", "-00:00")


def _trial(
    authority: Authority, realm: Realm, languages: tuple[Language, ...], area_id: str, kind: MessageKind
) -> Message:
    """A message that nobody sends."""
    sent_ns = parse_utc("2000-01-01T00:00:00Z")
    return Message(
        realm=realm,
        kind=kind,
        identifier="trial",
        sender=authority.sender,
        sent_ns=sent_ns,
        expires_ns=sent_ns + NS_PER_S,
        references=(f"{authority.sender},trial-0,2000-01-01T00:00:00-00:00",),
        incidents=("trial",),
        areas=(AreaThreat(area_id=area_id, hit_p=1.0, pass_p=1.0, first_ns=sent_ns, last_ns=sent_ns),),
        count_at_least=1,
        launch_ns=sent_ns,
        launch_nation="",
        reach="point",
        author=authority.id,
        languages=languages,
    )


def _first(message: Message) -> bool:
    """Say whether a message opens an alert; a debris text is the first word where shelter came too late."""
    return message.kind is MessageKind.DEBRIS and not _own_references(message)


def _own_references(message: Message) -> list[str]:
    return [item for item in message.references if item.startswith(f"{message.sender},")]


def _faults(message: Message, authority: Authority) -> Iterator[Fault]:
    for name, text in (("identifier", message.identifier), ("sender", message.sender)):
        if not is_word(text):
            yield Fault(name, f"is {text[:60]!r}", "a word without space, comma, < and &")
    if not message.areas:
        yield Fault("areas", "are none", "at least one area, or nobody is told anything")
    if not message.languages or len(set(message.languages)) != len(message.languages):
        yield Fault("languages", f"are {message.languages}", "at least one, each once")
    if message.expires_ns <= message.sent_ns:
        yield Fault("expires_ns", "is not after the message was sent", "a later time")
    if not message.incidents:
        yield Fault("incidents", "are none", "the ids of the events")
    if _KINDS[message.kind].type != "Alert" and not _first(message) and not _own_references(message):
        yield Fault("references", f"are none of our own in a message of kind {message.kind}", "the alert's messages")
    for item in message.references:
        if not is_reference(item):
            yield Fault("references", f"has {item[:80]!r}", "sender,identifier,sent")
    for name in ("contact", "web"):
        text = getattr(authority, name)
        if not text.strip() or any(unprintable(text)):
            yield Fault(f"authority {authority.id}: {name}", "is empty or not printable", "where people may ask")


def _groups(message: Message, authority: Authority) -> list[tuple[AreaThreat, ...]]:
    """Sort the areas by what people there are told to do; without an authority's own advice all are one group."""
    groups: dict[int, tuple[Action | None, list[AreaThreat]]] = {}
    for threat in message.areas:
        action = authority.action(threat.area_id, message.kind)
        groups.setdefault(id(action), (action, []))[1].append(threat)
    return [tuple(threats) for _, threats in groups.values()]


def _info(
    root: etree._Element, message: Message, language: Language, authority: Authority, threats: Sequence[AreaThreat]
) -> None:
    said = texts(message, language, authority=authority, threats=threats)
    kind, sent = _KINDS[message.kind], cap_time(message.sent_ns, message)
    info = etree.SubElement(root, _name("info"))
    _put(info, "language", said.tag)
    for category in CATEGORIES:
        _put(info, "category", category)
    _put(info, "event", said.event)
    for response in kind.responses:
        _put(info, "responseType", response)
    _put(info, "urgency", kind.urgency)
    _put(info, "severity", kind.severity)
    _put(info, "certainty", kind.certainty or _certainty(message.areas))
    extra = profile(message, said, language)
    for name, value in ((EVENT_LIST, EVENT_CODE), *extra.event_codes):
        _pair(info, "eventCode", name, value)
    _put(info, "effective", sent)
    if kind.urgency == "Immediate":
        _put(info, "onset", cap_time(max(message.sent_ns, min(item.first_ns for item in message.areas)), message))
    _put(info, "expires", cap_time(message.expires_ns, message))
    _put(info, "senderName", authority.name.get(language) or authority.id)
    _put(info, "headline", said.headline)
    _put(info, "description", said.description)
    _put(info, "instruction", said.instruction)
    _put(info, "web", authority.web)
    _put(info, "contact", authority.contact)
    known = ((KIND_PARAMETER, message.kind), (COUNT_PARAMETER, str(message.count_at_least)))
    for name, value in (*known, *extra.parameters):
        _pair(info, "parameter", name, value)
    for threat in threats:
        _area(info, threat.area_id, language, extra.geocodes(threat.area_id))


def _certainty(threats: Sequence[AreaThreat]) -> str:
    return "Likely" if max(max(item.hit_p, item.pass_p) for item in threats) > _LIKELY_P else "Possible"


def _area(info: etree._Element, area_id: str, language: Language, geocodes: Sequence[tuple[str, str]]) -> None:
    area = etree.SubElement(info, _name("area"))
    _put(area, "areaDesc", area_name(area_id, language))
    for polygon in _polygons(area_id):
        _put(area, "polygon", polygon)
    for name, value in ((GEOCODE, area_id), *geocodes):
        _pair(area, "geocode", name, value)


@cache
def _polygons(area_id: str) -> tuple[str, ...]:
    """Return an area's rings as CAP writes them: `lat,lon` pairs, the last as the first."""
    return tuple(" ".join(f"{lat:.4f},{lon:.4f}" for lon, lat in ring) for ring in known_areas().polygons(area_id))


def _pair(parent: etree._Element, tag: str, name: str, value: str) -> None:
    element = etree.SubElement(parent, _name(tag))
    _put(element, "valueName", name)
    _put(element, "value", value)


def _put(parent: etree._Element, tag: str, text: str) -> None:
    etree.SubElement(parent, _name(tag)).text = text


@cache
def _name(tag: str) -> str:
    return f"{{{CAP}}}{tag}"
