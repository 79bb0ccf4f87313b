"""The truth's forces against printed tables, other libraries and their own potential."""

import math

import numpy as np
import pymap3d
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import eval_legendre

from beaconfire.rehearse.truth import force
from beaconfire.rehearse.truth.force import density_kg_m3, gravity_inertial_m_s2, height_m
from tests.authorities import us1976, wgs84

PRINTED = 2e-4  # relative: the table's four digits
SMOOTH = 0.02  # relative: pchip of the logarithm between entries 5 to 100 km apart
MODEL_OF_ANOTHER = 0.07  # relative, above 86 km: ussa1976 integrates the diffusion equations, not the printed table
HEIGHT_M = 1e-4  # Bowring's second round, up to 40,000 km
DIFFERENCE_STEP_M = 30.0
DIFFERENCE_M_S2 = 1e-8  # of a central difference over 60 m
NORMAL_GRAVITY_M_S2 = 6e-5  # J4 and beyond, left out here, at the surface


def potential_m2_s2(x: float, y: float, z: float) -> float:
    """Zonal potential to degree 3 by Legendre polynomials: what the gradient must come from."""
    radius = math.sqrt(x * x + y * y + z * z)
    sine, ratio = z / radius, force.EQUATOR_M / radius
    zonal = 1.0 - sum(j * ratio**n * eval_legendre(n, sine) for n, j in ((2, force.J2), (3, force.J3)))
    return float(force.GM_M3_S2 / radius * zonal)


@pytest.mark.parametrize(("height", "density"), us1976.DENSITY_KG_M3.items())
def test_density_is_that_of_the_printed_table(height: float, density: float) -> None:
    assert density_kg_m3(height) == pytest.approx(density, rel=PRINTED)


def test_density_agrees_with_another_library_between_the_entries() -> None:
    ussa1976 = pytest.importorskip("ussa1976")
    heights = np.arange(0.0, 300e3, 1700.0)
    other = ussa1976.compute(z=heights, variables=["rho"]).rho.to_numpy()
    ours = np.array([density_kg_m3(float(height)) for height in heights])
    low = heights < 86e3
    assert ours[low] == pytest.approx(other[low], rel=2e-4)
    assert ours[~low] == pytest.approx(other[~low], rel=MODEL_OF_ANOTHER)


def test_density_falls_everywhere_and_ends() -> None:
    heights = np.arange(-400.0, 1.0e6, 333.0)
    densities = np.array([density_kg_m3(float(height)) for height in heights])
    assert np.all(np.diff(densities) < 0.0)
    assert density_kg_m3(1.0e6) == 0.0
    assert density_kg_m3(5.0e7) == 0.0


def test_density_joins_smoothly_where_the_two_tables_meet() -> None:
    below, above = density_kg_m3(85_999.0), density_kg_m3(86_001.0)
    assert above / below == pytest.approx(1.0, abs=SMOOTH)


@given(st.floats(-90.0, 90.0), st.floats(-180.0, 180.0), st.floats(0.0, 4e7))
def test_gravity_is_the_gradient_of_its_potential(latitude: float, longitude: float, height: float) -> None:
    point = np.array(pymap3d.geodetic2ecef(latitude, longitude, height))
    steps = DIFFERENCE_STEP_M * np.eye(3)
    slope = [
        (potential_m2_s2(*(point + step)) - potential_m2_s2(*(point - step))) / (2.0 * DIFFERENCE_STEP_M)
        for step in steps
    ]
    assert gravity_inertial_m_s2(*point) == pytest.approx(slope, abs=DIFFERENCE_M_S2 + 2e-7)


@pytest.mark.parametrize(
    ("latitude", "printed"),
    [(0.0, wgs84.NORMAL_GRAVITY_EQUATOR_M_S2), (90.0, wgs84.NORMAL_GRAVITY_POLE_M_S2)],
)
def test_gravity_and_rotation_make_normal_gravity(latitude: float, printed: float) -> None:
    x, y, z = pymap3d.geodetic2ecef(latitude, 0.0, 0.0)
    gx, _, gz = gravity_inertial_m_s2(float(x), float(y), float(z))
    felt = math.hypot(gx + force.ROTATION_RAD_S**2 * float(x), gz)
    assert felt == pytest.approx(printed, abs=NORMAL_GRAVITY_M_S2)


@given(st.floats(-90.0, 90.0), st.floats(-180.0, 180.0), st.floats(-400.0, 4e7))
def test_height_is_that_of_another_library(latitude: float, longitude: float, height: float) -> None:
    x, y, z = pymap3d.geodetic2ecef(latitude, longitude, height)
    # on the axis itself the formula divides by the distance from it; nothing of ours flies there
    assert height_m(max(float(x), 1e-3) if abs(latitude) > 89.9999 else float(x), float(y), float(z)) == pytest.approx(
        height, abs=HEIGHT_M
    )


def test_constants_are_those_of_the_authorities() -> None:
    assert force.EQUATOR_M == wgs84.SEMI_MAJOR_AXIS_M
    assert pytest.approx(wgs84.SEMI_MINOR_AXIS_M, abs=1e-4) == force.POLE_M
    assert pytest.approx(wgs84.ECCENTRICITY_SQUARED, rel=1e-12) == force.ECCENTRICITY_2
    assert force.GM_M3_S2 == wgs84.GRAVITATIONAL_PARAMETER_M3_S2
    assert force.ROTATION_RAD_S == wgs84.ROTATION_RATE_RAD_S
    assert pytest.approx(wgs84.MEAN_RADIUS_M, abs=1e-3) == force.MEAN_RADIUS_M
