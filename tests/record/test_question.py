"""The grammar of questions: what is asked, of which class, type, site, source and period; however it is put."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel.errors import UsageError
from beaconfire.record import ask
from beaconfire.record.question import Query, parse_question
from tests.record.made import shipped

LAUNCHES = shipped()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("first since", Query("since")),
        ("First since 2025-01-06?", Query("since", anchor="2025-01-06")),
        ("first  SRBM   since 6 January 2025", Query("since", missile_class="SRBM", anchor="2025-01-06")),
        ("first since 2025-01-06T03:00:00Z", Query("since", anchor="2025-01-06")),
        ("first since 2024-11-04T22:30Z", Query("since", anchor="2024-11-05")),  # the local date
        ("first since 2025-01-06.1", Query("since", anchor="2025-01-06.1")),
        ("first since EXERCISE-2025-01-06.1", Query("since", anchor="EXERCISE-2025-01-06.1")),
        ("when was the last ICBM before this one", Query("since", missile_class="ICBM")),
        ("last launch", Query("last")),
        ("latest hwasong-12", Query("last", designation="hwasong-12")),
        ("how many in 2024", Query("how many", since="2024-01-01", until="2024-12-31")),
        ("how many in february 2024", Query("how many", since="2024-02-01", until="2024-02-29")),
        ("how many in 2023-02", Query("how many", since="2023-02-01", until="2023-02-28")),
        ("how many on 5 Nov. 2024", Query("how many", since="2024-11-05", until="2024-11-05")),
        ("how many on November 5, 2024", Query("how many", since="2024-11-05", until="2024-11-05")),
        ("how many since 2024-11-05", Query("how many", since="2024-11-05")),
        ("how many after 2023", Query("how many", since="2024-01-01")),
        ("how many before 1 January 2024", Query("how many", until="2023-12-31")),
        ("how many until 2023", Query("how many", until="2023-12-31")),
        ("how many from 2022 to 2023", Query("how many", since="2022-01-01", until="2023-12-31")),
        (
            "how many between March 2022 and 2022-06-05",
            Query("how many", since="2022-03-01", until="2022-06-05"),
        ),
        ("how many after 2022 and before 2024", Query("how many", since="2023-01-01", until="2023-12-31")),
        ("how many from Sinpo", Query("how many", site="sinpo")),
        (
            "how many according to Japan in 2022",
            Query("how many", source="japan", since="2022-01-01", until="2022-12-31"),
        ),
        ("how many with a range of more than 1,000 km", Query("how many", quantity="range", over=1e6)),
        ("first time apogee over 6000 km", Query("first", quantity="apogee", over=6e6)),
        ("first flight time over 60 min", Query("first", quantity="flight time", over=3600.0)),
        ("first flight time over 4000 s", Query("first", quantity="flight time", over=4000.0)),
        ("first range over 900000 m", Query("first", quantity="range", over=9e5)),
        ("longest range", Query("most", quantity="range")),
        ("highest apogee in 2017", Query("most", quantity="apogee", since="2017-01-01", until="2017-12-31")),
        ("by year", Query("tally", by_year=True)),
        ("launches per class", Query("tally", by_class=True)),
        ("by year and class", Query("tally", by_year=True, by_class=True)),
        ("differences > 35 % in apogee", Query("differences", quantity="apogee", percent=35.0)),
        ("where do sources differ by more than 12.5 percent", Query("differences", percent=12.5)),
        ("Hwasong-18", Query("list", designation="hwasong-18")),
        ("intercontinental", Query("list", missile_class="ICBM")),
        ("2024", Query("list", since="2024-01-01", until="2024-12-31")),
    ],
)
def test_a_question_is_read(question: str, expected: Query) -> None:
    assert parse_question(question) == expected


@pytest.mark.parametrize(
    ("words", "missile_class"),
    [
        ("short-range", "SRBM"),
        ("short range missiles", "SRBM"),
        ("SRBMs", "SRBM"),
        ("close-range", "CRBM"),
        ("medium-range", "MRBM"),
        ("intermediate-range", "IRBM"),
        ("ICBMs", "ICBM"),
        ("submarine-launched", "SLBM"),
        ("space launches", "SLV"),
        ("gliders", "HGV"),
        ("hypersonic", "HGV"),
        ("missiles", None),
    ],
)
def test_classes_have_several_names(words: str, missile_class: str | None) -> None:
    assert parse_question(f"how many {words}").missile_class == missile_class


@pytest.mark.parametrize("question", ["how many since the last ICBM", "list ICBM before", "how many between the wars"])
def test_a_period_without_a_date_is_not_passed_over(question: str) -> None:
    with pytest.raises(UsageError, match="which date"):
        parse_question(question)


@pytest.mark.parametrize(
    "question", ["how many in 2024-13", "how many on 30 February 2024", "by year since 2024-00-01"]
)
def test_a_date_that_never_was_is_refused(question: str) -> None:
    with pytest.raises(UsageError, match="is no date"):
        parse_question(question)


WORDS = st.sampled_from(
    "first since last how many in 2024 2025-01-06 5 november between and before after over 1000 km range apogee "
    "SRBM ICBM by year class differences > 20 % from sinpo according to japan list hwasong-12 site time ever ?".split()
)


@given(st.lists(WORDS, max_size=9).map(" ".join) | st.text(max_size=60))
def test_any_words_get_an_answer_or_a_word_of_what_is_understood(question: str) -> None:
    try:
        answer = ask(LAUNCHES, question)
    except UsageError as error:
        words = str(error)
    else:
        words = answer.text
        assert set(answer.launches) <= {launch.id for launch in LAUNCHES}
        assert {item.id for item in answer.claims} <= {item.id for launch in LAUNCHES for item in launch.claims}
    assert words
