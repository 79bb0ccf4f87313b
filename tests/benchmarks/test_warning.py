"""Decision to channels, measured: the benchmark's own rows, one round of them."""

import json
import subprocess
import sys

import pytest

from tests.shell.live import ROOT, environment


@pytest.mark.long
@pytest.mark.timeout(300)
def test_from_decision_to_every_channel_within_the_targets() -> None:
    """Two seconds from the last approval, ten from the cancel, retries and a slow receiver included."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.warning", "--json", "--rounds", "3"],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert {"name", "figure", "unit", "spread", "anchor", "ratio", "target", "missed"} <= rows[0].keys()
    assert [row["name"] for row in rows if "all channels" in row["name"]] == [
        "approval to all channels", "cancel to all channels",
    ]  # fmt: skip
    assert [row["name"] for row in rows if row["missed"]] == []
