"""Coverage, coarse gates and likelihoods against dense formulas."""

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pymap3d
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2

from beaconfire.earth.observe import LOS, RADAR
from beaconfire.kernel.records import Measurement
from beaconfire.track.bank import BIASES, start_bank
from beaconfire.track.gate import (
    AT_EDGE,
    GATES,
    INSIDE,
    OUT,
    candidates,
    coverage,
    extrapolate,
    likelihoods,
)
from beaconfire.track.meet import everything
from beaconfire.track.models import BALLISTIC, MODELS, STATE
from beaconfire.track.pack import pack

Array = NDArray[np.float64]
GEO = (36.6, 127.4, 300.0)
SITE = np.array(pymap3d.geodetic2ecef(*GEO))
AXES = np.array([pymap3d.enu2uvw(*unit, *GEO[:2]) for unit in np.eye(3)])
EYE = np.array(pymap3d.geodetic2ecef(0.0, 120.0, 35_786e3))


def seen(kind: int, places: Sequence[Any], *, spread_m: float = 100.0, site: Array = SITE) -> list[int]:
    means = np.zeros((len(places), STATE))
    means[:, :3] = places
    out = np.full(len(places), -9)
    coverage(kind, site, AXES, 500e3, math.radians(1.0), 12e3, means, np.full(len(places), spread_m), out)
    return out.tolist()


def at(azimuth_deg: float, elevation_deg: float, range_m: float) -> tuple[float, float, float]:
    x, y, z = pymap3d.aer2ecef(azimuth_deg, elevation_deg, range_m, *GEO)
    return float(x), float(y), float(z)


def test_a_radar_must_see_what_is_well_inside_and_may_see_the_edge() -> None:
    places = [at(10, 20, 300e3), at(10, 1.2, 300e3), at(10, 20, 500.1e3), at(10, 20, 600e3), at(10, -5.0, 300e3)]
    assert seen(RADAR, places) == [INSIDE, AT_EDGE, AT_EDGE, OUT, OUT]
    assert seen(RADAR, [at(10, 3.0, 300e3)], spread_m=20e3) == [AT_EDGE]  # not known well enough to say


def test_an_infrared_sensor_sees_above_its_lowest_altitude_and_not_through_the_earth() -> None:
    places = [pymap3d.geodetic2ecef(39.0, 126.0, alt) for alt in (60e3, 11.8e3, 0.0)]
    assert seen(LOS, places, site=EYE)[:2] == [INSIDE, AT_EDGE]
    behind = [pymap3d.geodetic2ecef(39.0, -60.0, 60e3)]
    assert seen(LOS, behind, site=EYE) != [INSIDE]


def test_a_rough_prediction_falls_and_widens() -> None:
    mean = np.zeros((1, STATE))
    mean[0, :6] = [6.5e6, 0.0, 0.0, 0.0, 3e3, 0.0]
    out, spreads = np.zeros((1, STATE)), np.zeros(1)
    extrapolate(mean, np.eye(STATE)[None] * 25.0, np.zeros(1, np.int64), np.array([10.0]), out, spreads)
    assert out[0, 0] == pytest.approx(6.5e6 - 0.5 * 3.986e14 / 6.5e6**2 * 100.0)
    assert out[0, 1] == pytest.approx(30e3)
    assert spreads[0] == pytest.approx(math.sqrt(3 * (25.0 + 100.0 * 25.0)) + 500.0)


def test_gates_hold_all_but_one_in_ten_thousand() -> None:
    np.testing.assert_allclose(GATES, chi2.ppf(0.9999, np.arange(1, 7)), atol=0.01)


def banks(count: int = 3) -> tuple[Array, Array, Array, Array]:
    x, p = np.zeros((count, MODELS, STATE)), np.zeros((count, MODELS, STATE, STATE))
    weights = np.tile([0.2, 0.7, 0.05, 0.05], (count, 1))
    for i in range(count):
        state = np.array([*at(60.0 + 3.0 * i, 18.0, 300e3), -700.0, 900.0, 1100.0])
        start_bank(state, np.diag([300.0**2] * 3 + [30.0**2] * 3), weights[i], x[i], p[i])
    return x, p, np.zeros((count, MODELS, STATE, BIASES)), weights


