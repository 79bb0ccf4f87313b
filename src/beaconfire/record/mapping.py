"""How another source's table becomes claims: which column is which field, in which unit, zone and words.

    [columns]                 # field = "column of the file", or several that are joined by a space
    reported_utc = ["Date", "Time"]
    range_km = "Distance"
    [constants]               # field = "the same in every row"
    source = "NTI"
    [units]                   # field = unit of the column: m km mi nmi ft, s min h
    range_km = "mi"
    [values.missile_class]    # "word of the file" = "word of ours"
    "short range" = "SRBM"
    zone = "+09:00"           # (at the top) of times that carry none
    time_format = "%d.%m.%Y %H:%M"
    ignore = ["Notes"]        # columns that are left out

A column that is neither a field, nor mapped, nor ignored is refused by its name: silence would lose a claim.
"""

import tomllib
from collections.abc import Sequence
from difflib import get_close_matches

import msgspec

from beaconfire.kernel.errors import Fault, InvalidInput

# The columns of a record file, in the order of an export. The first sixteen are those of announced.csv.
FIELDS = (
    "reported_utc", "local_time", "source", "designation", "missile_class", "count", "count_bound", "launch_site",
    "latitude_deg", "longitude_deg", "range_km", "apogee_km", "flight_time_s", "remark", "via", "confidence",
    "source_class", "range_bound", "apogee_bound", "mach", "statement", "edition", "withdrawn", "until_utc",
    "precision_s", "utc_offset", "realm",
)  # fmt: skip
REQUIRED = ("reported_utc", "source")
_METRES = {"m": 1.0, "km": 1e3, "mi": 1609.344, "nmi": 1852.0, "ft": 0.3048}
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0}
UNITS = {"range_km": _METRES, "apogee_km": _METRES, "flight_time_s": _SECONDS}
OWN_UNITS = {"range_km": "km", "apogee_km": "km", "flight_time_s": "s"}


class Mapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The columns, constants, units, words and zone of a foreign file; an empty one is our own form."""

    columns: dict[str, str | list[str]] = {}
    constants: dict[str, str] = {}
    units: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    ignore: list[str] = []
    zone: str = ""
    time_format: str = ""

    def columns_of(self, name: str) -> tuple[str, ...]:
        """Return the columns that make a field; none if it is not mapped."""
        columns = self.columns.get(name, ())
        return (columns,) if isinstance(columns, str) else tuple(columns)


def parse_mapping(content: bytes, *, where: str) -> Mapping:
    """Return the mapping of a TOML file; raises `InvalidInput` naming the table and key."""
    try:
        mapping = msgspec.convert(tomllib.loads(content.decode("utf-8")), Mapping)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput.single(where, str(error), "a mapping as TOML") from None
    except msgspec.ValidationError as error:
        raise InvalidInput.single(where, str(error), "tables columns, constants, units, values; see --help") from None
    return checked(mapping, where=where)


def checked(mapping: Mapping, *, where: str) -> Mapping:
    """Return the mapping if every field and unit in it is known, else raise `InvalidInput`."""
    faults = []
    named = (("columns", mapping.columns), ("constants", mapping.constants), ("values", mapping.values))
    for table, fields in named:
        faults += [
            Fault(f"{where}: {table}.{name}", "is no field of a claim", "one of " + ", ".join(FIELDS))
            for name in fields
            if name not in FIELDS
        ]
    for name, unit in mapping.units.items():
        if unit not in UNITS.get(name, ()):
            known = ", ".join(UNITS[name]) if name in UNITS else "a unit of " + ", ".join(UNITS)
            faults.append(Fault(f"{where}: units.{name}", f"is {unit!r}", known))
    faults += [
        Fault(f"{where}: {name}", "is mapped to a column and a constant", "one of the two")
        for name in mapping.columns
        if name in mapping.constants
    ]
    if faults:
        raise InvalidInput(faults)
    return mapping


def field_of_columns(header: Sequence[str], mapping: Mapping, *, where: str) -> dict[str, str]:
    """Return `column: field` for the columns that are read; raises `InvalidInput` naming each that is not known."""
    of_column = {column: name for name in mapping.columns for column in mapping.columns_of(name)}
    faults: list[Fault] = []
    out: dict[str, str] = {}
    for column in header:
        name = of_column.get(column, column if column not in mapping.columns else "")
        if column in mapping.ignore:
            continue
        if name in FIELDS and name not in mapping.constants:
            out[column] = name
        else:
            near = get_close_matches(column, FIELDS, n=1)
            expected = f"{near[0]!r}, " if near else ""
            expected += "a field, a column of the mapping, or one that it ignores"
            faults.append(Fault(where, f"unknown column {column!r}", expected))
    if len(set(header)) != len(header):
        faults.append(Fault(where, "names a column twice", "each column once"))
    faults += [
        Fault(where, f"no column {column!r}", f"the column mapped to {name}")
        for column, name in of_column.items()
        if column not in header
    ]
    there = set(out.values()) | set(mapping.constants)
    faults += [
        Fault(where, f"nothing gives {name!r}", "a column or a constant") for name in REQUIRED if name not in there
    ]
    if faults:
        raise InvalidInput(faults)
    return out
