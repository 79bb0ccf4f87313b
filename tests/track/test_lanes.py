"""Filters in lanes against filters one by one; and the machine code, where losing the vector instructions is silent."""

import math
import re
from typing import Any

import numpy as np
import pymap3d
import pytest
from numba.core.registry import cpu_target
from numpy.typing import NDArray

from beaconfire.earth.observe import MAX_ROWS, RADAR, observe
from beaconfire.track import lanes
from beaconfire.track.lane_flow import LANES, predict_lanes
from beaconfire.track.lanes import LaneFilters, update_lanes
from beaconfire.track.models import BALLISTIC, STATE
from beaconfire.track.predict import propagate
from beaconfire.track.update import _scalar_updates

Array = NDArray[np.float64]
GEO = (36.6, 127.4, 300.0)
SITE = np.array(pymap3d.geodetic2ecef(*GEO))
AXES = np.array([pymap3d.enu2uvw(*unit, *GEO[:2]) for unit in np.eye(3)])
SIGMAS = np.array([30.0, 9e-4, 7e-4])
FEATURES = str(cpu_target.target_context.codegen().magic_tuple()[2])


def filters(count: int, seed: int = 1) -> tuple[Array, Array]:
    """States from 15 to 400 km up at 500 to 3,000 m/s, with full covariances."""
    rng = np.random.default_rng(seed)
    x, p = np.zeros((count, STATE)), np.zeros((count, STATE, STATE))
    for n in range(count):
        place = pymap3d.geodetic2ecef(rng.uniform(37, 41), rng.uniform(126, 132), rng.uniform(15e3, 400e3))
        velocity = rng.normal(size=3)
        x[n] = *place, *(velocity / np.linalg.norm(velocity) * rng.uniform(500, 3000)), *rng.normal(size=3) * 1e-4
        root = rng.normal(size=(STATE, STATE)) * np.array([200.0] * 3 + [20.0] * 3 + [1e-4] * 3)[:, None]
        p[n] = root @ root.T
    return x, p


def looks(x: Array, seed: int = 2) -> Array:
    rng = np.random.default_rng(seed)
    found = np.array([pymap3d.ecef2aer(*place, *GEO) for place in x[:, :3]])
    values = np.stack([found[:, 2], np.radians(found[:, 0]), np.radians(found[:, 1])], axis=1)
    return np.asarray(values + rng.normal(size=values.shape) * SIGMAS)


def one_by_one(x: Array, p: Array, values: Array, dt_s: float) -> None:
    """The plain kernels, in place."""
    y, h, r = np.empty(MAX_ROWS), np.empty((MAX_ROWS, 6)), np.empty(MAX_ROWS)
    pieces = max(math.ceil(dt_s / lanes.LONGEST_S), 1)
    for n in range(len(x)):
        none = np.zeros((STATE, 1))
        for _ in range(pieces):
            propagate(BALLISTIC, x[n], p[n], none, 0, dt_s / pieces)
        row, sigmas = np.full(6, math.nan), np.append(SIGMAS, 1.0)
        row[:3] = values[n]
        rows = observe(RADAR, row, sigmas, SITE, AXES, np.zeros((6, 6)), 0.0, x[n], y, h, r)
        assert rows == 3
        _scalar_updates(x[n], p[n], none, 0, rows, y, h, r, np.zeros(MAX_ROWS), np.full(MAX_ROWS, -1))


@pytest.mark.parametrize("count", [1, LANES, LANES + 5])
@pytest.mark.parametrize("dt_s", [0.1, 1.0, 5.0])
def test_lanes_give_what_plain_kernels_give(count: int, dt_s: float) -> None:
    x, p = filters(count)
    ahead, spread = x.copy(), p.copy()
    one_by_one(ahead, spread, values := looks(x), dt_s)
    found = LaneFilters(x, p).step(values, sigmas=SIGMAS, site_ecef_m=SITE, axes_enu=AXES, dt_s=dt_s)
    sigma = np.sqrt(np.einsum("nii->ni", spread))
    np.testing.assert_allclose((found.states() - ahead) / sigma, 0.0, atol=1e-6)  # rounding of 6e6 m, of sigmas
    np.testing.assert_allclose((found.covariances() - spread) / (sigma[:, :, None] * sigma[:, None]), 0.0, atol=1e-6)


def test_a_lane_does_not_see_its_neighbours() -> None:
    x, p = filters(LANES)
    values = looks(x)
    whole = LaneFilters(x, p).step(values, sigmas=SIGMAS, site_ecef_m=SITE, axes_enu=AXES, dt_s=1.0)
    turned = np.roll(np.arange(LANES), 7)
    other = LaneFilters(x[turned], p[turned])
    other.step(values[turned], sigmas=SIGMAS, site_ecef_m=SITE, axes_enu=AXES, dt_s=1.0)
    np.testing.assert_array_equal(other.states(), whole.states()[turned])
    np.testing.assert_array_equal(other.covariances(), whole.covariances()[turned])


def test_covariances_stay_symmetric_and_positive() -> None:
    x, p = filters(LANES)
    found = LaneFilters(x, p)
    for seed in range(20):
        values = looks(found.states(), seed)
        found.step(values, sigmas=SIGMAS, site_ecef_m=SITE, axes_enu=AXES, dt_s=1.0)
    spread = found.covariances()
    np.testing.assert_array_equal(spread, spread.transpose(0, 2, 1))
    scale = np.sqrt(np.einsum("nii->ni", spread))
    assert (np.linalg.eigvalsh(spread / (scale[:, :, None] * scale[:, None])) > 0.0).all()


def share_of_vectors(kernel: Any) -> float:
    """The share of a kernel's floating-point arithmetic that is done on whole vectors, by its machine code."""
    kernel.recompile()  # cached code shows nothing
    (code,) = kernel.inspect_asm().values()
    packed = len(re.findall(r"\bv(?:fn?m(?:add|sub)\d+|add|sub|mul|div|sqrt)pd\b", code))
    single = len(re.findall(r"\bv(?:fn?m(?:add|sub)\d+|add|sub|mul|div|sqrt)sd\b", code))
    return packed / (packed + single)


@pytest.mark.skipif("+avx2" not in FEATURES, reason="the processor has no AVX2")
def test_the_machine_code_works_on_vectors() -> None:
    """Lookups and trigonometry go lane by lane; nearly all else must not."""
    for fresh, least in ((predict_lanes, 0.5), (update_lanes, 0.35)):  # beside each vector loop stands a plain one
        assert share_of_vectors(fresh) > least