def radar_item(
    azimuth_deg: float, number: int, *, bias: Sequence[float] | None = None, noise: float = 0.0
) -> Measurement:
    values = np.array([300e3 + noise, math.radians(azimuth_deg), math.radians(18.0), np.nan])
    extra: dict[str, Any] = {} if bias is None else {"bias_sigmas": np.array(bias)}
    return Measurement(
        f"R:{number}", 0, "R", "KOR", "radar", values, np.array([30.0, 9e-4, 9e-4, 2.0]), SITE, AXES, **extra
    )


def compare(
    parts: tuple[Array, Array, Array, Array], items: Sequence[Measurement], first: int = -1
) -> tuple[Array, Array]:
    x, p, c, weights = parts
    columns = pack(items, time_ns=0, scan=None)
    log_likelihood, distance = np.zeros(len(x) * len(items)), np.zeros(len(x) * len(items))
    likelihoods(
        x, p, c, np.full(len(x), first), weights, *everything(len(x), len(items)), log_likelihood, distance,
        *columns.for_gates(),
    )  # fmt: skip
    return log_likelihood.reshape(len(x), -1), distance.reshape(len(x), -1)


def test_each_detection_is_near_its_own_track_only() -> None:
    items = [radar_item(60.0 + 3.0 * i, i, noise=20.0) for i in range(3)]
    log_likelihood, distance = compare(banks(), items)
    assert (np.diag(distance) < 0.2).all()
    off = ~np.eye(3, dtype=bool)
    assert (distance[off] > 1.0).all() and (log_likelihood[off] == -math.inf).all()


def test_the_likelihood_is_that_of_the_mixture_per_radian_of_azimuth() -> None:
    parts = banks(1)
    x, p, _, weights = parts
    log_likelihood, distance = compare(parts, [radar_item(60.1, 0, noise=100.0)])
    # All models share position here: one Gaussian in range, azimuth and elevation, by a numerical derivative.
    place = x[0, BALLISTIC, :3]

    def polar(q: Array) -> Array:
        return np.array([float(v) for v in pymap3d.ecef2aer(*q, *GEO)])

    jacobian = np.array([(polar(place + 5.0 * unit) - polar(place - 5.0 * unit)) / 10.0 for unit in np.eye(3)]).T
    jacobian[:2] = np.radians(jacobian[:2])
    noise = np.diag([9e-4**2, 9e-4**2, 30.0**2])
    s = jacobian @ p[0, 0, :3, :3] @ jacobian.T + noise
    y = np.array([math.radians(0.1), 0.0, 100.0])
    unit = np.sqrt(np.diag(s))
    nis = float(y @ np.linalg.solve(s, y))
    want = -0.5 * (nis + np.linalg.slogdet(s / np.outer(unit, unit))[1] + 3.0 * math.log(2.0 * math.pi))
    want += -float(np.log(unit).sum()) + math.log(float(weights.sum()))
    assert log_likelihood[0, 0] == pytest.approx(want, abs=2e-3)  # the tangent plane curves by 1e-3
    assert distance[0, 0] == pytest.approx(nis / GATES[2], rel=2e-3)


def test_a_constant_error_known_to_the_track_is_not_counted_twice() -> None:
    parts = banks(1)
    bias = (400.0, 0.0, 0.0)
    item = [radar_item(60.0, 0, bias=bias, noise=400.0)]
    item[0].sigmas[0] = math.hypot(30.0, 400.0)
    _, fresh = compare(parts, item, first=0)
    line = (parts[0][0, BALLISTIC, :3] - SITE) / 300e3
    parts[2][0, :, :3, 0] = -350.0 * line  # the track carries most of this error already, the other way
    _, known = compare(parts, item, first=0)
    assert known[0, 0] > fresh[0, 0]
    _, noise = compare(parts, item, first=-1)
    assert noise[0, 0] < fresh[0, 0]  # taken for noise of many looks


def test_only_models_that_are_possible_open_the_gate() -> None:
    parts = banks(1)
    parts[0][0, 3, :3] += 50e3 * (parts[0][0, 3, :3] - SITE) / 300e3
    far = [radar_item(60.0, 0, noise=50e3)]
    assert compare(parts, far)[1][0, 0] == math.inf  # the likeliest model's place decides what is near at all
    parts[3][0] = [1e-7, 1e-7, 1e-7, 1.0]
    assert compare(parts, far)[1][0, 0] < 1.0
    parts[3][0] = 0.0
    assert compare(parts, far)[1][0, 0] == math.inf


