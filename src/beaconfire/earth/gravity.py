"""Gravity and the rotating Earth: acceleration in ECEF and its exact derivative.

Zonal harmonics J2 to J4 of EGM96 on the gravitational parameter of WGS 84, plus the centrifugal and Coriolis terms of
a frame that turns with the Earth. The next terms (tesseral J22) are 2e-5 m/s^2 and move an impact by some tens of
metres per thousand kilometres; density and ballistic coefficient are uncertain by far more.

With s = z/r the potential of degree n gives (Montenbruck and Gill 2000, 3.2)
    a_n = GM J_n R^n / r^(n+2) * (P'_(n+1)(s) r_hat - P'_n(s) z_hat),
so that a = alpha * r + gamma * z_hat with alpha and gamma functions of r and s only.
"""

import math

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.wgs84 import GRAVITATIONAL_PARAMETER_M3_S2, ROTATION_RATE_RAD_S, SEMI_MAJOR_AXIS_M
from beaconfire.kernel.jit import kernel, warmer

# EGM96 (Lemoine et al. 1998, NASA TP-1998-206861), unnormalised, as in Vallado 2013 table D-1.
J2 = 1.08262668355e-3
J3 = -2.53265648533e-6
J4 = -1.61962159137e-6

_GM, _RE, _OM = GRAVITATIONAL_PARAMETER_M3_S2, SEMI_MAJOR_AXIS_M, ROTATION_RATE_RAD_S


@kernel
def acceleration_ecef(x: float, y: float, z: float, vx: float, vy: float, vz: float) -> tuple[float, float, float]:
    """Return the acceleration `(ax, ay, az)` in m/s^2 of a free body at a position (m) and velocity (m/s)."""
    inv_r = 1.0 / math.sqrt(x * x + y * y + z * z)
    s = z * inv_r
    s2 = s * s
    q = _RE * inv_r
    k2, k3, k4 = J2 * q * q, J3 * q * q * q, J4 * q * q * q * q
    g = _GM * inv_r * inv_r
    radial = -1.0 + k2 * 1.5 * (5.0 * s2 - 1.0) + k3 * 2.5 * s * (7.0 * s2 - 3.0)
    radial += k4 * 1.875 * (s2 * (21.0 * s2 - 14.0) + 1.0)
    polar = k2 * 3.0 * s + k3 * 1.5 * (5.0 * s2 - 1.0) + k4 * 2.5 * s * (7.0 * s2 - 3.0)
    alpha = g * inv_r * radial + _OM * _OM
    return (
        alpha * x + 2.0 * _OM * vy,
        alpha * y - 2.0 * _OM * vx,
        g * inv_r * radial * z - g * polar,
    )


@kernel
def acceleration_jacobian_ecef(
    x: float, y: float, z: float, position_part: NDArray[np.float64], velocity_part: NDArray[np.float64]
) -> None:
    """Write the 3x3 derivatives of `acceleration_ecef` by position (1/s^2) and by velocity (1/s)."""
    inv_r = 1.0 / math.sqrt(x * x + y * y + z * z)
    ux, uy, uz = x * inv_r, y * inv_r, z * inv_r
    s = uz
    s2 = s * s
    q = _RE * inv_r
    k2, k3, k4 = J2 * q * q, J3 * q * q * q, J4 * q * q * q * q
    g3 = _GM * inv_r * inv_r * inv_r
    d2, d3, d4 = 3.0 * s, 1.5 * (5.0 * s2 - 1.0), 2.5 * s * (7.0 * s2 - 3.0)
    d5 = 1.875 * (s2 * (21.0 * s2 - 14.0) + 1.0)
    e3, e4, e5 = 15.0 * s, 7.5 * (7.0 * s2 - 1.0), 52.5 * s * (3.0 * s2 - 1.0)
    # Derivatives of alpha by r and s, and of gamma, each times the r that makes them 1/s^2.
    alpha = g3 * (-1.0 + k2 * d3 + k3 * d4 + k4 * d5)
    alpha_r = g3 * (3.0 - 5.0 * k2 * d3 - 6.0 * k3 * d4 - 7.0 * k4 * d5)
    alpha_s = g3 * (k2 * e3 + k3 * e4 + k4 * e5)
    gamma_r = g3 * (4.0 * k2 * d2 + 5.0 * k3 * d3 + 6.0 * k4 * d4)
    gamma_s = -g3 * (k2 * 3.0 + k3 * e3 + k4 * e4)
    a_rad, c_rad = alpha_r - alpha_s * s, gamma_r - gamma_s * s
    ax, ay, az = a_rad * ux, a_rad * uy, a_rad * uz + alpha_s
    position_part[0, 0] = alpha + ux * ax + _OM * _OM
    position_part[0, 1] = ux * ay
    position_part[0, 2] = ux * az
    position_part[1, 0] = uy * ax
    position_part[1, 1] = alpha + uy * ay + _OM * _OM
    position_part[1, 2] = uy * az
    position_part[2, 0] = uz * ax + c_rad * ux
    position_part[2, 1] = uz * ay + c_rad * uy
    position_part[2, 2] = alpha + uz * az + c_rad * uz + gamma_s
    for i in range(3):
        for j in range(3):
            velocity_part[i, j] = 0.0
    velocity_part[0, 1], velocity_part[1, 0] = 2.0 * _OM, -2.0 * _OM


@warmer
def _warm() -> None:
    acceleration_ecef(_RE, 0.0, 0.0, 0.0, 0.0, 0.0)
    acceleration_jacobian_ecef(_RE, 0.0, 0.0, np.empty((3, 3)), np.empty((3, 3)))
