"""XML of a stranger, opened with gloves: no entities, no document type, no network, bounded in size and depth.

Also the shape that the CAP 1.2 schema asks for, so that a file can be judged where no schema file is at hand.
"""

import datetime as dt
import re
from collections.abc import Iterator
from typing import NamedTuple

from lxml import etree

from beaconfire.kernel import limits
from beaconfire.kernel.errors import Fault, InvalidInput

CAP = "urn:oasis:names:tc:emergency:cap:1.2"
SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"
_WHERE = "file"


class _Child(NamedTuple):
    """How often an element may stand in its parent; `words`: the only texts it may hold."""

    least: int
    most: int
    words: tuple[str, ...] = ()


_MANY = 10_000
_ONE, _MAYBE, _ANY = _Child(1, 1), _Child(0, 1), _Child(0, _MANY)
_CATEGORIES = "Geo Met Safety Security Rescue Fire Health Env Transport Infra CBRNE Other".split()
_RESPONSES = "Shelter Evacuate Prepare Execute Avoid Monitor Assess AllClear None".split()
_PAIR = {"valueName": _ONE, "value": _ONE}

# Children of each element, in their order (CAP 1.2, 3.2 and 3.4).
SHAPES: dict[str, dict[str, _Child]] = {
    "alert": {
        "identifier": _ONE,
        "sender": _ONE,
        "sent": _ONE,
        "status": _Child(1, 1, ("Actual", "Exercise", "System", "Test", "Draft")),
        "msgType": _Child(1, 1, ("Alert", "Update", "Cancel", "Ack", "Error")),
        "source": _MAYBE,
        "scope": _Child(1, 1, ("Public", "Restricted", "Private")),
        "restriction": _MAYBE,
        "addresses": _MAYBE,
        "code": _ANY,
        "note": _MAYBE,
        "references": _MAYBE,
        "incidents": _MAYBE,
        "info": _ANY,
    },
    "info": {
        "language": _MAYBE,
        "category": _Child(1, _MANY, tuple(_CATEGORIES)),
        "event": _ONE,
        "responseType": _Child(0, _MANY, tuple(_RESPONSES)),
        "urgency": _Child(1, 1, ("Immediate", "Expected", "Future", "Past", "Unknown")),
        "severity": _Child(1, 1, ("Extreme", "Severe", "Moderate", "Minor", "Unknown")),
        "certainty": _Child(1, 1, ("Observed", "Likely", "Possible", "Unlikely", "Unknown")),
        "audience": _MAYBE,
        "eventCode": _ANY,
        "effective": _MAYBE,
        "onset": _MAYBE,
        "expires": _MAYBE,
        "senderName": _MAYBE,
        "headline": _MAYBE,
        "description": _MAYBE,
        "instruction": _MAYBE,
        "web": _MAYBE,
        "contact": _MAYBE,
        "parameter": _ANY,
        "resource": _ANY,
        "area": _ANY,
    },
    "resource": {
        "resourceDesc": _ONE,
        "mimeType": _ONE,
        "size": _MAYBE,
        "uri": _MAYBE,
        "derefUri": _MAYBE,
        "digest": _MAYBE,
    },
    "area": {
        "areaDesc": _ONE,
        "polygon": _ANY,
        "circle": _ANY,
        "geocode": _ANY,
        "altitude": _MAYBE,
        "ceiling": _MAYBE,
    },
    "eventCode": _PAIR,
    "parameter": _PAIR,
    "geocode": _PAIR,
}


# A word of a reference: no space, comma, < and &, and nothing that XML cannot hold or people cannot see.
_UNSEEN = r"\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufff0-\uffff"
_WORD = re.compile(rf"[^\s,<&{_UNSEEN}]+")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[+-]\d{2}:\d{2}", re.ASCII)
_YEARS = range(1972, 2200)


def is_word(text_: str) -> bool:
    """Say whether a text may be an identifier or a sender."""
    return _WORD.fullmatch(text_) is not None


def is_reference(text_: str) -> bool:
    """Say whether a text is `sender,identifier,sent`."""
    parts = text_.split(",")
    return len(parts) == 3 and is_word(parts[0]) and is_word(parts[1]) and read_time(parts[2]) is not None


def read_time(text_: str) -> dt.datetime | None:
    """Return a time as CAP has it: whole seconds, a numeric offset, UTC as `-00:00`; None for any other text."""
    if not _TIME.fullmatch(text_) or text_.endswith("+00:00"):
        return None
    try:
        time = dt.datetime.fromisoformat(text_)
    except ValueError:
        return None
    return time if time.year in _YEARS else None


