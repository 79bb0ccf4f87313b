"""docs/library.md: its list is the library, its ten lines are ten and run."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import beaconfire
from beaconfire.cli import run
from tests.house import ROOT

PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
MOST_LINES = 10


def test_the_documented_list_is_the_library() -> None:
    table = PAGE[PAGE.index("## Every name") :]
    assert sorted(re.findall(r"^\| `(\w+)", table, re.MULTILINE)) == sorted(beaconfire.__all__)


def test_every_name_is_there_and_explains_itself() -> None:
    for name in beaconfire.__all__:
        value = getattr(beaconfire, name)
        if callable(value):
            assert value.__doc__, name
    assert dir(beaconfire) == sorted(beaconfire.__all__)


def test_a_name_that_is_not_there_is_said_as_python_says_it() -> None:
    with pytest.raises(AttributeError, match="module 'beaconfire' has no attribute 'guidance'"):
        beaconfire.guidance  # noqa: B018


def test_import_loads_nothing() -> None:
    code = "import beaconfire, sys; print(sorted({name.split('.')[0] for name in sys.modules} & {'numpy', 'numba'}))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_ten_lines_are_ten_and_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["scenario", "simulate", "2025-01-06", "--out", "practice"]) == 0
    capsys.readouterr()
    assert len([line for line in BLOCKS[0].splitlines() if line.strip()]) <= MOST_LINES
    exec(compile(BLOCKS[0], "docs/library.md", "exec"), {})
    told = capsys.readouterr().out
    assert re.search(r"^XXX-00001 \(\d+,\) \(\d+, 9\) \(\d+, 9, 9\)", told, re.MULTILINE)
    assert re.search(r"^XXX-E1 \w+ LaunchEstimate\(", told, re.MULTILINE)


def test_the_blocks_on_arrays_and_on_one_filter_run() -> None:
    """A body that falls straight away from the radar, as arrays."""
    seconds = np.arange(0.0, 60.0, 2.0)
    place = beaconfire.positions_ecef(latitude_rad=np.radians(36.6), longitude_rad=np.radians(127.4), altitude_m=300e3)
    names: dict[str, Any] = {
        "bf": beaconfire, "np": np, "range_m": 300e3 + 1e3 * seconds, "azimuth_rad": np.full(30, 0.1),
        "elevation_rad": np.full(30, 1.0), "state": np.concatenate([place, np.zeros(6)]),
        "covariance": np.diag([1e5**2] * 3 + [3e3**2] * 3 + [3e-4**2] * 3),
    }  # fmt: skip
    exec(compile(BLOCKS[1] + BLOCKS[2], "docs/library.md", "exec"), names)
    assert len(names["rows"]) == len(seconds)
    assert names["picture"].held_back == {}
    assert np.linalg.norm(np.sqrt(np.diag(names["one"].covariance))[:3]) < 1e3
