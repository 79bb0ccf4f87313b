"""The ground: the ellipsoid, gravity, air, flight, lines of sight. Metres, radians, seconds, ECEF; arrays in and out.

Kernels take scalars or small C-contiguous float64 arrays and may be called from other kernels; the trap avoided is in
`kernel/jit.py`.
"""

from beaconfire.earth.arc import (
    apogee,
    back_to_altitude,
    ground_way,
    ground_ways,
    impact_point,
    impact_points,
    note_place,
)
from beaconfire.earth.atmosphere import densities, density_and_slope, density_kg_m3, speed_of_sound_m_s
from beaconfire.earth.flight import (
    ballistic_jacobian,
    ballistic_rate,
    propagate,
    propagate_accelerated,
    propagate_with_sensitivity,
    propagate_with_transition,
)
from beaconfire.earth.geodesic import geodesic_direct, geodesic_inverse
from beaconfire.earth.gravity import acceleration_ecef, acceleration_jacobian_ecef
from beaconfire.earth.orbit import (
    inertial_speed_m_s,
    minimum_energy_range_m,
    orbit_elements,
    two_body_flight_time_s,
)
from beaconfire.earth.sight import azimuth_elevation_range, point_at, sight_is_clear
from beaconfire.earth.wgs84 import (
    ECCENTRICITY_SQUARED,
    FLATTENING,
    GRAVITATIONAL_PARAMETER_M3_S2,
    MEAN_RADIUS_M,
    ROTATION_RATE_RAD_S,
    SEMI_MAJOR_AXIS_M,
    SEMI_MINOR_AXIS_M,
    altitude_and_up,
    ecef_to_geodetic,
    enu_axes,
    geodetic_to_ecef,
    positions_ecef,
    positions_geodetic,
)

__all__ = [
    "ECCENTRICITY_SQUARED",
    "FLATTENING",
    "GRAVITATIONAL_PARAMETER_M3_S2",
    "MEAN_RADIUS_M",
    "ROTATION_RATE_RAD_S",
    "SEMI_MAJOR_AXIS_M",
    "SEMI_MINOR_AXIS_M",
    "acceleration_ecef",
    "acceleration_jacobian_ecef",
    "altitude_and_up",
    "apogee",
    "azimuth_elevation_range",
    "back_to_altitude",
    "ballistic_jacobian",
    "ballistic_rate",
    "densities",
    "density_and_slope",
    "density_kg_m3",
    "ecef_to_geodetic",
    "enu_axes",
    "geodesic_direct",
    "geodesic_inverse",
    "geodetic_to_ecef",
    "ground_way",
    "ground_ways",
    "impact_point",
    "impact_points",
    "inertial_speed_m_s",
    "minimum_energy_range_m",
    "note_place",
    "orbit_elements",
    "point_at",
    "positions_ecef",
    "positions_geodetic",
    "propagate",
    "propagate_accelerated",
    "propagate_with_sensitivity",
    "propagate_with_transition",
    "sight_is_clear",
    "speed_of_sound_m_s",
    "two_body_flight_time_s",
]
