"""Kernel: ways over the ground between two that were flown, so that many cost little more than a few.

The ways of one burn change smoothly with how long it goes on, so that the way between two neighbours lies between
them: place by place at the same share of the flight, straight in latitude and longitude. It ends less than a quarter
of the distance to the next one away from where it would have ended if it had been flown, and keeps to the track as
legs straight on the map do. Within some hundred kilometres of a pole it is only near the pole, where no area lies. The
traps avoided: a way between one that falls and one that does not, which is neither, so that the nearer stands for it;
and the meridian where the longitudes begin anew.
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.kernel.jit import kernel, warmer

_LEAST_S = 1e-3  # shorter than any way that has two places


@kernel
def ways_between(
    flown: NDArray[np.float64],
    flown_ends: NDArray[np.float64],
    places: NDArray[np.float64],
    rows: NDArray[np.float64],
    ends: NDArray[np.float64],
) -> None:
    """Write the ways at `places` (N,) among those flown (K, M, 4), K at least 2, into `rows` (N, M, 4), `ends` (N, 2).

    A place of 2.25 is a quarter of the way from the third flown to the fourth. Rows are time s, latitude rad, longitude
    rad, altitude m; ends are rows written and whether the last is on the ground, as `earth.arc.ground_ways` has them.
    """
    for n in range(places.shape[0]):
        one = min(max(math.floor(places[n]), 0), flown.shape[0] - 2)
        share = places[n] - one
        two = one + 1
        if flown_ends[one, 1] != flown_ends[two, 1]:
            share = 0.0 if share < 0.5 else 1.0
        if share == 0.0 or share == 1.0:
            alone = one if share == 0.0 else two
            rows[n] = flown[alone]
            ends[n] = flown_ends[alone]
        else:
            # The places are the shorter way's: stretched to the length between, they lie no closer than they did.
            if flown[two, int(flown_ends[two, 0]) - 1, 0] < flown[one, int(flown_ends[one, 0]) - 1, 0]:
                one, two, share = two, one, 1.0 - share
            count, other = int(flown_ends[one, 0]), int(flown_ends[two, 0])
            _blend(flown[one], count, flown[two], other, share, rows[n])
            ends[n] = flown_ends[one]


@kernel
def _blend(
    one: NDArray[np.float64],
    count: int,
    two: NDArray[np.float64],
    other: int,
    share: float,
    out: NDArray[np.float64],
) -> None:
    """Write the way that is `share` of the way from the first to the second, at the places of the first."""
    begin, length = one[0, 0], one[count - 1, 0] - one[0, 0]
    begin2, length2 = two[0, 0], two[other - 1, 0] - two[0, 0]
    leg = 0
    for i in range(count):
        gone = (one[i, 0] - begin) / length if length > _LEAST_S and i < count - 1 else 1.0
        time2 = begin2 + gone * length2
        while leg < other - 2 and two[leg + 1, 0] < time2:
            leg += 1
        after = min(leg + 1, other - 1)
        step = two[after, 0] - two[leg, 0]
        along = min(max((time2 - two[leg, 0]) / step, 0.0), 1.0) if step > 0.0 else 1.0
        latitude2 = two[leg, 1] + along * (two[after, 1] - two[leg, 1])
        longitude2 = two[leg, 2] + along * _turn(two[after, 2] - two[leg, 2])
        altitude2 = two[leg, 3] + along * (two[after, 3] - two[leg, 3])
        out[i, 0] = one[i, 0] + share * (time2 - one[i, 0])
        out[i, 1] = one[i, 1] + share * (latitude2 - one[i, 1])
        out[i, 2] = one[i, 2] + share * _turn(longitude2 - one[i, 2])
        out[i, 3] = one[i, 3] + share * (altitude2 - one[i, 3])


@kernel
def _turn(angle_rad: float) -> float:
    """The same angle within half a turn."""
    return angle_rad - 2.0 * math.pi * math.floor(angle_rad / (2.0 * math.pi) + 0.5)


@warmer
def _warm() -> None:
    rows, ends = np.zeros((2, 3, 4)), np.ones((2, 2))
    ways_between(rows, ends, np.array([0.5]), np.empty((1, 3, 4)), np.empty((1, 2)))
