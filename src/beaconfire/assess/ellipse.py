"""Two-dimensional ellipses on the ground: from a covariance in east and north, and back."""

import math

from beaconfire.kernel.records import Ellipse

CHI2_95_2 = 5.991464547107979  # 95 % in two dimensions
CHI2_999_2 = 13.815510557964274  # 99.9 % in two dimensions
CHI2_999_3 = 16.26623619623813  # 99.9 % in three dimensions
CHI2_999_6 = 22.457744484825323  # 99.9 % in six dimensions


def ellipse_95(east_m2: float, east_north_m2: float, north_m2: float) -> Ellipse:
    """The 95 % ellipse of a covariance; the azimuth of the major axis is in [0, 180) degrees from true north."""
    middle, half = 0.5 * (east_m2 + north_m2), 0.5 * (east_m2 - north_m2)
    reach = math.hypot(half, east_north_m2)
    azimuth = 0.5 * math.atan2(east_north_m2, -half)  # of the major axis: tan 2A = 2 C_en / (C_nn - C_ee)
    return Ellipse(
        semi_major_m=math.sqrt(CHI2_95_2 * max(middle + reach, 0.0)),
        semi_minor_m=math.sqrt(CHI2_95_2 * max(middle - reach, 0.0)),
        azimuth_deg=math.degrees(azimuth) % 180.0 % 180.0,  # twice: the first may round up to 180
    )
