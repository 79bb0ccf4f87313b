"""Progress: on standard error and only there, and nothing at all where nobody looks."""

import sys

import pytest

from beaconfire.cli.bars import progress_bar


def test_nobody_is_bothered_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("working") as report:
        report(1, 2)
    output = capsys.readouterr()
    assert (output.out, output.err) == ("", "")


def test_on_a_terminal_it_says_what_and_how_far(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with progress_bar("working") as report:
        report(0, 0)  # nothing to do is no division by zero
        report(5.0, 5.0)
    output = capsys.readouterr()
    assert output.out == ""
    assert "working" in output.err
    assert "100%" in output.err
