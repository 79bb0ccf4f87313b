"""TOML tables into records, every fault gathered and each with its line.

Every table is converted on its own, so that one mistake does not hide the next; an unknown key is named with
the nearest known one. Values that TOML knows and no scenario means (nan, inf) are refused here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from enum import EnumType
from typing import Any

import msgspec

from beaconfire.kernel.errors import Fault

KeyPath = tuple[str | int, ...]


class TableReader:
    """Converts the tables of one file and gathers faults."""

    def __init__(self, text: str, *, where: str) -> None:
        self.faults: list[Fault] = []
        self._lines = text.splitlines()
        self._where = where

    def fault(self, path: KeyPath, what: str, expected: str) -> None:
        """Note one fault at a key path, () for the file."""
        line = self._line(path)
        place = f"{self._where}:{line}" if line else self._where
        self.faults.append(Fault(f"{place}: {_dotted(path)}" if path else place, what, expected))

    def unknown(self, path: KeyPath, key: str, known: Iterable[str]) -> None:
        """Note a key that is not known, with the nearest one that is."""
        self.fault((*path, key), f"unknown key {key!r}", _nearest(key, known))

    def undefined(self, path: KeyPath, name: str, known: Iterable[str]) -> None:
        """Note a name that the file uses but does not define, with the nearest one that it does."""
        self.fault(path, f"names {name!r}, which this file does not define", _nearest(name, known))

    def tables(self, rows: object, kind: Any, name: str) -> dict[int, Any]:
        """Converted rows of an array of tables by their index; the bad ones are left out."""
        if not isinstance(rows, list):
            self.fault((name,), "is not an array of tables", f"[[{name}]]")
            return {}
        converted = {index: self.table(row, kind, (name, index)) for index, row in enumerate(rows)}
        return {index: row for index, row in converted.items() if row is not None}

    def table(self, row: object, kind: Any, path: KeyPath) -> Any:
        """One converted table, or None after its faults are noted."""
        before = len(self.faults)
        for inner, value in list(_odd_numbers(row)):
            self.fault((*path, *inner), f"is {value}", "a finite number")
            row = _without(row, inner)
        while True:
            try:
                converted = msgspec.convert(row, kind)
            except msgspec.ValidationError as error:
                inner = self._explain(str(error), row, kind, path)
                if not inner:
                    return None
                row = _without(row, inner)  # and look for the next fault
                continue
            return converted if len(self.faults) == before else None

    def _explain(self, text: str, row: object, kind: Any, path: KeyPath) -> KeyPath:
        """Note what msgspec found and return the path to leave out before looking further; () to stop."""
        message, inner = _split(text)
        if key := re.search(r"unknown field `([^`]+)`", message):
            self.unknown((*path, *inner), key.group(1), _keys(_member(_type_at(kind, row, inner), _at(row, inner))))
            return (*inner, key.group(1))
        if key := re.search(r"missing required field `([^`]+)`", message):
            noted = _dotted((*path, *inner, key.group(1)))
            if not any(fault.where.rpartition(" ")[2].startswith(noted) for fault in self.faults):
                self.fault((*path, *inner), f"has no {key.group(1)}", "it is required")
            return ()
        if message.startswith("Invalid"):
            value, choices = str(_at(row, inner)), _choices(_type_at(kind, row, inner), inner)
            self.fault((*path, *inner), f"is {value[:40]!r}", _nearest(value, choices))
        else:
            self.fault((*path, *inner), *_plain(message))
        return inner

    def _line(self, path: KeyPath) -> int | None:
        """Line number of a key path, as far as the file's plain form shows it."""
        if not path:
            return None
        wanted = path[1] if len(path) > 1 and isinstance(path[1], int) else 0
        key = next((part for part in reversed(path[1:]) if isinstance(part, str)), None)
        block = list(self._block(str(path[0]), wanted))
        for number, line in block:
            if key and re.search(rf"(^|[{{,\s\[.]){re.escape(key)}\s*[=\]]", line):
                return number
        return block[0][0] if block else None

    def _block(self, root: str, wanted: int) -> Iterator[tuple[int, str]]:
        """Numbered lines of the `wanted`-th table (or key) of that name, with its sub-tables."""
        seen, inside = -1, False
        for number, line in enumerate(self._lines, start=1):
            header = re.match(r"\s*\[+\s*([\w-]+)(\s*\.)?", line)
            if re.match(rf"\s*\[+\s*{re.escape(root)}\s*\]", line) or re.match(rf"\s*{re.escape(root)}\s*=", line):
                seen += 1
                inside = seen == wanted
            elif header and not (header.group(1) == root and header.group(2)):
                inside = False
            if inside:
                yield number, line


