"""Any bytes are a policy or a list of faults, each with place and remedy; a signed file too; nothing else is raised."""

import string

from hypothesis import example, given, settings
from hypothesis import strategies as st

from beaconfire.kernel.errors import InvalidInput, Refused
from beaconfire.kernel.labels import Realm
from beaconfire.release import Policy, parse_policy, preset, signers

GOOD = preset("default", nation="KOR", partners=("JPN", "USA"), realm=Realm.EXERCISE)
keys = st.sampled_from(
    [
        "id",
        "partner",
        "realm",
        "kinds",
        "provenance",
        "sensors",
        "regions",
        "valid_from",
        "rate_hz",
        "onward",
        "reveals",
    ]
)
atoms = st.one_of(
    st.integers(), st.floats(), st.booleans(), st.sampled_from(["JPN", "KOR", "LIVE", "launch", "impact", "main", ""]),
    st.text(string.printable, max_size=8),
)  # fmt: skip


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\u{ord(letter):04x}" for letter in value) + '"'
    return str(value)


def judged(data: bytes) -> Policy | None:
    """A policy, or None for faults; whatever else comes out of it fails the test."""
    try:
        return parse_policy(data, where="p")
    except InvalidInput as error:
        faults = error.faults
    assert all(fault.where.startswith("p") and fault.what and fault.expected for fault in faults)
    assert all(len(str(fault).splitlines()) == 1 for fault in faults)
    return None


@given(st.binary(max_size=200))
@example(b"\x00")
@example(b'version = 1\nnation = "KOR"\ngrant = [[1]]')
def test_any_bytes(data: bytes) -> None:
    found = judged(data)
    assert found is None or found.version >= 1


@settings(max_examples=300)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, len(GOOD)), st.binary(max_size=12))
def test_any_cut_and_graft(start: int, end: int, graft: bytes) -> None:
    found = judged(GOOD[:start] + graft + GOOD[end:])
    assert found is None or all(len(grant.partner) == 3 for grant in found.grants)


@settings(max_examples=300)
@example([{"id": "a\nb\u2028c", "kinds": "x\ny"}])
@given(st.lists(st.dictionaries(keys, atoms | st.lists(atoms, max_size=3), max_size=6), max_size=3))
def test_any_values(rows: list[dict[str, object]]) -> None:
    text = 'version = 1\nnation = "KOR"\n'
    for row in rows:
        text += "[[grant]]\n" + "".join(f"{toml(key)} = {toml(value)}\n" for key, value in row.items())
    found = judged(text.encode())
    assert found is None or all(grant.partner != "KOR" for grant in found.grants)


@given(st.binary(max_size=80), st.booleans())
def test_any_signature(tail: bytes, hexadecimal: bool) -> None:
    line = tail.hex().encode() if hexadecimal else tail
    for data in (GOOD + b"# signed by kim for EXERCISE: " + line + b"\n", GOOD + b"# signed by " + line):
        assert outcome(data) in ("nobody", "malformed", "person")


def outcome(data: bytes) -> str:
    try:
        return ", ".join(signers(data, nation="KOR", realm=Realm.EXERCISE, people={}, where="p")) or "nobody"
    except Refused as error:
        return error.reason
