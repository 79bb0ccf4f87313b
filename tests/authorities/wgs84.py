"""What the authorities print about WGS 84, kept verbatim.

Constants: NGA.STND.0036_1.0.0_WGS84 (2014), tables 3.1, 3.5 to 3.7. Points: EPSG Guidance Note 7-2, method 9602.
Geodesic: first line of Karney's GeodTest.dat (Zenodo 32156).
"""

import math

SEMI_MAJOR_AXIS_M = 6378137.0
INVERSE_FLATTENING = 298.257223563
GRAVITATIONAL_PARAMETER_M3_S2 = 3.986004418e14
ROTATION_RATE_RAD_S = 7.292115e-5
SEMI_MINOR_AXIS_M = 6356752.3142
ECCENTRICITY_SQUARED = 6.694379990141e-3
MEAN_RADIUS_M = 6371008.7714
NORMAL_GRAVITY_EQUATOR_M_S2 = 9.7803253359
NORMAL_GRAVITY_POLE_M_S2 = 9.8321849379
DYNAMIC_FORM_FACTOR_J2 = 1.082629821e-3  # of the normal ellipsoid


def dms(degrees: int, minutes: int, seconds: float) -> float:
    """Degrees, minutes and seconds as radians."""
    return math.radians(degrees + minutes / 60.0 + seconds / 3600.0)


# latitude, longitude, ellipsoidal height; X, Y, Z, printed to a millimetre.
EPSG_POINT_GEODETIC = (dms(53, 48, 33.820), dms(2, 7, 46.380), 73.0)
EPSG_POINT_ECEF_M = (3771793.968, 140253.342, 5124304.349)
PRINTED_TO_M = 1e-3

# latitude 1, longitude 1, azimuth 1, latitude 2, longitude 2, azimuth 2 in degrees; distance in metres.
KARNEY_LINE = (
    36.530042355041,
    0.0,
    176.125875162171,
    -48.164270779097768864,
    5.762344694676510456,
    175.334308316285410561,
    9398502.0434687,
)
