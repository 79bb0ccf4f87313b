"""What the words of an announcement say beside its numbers: bounds, counts, speeds, the time of the last missile.

"Over 6,000 km" is entered as 6000 with its wording; read as exact, it would make an honest flight time look wrong.
"""

import re

from beaconfire.kernel.time import DAY_S, NS_PER_S
from beaconfire.record.claims import Bound, CountBound

_NUMBER = r"(\d[\d,]*(?:\.\d+)?)"
_OVER = r"(?:over|more than|at least|(?:greatly |far )?exceed(?:s|ing)|(?:far |well )?above|>|≥)"
_UNDER = r"(?:less than|under|below|at most|up to|<|≤)"
_ABOUT = r"(?:about|around|approximately|some|nearly|~|≈)"
_BOUNDED = re.compile(
    rf"(?:(?P<over>{_OVER})|(?P<under>{_UNDER})|(?P<about>{_ABOUT}))\s*{_NUMBER}(?:\s*km\b|(?=\W*$))"
    rf"|{_NUMBER}(?:-odd|\s*\+)\s*km|{_NUMBER}\s*km (?:or more|plus)",
    re.IGNORECASE,
)
_MACH = re.compile(r"\bMach (\d+(?:\.\d+)?)(?:\s*-\s*(\d+(?:\.\d+)?))?", re.IGNORECASE)
_SECOND = re.compile(r"\b2nd (?:at )?(\d{1,2}):(\d{2})\b")
_LAST = re.compile(r"\b\d{1,2}:\d{2}\s*(?:-|–|to)\s*(\d{1,2}):(\d{2})\b")
_LISTED = re.compile(r"\b\d{1,2}:\d{2}(?:,\s*\d{1,2}:\d{2})*,\s*(\d{1,2}):(\d{2})\b")
_TEENS = re.compile(r"\bmore than ten\b|\bten-odd\b", re.IGNORECASE)
_ROUGH = re.compile(r"(?:~|\babout )(\d+)\b", re.IGNORECASE)
_NUMBERED = re.compile(r"^(\d+) (?:SRBM|MRBM|IRBM|ICBM|CRBM|missiles|counted)\b")
_SEVERAL = re.compile(r"\bsalvo\b|\bseveral\b|\w \+ \w", re.IGNORECASE)
_LONGEST_SALVO_S = 3 * 3600  # a later clock in a remark is of something else


def bound_of(words: str, *, value_km: float | None) -> Bound:
    """Return how a figure in kilometres is meant, from the phrases round that number; the last one counts."""
    found = Bound.EXACT
    if value_km is None:
        return found
    for match in _BOUNDED.finditer(words):
        number = next(text for text in match.groups()[3:] if text)
        if abs(float(number.replace(",", "")) - value_km) < 0.5:
            found = Bound.UNDER if match["under"] else Bound.ABOUT if match["about"] else Bound.OVER
    return found


def mach_of(words: str) -> float | None:
    """Return the announced Mach number, the higher of two, or None."""
    match = _MACH.search(words)
    return None if match is None else float(match[2] or match[1])


def until_of(*, designation: str, remark: str, time_ns: int, local_s: int) -> int | None:
    """Return the time of the last missile where the words give its local clock; `local_s` is the first one's.

    A remark also tells when a missile passed over somewhere; of its clocks only those of a second missile count.
    """
    latest: int | None = None
    for pattern, words in ((_SECOND, remark), (_LAST, designation), (_LISTED, designation)):
        for match in pattern.finditer(words):
            later_s = (int(match[1]) * 3600 + int(match[2]) * 60 - local_s) % DAY_S
            if 0 < later_s <= _LONGEST_SALVO_S:
                latest = max(latest or 0, time_ns + later_s * NS_PER_S)
    return latest


def count_of_words(
    *, designation: str, remark: str, count: int | None, bound: CountBound
) -> tuple[int | None, CountBound]:
    """Return a count as the words mean it: a row of one that speaks of a salvo, or of a second missile, is more."""
    if count is not None and count > 1:
        return count, bound
    if match := _NUMBERED.match(designation):
        return int(match[1]), CountBound.EXACT
    if _TEENS.search(designation):
        return 10, CountBound.AT_LEAST
    if _ROUGH.search(designation) or _SEVERAL.search(designation):
        return 2, CountBound.AT_LEAST
    return (2, CountBound.EXACT) if _SECOND.search(remark) else (count, bound)
