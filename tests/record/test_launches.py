"""Association: which claims are of one launch, in any order of arrival; counts; corrections; what is no launch."""

import random
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import parse_utc
from beaconfire.record import Claim, Count, CountBound, associate, count_of, shipped_claims
from beaconfire.record.claims import DATE_PRECISION_S, local_midnight_ns
from tests.record.made import claim, shipped, shipped_launch

WONSAN = {"site": "Wonsan", "latitude_deg": 39.17, "longitude_deg": 127.48}
SUNAN = {"site": "Sunan", "latitude_deg": 39.2, "longitude_deg": 125.67}


def at(minute: int, **changes: Any) -> Claim:
    return claim(at=f"2024-05-01T{3 + minute // 60:02d}:{minute % 60:02d}Z", **changes)


def groups(*claims: Claim) -> list[int]:
    return [len(launch.claims) for launch in associate(claims)]


def dated(day: str, **changes: Any) -> Claim:
    return claim(reported=day, time_ns=local_midnight_ns(day), precision_s=DATE_PRECISION_S, **changes)


@pytest.mark.parametrize(
    ("minutes", "launches"),
    [
        ([0, 5], 1),
        ([0, 6], 2),
        ([0, 3, 6, 9], 1),  # a salvo of nine minutes
        ([0, 35], 2),
        ([0, 4, 35, 38], 2),
    ],
)
def test_the_gate_is_five_minutes_from_the_latest(minutes: list[int], launches: int) -> None:
    claims = [at(minute, source=f"source {index}") for index, minute in enumerate(minutes)]
    assert len(associate(claims)) == launches


def test_a_salvo_that_one_source_counts_and_another_lists_is_one_launch() -> None:
    whole = at(0, count=7, count_bound=CountBound.AT_LEAST)
    assert groups(whole, at(1, source="Japan"), at(9, source="Japan")) == [3]


def test_a_salvo_does_not_swallow_what_comes_35_minutes_later() -> None:
    whole = at(0, count=7, until_ns=parse_utc("2024-05-01T03:09Z"))
    assert groups(whole, at(35, source="Japan"), at(36)) == [1, 2]


def test_a_salvo_with_a_stated_end_takes_what_lies_within() -> None:
    whole = at(0, count=2, until_ns=parse_utc("2024-05-01T04:10Z"))
    assert groups(whole, at(70, source="Japan")) == [2]


def test_two_sites_or_two_classes_at_once_are_two_launches() -> None:
    far = {"site": "far", "latitude_deg": 41.0, "longitude_deg": 129.7}
    assert groups(at(0, **WONSAN), at(1, source="Japan", **far)) == [1, 1]
    assert groups(at(0), at(1, source="Japan", missile_class="ICBM")) == [1, 1]


def test_sources_may_differ_by_a_class_and_some_kilometres() -> None:
    near = {"latitude_deg": 39.5, "longitude_deg": 127.0}
    assert groups(at(0, **WONSAN), at(1, source="Japan", **near)) == [2]
    assert groups(at(0, missile_class="IRBM"), at(1, source="Japan", missile_class="MRBM")) == [2]
    assert groups(at(0, missile_class="SLBM"), at(1, source="Japan", missile_class="MRBM")) == [2]
    assert groups(at(0, missile_class="SLV"), at(1, source="Japan", missile_class="ICBM")) == [2]
    assert groups(at(0, missile_class="SLV"), at(1, source="Japan", missile_class="SRBM")) == [1, 1]
    assert groups(at(0, missile_class="MRBM/ICBM"), at(1, source="Japan", missile_class="ICBM")) == [2]
    assert groups(at(0, missile_class="unknown"), at(1, source="Japan", missile_class="ICBM")) == [2]


def test_a_date_alone_joins_the_launch_of_that_local_date_that_it_fits() -> None:
    early, late = at(-120, range_m=300e3), at(0, range_m=800e3, source="Japan")
    (first, second) = associate([dated("2024-05-01", source="DPRK KCNA", range_m=790e3), early, late])
    assert [item.source for item in first.claims] == ["ROK JCS"]
    assert [item.source for item in second.claims] == ["Japan", "DPRK KCNA"]


def test_a_date_alone_goes_by_local_date_not_utc() -> None:
    evening = claim(at="2024-11-04T22:30Z")
    assert groups(evening, dated("2024-11-05", source="DPRK KCNA")) == [2]
    assert groups(evening, dated("2024-11-04", source="DPRK KCNA")) == [1, 1]


def test_dates_alone_find_each_other() -> None:
    assert groups(dated("2024-05-01"), dated("2024-05-01", source="Japan"), dated("2024-05-02")) == [2, 1]


def test_the_order_of_claims_does_not_matter() -> None:
    claims = list(shipped_claims())
    right = [(launch.id, launch.claims) for launch in associate(claims)]
    for seed in range(5):
        random.Random(seed).shuffle(claims)
        assert [(launch.id, launch.claims) for launch in associate(claims)] == right


@given(st.lists(st.tuples(st.integers(0, 300), st.sampled_from("ABCD"), st.integers(1, 3)), max_size=12))
def test_every_claim_is_in_one_launch_and_launches_are_apart(rows: list[tuple[int, str, int]]) -> None:
    claims = {item.id: item for item in (at(m, source=s, count=n, remark=str(i)) for i, (m, s, n) in enumerate(rows))}
    launches = associate(claims.values())
    assert sorted(item.id for launch in launches for item in launch.claims) == sorted(claims)
    for earlier, later in pairwise(launches):
        assert later.claims[0].time_ns - max(item.time_ns for item in earlier.claims) > 300e9


