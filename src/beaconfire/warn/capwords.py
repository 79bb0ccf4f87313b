"""The words of a CAP message as rules: the realm's, a lost track's, and the lengths and letters of the profiles."""

from collections.abc import Iterator

from lxml import etree

from beaconfire.kernel.alerts import MessageKind
from beaconfire.kernel.errors import Fault
from beaconfire.kernel.labels import Realm
from beaconfire.warn.capprofiles import GSM, IPAWS_CODE, KOREA_LONG, KOREA_SHORT, WEA_LONG, WEA_SHORT
from beaconfire.warn.capxml import CAP, children, pairs, path, text, value, values
from beaconfire.warn.texts import LIMIT_EXTENDED, LIMIT_LONG, LIMIT_SHORT
from beaconfire.warn.wording import fate_words, marked, wrong_words

KIND_PARAMETER = "beaconfire:kind"
_SPOKEN = ("headline", "description", "instruction")
_NUMBERS = frozenset(f"{{{CAP}}}{tag}" for tag in ("polygon", "circle"))  # judged as numbers, and long
_LENGTHS = {KOREA_SHORT: LIMIT_SHORT, KOREA_LONG: LIMIT_LONG, WEA_SHORT: LIMIT_SHORT, WEA_LONG: LIMIT_EXTENDED}


def wording_faults(root: etree._Element, realm: Realm) -> Iterator[Fault]:
    """Yield words of the other realm anywhere, spoken texts of an exercise without its mark, a lost track's fate."""
    for element in root.iter(f"{{{CAP}}}*"):
        for word in wrong_words(text(element), realm) if element.tag not in _NUMBERS else ():
            yield Fault(path(element), f"says {word!r}", f"no such word in a message of {realm}")
    for info in children(root, "info"):
        lost = (KIND_PARAMETER, MessageKind.LOST) in pairs(info, "parameter")
        for place, said in _spoken(info):
            if realm is not Realm.LIVE and not marked(said):
                yield Fault(place, "does not begin with the mark of an exercise", "EXERCISE, [훈련] or 【訓練】")
            for word in fate_words(said) if lost else ():
                yield Fault(place, f"says {word!r} of a lost track", "nothing of where it went")


def length_faults(root: etree._Element) -> Iterator[Fault]:
    """Yield short texts that a telephone would cut."""
    for info in children(root, "info"):
        for name, said in pairs(info, "parameter"):
            limit = _LENGTHS.get(name)
            if limit is not None and len(said) > limit:
                yield Fault(f"{path(info)}/parameter {name}", f"has {len(said)} characters", f"at most {limit}")


def profile_faults(root: etree._Element) -> Iterator[Fault]:
    """Yield what the IPAWS profile 1.0 asks for and a message that claims it lacks."""
    if IPAWS_CODE not in values(root, "code"):
        return
    for info in children(root, "info"):
        place = path(info)
        codes = [code for name, code in pairs(info, "eventCode") if name == "SAME"]
        if len(codes) != 1 or len(codes[0]) != 3:
            yield Fault(f"{place}/eventCode", "has not one SAME code", "SAME with three letters, as CDW")
        parameters = dict(pairs(info, "parameter"))
        if "EAS-ORG" not in parameters:
            yield Fault(f"{place}/parameter EAS-ORG", "is missing", "the originator, as CIV")
        for name in (WEA_SHORT, WEA_LONG):
            if strange := sorted(set(parameters.get(name, "")) - GSM):
                yield Fault(f"{place}/parameter {name}", f"holds {strange[0]!r}", "characters of GSM 7-bit")
        for area in children(info, "area"):
            same = [code for name, code in pairs(area, "geocode") if name == "SAME"]
            if not same or not all(len(code) == 6 and code.isascii() and code.isdigit() for code in same):
                yield Fault(f"{path(area)}/geocode", "has no SAME code", "SAME with six digits")


def _spoken(info: etree._Element) -> Iterator[tuple[str, str]]:
    for tag in _SPOKEN:
        if said := value(info, tag):
            yield f"{path(info)}/{tag}", said
    for name, said in pairs(info, "parameter"):
        if name in _LENGTHS:
            yield f"{path(info)}/parameter {name}", said
