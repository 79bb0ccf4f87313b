"""The command line's outcome in exit codes and words, driven through `run` as the shell would."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from beaconfire import __version__
from beaconfire.cli import app, run
from beaconfire.kernel.errors import Fault, InvalidInput, RunFailed, UsageError, Violation


@pytest.fixture
def outcome() -> Iterator[list[object]]:
    """Add a command `probe` to the tree that returns or raises what the test puts in the list."""
    planned: list[object] = []

    def probe(*, number: int = 0) -> object:
        """Do what the test planned."""
        assert number >= 0
        result = planned.pop()
        if isinstance(result, BaseException):
            raise result
        return result

    app.command(probe, name="probe")
    yield planned
    del app["probe"]


@pytest.mark.parametrize(
    ("result", "code"),
    [
        (None, 0),
        ("a text is no exit code", 0),
        (7, 7),
        (RunFailed("the node of JPN died"), 1),
        (UsageError("--out names a folder that is not a run's"), 2),
        (InvalidInput.single("a.csv:3", "latitude is NaN", "a number"), 3),
        (Violation("row 7 was changed"), 4),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_outcome_has_its_exit_code(outcome: list[object], result: object, code: int) -> None:
    outcome.append(result)
    assert run(["probe"]) == code


def test_every_fault_of_an_input_is_one_line_on_standard_error(
    outcome: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    faults = [Fault("a.csv:3", "azimuth is 400", "0 to 360"), Fault("a.csv:9", "no sensor 'X'", "one of KOR-R1")]
    outcome.append(InvalidInput(faults))
    run(["probe"])
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.splitlines() == [str(fault) for fault in faults]


def test_a_programmers_error_is_told_in_one_line_without_a_traceback(
    outcome: list[object], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BEACONFIRE_DEBUG", raising=False)
    outcome.append(ZeroDivisionError("division by zero"))
    assert run(["probe"]) == 1
    assert capsys.readouterr().err == "internal error, please report it: ZeroDivisionError: division by zero\n"


def test_who_debugs_gets_the_traceback(outcome: list[object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BEACONFIRE_DEBUG", "1")
    outcome.append(ZeroDivisionError("division by zero"))
    with pytest.raises(ZeroDivisionError):
        run(["probe"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lunch"], "lunch"),
        (["probe", "--nubmer", "3"], "--nubmer"),
        (["probe", "--number", "three"], "three"),
        (["probe", "more"], "more"),
    ],
)
def test_wrong_usage_names_the_wrong_word_and_the_way_to_help(
    outcome: list[object], capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert run(arguments) == 2
    output, errors = capsys.readouterr()
    assert output == ""
    assert said in errors
    assert errors.splitlines()[-1].startswith("Try: beaconfire ")
    assert errors.rstrip().endswith("--help")


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_help_is_printed_and_is_no_error(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> None:
    assert run(arguments) == 0
    assert "Usage: beaconfire" in capsys.readouterr().out


def test_help_loads_none_of_the_heavy_libraries() -> None:
    """Start-up stays quick (0.2 s) because groups import the rooms inside their commands."""
    script = "import sys; from beaconfire.cli import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    heavy = {"numpy", "numba", "scipy", "shapely", "nats", "starlette", "uvicorn", "cryptography", "asyncio"}
    process = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = set(process.stderr.split())
    assert "beaconfire.cli.app" in loaded
    assert heavy & loaded == set()


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    script = """
import sys
from beaconfire.cli import app, run

@app.command
def lines():
    print("line\\n" * 100_000)

sys.exit(run(["lines"]))
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_the_installed_command_and_the_module_are_the_same() -> None:
    process = subprocess.run([sys.executable, "-m", "beaconfire", "--version"], capture_output=True, text=True)
    assert (process.returncode, process.stdout.strip()) == (0, __version__)
