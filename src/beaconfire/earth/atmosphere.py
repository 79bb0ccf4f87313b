"""US Standard Atmosphere 1976: density, its slope, and the speed of sound by altitude.

Up to 86 km the layers of the standard are evaluated exactly; above, the published densities (NOAA-S/T 76-1562, table
I) are joined in the logarithm. Both fill one table of cubic pieces, so that density and its first derivative are
continuous everywhere: an integrator's error control and a filter's Jacobian see no kinks. Accuracy 0.1 % below 86 km,
1 % up to 1,000 km. Altitude is geometric, metres. The standard is a yearly mean at 45 degrees; the real density
differs by 10 % at 30 km and by a factor of two at 300 km, which the filters carry as a parameter.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beaconfire.kernel.jit import kernel, warmer

# Constants of the standard.
_G0, _M0, _R, _R0 = 9.80665, 28.9644e-3, 8.31432, 6356766.0
_T0, _P0, _GAMMA = 288.15, 101325.0, 1.4
_BASE_M = np.array([0.0, 11e3, 20e3, 32e3, 47e3, 51e3, 71e3])  # geopotential
_LAPSE = np.array([-6.5e-3, 0.0, 1.0e-3, 2.8e-3, 0.0, -2.8e-3, -2.0e-3])
_LAYERED_TOP_M = 86e3

# Altitude km, density kg/m^3, scale height km. Round altitudes are published; the others and the scale heights come
# from integrating the standard's own equations, fitted to the published rows (they agree to 0.1 %).
_UPPER = (
    (86, 6.958e-06, 5.621),
    (88, 4.875e-06, 5.623),
    (90, 3.416e-06, 5.623),
    (92, 2.392e-06, 5.589),
    (94, 1.67e-06, 5.535),
    (96, 1.162e-06, 5.498),
    (98, 8.07e-07, 5.484),
    (100, 5.604e-07, 5.56),
    (102, 3.934e-07, 5.671),
    (104, 2.768e-07, 5.711),
    (106, 1.953e-07, 5.759),
    (108, 1.381e-07, 5.77),
    (110, 9.708e-08, 5.503),
    (112, 6.838e-08, 6.001),
    (114, 4.976e-08, 6.587),
    (115, 4.289e-08, 6.882),
    (116, 3.72e-08, 7.179),
    (118, 2.847e-08, 7.775),
    (120, 2.222e-08, 8.38),
    (122, 1.766e-08, 9.061),
    (124, 1.428e-08, 9.74),
    (126, 1.171e-08, 10.41),
    (128, 9.717e-09, 11.07),
    (130, 8.152e-09, 11.72),
    (140, 3.831e-09, 14.86),
    (150, 2.076e-09, 17.92),
    (160, 1.234e-09, 20.66),
    (175, 6.339e-10, 24.5),
    (200, 2.541e-10, 30.27),
    (225, 1.184e-10, 35.18),
    (250, 6.073e-11, 39.69),
    (275, 3.329e-11, 43.59),
    (300, 1.916e-11, 46.74),
    (350, 7.014e-12, 52.2),
    (400, 2.803e-12, 56.16),
    (450, 1.184e-12, 59.39),
    (500, 5.215e-13, 62.74),
    (550, 2.385e-13, 65.86),
    (600, 1.137e-13, 69.6),
    (650, 5.713e-14, 76.1),
    (700, 3.07e-14, 85.68),
    (750, 1.789e-14, 100.9),
    (800, 1.136e-14, 121.2),
    (850, 7.823e-15, 148.5),
    (900, 5.759e-15, 179.4),
    (950, 4.454e-15, 209.5),
    (1000, 3.561e-15, 237.9),
)

# Table: cells of 200 m up to 130 km, where scale heights change within a kilometre, then of 2 km up to 1,000 km.
_FLOOR_M, _JOINT_M, _TOP_M = -2e3, 130e3, 1000e3
_FINE_M, _COARSE_M = 200.0, 2000.0
_FINE_CELLS = 660
_COARSE_CELLS = 435


def _layers() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the base temperatures (K) and pressures (Pa) of the layers."""
    temperature, pressure = [_T0], [_P0]
    for i in range(len(_BASE_M) - 1):
        depth, lapse, base = float(_BASE_M[i + 1] - _BASE_M[i]), float(_LAPSE[i]), temperature[-1]
        top = base + lapse * depth
        fall = math.exp(-_G0 * _M0 * depth / (_R * base)) if lapse == 0 else (base / top) ** (_G0 * _M0 / (_R * lapse))
        temperature.append(top)
        pressure.append(pressure[-1] * fall)
    return np.array(temperature), np.array(pressure)


_BASE_K, _BASE_PA = _layers()


