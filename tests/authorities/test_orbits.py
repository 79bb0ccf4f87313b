"""Long arcs against SciPy's DOP853 at 1e-12: the orbit of two bodies, and gravity with J2 to J4 for twenty minutes."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from beaconfire.earth import GRAVITATIONAL_PARAMETER_M3_S2, orbit_elements, propagate
from tests.authorities import independent
from tests.track import play

Array = NDArray[np.float64]

EXACT = 1e-12
CLOSING_TOLERANCE_M = 0.05  # what 1e-12 a step leaves after a whole revolution of 4e7 m
ARC_TOLERANCE_M = 1e-3  # Runge-Kutta of order 4 at 1 s steps over 20 minutes


@pytest.mark.parametrize("speed_m_s", [7_700.0, 8_600.0, 9_500.0])
def test_two_bodies_meet_again_after_the_period_of_their_energy(speed_m_s: float) -> None:
    start = np.array([6.9e6, 0.0, 0.0, 0.0, 0.6 * speed_m_s, 0.8 * speed_m_s])
    turning = np.concatenate([start[:3], start[3:] - np.cross([0.0, 0.0, independent.OMEGA], start[:3])])
    _, _, energy, _ = orbit_elements(turning)
    period_s = 2.0 * math.pi * math.sqrt((-GRAVITATIONAL_PARAMETER_M3_S2 / (2.0 * energy)) ** 3 / independent.MU)

    def rate(_: float, s: Array) -> Array:
        return np.concatenate([s[3:], -independent.MU * s[:3] / np.linalg.norm(s[:3]) ** 3])

    end = solve_ivp(rate, (0.0, period_s), start, "DOP853", rtol=EXACT, atol=1e-9).y[:, -1]
    assert np.linalg.norm(end[:3] - start[:3]) < CLOSING_TOLERANCE_M


@pytest.mark.parametrize(("azimuth_deg", "climb_deg"), [(72.0, 38.0), (180.0, 20.0), (-90.0, 60.0)])
def test_twenty_minutes_through_the_flattened_field(azimuth_deg: float, climb_deg: float) -> None:
    start = play.along(
        latitude_deg=40.0, longitude_deg=134.5, altitude_m=400e3, azimuth_deg=azimuth_deg, climb_deg=climb_deg,
        speed_m_s=6_800.0,
    )  # fmt: skip
    ours = start.copy()
    propagate(ours, 0.0, 1_200.0, 1.0)
    theirs, seconds = independent.fly(start, beta_inverse=0.0, seconds=1_200.0)
    assert seconds == 1_200.0
    assert np.linalg.norm(ours[:3] - theirs[:3]) < ARC_TOLERANCE_M
    assert np.linalg.norm(ours[3:] - theirs[3:]) < ARC_TOLERANCE_M / 100.0
    plain = start.copy()  # J2 to J4 are no rounding: without them it is kilometres away
    swing = solve_ivp(
        lambda _, s: np.concatenate([s[3:], -independent.MU * s[:3] / np.linalg.norm(s[:3]) ** 3]), (0.0, 1_200.0),
        independent.to_inertial(plain), "DOP853", rtol=EXACT, atol=1e-6,
    ).y[:, -1]  # fmt: skip
    assert np.linalg.norm(independent.to_ecef(swing, 1_200.0)[:3] - ours[:3]) > 1e3
