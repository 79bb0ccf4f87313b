"""The table reader alone: lines, unknown keys at every depth, unions, and faults that do not hide each other."""

from typing import Annotated

import msgspec
import pytest
from msgspec import Meta

from beaconfire.rehearse.tables import TableReader


class Inner(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    depth_m: float
    colour: str = "red"


class Cat(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="cat"):
    lives: Annotated[int, Meta(ge=1, le=9)]
    inner: tuple[Inner, ...] = ()
    named: str | None = msgspec.field(name="class", default=None)


class Dog(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="dog"):
    bites: bool


Pet = Cat | Dog

TEXT = """\
title = "pets"

[[pet]]
kind = "cat"
lives = 9

[[pet]]
kind = "dog"
bites = true

[[pet]]
kind = "cat"
lives = 3
[[pet.inner]]
depth_m = 1.0

[[pet.inner]]
depth_m = 2.0

[other]
lives = 5
"""


@pytest.fixture
def reader() -> TableReader:
    return TableReader(TEXT, where="pets.toml")


def said(reader: TableReader) -> list[str]:
    return [str(fault) for fault in reader.faults]


def test_good_rows_are_converted(reader: TableReader) -> None:
    rows = reader.tables([{"kind": "cat", "lives": 9}, {"kind": "dog", "bites": True}], Pet, "pet")
    assert rows == {0: Cat(lives=9), 1: Dog(bites=True)}
    assert reader.faults == []


def test_what_is_no_array_is_said(reader: TableReader) -> None:
    assert reader.tables({"kind": "cat"}, Pet, "pet") == {}
    assert said(reader) == ["pets.toml:3: pet: is not an array of tables; expected [[pet]]"]


def test_a_bad_row_does_not_hide_the_next(reader: TableReader) -> None:
    rows = [{"kind": "cat", "lives": 10}, {"kind": "dog", "bites": 3}, {"kind": "cat", "lives": 3}]
    assert reader.tables(rows, Pet, "pet") == {2: Cat(lives=3)}
    assert said(reader) == [
        "pets.toml:5: pet[0].lives: is out of bounds; expected `int` <= 9",
        "pets.toml:9: pet[1].bites: is `int`; expected `bool`",
    ]


def test_a_bad_key_does_not_hide_the_next_in_its_row(reader: TableReader) -> None:
    row = {"kind": "cat", "lifes": 3, "lives": 0, "inner": [{"depht_m": 1.0, "depth_m": 1.0}]}
    assert reader.table(row, Pet, ("pet", 0)) is None
    assert sorted(line.partition(": ")[2] for line in said(reader)) == [
        "pet[0].inner[0].depht_m: unknown key 'depht_m'; expected depth_m",
        "pet[0].lifes: unknown key 'lifes'; expected lives",
        "pet[0].lives: is out of bounds; expected `int` >= 1",
    ]


def test_a_missing_key_is_said_once(reader: TableReader) -> None:
    assert reader.table({"kind": "cat"}, Pet, ("pet", 0)) is None
    assert reader.table({"kind": "cat", "lives": "many"}, Pet, ("pet", 2)) is None
    assert said(reader) == [
        "pets.toml:3: pet[0]: has no lives; expected it is required",
        "pets.toml:13: pet[2].lives: is `str`; expected `int`",
    ]


def test_an_unknown_tag_is_answered_with_the_nearest(reader: TableReader) -> None:
    assert reader.table({"kind": "catt", "lives": 9}, Pet, ("pet", 0)) is None
    assert said(reader) == ["pets.toml:4: pet[0].kind: is 'catt'; expected cat"]


def test_renamed_keys_go_by_the_files_name(reader: TableReader) -> None:
    assert reader.table({"kind": "cat", "lives": 9, "class": "Felis"}, Pet, ("pet", 0)) == Cat(lives=9, named="Felis")
    assert reader.table({"kind": "cat", "lives": 9, "clas": "Felis"}, Pet, ("pet", 0)) is None
    assert said(reader) == ["pets.toml:3: pet[0].clas: unknown key 'clas'; expected class"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_odd_numbers_are_refused_at_every_depth(reader: TableReader, value: float) -> None:
    row = {"kind": "cat", "lives": 3, "inner": [{"depth_m": 1.0}, {"depth_m": value}]}
    assert reader.table(row, Pet, ("pet", 2)) is None
    (line,) = said(reader)
    assert f"inner[1].depth_m: is {value}; expected a finite number" in line


def test_lines_are_found_for_tables_keys_and_names_without_a_place(reader: TableReader) -> None:
    reader.fault((), "a", "b")
    reader.fault(("title",), "a", "b")
    reader.fault(("pet", 1), "a", "b")
    reader.fault(("pet", 2, "inner", 0, "depth_m"), "a", "b")
    reader.fault(("other", "lives"), "a", "b")
    reader.fault(("nowhere", "lives"), "a", "b")
    assert [fault.where for fault in reader.faults] == [
        "pets.toml",
        "pets.toml:1: title",
        "pets.toml:7: pet[1]",
        "pets.toml:15: pet[2].inner[0].depth_m",
        "pets.toml:21: other.lives",
        "pets.toml: nowhere.lives",
    ]


def test_undefined_names_are_answered_with_the_nearest_or_all(reader: TableReader) -> None:
    reader.undefined(("pet", 0), "KRO", ["KOR", "JPN"])
    reader.undefined(("pet", 0), "xyz", ["KOR", "JPN"])
    assert [fault.expected for fault in reader.faults] == ["KOR", "one of KOR, JPN"]
