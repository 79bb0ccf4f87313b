"""Mappings: what a foreign column becomes, and that nothing of a file is passed over in silence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel.errors import InvalidInput
from beaconfire.record import FIELDS, Mapping, checked, parse_mapping
from beaconfire.record.mapping import OWN_UNITS, REQUIRED, UNITS, field_of_columns


def columns(*header: str, **mapping: object) -> dict[str, str]:
    return field_of_columns(header, Mapping(**mapping), where="f:1")  # type: ignore[arg-type]


def test_our_own_columns_need_no_mapping_in_any_order() -> None:
    assert columns(*reversed(FIELDS)) == {name: name for name in FIELDS}
    assert set(REQUIRED) <= set(FIELDS)
    assert set(OWN_UNITS) == set(UNITS) <= set(FIELDS)
    assert all(OWN_UNITS[name] in units for name, units in UNITS.items())


def test_a_mapped_column_is_its_field_and_others_keep_their_names() -> None:
    read = columns("When", "Who", "remark", columns={"reported_utc": "When", "source": "Who"})
    assert read == {"When": "reported_utc", "Who": "source", "remark": "remark"}


def test_several_columns_are_one_field() -> None:
    mapping = {"reported_utc": ["Day", "Clock"]}
    read = columns("Clock", "Day", "source", columns=mapping)
    assert read == {"Clock": "reported_utc", "Day": "reported_utc", "source": "source"}
    assert Mapping(columns=mapping).columns_of("reported_utc") == ("Day", "Clock")  # type: ignore[arg-type]
    assert Mapping(columns={"source": "Who"}).columns_of("source") == ("Who",)
    assert Mapping().columns_of("source") == ()


def test_a_column_may_have_the_name_of_a_field_and_be_another() -> None:
    """`source` here is a link; who says so is in `agency`."""
    mapping = {"source": "agency", "via": "source"}
    assert columns("reported_utc", "agency", "source", columns=mapping)["source"] == "via"
    with pytest.raises(InvalidInput, match="unknown column 'remark'"):
        columns("reported_utc", "source", "remark", columns={"remark": "reported_utc", "reported_utc": "source"})


def test_constants_stand_for_columns() -> None:
    assert columns("reported_utc", constants={"source": "x"}) == {"reported_utc": "reported_utc"}


@pytest.mark.parametrize("unit", ["furlong", "KM", ""])
def test_a_unit_that_is_not_known_is_refused(unit: str) -> None:
    with pytest.raises(InvalidInput, match=r"units\.range_km"):
        checked(Mapping(units={"range_km": unit}), where="m")


def test_every_fault_of_a_mapping_is_named_at_once() -> None:
    wrong = Mapping(columns={"speed": "v"}, constants={"height": "h"}, units={"count": "km"})
    with pytest.raises(InvalidInput) as caught:
        checked(wrong, where="m")
    assert [fault.where for fault in caught.value.faults] == [
        "m: columns.speed",
        "m: constants.height",
        "m: units.count",
    ]


def test_an_empty_mapping_is_our_own_form() -> None:
    assert parse_mapping(b"", where="m") == Mapping()


@given(st.lists(st.text(min_size=1, max_size=8), max_size=6))
def test_every_column_is_read_ignored_or_refused(header: list[str]) -> None:
    full = ("reported_utc", "source", *header)
    try:
        read = columns(*full, ignore=header[:2])
    except InvalidInput as error:
        said = str(error)
        unknown = [name for name in header[2:] if name not in FIELDS and name not in header[:2]]
        assert all(repr(name) in said for name in unknown) or "twice" in said
    else:
        assert {*read, *header[:2]} == set(full)