def test_a_single_unrated_source_never_makes_a_launch() -> None:
    rumour = at(0, confidence="", source="somebody")
    assert associate([rumour, at(1, confidence="", source="somebody", remark="again")]) == ()
    (listed,) = associate([rumour], unrated=True)
    assert not listed.established
    assert listed.claims == (rumour,)


def test_two_unrated_sources_or_a_rated_one_do() -> None:
    rumour = at(0, confidence="", source="somebody")
    assert groups(rumour, at(1, confidence="", source="else")) == [2]
    assert groups(rumour, at(1, confidence="C", source="else")) == [2]


def test_a_correction_counts_and_the_first_word_stays_as_history() -> None:
    first = at(0, statement="2024-05", range_m=430e3)
    revised = at(0, statement="2024-05", edition=2, range_m=600e3)
    (launch,) = associate([revised, first])
    assert launch.claims == (revised,)
    assert launch.history == (first,)


def test_another_sources_statement_of_that_name_corrects_nothing() -> None:
    (launch,) = associate([at(0, statement="1"), at(1, statement="1", edition=2, source="Japan")])
    assert len(launch.claims) == 2
    assert launch.history == ()


def test_a_withdrawn_claim_makes_no_launch_but_is_not_forgotten() -> None:
    first = at(0, statement="1")
    taken_back = at(0, statement="1", edition=2, withdrawn=True)
    assert associate([first, taken_back]) == ()
    (launch,) = associate([first, taken_back], unrated=True)
    assert launch.claims == ()
    assert launch.history == (first, taken_back)
    assert (launch.local_date, launch.clock) == ("2024-05-01", "12:00")
    (other,) = associate([first, taken_back, at(1, source="Japan")])
    assert [item.source for item in other.claims] == ["Japan"]
    assert len(other.history) == 2


def test_an_exercise_is_never_mixed_with_what_happened() -> None:
    real, played = at(0), at(0, source="KOR own sensors", realm=Realm.EXERCISE)
    assert [(launch.id, len(launch.claims)) for launch in associate([played, real])] == [
        ("2024-05-01.1", 1),
        ("EXERCISE-2024-05-01.1", 1),
    ]


@pytest.mark.parametrize(
    ("counts", "expected", "words"),
    [
        ([("a", 1, "exact")], Count(1, 1), "1"),
        ([("a", 2, "at_least"), ("b", 7, "at_least")], Count(7, None), "at least 7"),
        ([("a", 7, "at_least"), ("b", 8, "exact")], Count(8, 8), "8"),
        ([("a", 1, "exact"), ("b", 2, "exact")], Count(1, 2), "1 to 2"),
        ([("a", 1, "exact"), ("a", 1, "exact"), ("b", 2, "exact")], Count(2, 2), "2"),
        ([("a", 1, "exact"), ("b", 7, "at_least")], Count(1, None), "at least 1"),
        ([("a", None, "unknown")], Count(1, None), "at least 1"),
    ],
)
def test_counts_are_shown_with_their_bounds_and_never_averaged(
    counts: list[tuple[str, int | None, str]], expected: Count, words: str
) -> None:
    claims = [at(0, source=name, count=number, count_bound=CountBound(bound)) for name, number, bound in counts]
    assert count_of(claims) == expected
    assert str(count_of(claims)) == words


def test_the_shipped_record_as_a_whole() -> None:
    launches = shipped()
    assert sum(len(launch.claims) for launch in launches) == 151
    assert len(launches) == 95
    assert [launch.id for launch in launches] == sorted(launch.id for launch in launches)


@pytest.mark.parametrize(
    ("name", "sources", "count"),
    [
        ("2024-11-05.1", ["Japan", "ROK JCS"], "at least 7"),
        ("2025-01-06.1", ["ROK JCS", "Japan", "DPRK KCNA"], "1"),
        ("2017-07-04.1", ["Japan", "ROK JCS", "US PACOM", "DPRK KCNA"], "1"),
        ("2022-11-03.2", ["Japan", "ROK JCS", "Japan"], "2"),  # one row of two there, two rows of one here
        ("2025-05-08.1", ["ROK JCS", "Japan"], "at least 1"),  # 08:10-09:20
        ("2022-05-25.1", ["ROK JCS"], "1"),  # an ICBM, 37 minutes before the rest
        ("2022-05-25.2", ["ROK JCS", "ROK JCS"], "2"),
        ("2022-06-05.1", ["ROK JCS"], "8"),
        ("2019-05-09.1", ["ROK JCS"], "1"),
        ("2019-05-09.2", ["ROK JCS"], "1"),  # twenty minutes later
    ],
)
def test_known_launches_of_the_shipped_record(name: str, sources: list[str], count: str) -> None:
    launch = shipped_launch(name)
    assert [item.source for item in launch.claims] == sources
    assert str(launch.count) == count


def test_the_classes_of_a_launch_stand_in_order_of_reach() -> None:
    assert shipped_launch("2025-01-06.1").classes == ("IRBM", "HGV")
    assert shipped_launch("2022-05-04.1").classes == ("MRBM", "ICBM")
