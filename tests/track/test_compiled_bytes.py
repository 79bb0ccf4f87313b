"""Promise P9 down to the compiler: who compiles a kernel and who loads it from the cache compute the same bytes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import hashlib
import numpy as np
from beaconfire.track import bank
from tests.track.test_oracle_bank import bank as example
x, p, w = example(300e3)
c = np.zeros((4, 9, bank.BIASES))
bank.predict_bank(x, p, c, 0, w, 3 * bank.GRID_NS + 1_234_567_891)
print(hashlib.sha256(x.tobytes() + p.tobytes() + w.tobytes()).hexdigest())
"""


@pytest.mark.long
def test_compiling_and_loading_give_the_same_bytes(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "PYTHONPATH": str(root)}
    digests = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM], env=environment, cwd=root, check=True, capture_output=True, text=True
        ).stdout
        for _ in range(2)
    ]
    assert len(digests[0]) == 65
    assert digests[0] == digests[1]