def _layered(altitude_m: float) -> tuple[float, float]:
    """Return log density and its slope per metre below 86 km."""
    shrink = _R0 / (_R0 + altitude_m)
    height = altitude_m * shrink
    i = max(int(np.searchsorted(_BASE_M, height, side="right")) - 1, 0)
    above, lapse, base = height - float(_BASE_M[i]), float(_LAPSE[i]), float(_BASE_K[i])
    temperature = base + lapse * above
    per_m = -_G0 * _M0 / _R
    fall = per_m * above / base if lapse == 0.0 else per_m / lapse * math.log(temperature / base)
    log_density = math.log(float(_BASE_PA[i]) * _M0 / (_R * temperature)) + fall
    return log_density, (per_m - lapse) / temperature * shrink * shrink


def _tabulated(altitude_m: float) -> tuple[float, float]:
    """Return log density and its slope per metre above 86 km: cubic Hermite pieces between the rows."""
    km = altitude_m / 1e3
    i = max(j for j in range(len(_UPPER) - 1) if _UPPER[j][0] <= km)
    (k0, rho0, h0), (k1, rho1, h1) = _UPPER[i], _UPPER[i + 1]
    width = k1 - k0
    c = _cubic(math.log(rho0), -width / h0, math.log(rho1), -width / h1)
    t = (km - k0) / width
    return ((c[3] * t + c[2]) * t + c[1]) * t + c[0], ((3.0 * c[3] * t + 2.0 * c[2]) * t + c[1]) / (width * 1e3)


def _cubic(y0: float, d0: float, y1: float, d1: float) -> tuple[float, float, float, float]:
    rise = y1 - y0
    return y0, d0, 3.0 * rise - 2.0 * d0 - d1, d0 + d1 - 2.0 * rise


def _build_table() -> NDArray[np.float64]:
    fine = _FLOOR_M + _FINE_M * np.arange(_FINE_CELLS)
    coarse = _JOINT_M + _COARSE_M * np.arange(_COARSE_CELLS + 1)
    nodes = [float(node) for node in np.concatenate([fine, coarse])]
    values = [_layered(node) if node < _LAYERED_TOP_M else _tabulated(node) for node in nodes]
    rows = []
    for i in range(len(nodes) - 1):
        width = nodes[i + 1] - nodes[i]
        rows.append(_cubic(values[i][0], width * values[i][1], values[i + 1][0], width * values[i + 1][1]))
    return np.array(rows)


_TABLE = _build_table()
_TOP_LOG = math.log(_UPPER[-1][1])
_TOP_SLOPE = -1.0 / (_UPPER[-1][2] * 1e3)


@kernel
def density_and_slope(altitude_m: float) -> tuple[float, float]:
    """Return `(density_kg_m3, slope_kg_m4)`; held below -2 km, exponential above 1,000 km."""
    if altitude_m >= _TOP_M:
        density = math.exp(_TOP_LOG + _TOP_SLOPE * (altitude_m - _TOP_M))
        return density, density * _TOP_SLOPE
    if not altitude_m > _FLOOR_M:
        return math.exp(_TABLE[0, 0]), 0.0
    if altitude_m < _JOINT_M:
        per_m = 1.0 / _FINE_M
        t = (altitude_m - _FLOOR_M) * per_m
        i = min(int(t), _FINE_CELLS - 1)
        t -= i
    else:
        per_m = 1.0 / _COARSE_M
        t = (altitude_m - _JOINT_M) * per_m
        i = min(int(t), _COARSE_CELLS - 1)
        t -= i
        i += _FINE_CELLS
    c1, c2, c3 = _TABLE[i, 1], _TABLE[i, 2], _TABLE[i, 3]
    density = math.exp(((c3 * t + c2) * t + c1) * t + _TABLE[i, 0])
    return density, density * ((3.0 * c3 * t + 2.0 * c2) * t + c1) * per_m


@kernel
def density_kg_m3(altitude_m: float) -> float:
    """Return the density at a geometric altitude."""
    return density_and_slope(altitude_m)[0]


@kernel
def speed_of_sound_m_s(altitude_m: float) -> float:
    """Return the speed of sound; above 86 km, where the standard defines none, the value at 86 km."""
    altitude = min(max(altitude_m, _FLOOR_M), _LAYERED_TOP_M)
    height = altitude * _R0 / (_R0 + altitude)
    i = 0
    while i < 6 and height >= _BASE_M[i + 1]:
        i += 1
    temperature = _BASE_K[i] + _LAPSE[i] * (height - _BASE_M[i])
    return math.sqrt(_GAMMA * _R / _M0 * temperature)


def densities(altitude_m: ArrayLike) -> NDArray[np.float64]:
    """Return the densities (kg/m^3) at geometric altitudes of any shape."""
    altitude = np.asarray(altitude_m, dtype=np.float64)
    return _density_rows(np.ascontiguousarray(altitude).reshape(-1)).reshape(altitude.shape)


@kernel
def _density_rows(altitude_m: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.empty_like(altitude_m)
    for i in range(altitude_m.size):
        out[i] = density_and_slope(altitude_m[i])[0]
    return out


@warmer
def _warm() -> None:
    density_and_slope(0.0)
    density_kg_m3(0.0)
    speed_of_sound_m_s(0.0)
    densities([0.0])
