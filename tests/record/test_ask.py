"""Questions of the shipped record: right answers, with their claims, however they are put."""

from typing import Any

import pytest

from beaconfire.kernel.errors import UsageError
from beaconfire.kernel.time import parse_utc
from beaconfire.record import Answer, CountBound, ask, associate, first_since, how_many, told
from beaconfire.record.question import UNDERSTOOD, parse_question
from tests.record.made import claim, shipped, shipped_launch

LAUNCHES = shipped()


def asked(question: str) -> Answer:
    return ask(LAUNCHES, question)


def value(question: str) -> Any:
    return asked(question).value


@pytest.mark.parametrize(
    "question",
    [
        "first since 2025-01-06",
        "First since 6 January 2025?",
        "the first since january 6, 2025",
        "first launch since 2025-01-06.1",
        "first since 2025-01-06T03:00Z",
        "first missile since the launch of 2025-01-06",
    ],
)
def test_first_since_goes_back_to_5_november_local_date_with_at_least_seven(question: str) -> None:
    answer = asked(question)
    assert answer.value["local_date"] == "2024-11-05"
    assert answer.value["count_at_least"] == 7
    assert answer.value["days"] == 62
    assert "since 5 November 2024" in answer.text
    assert "at least 7 SRBM" in answer.text
    assert {told.source for told in answer.claims if told.local_date == "2024-11-05"} == {"Japan", "ROK JCS"}


def test_first_since_of_a_class() -> None:
    answer = asked("first IRBM since 2025-01-06")
    assert answer.value["local_date"] == "2024-06-26"
    assert "IRBM" in answer.question
    assert value("first intermediate-range missile since 2025-01-06")["local_date"] == "2024-06-26"


def test_first_since_without_a_date_is_about_the_latest() -> None:
    assert value("first since")["of"]["local_date"] == "2026-08-20"
    assert value("first ICBM since")["of"]["local_date"] == "2023-07-12"
    assert value("first ICBM since")["local_date"] == "2023-04-13"


def test_first_since_for_a_day_without_a_launch_names_both_neighbours() -> None:
    answer = asked("first since 2025-01-05")
    assert answer.value["last_before"]["local_date"] == "2024-11-05"
    assert answer.value["first_after"]["local_date"] == "2025-01-06"
    assert answer.text.startswith("No launch on 2025-01-05")


def test_the_first_of_all_has_none_before_it() -> None:
    answer = asked("first since 2016-06-22")
    assert answer.value is None
    assert "first in it" in answer.text


def test_first_since_as_a_function_for_an_event_that_is_not_in_the_record() -> None:
    before = tuple(launch for launch in LAUNCHES if launch.local_date < "2025-01-06")
    answer = first_since(before, before_ns=parse_utc("2025-01-06T03:00Z"))
    assert answer.value["local_date"] == "2024-11-05"
    assert answer.text == "The first since 5 November 2024 (62 days), when at least 7 SRBM were launched."
    same_day = first_since(before, before_ns=parse_utc("2024-11-05T02:00Z"))
    assert same_day.value["local_date"] == "2024-09-18"  # not the salvo of that very morning
    evening = first_since(before, before_ns=parse_utc("2024-11-05T15:00Z"))
    assert evening.value["local_date"] == "2024-11-05"  # midnight in Korea: another day
    icbm = first_since(before, before_ns=parse_utc("2025-01-06T03:00Z"), missile_class="ICBM")
    assert icbm.value["local_date"] == "2023-07-12"
    assert icbm.text.startswith("The first ICBM since 12 July 2023")


def test_several_launches_of_that_day_are_all_named() -> None:
    answer = first_since(LAUNCHES, before_ns=parse_utc("2024-07-05T00:00Z"))
    assert answer.launches == ("2024-07-01.1", "2024-07-01.2")
    assert answer.text.count("1 SRBM was launched") == 2


