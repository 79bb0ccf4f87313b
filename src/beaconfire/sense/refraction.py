"""What the troposphere does to a radar's elevation and range, and taking it out again.

Bending: ITU-R P.834 (mean reference atmosphere, total bending for a ray that leaves the air, by apparent elevation
and height of the site). The error of the measured elevation is less than the whole bending, because the bent ray
starts lower than the straight one would: by the parallax of the air's scale height over the target's range.
Delay: 2.4 m at the zenith with the mapping of Chao (1974). Both are of a mean atmosphere; a tenth of the elevation
and range corrections is added to their standard deviations.
"""

import math

_ZENITH_DELAY_M = 2.4
_AIR_SCALE_M = 7e3
_UNCERTAIN = 0.1
_LOWEST_DEG = -1.0


def remove_refraction(
    *, elevation_rad: float, range_m: float | None, altitude_m: float
) -> tuple[float, float, float, float]:
    """Return true elevation (rad) and range (m, NaN if none), and the standard deviations that the correction adds."""
    apparent_deg = max(math.degrees(elevation_rad), _LOWEST_DEG)
    h = min(max(altitude_m, 0.0), 3e3) / 1e3
    slope = h * (0.2305 + 0.09428 * apparent_deg + 0.01096 * apparent_deg**2) + 0.008583 * h * h
    bending = math.radians(1.0 / (1.314 + 0.6437 * apparent_deg + 0.02869 * apparent_deg**2 + slope))
    sine = math.sin(math.radians(max(apparent_deg, 0.5)))
    share = 1.0
    if range_m is not None:
        share = max(1.0 - _AIR_SCALE_M / (range_m * sine), 0.3)
    lift = bending * share
    delay_m = _ZENITH_DELAY_M / (sine + 0.00143 / (math.tan(math.asin(sine)) + 0.0445))
    true_range_m = math.nan if range_m is None else max(range_m - delay_m, 1.0)
    return elevation_rad - lift, true_range_m, _UNCERTAIN * lift, _UNCERTAIN * delay_m
