"""The words of bulletins: sentences of one language with their places filled, and how it writes dates and numbers.

No locale of the machine speaks: the same facts give the same text everywhere.
"""

from collections.abc import Iterable
from functools import cache
from string import Formatter
from typing import Any

import msgspec

from beaconfire.kernel import data
from beaconfire.kernel.alerts import Language
from beaconfire.kernel.time import NS_PER_S, format_utc
from beaconfire.record.answer import long_date
from beaconfire.record.claims import KOREA_OFFSET_MIN, local_clock, local_date

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SURE, _NEVER = 0.99, 0.01


class Words:
    """One language's sentences and its way with dates and numbers; Korea and Japan have one clock, UTC+9."""

    def __init__(self, language: Language, texts: dict[str, Any]) -> None:
        """Hold the texts of a file of `data/bulletins`."""
        self.language = language
        self._texts = texts

    def say(self, key: str, **values: Any) -> str:
        """Return a sentence with its places filled."""
        return str(self._texts[key]).format(**values)

    def mark(self, realm: str) -> str:
        """Return the word with which everything of a realm begins."""
        return self._of("mark", realm)

    def row(self, name: str) -> str:
        """Return the name of a row of the table."""
        return self._of("row", name)

    def head(self, name: str) -> str:
        """Return a heading."""
        return self._of("head", name)

    def picture(self, name: str) -> str:
        """Return what a picture is called."""
        return self._of("picture", name)

    def kind(self, name: str) -> str:
        """Return what a kind of flight is called."""
        return self._of("kind", name)

    def reach(self, name: str) -> str:
        """Return what a class is called, standing alone."""
        return self._of("class", name)

    def adjective(self, name: str) -> str:
        """Return what a class is called before the word "missile"."""
        return self._of("class_adjective", name)

    def source(self, name: str) -> str:
        """Return what a class of sources is called."""
        return self._of("source", name)

    def date(self, time_ns: int) -> str:
        """Return the local date of a time."""
        return self.date_of(local_date(time_ns))

    def date_of(self, day: str) -> str:
        """Return a date `YYYY-MM-DD` as people write it."""
        year, month, number = (int(part) for part in day.split("-"))
        if self.language == "ko":
            return f"{year}년 {month}월 {number}일"
        return f"{year}年{month}月{number}日" if self.language == "ja" else long_date(day)

    def clock(self, time_ns: int) -> str:
        """Return the local time to the nearest minute, and UTC."""
        nearest_ns = time_ns + 30 * NS_PER_S
        hour, minute = local_clock(nearest_ns, utc_offset_min=KOREA_OFFSET_MIN).split(":")
        utc = format_utc(nearest_ns, decimals=0)[11:16]
        key = "noon" if (hour, minute) == ("12", "00") else "clock"
        return self.say(key, hour=hour, minute=minute, utc=utc)

    def join(self, parts: Iterable[str]) -> str:
        """Return parts as a list."""
        return self.say("comma").join(parts)

    def number(self, value: int) -> str:
        """Return a count; a small one is written out in English."""
        return _NUMBERS[value] if self.language == "en" and value < len(_NUMBERS) else str(value)

    def p(self, value: float) -> str:
        """Return a probability to two decimals, never as a certainty."""
        if value > _SURE:
            return f"> {_SURE}"
        return f"< {_NEVER}" if value < _NEVER else f"{value:.2f}"

    def km(self, value: float) -> str:
        """Return a whole number with its thousands apart."""
        return f"{value:,.0f}"

    def figure(self, value: float) -> str:
        """Return a size of error: a decimal below ten."""
        return f"{value:.1f}" if value < 10.0 else f"{value:,.0f}"

    def degrees(self, value: float, signs: str) -> str:
        """Return a latitude ("NS") or longitude ("EW") to a hundredth of a degree, about a kilometre."""
        return f"{abs(value):.2f}° {signs[value < 0.0]}"

    def places(self) -> dict[str, frozenset[str]]:
        """Return which places each sentence has, by its key."""
        flat = {key: text for key, text in self._texts.items() if isinstance(text, str)}
        flat |= {
            f"{table}.{key}": text
            for table, rows in self._texts.items()
            if isinstance(rows, dict)
            for key, text in rows.items()
        }
        return {key: frozenset(name for _, name, _, _ in Formatter().parse(text) if name) for key, text in flat.items()}

    def _of(self, table: str, name: str) -> str:
        return str(self._texts[table][name])


@cache
def words_of(language: Language) -> Words:
    """Return the words of a language."""
    content = data.read_bytes("beaconfire", "data", "bulletins", f"{language}.toml")
    return Words(language, msgspec.toml.decode(content))