@pytest.mark.parametrize(
    ("question", "launches", "least", "bound"),
    [
        ("how many in 2024", 12, 33, "at_least"),
        ("How many missiles were launched in 2024?", 12, 33, "at_least"),
        ("how many SRBM in 2024", 9, 30, "at_least"),
        ("number of short-range launches in 2024", 9, 30, "at_least"),
        ("how many ICBM since 2023-01-01", 3, 3, "exact"),
        ("how many in March 2023", 3, 4, "exact"),
        ("how many in 2023-03", 3, 4, "exact"),
        ("how many between 5 November 2024 and 6 January 2025", 2, 8, "at_least"),
        ("how many on 2024-11-05", 1, 7, "at_least"),
        ("how many on 2024-11-04", 0, 0, "exact"),  # the UTC date of that salvo
        ("how many space launches in 2023", 3, 3, "exact"),
        ("how many Hwasong-17", 3, 3, "exact"),  # one of them only assessed to be one
        ("how many from Sinpo", 3, 3, "exact"),
        ("how many with range over 2000 km", 3, 3, "exact"),
        ("how many SRBM according to Japan in 2024", 3, 12, "at_least"),
        ("how many before 2017", 2, 2, "exact"),
        ("how many until 2016", 2, 2, "exact"),
        ("how many after 2026-08-19", 1, 2, "at_least"),
    ],
)
def test_how_many(question: str, launches: int, least: int, bound: str) -> None:
    answer = asked(question)
    told = answer.value
    assert (told["launches"], told["count_at_least"], told["count_bound"]) == (launches, least, bound)
    assert ("at least" in answer.text) is (bound == "at_least")
    assert len(answer.launches) == launches


def test_space_launches_are_mentioned_and_not_counted() -> None:
    assert asked("how many in 2024").text.endswith("Not counted: 1 space launch.")
    assert value("how many in 2024")["space_launches"] == 1


def test_counts_that_sources_do_not_agree_on_are_said() -> None:
    two = [claim(), claim(source="Japan", count=2)]
    answer = how_many(associate(two), what="launches")
    assert answer.text == "launches: 1 to 2 missiles in 1 launch. Sources count differently for 2024-05-01.1."
    assert (answer.value["count_at_least"], answer.value["count_at_most"]) == (1, 2)


def test_an_unrated_rumour_is_not_counted() -> None:
    rumour = claim(source="somebody", confidence="", count=9, count_bound=CountBound.EXACT)
    assert ask(associate([rumour]), "how many in 2024").value["launches"] == 0


@pytest.mark.parametrize(
    ("question", "day"),
    [
        ("last ICBM", "2023-07-12"),
        ("when was the last ICBM before 2023-07-12?", "2023-04-13"),
        ("latest launch before 6 January 2025", "2024-11-05"),
        ("most recent SLBM", "2022-05-07"),
        ("last Hwasong-12", "2022-01-30"),
        ("previous launch before 2017", "2016-08-24"),
        ("first time range over 1000 km", "2017-08-29"),
        ("first ever range more than 4,000 km", "2022-10-04"),
        ("first time the apogee was over 6000 km", "2022-11-18"),
        ("first time flight time over 60 min", "2022-11-18"),
        ("first ICBM", "2017-07-04"),
        ("first ever SLBM", "2016-08-24"),
        ("first launch from Sinpo", "2016-08-24"),
        ("first Hwasong-18", "2023-04-13"),
        ("first IRBM in 2024", "2024-01-14"),
        ("longest range", "2022-10-04"),
        ("longest range in 2017", "2017-09-15"),
        ("highest apogee", "2023-07-12"),
        ("longest flight time", "2023-07-12"),
    ],
)
def test_single_launches(question: str, day: str) -> None:
    answer = asked(question)
    assert answer.value["local_date"] == day
    assert answer.claims
    assert answer.launches


@pytest.mark.parametrize("question", ["first range over 9000 km", "last ICBM before 2017", "first SLBM in 2018"])
def test_what_never_was_is_said(question: str) -> None:
    answer = asked(question)
    assert answer.value is None
    assert answer.claims == ()
    assert "not in this record" in answer.text


def test_new_records_in_order() -> None:
    answer = asked("first time ever apogee")
    assert answer.launches == (
        "2016-06-22.1", "2017-05-14.1", "2017-07-04.1", "2017-11-29.1", "2022-11-18.1", "2023-07-12.1",
    )  # fmt: skip
    values = [row["value"] for row in answer.value]
    assert values == sorted(values)
    assert len(answer.claims) == 6


