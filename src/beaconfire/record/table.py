"""Files of claims: CSV, JSON and JSON Lines, our own columns or another source's through a mapping.

Every row becomes a claim or a fault that names file, line and field; one bad row refuses the file, so that nothing is
half written. The wording is read here once (`wording`), and kept.
"""

import csv
import io
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import msgspec

from beaconfire.kernel import data, limits
from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.record.claims import Claim
from beaconfire.record.mapping import Mapping, field_of_columns
from beaconfire.record.row import claim_of_row

Row = dict[str, str]
NATIVE = Mapping()


def read_claims(content: bytes, *, where: str, mapping: Mapping = NATIVE) -> tuple[Claim, ...]:
    """Return the claims of a file's bytes, in its order; JSON is told from CSV by its first sign.

    Raises `InvalidInput` with a fault per bad row: file, line, field, what is wrong, what would be right.
    """
    text = _text(content, where)
    rows = _json_rows if text.lstrip()[:1] in ("[", "{") else _csv_rows
    claims: list[Claim] = []
    faults: list[Fault] = []
    for place, row in rows(text, mapping, where):
        try:
            claims.append(claim_of_row(row, mapping=mapping, where=place))
        except InvalidInput as error:
            faults += error.faults
        if len(claims) > limits.MAX_CLAIMS or len(faults) > limits.MAX_FAULTS:
            faults.append(Fault(place, "is one row too many", f"at most {limits.MAX_CLAIMS} good or few bad ones"))
            break
    if faults:
        raise InvalidInput(faults)
    return _with_editions(claims)


@cache
def shipped_claims() -> tuple[Claim, ...]:
    """Return the claims of the shipped record: what governments and state media announced, 2016 to 2026."""
    return read_claims(data.read_bytes("beaconfire", "data", "launches.csv"), where="announced")


def objects_of(content: bytes, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield `(place, object)` of a JSON array of objects, or of JSON Lines; raises `InvalidInput` for another form."""
    return _objects(_text(content, where), where)


def _text(content: bytes, where: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput.single(where, f"byte {error.start} is not UTF-8", "UTF-8 text") from None


def _csv_rows(text: str, mapping: Mapping, where: str) -> Iterator[tuple[str, Row]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(reader, None)
        if not header:
            raise InvalidInput.single(where, "is empty", "a header line and one row per claim")
        fields = field_of_columns(header, mapping, where=f"{where}:1")
        line = reader.line_num + 1
        for cells in reader:
            place, line = f"{where}:{line}", reader.line_num + 1
            if not cells:
                continue
            if len(cells) != len(header):
                raise InvalidInput.single(place, f"has {len(cells)} cells", f"{len(header)} as in the header")
            yield place, _by_field(dict(zip(header, cells, strict=True)), fields, mapping)
    except csv.Error as error:
        raise InvalidInput.single(f"{where}:{reader.line_num}", str(error), "RFC 4180 CSV") from None


def _json_rows(text: str, mapping: Mapping, where: str) -> Iterator[tuple[str, Row]]:
    for place, value in _objects(text, where):
        flat = dict(_flattened(value, place))
        fields = field_of_columns(list(flat), _with_absent(mapping, flat), where=place)
        yield place, _by_field(flat, fields, mapping)


def _by_field(cells: Row, fields: Row, mapping: Mapping) -> Row:
    """The cells by field; columns that make one field together in the order of the mapping."""
    out: Row = {}
    for column, name in fields.items():
        together = [cells[other].strip() for other in mapping.columns_of(name) or (column,) if other in cells]
        out[name] = " ".join(cell for cell in together if cell)
    return out


def _objects(text: str, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of an array, or of lines, each with its place."""
    decoder = msgspec.json.Decoder(dict[str, Any])
    if text.lstrip().startswith("["):
        try:
            rows = msgspec.json.decode(text, type=list[dict[str, Any]])
        except (msgspec.DecodeError, UnicodeEncodeError) as error:
            raise InvalidInput.single(where, str(error), "an array of JSON objects") from None
        for number, value in enumerate(rows):
            yield f"{where}[{number}]", value
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                yield f"{where}:{number}", decoder.decode(line)
            except (msgspec.DecodeError, UnicodeEncodeError) as error:
                raise InvalidInput.single(f"{where}:{number}", str(error), "one JSON object on a line") from None


def _flattened(value: dict[str, Any], where: str, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Cells by name; a table within is `outer.inner`, null is empty."""
    for name, cell in value.items():
        if isinstance(cell, dict) and prefix.count(".") < limits.MAX_NESTING:
            yield from _flattened(cell, where, f"{prefix}{name}.")
        elif isinstance(cell, dict | list):
            raise InvalidInput.single(f"{where}: {prefix}{name}", "is a list or too deep a table", "a text or a number")
        else:
            yield prefix + name, "" if cell is None else str(cell).strip()


def _with_absent(mapping: Mapping, flat: Row) -> Mapping:
    """A JSON object may leave a key out, where a CSV row has an empty cell."""
    there = {name: [column for column in mapping.columns_of(name) if column in flat] for name in mapping.columns}
    return msgspec.structs.replace(mapping, columns={name: columns for name, columns in there.items() if columns})


def _with_editions(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """Rows of one source's one statement that give no edition are numbered as they come."""
    seen: dict[tuple[str, str], int] = {}
    out = []
    for claim in claims:
        if claim.statement:
            key = (claim.source, claim.statement)
            edition = claim.edition or seen.get(key, 0) + 1
            seen[key] = max(seen.get(key, 0), edition)
            claim = msgspec.structs.replace(claim, edition=edition)
        out.append(claim)
    return tuple(out)
