"""`beaconfire bench`: rows of the contract, and words that help."""

import json

import pytest

from beaconfire.cli.app import run

FIELDS = {"name", "figure", "unit", "spread", "anchor", "ratio", "target", "missed"}


def test_rows_are_those_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "announced", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert rows
    for row in rows:
        assert row.keys() >= FIELDS
        assert isinstance(row["missed"], bool)
        assert row["target"] == "-60 to 60 s"


def test_people_get_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["bench", "bound", "--runs", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("| row | figure |")
    assert sum("over the bound" in line for line in lines) == 6
    assert all("3 runs" in line for line in lines[2:])


@pytest.mark.parametrize("arguments", [["bench", "swiftness"], ["bench", "--runs", "0"], ["bench", "--flights", "x"]])
def test_wrong_words_are_exit_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert "bench" in capsys.readouterr().err
