"""The small words: errors, labels, packaged data, limits."""

import pytest

from beaconfire.kernel import data, limits
from beaconfire.kernel.errors import BeaconfireError, Fault, InvalidInput, Refused, RunFailed, UsageError, Violation
from beaconfire.kernel.labels import check_name, check_nation


def test_exit_codes_are_those_of_the_contract() -> None:
    codes = {kind: kind.exit_code for kind in (RunFailed, UsageError, InvalidInput, Violation)}
    assert list(codes.values()) == [1, 2, 3, 4]
    assert all(issubclass(kind, BeaconfireError) for kind in codes)


def test_an_invalid_input_prints_one_line_per_fault() -> None:
    error = InvalidInput([Fault("a.csv:1", "is wrong", "right"), Fault("a.csv:2", "is bad", "good")])
    assert str(error) == "a.csv:1: is wrong; expected right\na.csv:2: is bad; expected good"


def test_a_refusal_is_countable() -> None:
    refused = Refused("signature", where="envelope 7 of KOR", what="does not verify", expected="KOR's key")
    assert refused.reason == "signature"
    assert refused.exit_code == 3
    assert "envelope 7 of KOR" in str(refused)


@pytest.mark.parametrize("code", ["kor", "KO", "KORE", "K1R", "", "KOR\n"])
def test_nations_are_three_capitals(code: str) -> None:
    with pytest.raises(InvalidInput, match="ISO 3166"):
        check_nation(code, where="n")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 65, "é", "a\n", "*", ">"])
def test_names_fit_subjects_and_files(name: str) -> None:
    with pytest.raises(InvalidInput):
        check_name(name, where="n")


def test_good_names_pass_unchanged() -> None:
    assert check_name("KOR-R1", where="n") == "KOR-R1"
    assert check_nation("KOR", where="n") == "KOR"


def test_leap_seconds_are_the_iers_list() -> None:
    rows = data.leap_seconds()
    assert rows[0] == (41317, 10)  # 1972-01-01
    assert rows[-1] == (57754, 37)  # 2017-01-01, the last one so far
    assert list(rows) == sorted(rows)


def test_a_missing_packaged_file_is_named() -> None:
    with pytest.raises(InvalidInput, match="no-such-file"):
        data.read_bytes("beaconfire", "no-such-file")
    assert "time.py" in data.names("beaconfire.kernel", suffix=".py")


def test_every_limit_is_positive_and_has_its_reason() -> None:
    values = {name: value for name, value in vars(limits).items() if name.isupper()}
    assert values
    assert all(value > 0 for value in values.values())