@pytest.mark.parametrize("kind", ["radar", "los"])
def test_coarse_gates_turn_nothing_away_that_fine_ones_would_take(kind: str) -> None:
    rng, hits = np.random.default_rng(11), 0
    for _ in range(200):
        parts = banks(1)
        offset = rng.normal(size=3) * rng.choice([100.0, 1e3, 5e3])
        place = parts[0][0, BALLISTIC, :3] + offset
        if kind == "radar":
            azimuth, elevation, distance = (float(v) for v in pymap3d.ecef2aer(*place, *GEO))
            values = np.array([distance, math.radians(azimuth), math.radians(elevation), np.nan])
            item = Measurement("a", 0, "R", "KOR", "radar", values, np.array([30.0, 9e-4, 9e-4, 2.0]), SITE, AXES)
        else:
            line = (place - EYE) / np.linalg.norm(place - EYE)
            item = Measurement("a", 0, "I", "USA", "los", line, np.array([3e-5]), EYE, np.eye(3))
        _, distances = compare(parts, [item])
        mean = np.ascontiguousarray(parts[0][:, BALLISTIC])
        found, met = listed(mean, np.array([300.0 * math.sqrt(3)]), [item])
        hits += distances[0, 0] <= 1.0
        assert (met[0] and found == [[0]]) or distances[0, 0] > 1.0
    assert 40 < hits < 200


def listed(
    means: Array, spreads_m: Array, items: Sequence[Measurement], seen: Sequence[int] | None = None
) -> tuple[list[list[int]], list[bool]]:
    columns = pack(items, time_ns=0, scan=None)
    met = np.zeros(len(means), np.bool_)
    begin, column = candidates(
        means, spreads_m, np.array(seen if seen is not None else [INSIDE] * len(means)), columns.kind, columns.values,
        columns.sites, columns.points, columns.point_covariances, met,
    )  # fmt: skip
    return [column[i:j].tolist() for i, j in itertools.pairwise(begin)], met.tolist()


def test_candidates_are_those_of_the_whole_table() -> None:
    rng = np.random.default_rng(4)
    items = [radar_item(float(rng.uniform(0, 360)), n) for n in range(120)]
    partial = radar_item(10.0, 120)
    partial.values[0] = np.nan
    line = Measurement("a", 0, "I", "USA", "los", (at(40, 20, 300e3) - EYE) / 3.6e7, np.array([3e-5]), EYE, np.eye(3))
    line.values[:] /= np.linalg.norm(line.values)
    items[17:17] = [partial, line]
    means = np.zeros((300, STATE))
    means[:, :3] = [at(float(rng.uniform(0, 360)), 18.0, 300e3) for _ in range(300)]
    spreads = rng.uniform(50.0, 3e3, 300)
    seen = rng.choice([OUT, AT_EDGE, INSIDE], 300).tolist()
    found, met = listed(means, spreads, items, seen)
    columns = pack(items, time_ns=0, scan=None)
    own = np.sqrt(np.einsum("nii->n", columns.point_covariances))
    apart = np.linalg.norm(means[:, None, :3] - columns.points[None], axis=2) / (7.0 * (spreads[:, None] + own) + 1e3)
    apart[:, 17] = 0.0
    off = means[:, :3] - EYE
    along = off @ line.values
    across = np.sqrt((off**2).sum(axis=1) - along**2)
    apart[:, 18] = across / (7.0 * spreads + 20e3 + 1e-3 * along)
    for i in range(300):
        want = np.flatnonzero(apart[i] < 2.0).tolist() if seen[i] != OUT else []
        assert found[i] == want
        assert met[i] == (seen[i] != OUT and bool((apart[i] < 1.0).any()))


def test_candidates_of_nothing_are_none() -> None:
    assert listed(np.zeros((0, STATE)), np.zeros(0), [radar_item(1.0, 0)]) == ([], [])
    assert listed(np.full((1, STATE), 6.5e6), np.ones(1), []) == ([[]], [False])
