"""`beaconfire warm` compiles what the rooms registered, says so on standard error, and prints nothing else."""

import pytest

from beaconfire.cli import run
from beaconfire.kernel.jit import kernel_modules, warmers


def test_warm_imports_every_room_with_kernels_and_reports_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["warm"]) == 0
    assert {name.rpartition(".")[0] for name in warmers()} >= set(kernel_modules())
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "number kernels are ready" in captured.err


def test_warm_is_hidden_from_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    assert "warm " not in capsys.readouterr().out
