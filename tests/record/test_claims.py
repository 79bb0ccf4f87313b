"""Claims: ids by content, local dates, the clocks of Pyongyang, and what kind of source a name is."""

from dataclasses import dataclass

import msgspec
import pytest

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.time import parse_utc
from beaconfire.record import SourceClass, local_clock, local_date, shipped_claims, source_class_of
from beaconfire.record.claims import clock_offset_min, local_midnight_ns
from tests.record.made import claim


def test_equal_content_has_one_id_and_any_change_another() -> None:
    one = claim()
    assert one.id == claim().id
    assert len(one.id) == 16
    changes = {"remark": "x", "count": 2, "range_m": 1.0, "edition": 2, "confidence": "B", "withdrawn": True}
    assert len({one.id, *(claim(**{name: value}).id for name, value in changes.items())}) == 1 + len(changes)


def test_the_shipped_claims_have_an_id_each() -> None:
    claims = shipped_claims()
    assert len(claims) == 151
    assert len({item.id for item in claims}) == 151


def test_a_claim_survives_its_own_encoding() -> None:
    for item in shipped_claims():
        assert msgspec.json.decode(msgspec.json.encode(item), type=type(item)) == item


@dataclass(frozen=True)
class Moment:
    utc: str
    date: str
    clock: str


@pytest.mark.parametrize(
    "moment",
    [
        Moment("2024-11-04T22:30Z", "2024-11-05", "07:30"),  # the trap that "first since" must not fall into
        Moment("2025-01-06T03:00Z", "2025-01-06", "12:00"),
        Moment("2024-12-31T14:59Z", "2024-12-31", "23:59"),
        Moment("2024-12-31T15:00Z", "2025-01-01", "00:00"),
        Moment("2016-12-31T23:59:60Z", "2017-01-01", "08:59"),  # a leap second
        Moment("2016-12-31T20:00Z", "2017-01-01", "05:00"),  # on whose day nine hours later is not 9 h of TAI later
    ],
    ids=lambda moment: moment.utc,
)
def test_the_local_date_is_koreas(moment: Moment) -> None:
    time_ns = parse_utc(moment.utc)
    assert (local_date(time_ns), local_clock(time_ns)) == (moment.date, moment.clock)


def test_a_local_midnight_begins_its_date() -> None:
    midnight = local_midnight_ns("2024-11-05")
    assert midnight == parse_utc("2024-11-04T15:00Z")
    assert (local_date(midnight), local_date(midnight - 1)) == ("2024-11-05", "2024-11-04")


def test_a_local_midnight_before_a_leap_second_is_a_whole_hour() -> None:
    assert local_midnight_ns("2017-01-01") == parse_utc("2016-12-31T15:00Z")


def test_a_date_that_never_was_is_refused() -> None:
    with pytest.raises(InvalidInput, match="2024-02-30"):
        local_midnight_ns("2024-02-30")


@pytest.mark.parametrize(
    ("date", "offset_min"),
    [("2015-08-14", 540), ("2015-08-15", 510), ("2017-07-04", 510), ("2018-05-04", 510), ("2018-05-05", 540)],
)
def test_pyongyang_time_was_half_an_hour_behind_for_three_years(date: str, offset_min: int) -> None:
    assert clock_offset_min(SourceClass.STATE_MEDIA, date=date) == offset_min
    assert clock_offset_min(SourceClass.GOVERNMENT, date=date) == 540


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("ROK JCS", SourceClass.GOVERNMENT),
        ("ROK/Japan", SourceClass.GOVERNMENT),
        ("Japan", SourceClass.GOVERNMENT),
        ("US PACOM", SourceClass.GOVERNMENT),
        ("DPRK KCNA", SourceClass.STATE_MEDIA),
        ("compiled (ROK/Japan)", SourceClass.COMPILED),
        ("CNS database", SourceClass.COMPILED),
        ("Yonhap", SourceClass.PRESS),
        ("", SourceClass.PRESS),
    ],
)
def test_a_source_is_classed_by_its_name(name: str, kind: SourceClass) -> None:
    assert source_class_of(name) is kind
