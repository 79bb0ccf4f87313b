"""Keyed names: HMAC-SHA-256 over framed parts; the oracle is `hmac` with the frame written out by hand."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel import keyed
from tests.exchange import SECRET

texts = st.text(max_size=12)


def test_against_hmac_by_hand() -> None:
    message = b"\x05\0\0\0batch" + b"\x02\0\0\0T1" + b"\x08\0\0\0" + (7).to_bytes(8, "little")
    expected = hmac.new(SECRET, message, hashlib.sha256).digest()[:16]
    assert keyed.batch_id(SECRET, track_id="T1", number=7) == expected


@given(st.lists(texts, max_size=4), st.lists(texts, max_size=4))
def test_other_parts_give_another_digest(first: list[str], second: list[str]) -> None:
    """Also where the parts joined would be the same text."""
    same = keyed.keyed_digest(SECRET, "p", *first) == keyed.keyed_digest(SECRET, "p", *second)
    assert same == (first == second)


def test_purposes_do_not_meet() -> None:
    assert keyed.source_id(SECRET, record_hash=b"x", kind="launch") != keyed.keyed_digest(SECRET, "batch", "x")[:16]


def test_source_ids_differ_by_record_kind_and_owner() -> None:
    ids = {
        keyed.source_id(secret, record_hash=record, kind=kind)
        for secret in (SECRET, bytes(32))
        for record in (b"a", b"b")
        for kind in ("launch", "impact")
    }
    assert len(ids) == 8
    assert {len(value) for value in ids} == {16}


def test_pseudonyms_differ_by_partner_and_hide_the_name() -> None:
    names = [keyed.pseudonym(SECRET, prefix="T", partner=partner, local_id="KOR-T1") for partner in ("JPN", "USA")]
    assert names[0] != names[1]
    for name in names:
        assert name[0] == "T"
        assert len(name) == 17
        assert "KOR" not in name


def test_uniform_pairs_fill_the_unit_square() -> None:
    """Mean 1/2 and variance 1/12 of each, no correlation: within four standard errors of 4,000 draws."""
    pairs = [keyed.uniform_pair(SECRET, "coarsen", f"E{number}") for number in range(4000)]
    for axis in (0, 1):
        values = [pair[axis] for pair in pairs]
        assert all(0.0 <= value < 1.0 for value in values)
        mean = sum(values) / 4000
        assert mean == pytest.approx(0.5, abs=4 * (1 / 12 / 4000) ** 0.5)
    product = sum((x - 0.5) * (y - 0.5) for x, y in pairs) / 4000
    assert product == pytest.approx(0.0, abs=4 / 12 / 4000**0.5)
