"""The land that a map shows: Natural Earth's coasts from the package's own data."""

from __future__ import annotations

import json
from functools import cache

import numpy as np

from beaconfire.kernel import data
from beaconfire.rehearse.truth.force import Array


@cache
def coasts() -> tuple[Array, ...]:
    """Return every coast as a ring (n, 2) of (longitude, latitude) in degrees, the largest first."""
    rings = json.loads(data.read_text("beaconfire", "data", "land.json"))["rings"]
    return tuple(np.cumsum(np.array(steps, dtype=float).reshape(-1, 2), axis=0) / 100.0 for steps in rings)