def parse_cap(xml: bytes) -> etree._Element:
    """Return the `alert` element of a CAP 1.2 document; raises `InvalidInput` for anything else, however hostile."""
    if len(xml) > limits.MAX_CAP_BYTES:
        raise InvalidInput.single(_WHERE, f"has {len(xml)} bytes", f"at most {limits.MAX_CAP_BYTES}")
    # An encoding of its own could hide what is looked for here; CAP documents are UTF-8.
    if b"\0" in xml or not _is_utf8(xml):
        raise InvalidInput.single(_WHERE, "is not UTF-8", "XML in UTF-8")
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise InvalidInput.single(_WHERE, "declares a document type or an entity", "plain XML without either")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, encoding="UTF-8"
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise InvalidInput.single(_WHERE, f"is no XML: {error}", "well-formed XML") from None
    if root.tag != f"{{{CAP}}}alert":
        raise InvalidInput.single(_WHERE, f"begins with {str(root.tag)[:80]}", f"alert in {CAP}")
    _check_size(root)
    return root


def shape_faults(root: etree._Element) -> Iterator[Fault]:
    """Yield what the schema would say: unknown, missing, repeated, misplaced and empty elements, unknown words."""
    for element in root.iter(f"{{{CAP}}}*"):
        place = path(element)
        shape = SHAPES.get(_local(element))
        if shape is None:
            if not text(element):
                yield Fault(place, "is empty", "a text")
            if len(element):
                yield Fault(place, "holds elements", "a text alone")
            continue
        yield from _children(element, shape, place)


def children(parent: etree._Element, tag: str) -> list[etree._Element]:
    """Return the CAP elements of one name in their order."""
    return parent.findall(f"{{{CAP}}}{tag}")


def value(parent: etree._Element, tag: str) -> str:
    """Return the text of the first element of one name, stripped; empty if there is none."""
    found = parent.find(f"{{{CAP}}}{tag}")
    return "" if found is None else text(found)


def values(parent: etree._Element, tag: str) -> tuple[str, ...]:
    """Return the texts of all elements of one name."""
    return tuple(text(element) for element in children(parent, tag))


def pairs(parent: etree._Element, tag: str) -> list[tuple[str, str]]:
    """Return the `valueName` and `value` of all elements of one name."""
    return [(value(element, "valueName"), value(element, "value")) for element in children(parent, tag)]


def text(element: etree._Element) -> str:
    """Return the text of an element before its first child, stripped."""
    return (element.text or "").strip()


def path(element: etree._Element) -> str:
    """Return where an element stands, as `alert/info[2]/area[1]`."""
    parent = element.getparent()
    if parent is None:
        return _local(element)
    alike = [item for item in parent if item.tag == element.tag]
    number = f"[{alike.index(element) + 1}]" if len(alike) > 1 or _local(element) in {"info", "area", "polygon"} else ""
    return f"{path(parent)}/{_local(element)}{number}"


def _is_utf8(xml: bytes) -> bool:
    try:
        xml.decode("utf-8")
    except UnicodeDecodeError:
        return False
    declaration = xml[:200].partition(b"?>")[0].lower()
    return b"encoding" not in declaration or b"utf-8" in declaration or b"us-ascii" in declaration


def _check_size(root: etree._Element) -> None:
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > limits.MAX_CAP_DEPTH:
            raise InvalidInput.single(_WHERE, f"is nested deeper than {limits.MAX_CAP_DEPTH}", "a CAP message")
        if len(element) > limits.MAX_CAP_CHILDREN:
            what = f"has an element that holds {len(element)} others"
            raise InvalidInput.single(_WHERE, what, f"at most {limits.MAX_CAP_CHILDREN}")


def _children(element: etree._Element, shape: dict[str, _Child], place: str) -> Iterator[Fault]:
    order = list(shape)
    counts = dict.fromkeys(order, 0)
    reached = 0
    for child in element:
        if not isinstance(child.tag, str) or _is_signature(element, child):
            continue  # a comment, or the signature at the end of an alert
        name = _local(child)
        if name not in shape or child.tag != f"{{{CAP}}}{name}":
            yield Fault(place, f"holds {name[:60]!r}", "an element of CAP 1.2 in its place")
            continue
        counts[name] += 1
        if order.index(name) < reached:
            yield Fault(path(child), "stands too late", f"the order {', '.join(order)}")
        reached = max(reached, order.index(name))
        if shape[name].words and text(child) not in shape[name].words:
            yield Fault(path(child), f"is {text(child)[:60]!r}", f"one of {', '.join(shape[name].words)}")
    for name, count in counts.items():
        if count < shape[name].least:
            yield Fault(f"{place}/{name}", "is missing", "this element")
        elif count > shape[name].most:
            yield Fault(f"{place}/{name}", f"stands {count} times", "once")


def _is_signature(element: etree._Element, child: etree._Element) -> bool:
    return _local(element) == "alert" and child.tag == f"{{{SIGNATURE}}}Signature"


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]
