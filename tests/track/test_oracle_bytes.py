"""The process that compiles and the one that loads the machine code give the same bytes: a journal outlives both."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# A coast of 31 s in grid steps and in one call, in either order: which copy of an inlined kernel runs must not matter.
PROGRAM = """
import hashlib, sys
import numpy as np
from beaconfire.track.bank import BIASES, GRID_NS, coast_once, predict_bank, predict_once
from tests.track.test_oracle_bank import bank

def whole():
    x, p, w = bank(300e3)
    predict_bank(x, p, np.zeros((4, 9, BIASES)), 0, w, 3 * GRID_NS + 1_234_567_891)
    return hashlib.sha256(x.tobytes() + p.tobytes() + w.tobytes()).hexdigest()

def parts():
    x, p, w = bank(300e3)
    c = np.zeros((4, 9, BIASES))
    for _ in range(3):
        coast_once(x, p, c, 0, w)
    predict_once(x, p, c, 0, w, 1_234_567_891 * 1e-9)
    return hashlib.sha256(x.tobytes() + p.tobytes() + w.tobytes()).hexdigest()

calls = [whole, parts] if sys.argv[1] == "whole first" else [parts, whole]
print(*[call() for call in calls])
"""


def run(folder: Path, order: str) -> list[str]:
    env = {**os.environ, "NUMBA_CACHE_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, order],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
        check=True,
    )
    return answer.stdout.split()


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("order", ["whole first", "parts first"])
def test_compiled_and_loaded_code_give_the_same_bytes(tmp_path: Path, order: str) -> None:
    compiled = run(tmp_path, order)
    loaded = run(tmp_path, order)
    assert len(compiled) == 2
    assert set(compiled) == set(loaded) and len(set(compiled)) == 1
    assert run(tmp_path, "parts first") == loaded
