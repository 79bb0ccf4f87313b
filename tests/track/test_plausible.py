"""Soft limits: which states belong to which model, over the flights that there are."""

import numpy as np
import pymap3d
import pytest

from beaconfire.track.models import AIR, BALLISTIC, BOOST, GLIDE, STATE
from beaconfire.track.plausible import below, plausibility

UP = np.array(pymap3d.enu2uvw(0, 0, 1, 40.0, 132.0))
EAST = np.array(pymap3d.enu2uvw(1, 0, 0, 40.0, 132.0))


def fit(
    model: int,
    altitude_m: float,
    speed_m_s: float,
    *,
    climb_m_s: float = 0.0,
    theta: float = 0.0,
    sigma: float | None = None,
) -> float:
    level = np.sqrt(max(speed_m_s**2 - climb_m_s**2, 0.0))
    velocity = level * EAST + climb_m_s * UP
    axis = velocity / max(np.linalg.norm(velocity), 1.0)
    x = np.concatenate([pymap3d.geodetic2ecef(40.0, 132.0, altitude_m), velocity, theta * axis])
    p = np.eye(STATE)
    p[6:, 6:] *= (sigma if sigma is not None else (1.0 if model == BOOST else 1e-5)) ** 2
    return plausibility(model, x, p)


@pytest.mark.parametrize(
    ("altitude_m", "speed", "climb", "expected"),
    [
        (10e3, 240.0, 0.0, 1.0),  # an airliner
        (12e3, 300.0, 40.0, 0.8),  # a fighter climbing
        (20e3, 800.0, 0.0, 0.5),  # a fast reconnaissance aircraft
        (60e3, 1500.0, 0.0, 0.05),
        (10e3, 500.0, 400.0, 0.05),  # a booster
        (15e3, 3000.0, 0.0, 0.05),
        (500e3, 7600.0, 0.0, 0.05),
    ],
)
def test_an_aircraft_is_neither_high_nor_fast_nor_steep(
    altitude_m: float, speed: float, climb: float, expected: float
) -> None:
    got = fit(AIR, altitude_m, speed, climb_m_s=climb)
    assert got >= expected * 0.8 if expected > 0.05 else got == expected


@pytest.mark.parametrize(("thrust", "sigma", "low", "high"), [(25.0, 2.0, 1.0, 1.0), (0.0, 1.0, 0.05, 0.05),
                                                           (5.0, 1.0, 0.99, 1.0), (0.0, 30.0, 0.7, 1.0),
                                                           (-30.0, 2.0, 0.05, 0.05)])  # fmt: skip
def test_a_boost_pushes(thrust: float, sigma: float, low: float, high: float) -> None:
    assert low <= fit(BOOST, 60e3, 1500.0, climb_m_s=900.0, theta=thrust, sigma=sigma) <= high


@pytest.mark.parametrize("model", [BALLISTIC, GLIDE])
def test_drag_never_pushes(model: int) -> None:
    assert fit(model, 50e3, 3000.0, theta=-3e-4) == pytest.approx(1.0)
    assert fit(model, 50e3, 3000.0, theta=1e-3) == 0.05
    assert fit(model, 50e3, 3000.0, theta=1e-3, sigma=1e-2) > 0.8  # not known yet


@pytest.mark.parametrize("model", [BALLISTIC, GLIDE])
def test_what_is_low_slow_and_level_flies(model: int) -> None:
    assert fit(model, 10e3, 240.0, theta=-3e-4) < 0.12
    assert fit(model, 10e3, 240.0, climb_m_s=-200.0, theta=-3e-4) > 0.9  # falls
    assert fit(model, 10e3, 900.0, theta=-3e-4) > 0.95  # too fast for it
    assert fit(model, 30e3, 240.0, theta=-3e-4) > 0.95  # too high


def test_a_smooth_step() -> None:
    values = [below(v, 10.0, 2.0) for v in (-1e9, 0.0, 10.0, 20.0, 1e9)]
    assert values == sorted(values, reverse=True)
    assert values[2] == pytest.approx(0.5) and values[0] == pytest.approx(1.0) and values[-1] < 1e-15