def _nearest(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = get_close_matches(name, names, n=1)
    return near[0] if near else "one of " + ", ".join(names)


def _dotted(path: KeyPath) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def _odd_numbers(row: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, float]]:
    """Every nan and infinity of nested tables, with its path."""
    items: Iterable[tuple[str | int, object]] = ()
    if isinstance(row, dict):
        items = row.items()
    elif isinstance(row, list):
        items = enumerate(row)
    for key, value in items:
        if isinstance(value, float) and not math.isfinite(value):
            yield (*path, key), value
        yield from _odd_numbers(value, (*path, key))


def _split(message: str) -> tuple[str, KeyPath]:
    """msgspec's message and the path it names, apart."""
    match = re.fullmatch(r"(.*?)(?: - at `(?:key in )?\$(.*)`)?", message, flags=re.DOTALL)
    assert match is not None
    parts = re.findall(r"\.(\w+)|\[(\d+)\]", match.group(2) or "")
    return match.group(1), tuple(name or int(index) for name, index in parts)


def _plain(message: str) -> tuple[str, str]:
    """What is wrong and what would be right, from msgspec's message."""
    typed = re.fullmatch(r"Expected (.*), got (.*)", message)
    if typed:
        return f"is {typed.group(2)}", typed.group(1)
    return "is out of bounds", message.removeprefix("Expected ")


def _type_at(kind: Any, row: object, inner: KeyPath) -> Any:
    """The declared type at a path inside a row of this kind."""
    for part in inner:
        if isinstance(part, str):
            chosen = _member(kind, row)
            fields = {field.encode_name: field.type for field in msgspec.structs.fields(chosen)}
            kind = fields.get(part, kind)  # a union's tag is no field
        row = _at(row, (part,))
    return kind


def _at(row: object, inner: KeyPath) -> object:
    for part in inner:
        assert isinstance(row, dict | list)
        row = row[part]  # type: ignore[index]
    return row


def _member(kind: Any, row: object) -> Any:
    """The struct inside a type (optional, array, union by tag) that this row is meant for."""
    structs = list(_structs(kind))
    tagged = [part for part in structs if isinstance(row, dict) and _tagged(part, row)]
    return next(iter(tagged or structs), None)


def _structs(kind: Any) -> Iterator[Any]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind
    for part in getattr(kind, "__args__", ()):
        yield from _structs(part)


def _tagged(kind: Any, row: dict[str, object]) -> bool:
    config = kind.__struct_config__
    return config.tag_field is not None and row.get(config.tag_field) == config.tag


def _keys(struct: Any) -> tuple[str, ...]:
    tag = struct.__struct_config__.tag_field
    return (*([tag] if tag else []), *struct.__struct_encode_fields__)


def _choices(kind: Any, inner: KeyPath) -> list[str]:
    """Texts that may stand at a path: a literal's, an enumeration's, or the tags of a union."""
    tags = [str(part.__struct_config__.tag) for part in _structs(kind) if part.__struct_config__.tag_field == inner[-1]]
    return tags or [str(value) for value in _literals(kind)]


def _literals(kind: Any) -> Iterator[object]:
    if isinstance(kind, EnumType):
        yield from kind
    for part in getattr(kind, "__args__", ()):
        if isinstance(part, str):
            yield part
        yield from _literals(part)


def _without(row: Any, inner: KeyPath) -> Any:
    """A copy of nested tables without the value at a path; an array's element goes with its whole array."""
    if len(inner) == 1 or (
        len(inner) == 2 and isinstance(inner[1], int) and not isinstance(row[inner[0]][inner[1]], dict)
    ):
        return {name: value for name, value in row.items() if name != inner[0]}
    if isinstance(inner[0], int):
        return [_without(item, inner[1:]) if index == inner[0] else item for index, item in enumerate(row)]
    return {name: _without(value, inner[1:]) if name == inner[0] else value for name, value in row.items()}
