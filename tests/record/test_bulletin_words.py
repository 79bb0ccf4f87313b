"""How dates, clocks, numbers and probabilities are written, without the machine's locale."""

import pytest

from beaconfire.kernel.alerts import LANGUAGES, Language
from beaconfire.kernel.records import CLASSES, KINDS
from beaconfire.kernel.time import parse_utc
from beaconfire.record.bulletin_words import words_of
from beaconfire.record.claims import STATED_CLASSES, SourceClass


@pytest.mark.parametrize(
    ("language", "written"), [("en", "5 November 2024"), ("ko", "2024년 11월 5일"), ("ja", "2024年11月5日")]
)
def test_a_date_is_the_local_one(language: Language, written: str) -> None:
    """22:30 UTC on the fourth is half past seven in the morning of the fifth."""
    words = words_of(language)
    assert words.date(parse_utc("2024-11-04T22:30Z")) == words.date_of("2024-11-05") == written


def test_a_clock_is_local_to_the_nearest_minute_and_noon_has_its_name() -> None:
    words = words_of("en")
    assert words.clock(parse_utc("2025-01-06T02:59:58Z")) == "noon, 12:00 Korean and Japanese time (03:00 UTC)"
    assert words.clock(parse_utc("2025-01-06T03:00:31Z")) == "12:01 Korean and Japanese time (03:01 UTC)"
    assert "정오" in words_of("ko").clock(parse_utc("2025-01-06T03:00Z"))
    assert "正午" in words_of("ja").clock(parse_utc("2025-01-06T03:00Z"))


@pytest.mark.parametrize(
    ("value", "written"), [(1.0, "> 0.99"), (0.9951, "> 0.99"), (0.986, "0.99"), (0.5, "0.50"), (0.004, "< 0.01")]
)
def test_a_probability_is_never_a_certainty(value: float, written: str) -> None:
    assert words_of("en").p(value) == written


def test_numbers_are_words_where_english_has_short_ones() -> None:
    assert [words_of("en").number(value) for value in (1, 7, 10, 11)] == ["one", "seven", "ten", "11"]
    assert words_of("ja").number(7) == "7"
    assert words_of("en").km(12_345.6) == "12,346"
    assert [words_of("en").figure(value) for value in (2.84, 28.4)] == ["2.8", "28"]


def test_latitude_and_longitude_have_their_letters() -> None:
    words = words_of("en")
    assert (words.degrees(-12.345, "NS"), words.degrees(126.0, "EW")) == ("12.35° S", "126.00° E")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_name_of_the_record_and_of_the_engine_has_a_word(language: Language) -> None:
    words = words_of(language)
    assert all(words.reach(name) for name in (*CLASSES, *STATED_CLASSES))
    assert all(words.adjective(name) for name in STATED_CLASSES)
    assert all(words.kind(name) for name in KINDS) and all(words.source(name) for name in SourceClass)
