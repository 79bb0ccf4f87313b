"""Refraction against published values and a ray traced through an exponential atmosphere by SciPy."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import solve_ivp

from beaconfire.kernel.records import Detection, Measurement, Scan, Sensor
from beaconfire.sense import Sense
from beaconfire.sense.refraction import ray_errors, remove_refraction

Array = NDArray[np.float64]

_REFRACTIVITY, _SCALE_M, _EARTH_M = 315e-6, 7.35e3, 6371e3  # ITU-R P.453 mean reference atmosphere


def traced_elevation_error(apparent_rad: float, range_m: float) -> float:
    """Trace a ray in a spherical exponential atmosphere; returns apparent minus true elevation of its end."""

    def rate(_s: float, y: Array) -> list[float]:
        radius, _, zenith_cos = y
        slope = -_REFRACTIVITY / _SCALE_M * math.exp(-(radius - _EARTH_M) / _SCALE_M)
        index = 1.0 + _REFRACTIVITY * math.exp(-(radius - _EARTH_M) / _SCALE_M)
        sine2 = 1.0 - zenith_cos * zenith_cos
        return [zenith_cos, math.sqrt(max(sine2, 0.0)) / radius, sine2 * (1.0 / radius + slope / index)]

    end = solve_ivp(rate, (0.0, range_m), [_EARTH_M, 0.0, math.sin(apparent_rad)], rtol=1e-11, atol=1e-9).y[:, -1]
    across, up = end[0] * math.sin(end[1]), end[0] * math.cos(end[1]) - _EARTH_M
    return apparent_rad - math.atan2(up, across)


@pytest.mark.parametrize("range_m", [200e3, 400e3, 900e3])
@pytest.mark.parametrize("elevation_deg", [3.0, 5.0, 10.0, 30.0, 60.0])
def test_the_elevation_error_is_that_of_a_traced_ray(elevation_deg: float, range_m: float) -> None:
    apparent = math.radians(elevation_deg)
    true, _, sigma, _ = remove_refraction(elevation_rad=apparent, range_m=range_m, altitude_m=0.0)
    want = traced_elevation_error(apparent, range_m)
    assert apparent - true == pytest.approx(want, abs=2e-7)  # a hundredth of the least sigma of a real radar
    assert sigma == pytest.approx(0.1 * want, abs=1e-7)


def test_the_whole_bending_is_the_published_one() -> None:
    # Whole bending by ITU-R P.834 at apparent elevations of 1, 3 and 10 degrees, 1 / (1.314 + 0.6437 e + 0.02869 e^2);
    # at geostationary distance the error is the bending less a parallax of some 1e-5.
    for elevation_deg in (1.0, 3.0, 10.0):
        lift, _ = ray_errors(math.radians(elevation_deg), 36e6, 0.0)
        bending_deg = 1.0 / (1.314 + 0.6437 * elevation_deg + 0.02869 * elevation_deg**2)
        assert math.degrees(lift) == pytest.approx(bending_deg, rel=0.06)  # two mean atmospheres
    assert math.isnan(remove_refraction(elevation_rad=0.0, range_m=None, altitude_m=0.0)[1])


def test_the_delay_is_two_and_a_half_metres_at_the_zenith_and_grows_to_the_horizon() -> None:
    up = remove_refraction(elevation_rad=math.pi / 2, range_m=500e3, altitude_m=0.0)
    # Refractivity times scale height, by hand: 315e-6 * 7,350 m = 2.3 m.
    assert 500e3 - up[1] == pytest.approx(2.315, abs=0.01)
    delays = [
        500e3 - remove_refraction(elevation_rad=math.radians(e), range_m=500e3, altitude_m=0.0)[1] for e in (30, 10, 5)
    ]
    # Chao's mapping at 30, 10 and 5 degrees: 1.99, 5.6 and 10.2 zenith delays.
    np.testing.assert_allclose(np.array(delays) / 2.315, [1.99, 5.6, 10.2], rtol=0.03)


def test_a_higher_site_has_less_air_above_it() -> None:
    low, high = (
        remove_refraction(elevation_rad=0.1, range_m=500e3, altitude_m=altitude)[0] for altitude in (0.0, 2_500.0)
    )
    assert low < high < 0.1


def only_measurement(sensor: Sensor, scan: Scan) -> Measurement:
    taken, _ = Sense([sensor]).accept(scan, now_ns=scan.time_ns)
    assert taken is not None
    (measurement,) = taken.measurements
    return measurement


def test_a_corrected_measurement_is_wider_and_lower() -> None:
    plain = Sensor(id="R", nation="KOR", kind="radar", latitude_deg=36.0, longitude_deg=127.0, max_range_m=900e3)
    wet = Sensor(
        id="R", nation="KOR", kind="radar", latitude_deg=36.0, longitude_deg=127.0, max_range_m=900e3, refraction=True
    )
    row = Detection(time_ns=10**18, sensor_id="R", range_m=500e3, azimuth_rad=1.0, elevation_rad=0.07)
    scan = Scan(10**18, "R", (row,))
    before, after = (only_measurement(sensor, scan) for sensor in (plain, wet))
    assert after.values[2] < before.values[2] and after.values[0] < before.values[0]
    assert after.sigmas[2] > before.sigmas[2] and after.sigmas[0] > before.sigmas[0]
    assert (after.values[1], after.sigmas[1]) == (before.values[1], before.sigmas[1])
