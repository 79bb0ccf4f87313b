"""Does a state belong to a model at all: what no likelihood of a few measurements can say.

A model's filter would follow anything its noise allows; these soft limits keep the words of the bank meaning what they
say. One update can lower a model by `0.05` at the most, so that a wrong limit delays and never blinds.
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.wgs84 import altitude_and_up
from beaconfire.kernel.jit import kernel, warmer
from beaconfire.track.models import AIR, BOOST, STATE

Array = NDArray[np.float64]

AIRCRAFT_CEILING_M, AIRCRAFT_CEILING_WIDTH_M = 28e3, 3e3
_AIRCRAFT_CLIMB_M_S, _AIRCRAFT_CLIMB_WIDTH_M_S = 90.0, 40.0
_AIRCRAFT_SPEED_M_S, _AIRCRAFT_SPEED_WIDTH_M_S = 900.0, 150.0
_LAYER_M, _LAYER_WIDTH_M, _LAYER_SPEED_M_S, _LAYER_SPEED_WIDTH_M_S = 16e3, 1e3, 450.0, 40.0
_LEAST_THRUST_M_S2 = 5.0  # forward specific force below which nothing is a boost
_MOST_PUSH_M2_KG = 1e-4  # forward force per dynamic pressure above which nothing is drag
_LEAST_FIT = 0.05  # one update cannot rule a model out


@kernel
def plausibility(model: int, x: Array, p: Array) -> float:
    """Return 0.05 to 1: does the state belong to the model at all.

    Boost pushes, drag never does; an aircraft is neither high, fast nor steep; and what is low, slow and level flies.
    """
    altitude, upx, upy, upz = altitude_and_up(x[0], x[1], x[2])
    climb = abs(upx * x[3] + upy * x[4] + upz * x[5])
    speed = max(math.sqrt(x[3] * x[3] + x[4] * x[4] + x[5] * x[5]), 1.0)
    doubt = math.sqrt(max(upx * upx * p[3, 3] + upy * upy * p[4, 4] + upz * upz * p[5, 5], 0.0))
    if model == AIR:
        fit = below(altitude, AIRCRAFT_CEILING_M, AIRCRAFT_CEILING_WIDTH_M)
        fit *= below(speed, _AIRCRAFT_SPEED_M_S + doubt, _AIRCRAFT_SPEED_WIDTH_M_S)
        return max(fit * below(climb, _AIRCRAFT_CLIMB_M_S + doubt, _AIRCRAFT_CLIMB_WIDTH_M_S), _LEAST_FIT)
    along, spread = 0.0, 0.0
    for i in range(3):
        along += x[6 + i] * x[3 + i] / speed
        for j in range(3):
            spread += p[6 + i, 6 + j] * x[3 + i] * x[3 + j] / (speed * speed)
    if model == BOOST:
        short = (_LEAST_THRUST_M_S2 - along) / math.sqrt(2.0 * (max(spread, 0.0) + 1.0))
        return min(max(math.erfc(short), _LEAST_FIT), 1.0)
    fit = min(math.erfc((along - _MOST_PUSH_M2_KG) / math.sqrt(2.0 * max(spread, 1e-12))), 1.0)
    flies = below(altitude, _LAYER_M, _LAYER_WIDTH_M) * below(speed + doubt, _LAYER_SPEED_M_S, _LAYER_SPEED_WIDTH_M_S)
    flies *= below(climb + doubt, _AIRCRAFT_CLIMB_M_S, _AIRCRAFT_CLIMB_WIDTH_M_S)
    return max(fit * (1.0 - flies), _LEAST_FIT)


@kernel
def below(value: float, limit: float, width: float) -> float:
    """Fall smoothly from 1 well below a limit to 0 well above it."""
    return 1.0 / (1.0 + math.exp(min(max((value - limit) / width, -40.0), 40.0)))


@warmer
def _warm() -> None:
    x = np.array([6.5e6, 0.0, 0.0, 0.0, 1e3, 1e3, 1.0, 1.0, 1.0])
    plausibility(BOOST, x, np.eye(STATE))
    plausibility(AIR, x, np.eye(STATE))
