"""A second model of flight, written apart from the engine: inertial axes, SciPy's DOP853, another atmosphere code.

Gravity is Vallado's printed form of J2 to J4 (2013, 8.7), the air is looked up by `ussa1976` below 86 km and by a
spline through the printed densities above, altitude comes from pymap3d. The Earth turns under the inertial axes.
"""

import math
import warnings
from collections.abc import Callable
from functools import cache

import numpy as np
import pymap3d
from numpy.typing import NDArray
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline

from tests.authorities import us1976, wgs84

Array = NDArray[np.float64]

MU, RE, OMEGA = wgs84.GRAVITATIONAL_PARAMETER_M3_S2, wgs84.SEMI_MAJOR_AXIS_M, wgs84.ROTATION_RATE_RAD_S
J2, J3, J4 = 1.08262668355e-3, -2.53265648533e-6, -1.61962159137e-6
EXACT = 1e-12


def gravity_inertial(r: Array) -> Array:
    """Vallado 2013, equations 8-30 to 8-33."""
    x, y, z = r
    r2 = float(r @ r)
    rn = math.sqrt(r2)
    s2 = z * z / r2
    c2 = 1.5 * J2 * MU * RE**2 / rn**5
    c3 = 2.5 * J3 * MU * RE**3 / rn**7
    c4 = 15.0 / 8.0 * J4 * MU * RE**4 / rn**7
    level = -MU / rn**3 - c2 * (1 - 5 * s2) - c3 * z * (3 - 7 * s2) + c4 * (1 - 14 * s2 + 21 * s2 * s2)
    az = -MU / rn**3 * z - c2 * z * (3 - 5 * s2) - c3 * (6 * z * z - 7 * z * z * s2 - 0.6 * r2)
    az += c4 * z * (5 - 70 / 3 * s2 + 21 * s2 * s2)
    return np.array([level * x, level * y, az])


@cache
def log_density() -> Callable[[float], float]:
    """Log density by altitude: `ussa1976` every 50 m below 86 km, printed rows above."""
    import ussa1976

    low = np.arange(0.0, 86e3, 50.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library uses deprecated calls
        rows = ussa1976.compute(z=low, variables=["rho"]).rho.values
    high = np.array([h for h in us1976.DENSITY_KG_M3 if h >= 86e3])
    values = np.concatenate([rows, [us1976.DENSITY_KG_M3[h] for h in high]])
    spline = CubicSpline(np.concatenate([low, high]), np.log(values))
    return lambda altitude_m: float(spline(altitude_m)) if altitude_m < 1e6 else -math.inf


def density(altitude_m: float) -> float:
    """Density in kg/m^3, held below sea level, where a trial step may look."""
    return math.exp(log_density()(max(altitude_m, 0.0)))


def altitude(position_ecef_m: Array) -> float:
    """Altitude above the ellipsoid."""
    return float(pymap3d.ecef2geodetic(*position_ecef_m)[2])


def turned(r: Array, t: float) -> Array:
    """Inertial axes to axes turned with the Earth for `t` seconds."""
    c, s = math.cos(OMEGA * t), math.sin(OMEGA * t)
    return np.array([c * r[0] + s * r[1], -s * r[0] + c * r[1], r[2]])


def to_inertial(x: Array) -> Array:
    """ECEF state to the inertial state whose axes coincide at this moment."""
    return np.concatenate([x[:3], x[3:] + np.cross([0.0, 0.0, OMEGA], x[:3])])


def to_ecef(y: Array, t: float) -> Array:
    """Inertial state to the ECEF state, `t` seconds after the axes coincided."""
    return np.concatenate([turned(y[:3], t), turned(y[3:] - np.cross([0.0, 0.0, OMEGA], y[:3]), t)])


def fly(
    x: Array, *, beta_inverse: float, seconds: float, air: Callable[[float], float] = density, ground: bool = False
) -> tuple[Array, float]:
    """Carry an ECEF state for some seconds, or until the ellipsoid; returns the state and the time."""

    def rate(t: float, y: Array) -> Array:
        acceleration = gravity_inertial(y[:3])
        if beta_inverse > 0.0:
            wind = y[3:] - np.cross([0.0, 0.0, OMEGA], y[:3])
            height = altitude(turned(y[:3], t))
            acceleration = acceleration - 0.5 * air(height) * beta_inverse * math.sqrt(wind @ wind) * wind
        return np.concatenate([y[3:], acceleration])

    def falls(t: float, y: Array) -> float:
        return altitude(turned(y[:3], t))

    falls.terminal, falls.direction = True, -1.0  # type: ignore[attr-defined]
    answer = solve_ivp(
        rate, (0.0, seconds), to_inertial(x), method="DOP853", rtol=EXACT, atol=1e-6, events=falls if ground else None
    )
    end = float(answer.t[-1])
    return to_ecef(answer.y[:, -1], end), end
