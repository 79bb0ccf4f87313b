"""Places and times made coarse: within the mesh, covered, and not finer for being told again and again.

Oracles: `geographiclib` for distances, the χ² ellipse for what covers, an attacker who averages.
"""

import math
import random

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.release.coarsen import CELL_SHARE, Coarsener, Point, centre_of, shifted
from tests.exchange import SECRET

MESH_M = 5_000.0
SPHERE_TOLERANCE = 0.007  # the sphere of the mean radius against the ellipsoid: 0.34 % of a distance, twice
latitudes, longitudes = st.floats(-89.0, 89.0), st.floats(-180.0, 180.0)


def distance_m(first: Point, second: Point) -> float:
    return float(Geodesic.WGS84.Inverse(*first, *second)["s12"])


class TestPoints:
    @given(latitudes, longitudes, st.sampled_from([100.0, MESH_M, 100e3]))
    def test_a_cell_is_near(self, latitude_deg: float, longitude_deg: float, mesh_m: float) -> None:
        """At first half a mesh away on each axis at most."""
        point = (latitude_deg, longitude_deg)
        told, reach_m = Coarsener(SECRET).rounded(point, subject="KOR-E1", mesh_m=mesh_m)
        assert reach_m == mesh_m
        assert -90.0 <= told[0] <= 90.0
        assert -180.0 <= told[1] <= 180.0
        grown = 1.0 + SPHERE_TOLERANCE + (0.6 if mesh_m > 50e3 and abs(latitude_deg) > 60.0 else 0.0)  # rows narrow
        assert distance_m(point, told) <= mesh_m / math.sqrt(2.0) * grown + 1.0

    def test_an_estimate_that_wavers_changes_nothing(self) -> None:
        made = Coarsener(SECRET)
        chance = random.Random(5)
        first, _ = made.rounded((39.0, 126.0), subject="e", mesh_m=MESH_M)
        for _ in range(500):
            wavering = (39.0 + chance.gauss(0.0, 0.004), 126.0 + chance.gauss(0.0, 0.004))
            assert made.rounded(wavering, subject="e", mesh_m=MESH_M) == (first, MESH_M)

    def test_an_estimate_that_moves_away_is_followed(self) -> None:
        """Each time it must have moved further, and the reach says so: noise cannot make it tell ever more cells."""
        made = Coarsener(SECRET)
        first, _ = made.rounded((39.0, 126.0), subject="e", mesh_m=MESH_M)
        later, reach_m = made.rounded((39.2, 126.0), subject="e", mesh_m=MESH_M)
        assert distance_m(later, (39.2, 126.0)) < MESH_M < distance_m(first, later)
        assert reach_m == 2 * MESH_M
        assert made.rounded((39.28, 126.0), subject="e", mesh_m=MESH_M) == (later, reach_m)
        assert made.rounded((39.4, 126.0), subject="e", mesh_m=MESH_M)[1] == 3 * MESH_M

    def test_every_object_has_a_grid_of_its_own(self) -> None:
        made = Coarsener(SECRET)
        told = {made.rounded((39.0, 126.0), subject=f"e{number}", mesh_m=MESH_M) for number in range(40)}
        assert len(told) == 40

    def test_the_ellipse_holds_one_mesh_to_each_side(self) -> None:
        assert math.sqrt(5.991 * CELL_SHARE) > math.sqrt(2.0)

    def test_across_the_antimeridian(self) -> None:
        made = Coarsener(SECRET)
        east = made.rounded((10.0, 179.999), subject="e", mesh_m=MESH_M)
        assert made.rounded((10.0, -179.999), subject="e", mesh_m=MESH_M) == east

    def test_what_is_remembered_is_bounded(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from beaconfire.kernel import limits

        monkeypatch.setattr(limits, "MAX_RELEASE_SUBJECTS", 3)
        made = Coarsener(SECRET)
        for number in range(9):
            made.rounded((39.0, 126.0), subject=str(number), mesh_m=MESH_M)
        assert len(made._points) == 3


class TestTimes:
    @given(st.integers(10**18, 2 * 10**18), st.sampled_from([0.5, 10.0, 600.0]))
    def test_a_step_is_near(self, time_ns: int, step_s: float) -> None:
        told_ns, _ = Coarsener(SECRET).rounded_ns(time_ns, subject="e", step_s=step_s)
        assert abs(told_ns - time_ns) <= step_s * 0.5e9 + 1

    def test_wavering_and_moving(self) -> None:
        made = Coarsener(SECRET)
        first = made.rounded_ns(10**18, subject="e", step_s=10.0)
        assert {made.rounded_ns(10**18 + shift, subject="e", step_s=10.0) for shift in (-4 * 10**9, 4 * 10**9)} == {
            first
        }
        assert made.rounded_ns(10**18 + 40 * 10**9, subject="e", step_s=10.0) != first


class TestRings:
    RING = ((130.0, 40.0), (131.0, 40.0), (131.0, 41.0), (130.0, 41.0), (130.0, 40.0))

    def test_moved_and_grown(self) -> None:
        """Every corner lies further out by as much as the ring may have moved: what it held it holds still."""
        from shapely.geometry import Point as Place
        from shapely.geometry import Polygon

        by = (0.03, -0.02)
        moved = shifted(self.RING, by=by, grown_m=math.sqrt(2.0) * MESH_M)
        assert moved[0] == moved[-1]
        assert Polygon(moved).contains(Polygon(self.RING))
        middle = centre_of(self.RING)
        assert centre_of(moved) == pytest.approx((middle[0] + by[0], middle[1] + by[1]), abs=0.01)
        assert Polygon(moved).contains(Place(130.01, 40.01))

    def test_the_globe_ends(self) -> None:
        ring = ((179.0, 88.0), (180.0, 88.0), (180.0, 89.9), (179.0, 89.9), (179.0, 88.0))
        corners = np.array(shifted(ring, by=(1.0, 1.0), grown_m=50e3))
        assert abs(corners[:, 0]).max() <= 180.0
        assert abs(corners[:, 1]).max() <= 90.0
