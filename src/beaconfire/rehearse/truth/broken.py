"""A flight that breaks up: the path until then, and the fall of the largest piece after it.

Only the largest piece is followed; the fragments of a real break-up spread round it. What the break-up takes of the
speed is stated, for no physics of this size tells it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from beaconfire.rehearse.truth.force import Array
from beaconfire.rehearse.truth.path import Path, at_climb, at_height, drag_only, integrate_leg, to_inertial

_LONGEST_S = 3.0 * 3600.0


@dataclass(frozen=True, slots=True)
class Broken:
    """A path in two parts; `whole` holds until `break_s`, `fall` from there on. Times are seconds since lift-off."""

    whole: Path
    break_s: float
    fall: Path
    apogee_s: float  # of the fall; the break-up itself where it goes down from there

    @property
    def start_s(self) -> float:
        """First time of the path."""
        return self.whole.start_s

    @property
    def end_s(self) -> float:
        """When the piece reaches the ground."""
        return self.fall.end_s

    def at(self, times_s: Array) -> tuple[Array, Array]:
        """Position (n, 3) in m and velocity (n, 3) in m/s, Earth-fixed, at the given times (n,)."""
        times_s = np.asarray(times_s, dtype=float)
        positions, velocities = np.empty((times_s.size, 3)), np.empty((times_s.size, 3))
        early = times_s <= self.break_s
        for part, chosen in ((self.whole, early), (self.fall, ~early)):
            if chosen.any():
                positions[chosen], velocities[chosen] = part.at(times_s[chosen])
        return positions, velocities


def break_up(path: Path, time_s: float, *, speed_kept: float, piece_kg_m2: float) -> Broken:
    """Return the flight that breaks up at `time_s`; the piece keeps a share of its Earth-fixed velocity.

    `piece_kg_m2` is the piece's ballistic coefficient. Raises `RunFailed` where the fall cannot be integrated.
    """
    (position,), (velocity,) = path.at(np.array([time_s]))
    state = to_inertial(time_s, position, speed_kept * velocity)
    push = drag_only(piece_kg_m2)
    legs, apogee_s, at_s = [], time_s, time_s
    if math.fsum((position * velocity).tolist()) > 0.0:  # it still climbs
        up = integrate_leg(state, time_s, _LONGEST_S, push, (at_climb(0.0, rising=False), at_height(0.0)))
        legs.append(up.solution)
        state, apogee_s, at_s = up.state, up.end_s, up.end_s
    down = integrate_leg(state, at_s, _LONGEST_S, push, (at_height(0.0),))
    return Broken(path, time_s, Path((*legs, down.solution)), apogee_s)