def test_the_first_launch_from_each_site() -> None:
    rows = {row["site"]: row["launch_id"] for row in value("first time ever site")}
    assert rows["Sinpo, S Hamgyong"] == "2016-08-24.1"
    assert len(rows) == 27


def test_tables_by_year_and_class() -> None:
    by_year = {row["year"]: row for row in value("by year")}
    assert by_year["2024"] == {"year": "2024", "launches": 12, "count_at_least": 33, "count_exact": False}
    assert by_year["2022"]["count_exact"]
    by_class = {row["class"]: row["launches"] for row in value("by class in 2024")}
    assert by_class == {"IRBM": 2, "IRBM/HGV": 1, "SLV": 1, "SRBM": 9}
    both = value("how many by year and class since 2024")
    assert {(row["year"], row["class"]): row["launches"] for row in both}["2025", "SRBM"] == 4
    assert "at least 33 missiles" in asked("launches per year").text


def test_lists() -> None:
    assert value("list Hwasong-18")[0]["launch_id"] == "2023-04-13.1"
    assert [row["launch_id"] for row in value("2024-11-05")] == ["2024-11-05.1"]
    assert [row["launch_id"] for row in value("what happened on 25 May 2022?")] == ["2022-05-25.1", "2022-05-25.2"]
    assert len(value("ICBM")) == 11
    assert len(value("show ICBM in 2017")) == 2


def test_differences_over_20_percent() -> None:
    answer = asked("differences > 20 %")
    found = {(row["launch_id"], row["quantity"]): row for row in answer.value}
    assert found["2025-01-06.1", "range"]["percent"] == pytest.approx(26.7)
    assert found["2024-01-14.1", "range"]["percent"] == 50.0
    assert found["2024-01-14.1", "range"]["allowed"]  # "at least 500 km" beside 1,000 km
    assert not found["2025-01-06.1", "range"]["allowed"]
    assert ("2022-11-18.1", "range") not in found
    assert "Japan 1,100 km, DPRK KCNA 1,500 km" in answer.text
    assert {row[side]["claim_id"] for row in answer.value for side in ("low", "high")} == {
        each.id for each in answer.claims
    }


@pytest.mark.parametrize(
    ("question", "percent", "count"),
    [
        ("where do sources differ by more than 40 % in range", 40.0, 1),
        ("disagreements over 40 percent in range", 40.0, 1),
        ("where do sources disagree in range", 20.0, 7),
        ("differences > 20% in apogee", 20.0, 2),
        ("differences > 99.9 % in flight time", 99.9, 0),
        ("differences > 20 % in range in 2025", 20.0, 2),
    ],
)
def test_differences_in_one_quantity(question: str, percent: float, count: int) -> None:
    assert parse_question(question).percent == percent
    assert len(value(question)) == count


@pytest.mark.parametrize("question", ["", "hello", "shoot it down", "¿cuántos?"])
def test_what_is_not_understood_gets_a_list_of_what_is(question: str) -> None:
    with pytest.raises(UsageError, match="What is understood") as caught:
        asked(question)
    assert all(form in str(caught.value) for form in UNDERSTOOD)


@pytest.mark.parametrize("date", ["2025-02-30", "2025-13", "31 June 2024"])
def test_a_date_that_never_was_is_said(date: str) -> None:
    with pytest.raises(UsageError, match="is no date"):
        asked(f"how many on {date}")


def test_a_launch_that_is_not_there_and_a_question_without_end() -> None:
    with pytest.raises(UsageError, match=r"there is no launch '2025-01-06\.7'"):
        asked("first since 2025-01-06.7")
    with pytest.raises(UsageError, match="at most"):
        asked("how many " * 100)


def test_a_claim_in_words_says_who_and_how_sure() -> None:
    japan = next(each for each in shipped_launch("2025-01-06.1").claims if each.source == "Japan")
    line = told(japan)
    assert line.startswith("2025-01-06 12:01 Japan (government; confidence A): at least 1 IRBM")
    assert "range 1,100 km, apogee 100 km, flight time 660 s" in line
    assert "unrated" in told(claim(confidence=""))
