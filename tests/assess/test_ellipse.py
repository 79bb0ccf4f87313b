"""Ellipses against NumPy's eigenvectors and the χ² tables of SciPy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from beaconfire.assess.ellipse import CHI2_95_2, CHI2_999_2, CHI2_999_3, CHI2_999_6, ellipse_95


def test_the_quantiles_are_those_of_the_tables() -> None:
    assert chi2.ppf(0.95, 2) == pytest.approx(CHI2_95_2, rel=1e-12)
    assert chi2.ppf(0.999, 2) == pytest.approx(CHI2_999_2, rel=1e-12)
    assert chi2.ppf(0.999, 3) == pytest.approx(CHI2_999_3, rel=1e-12)
    assert chi2.ppf(0.999, 6) == pytest.approx(CHI2_999_6, rel=1e-12)


@given(st.floats(1.0, 1e9), st.floats(1.0, 1e9), st.floats(-0.99, 0.99))
def test_axes_and_azimuth_are_the_eigenvectors(ee: float, nn: float, correlation: float) -> None:
    en = correlation * math.sqrt(ee * nn)
    ellipse = ellipse_95(ee, en, nn)
    values, vectors = np.linalg.eigh(np.array([[ee, en], [en, nn]]))
    assert ellipse.semi_major_m == pytest.approx(math.sqrt(CHI2_95_2 * values[1]), rel=1e-6)
    assert ellipse.semi_minor_m == pytest.approx(math.sqrt(CHI2_95_2 * values[0]), rel=1e-3, abs=1.0)
    if values[1] > 1.01 * values[0]:
        east, north = vectors[:, 1]
        azimuth = math.degrees(math.atan2(east, north)) % 180.0
        off = abs((ellipse.azimuth_deg - azimuth + 90.0) % 180.0 - 90.0)
        assert off < 0.01
    assert 0.0 <= ellipse.azimuth_deg < 180.0


def test_a_major_axis_to_the_north_east_has_azimuth_45() -> None:
    ellipse = ellipse_95(2.0, 1.0, 2.0)
    assert ellipse.azimuth_deg == pytest.approx(45.0)
