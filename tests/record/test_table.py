"""Files of claims: our own columns, another source's through a mapping, every form of JSON; faults with their place."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel import limits
from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import parse_utc
from beaconfire.record import FIELDS, Bound, Claim, CountBound, Mapping, SourceClass, parse_mapping, read_claims
from tests.record.made import csv_of

# Five lines as another database might have them: other names, miles, local time, words of its own.
FOREIGN = csv_of(
    "05.11.2024,07:31,KN-25,short range,248,62,about 400 km,x,3",
    "06.01.2025,12:00,Hwasong-16B,intermediate,683,62,,x,",
    "14.01.2025,09:31,,short range,155,,,x,several",
    "31.10.2024,07:11,Hwasong-19,intercontinental,,4776,,x,1",
    "17.05.2024,,,short range,186,,,x,",
    header="Day,Clock,Missile,Type,Distance (mi),Peak (mi),Said,Launcher,Number",
)
MAPPING = b"""
zone = "KST"
time_format = "%d.%m.%Y %H:%M"
ignore = ["Launcher"]
[columns]
reported_utc = ["Day", "Clock"]
designation = "Missile"
missile_class = "Type"
range_km = "Distance (mi)"
apogee_km = "Peak (mi)"
remark = "Said"
count = "Number"
[constants]
source = "Some database"
confidence = "C"
[units]
range_km = "mi"
apogee_km = "mi"
[values.missile_class]
"short range" = "SRBM"
intermediate = "IRBM"
intercontinental = "ICBM"
[values.count]
several = ""
"""


def read(*rows: str, header: str = "reported_utc,source", **mapping: Any) -> tuple[Claim, ...]:
    return read_claims(csv_of(*rows, header=header), where="f.csv", mapping=Mapping(**mapping))


def faults(*rows: str, header: str = "reported_utc,source", **mapping: Any) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        read(*rows, header=header, **mapping)
    return [str(fault) for fault in caught.value.faults]


def test_five_lines_of_another_source_through_a_mapping() -> None:
    rows = FOREIGN.replace(b"17.05.2024,,", b"17.05.2024,15:10,")
    claims = read_claims(rows, where="other.csv", mapping=parse_mapping(MAPPING, where="m.toml"))
    assert [claim.missile_class for claim in claims] == ["SRBM", "IRBM", "SRBM", "ICBM", "SRBM"]
    first = claims[0]
    assert first.reported == "2024-11-04T22:31Z"
    assert first.local_date == "2024-11-05"
    assert first.range_m == pytest.approx(248 * 1609.344)
    assert first.apogee_m == pytest.approx(62 * 1609.344)
    assert first.count == 3
    assert (claims[2].count, claims[2].count_bound) == (None, CountBound.UNKNOWN)
    assert {claim.source for claim in claims} == {"Some database"}
    assert {claim.confidence for claim in claims} == {"C"}


def test_a_clock_that_is_missing_breaks_a_form_that_asks_for_one() -> None:
    with pytest.raises(InvalidInput, match=r"other\.csv:6: reported_utc: is '17\.05\.2024'"):
        read_claims(FOREIGN, where="other.csv", mapping=parse_mapping(MAPPING, where="m.toml"))


def test_a_form_without_a_clock_is_a_local_date() -> None:
    (claim,) = read("17.05.2024,x", time_format="%d.%m.%Y")
    assert (claim.reported, claim.dated_only) == ("2024-05-17", True)
    assert claim.time_ns == parse_utc("2024-05-16T15:00Z")


def test_unknown_columns_are_refused_by_name_unless_they_are_ignored() -> None:
    header = "reported_utc,source,rcs,range"
    (one, two) = faults("2024-05-01T03:00Z,x,1,2", header=header)
    assert one.startswith("f.csv:1: unknown column 'rcs'; expected ")
    assert two.startswith("f.csv:1: unknown column 'range'; expected 'range_km', ")
    assert len(read("2024-05-01T03:00Z,x,1,2", header=header, ignore=["rcs", "range"])) == 1


@pytest.mark.parametrize(
    ("header", "mapping", "fault"),
    [
        ("reported_utc", {}, "nothing gives 'source'"),
        ("source", {}, "nothing gives 'reported_utc'"),
        ("reported_utc,source,source", {}, "names a column twice"),
        ("reported_utc,source", {"columns": {"range_km": "Range"}}, "no column 'Range'"),
        ("reported_utc,source", {"constants": {"source": "x"}}, "unknown column 'source'"),
    ],
)
def test_a_header_is_checked(header: str, mapping: dict[str, Any], fault: str) -> None:
    assert any(text.startswith(f"f.csv:1: {fault}") for text in faults("a,b", header=header, **mapping))


@pytest.mark.parametrize(
    ("field", "cell", "what"),
    [
        ("reported_utc", "2024-05-01", None),
        ("reported_utc", "2024-05-01T03:00", "is '2024-05-01T03:00'"),
        ("reported_utc", "2024-02-30T03:00Z", "is '2024-02-30T03:00Z'"),
        ("reported_utc", "1971-05-01T03:00Z", "is '1971-05-01T03:00Z'"),
        ("reported_utc", "yesterday", "is 'yesterday'"),
        ("reported_utc", "", "is ''"),
        ("local_time", "25:00", "is '25:00'"),
        ("missile_class", "XRBM", "is 'XRBM'"),
        ("missile_class", "mrbm/icbm", None),
        ("count", "0", "is '0'"),
        ("count", "1.5", "is 1.5"),
        ("count", "NaN", "is 'NaN'"),
        ("count_bound", "many", "is 'many'"),
        ("latitude_deg", "91", "is '91'"),
        ("longitude_deg", "inf", "is 'inf'"),
        ("range_km", "far", "is 'far'"),
        ("range_km", "0", "is '0'"),
        ("range_km", "-5", "is '-5'"),
        ("range_km", "1e3", "is '1e3'"),
        ("range_km", "99999999", "is '99999999'"),
        ("range_km", "1,100", None),
        ("flight_time_s", "900000", "is '900000'"),
        ("confidence", "D", "is 'D'"),
        ("source_class", "rumour", "is 'rumour'"),
        ("range_bound", "above", "is 'above'"),
        ("edition", "0", "is '0'"),
        ("withdrawn", "perhaps", "is 'perhaps'"),
        ("utc_offset", "9", "is '9'"),
        ("utc_offset", "+19:00", "is '+19:00'"),
        ("until_utc", "later", "is 'later'"),
        ("realm", "REAL", "is 'REAL'"),
        ("remark", "a\x00b", "is 'a\\x00b'"),
        ("remark", "x" * (limits.MAX_TEXT_LENGTH + 1), "is 'xxx"),
    ],
)
def test_every_cell_is_checked_and_a_fault_names_file_line_and_field(field: str, cell: str, what: str | None) -> None:
    row = {"reported_utc": "2024-05-01T03:00Z", "source": "x", field: cell}
    line = ",".join(f'"{text}"' for text in row.values())
    if what is None:
        assert len(read(line, header=",".join(row))) == 1
    else:
        assert [text for text in faults(line, header=",".join(row)) if text.startswith(f"f.csv:2: {field}: {what}")]


def test_one_bad_row_refuses_the_file_and_every_bad_row_is_named() -> None:
    found = faults("2024-05-01T03:00Z,x", "never,x", "2024-05-01T03:00Z,", "2024-05-02,x")
    assert [text.partition(": ")[0] for text in found] == ["f.csv:3", "f.csv:4"]


def test_a_quoted_cell_over_two_lines_does_not_lose_count() -> None:
    header = "reported_utc,source,remark"
    with pytest.raises(InvalidInput, match=r"f\.csv:4"):
        read('2024-05-01T03:00Z,x,"a', 'b"', "never,x,y", header=header)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b"reported_utc,source\n2024-05-01\n", "has 1 cells"),
        (b'reported_utc,source\n"2024-05-01,x\n', "end of data"),
        (b"reported_utc,source\n\xff,x\n", "not UTF-8"),
        (b"[{", "f.csv"),
        (b"[1]", "f.csv"),
        (b'{"reported_utc": "2024-05-01", "source": "x"}\n{', "f.csv:2"),
        (b'[{"reported_utc": "2024-05-01", "source": ["x"]}]', "is a list"),
        (b'[{"reported_utc": "2024-05-01", "source": NaN}]', "f.csv"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, what: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(what)):
        read_claims(content, where="f.csv")


ROW = {"reported_utc": "2024-05-01T03:00Z", "source": "x", "range_km": 400, "count": None}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([ROW]),
        json.dumps(ROW),
        "\n" + json.dumps(ROW) + "\n\n",
        "\ufeff" + json.dumps([ROW]),
        "reported_utc,source,range_km,count\n2024-05-01T03:00Z,x,400,\n",
        "reported_utc,source,range_km,count\r\n2024-05-01T03:00Z , x,400,\r\n\r\n",
    ],
)
def test_every_form_of_file_gives_the_same_claim(content: str) -> None:
    (claim,) = read_claims(content.encode(), where="f")
    (same,) = read("2024-05-01T03:00Z,x,400,", header="reported_utc,source,range_km,count")
    assert claim.id == same.id


def test_tables_within_json_are_mapped_by_their_path() -> None:
    row = {"when": {"utc": "2024-05-01T03:00Z"}, "who": "x", "where": {"site": {"name": "Sunan"}}}
    columns: dict[str, str | list[str]] = {
        "reported_utc": "when.utc", "source": "who", "launch_site": "where.site.name",
    }  # fmt: skip
    (claim,) = read_claims(json.dumps([row]).encode(), where="f", mapping=Mapping(columns=columns))
    assert claim.site == "Sunan"


def test_an_object_may_leave_mapped_keys_out() -> None:
    rows = [{"t": "2024-05-01T03:00Z", "r": 1.0}, {"t": "2024-05-01T03:00Z"}]
    mapping = Mapping(columns={"reported_utc": "t", "range_km": "r"}, constants={"source": "x"})
    assert [claim.range_m for claim in read_claims(json.dumps(rows).encode(), where="f", mapping=mapping)] == [
        1e3,
        None,
    ]


@pytest.mark.parametrize(
    ("text", "zone", "reported", "precision_s"),
    [
        ("2024-11-05 07:30", "+09:00", "2024-11-04T22:30Z", 60.0),
        ("2024-11-05 07:30", "KST", "2024-11-04T22:30Z", 60.0),
        ("2024-11-05T07:30:15+09:00", "", "2024-11-04T22:30:15Z", 1.0),
        ("2024-11-04T16:30-06:00", "+09:00", "2024-11-04T22:30Z", 60.0),
        ("2024-11-04T22:30Z", "+09:00", "2024-11-04T22:30Z", 60.0),
        ("2016-12-31T23:59:60Z", "", "2016-12-31T23:59:60Z", 1.0),
    ],
)
def test_zones_become_utc(text: str, zone: str, reported: str, precision_s: float) -> None:
    (claim,) = read(f"{text},x", zone=zone)
    assert (claim.reported, claim.precision_s) == (reported, precision_s)
    assert claim.time_ns == parse_utc(reported)


def test_a_date_of_state_media_in_the_years_of_their_own_zone_begins_half_an_hour_later() -> None:
    (theirs, ours) = read("2017-07-04,DPRK KCNA", "2017-07-04,Japan")
    assert theirs.time_ns - ours.time_ns == 30 * 60 * 10**9
    assert theirs.local_date == ours.local_date == "2017-07-04"


@pytest.mark.parametrize(
    ("cell", "largest_m", "least_m", "bound"),
    [
        ("250 and 350", 350e3, 250e3, Bound.EXACT),
        ("60-100", 100e3, 60e3, Bound.EXACT),
        ("110 to 670", 670e3, 110e3, Bound.EXACT),
        ("> 6000", 6000e3, None, Bound.OVER),
        ("<50", 50e3, None, Bound.UNDER),
        ("~ 1,500.5", 1500.5e3, None, Bound.ABOUT),
        ("over 700", 700e3, None, Bound.OVER),
    ],
)
def test_figures_with_bounds_and_of_several(cell: str, largest_m: float, least_m: float | None, bound: Bound) -> None:
    (claim,) = read(f'2024-05-01T03:00Z,x,"{cell}"', header="reported_utc,source,range_km")
    assert (claim.range_m, claim.range_least_m, claim.range_bound) == (largest_m, least_m, bound)


def test_units_of_time_and_length() -> None:
    header = "reported_utc,source,range_km,flight_time_s"
    (claim,) = read("2024-05-01T03:00Z,x,100,69", header=header, units={"range_km": "nmi", "flight_time_s": "min"})
    assert (claim.range_m, claim.flight_time_s) == (185_200.0, 4140.0)


def test_corrections_in_one_file_are_numbered_as_they_come() -> None:
    header = "reported_utc,source,range_km,statement,withdrawn,realm"
    rows = [
        "2024-05-01T03:00Z,x,430,a,,",
        "2024-05-01T03:00Z,x,600,a,,",
        "2024-05-01T03:00Z,x,600,a,yes,",
        "2024-05-01T03:00Z,y,430,a,,EXERCISE",
    ]
    claims = read(*rows, header=header)
    assert [(claim.source, claim.edition, claim.withdrawn) for claim in claims] == [
        ("x", 1, False), ("x", 2, False), ("x", 3, True), ("y", 1, False),
    ]  # fmt: skip
    assert claims[3].realm is Realm.EXERCISE


def test_a_source_class_may_be_stated() -> None:
    (claim,) = read("2024-05-01T03:00Z,x,partner", header="reported_utc,source,source_class")
    assert claim.source_class is SourceClass.PARTNER


@pytest.mark.parametrize(
    ("toml", "what"),
    [
        ("[columns]\nspeed = 'v'", "columns.speed: is no field"),
        ("[constants]\nspeed = 'v'", "constants.speed: is no field"),
        ("[values.speed]\na = 'v'", "values.speed: is no field"),
        ("[units]\nrange_km = 'furlong'", "units.range_km: is 'furlong'; expected m, km, mi"),
        ("[units]\ncount = 'km'", "units.count: is 'km'"),
        ("[columns]\nsource = 'a'\n[constants]\nsource = 'b'", "source: is mapped to a column and a constant"),
        ("colums = 1", "colums"),
        ("zone = 9", "zone"),
        ("zone = ", "m.toml"),
    ],
)
def test_a_mapping_is_checked(toml: str, what: str) -> None:
    with pytest.raises(InvalidInput, match=r"m\.toml") as caught:
        parse_mapping(toml.encode(), where="m.toml")
    assert what in str(caught.value)


def test_more_faults_than_anybody_reads_are_cut() -> None:
    found = faults(*["never,x"] * (limits.MAX_FAULTS + 50))
    assert len(found) <= limits.MAX_FAULTS + 2


def outcome(content: bytes) -> tuple[tuple[Claim, ...], tuple[Fault, ...]]:
    """The claims or the faults of a file; any other exception fails the test."""
    try:
        return read_claims(content, where="f"), ()
    except InvalidInput as error:
        return (), error.faults


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    claims, faults = outcome(text.encode("utf-8", "surrogatepass"))
    assert all(fault.where.startswith("f") for fault in faults)
    assert not (claims and faults)


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=20), min_size=1))
def test_any_cells_are_read_or_refused_with_a_place(row: dict[str, str]) -> None:
    full = {"reported_utc": "2024-05-01T03:00Z", "source": "x", **row}
    claims, faults = outcome(json.dumps([full]).encode())
    assert len(claims) == (not faults)
    assert all(fault.where.startswith("f[0]") for fault in faults)
