"""Impact: against independent truth, the coverage of its ellipses, corridors, reachable sets, and what never falls."""

import math

import numpy as np
import pytest
import shapely
from scipy.stats import binom

from beaconfire.assess.classes import ClassEvidence
from beaconfire.assess.ellipse import CHI2_95_2
from beaconfire.assess.features import features
from beaconfire.assess.impact import beta_of, boosting_estimate, fall_of, reachable_estimate
from beaconfire.kernel.ground import area_km2
from tests.assess.flights import START_NS, flight, heights_m, states, steps

SIGMAS = np.array([60.0] * 3 + [4.0] * 3 + [1.0] * 3)
BETA = (math.log(5000.0), 0.6)
CASES = [("srbm_solid", 400e3, 100e3), ("mrbm_solid", 1500e3, 400e3), ("irbm_liquid", 4600e3, 970e3)]


def coasting(case: tuple[str, float, float], after_s: float) -> tuple[np.ndarray, float]:
    """The state some seconds after burnout, and the seconds from there to the fall."""
    flown = flight(*case)
    time_s = flown.burnouts_s[-1] + after_s
    return states(flown.path, np.array([time_s]))[0], flown.path.end_s - time_s


def inside(rings: tuple[tuple[tuple[float, float], ...], ...], latitude_deg: float, longitude_deg: float) -> bool:
    return any(shapely.Polygon(ring).contains(shapely.Point(longitude_deg, latitude_deg)) for ring in rings)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
def test_the_fall_of_a_known_state_is_where_the_truth_falls(case: tuple[str, float, float]) -> None:
    row, left_s = coasting(case, 20.0)
    beta = {"srbm_solid": 5e3, "mrbm_solid": 7e3, "irbm_liquid": 9e3}[case[0]]
    fall = fall_of(row, np.diag((1e-2 * SIGMAS) ** 2), beta=(math.log(beta), 0.01))
    assert fall is not None
    latitude_deg, longitude_deg = flight(*case).impact_deg
    off = fall.plane.place(latitude_rad=math.radians(latitude_deg), longitude_rad=math.radians(longitude_deg))
    assert math.hypot(*off) < 300.0  # two codes of gravity and air; J4 alone is some tens of metres
    assert fall.time_s == pytest.approx(left_s, abs=1.0)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
@pytest.mark.parametrize("after_s", [20.0, 90.0])
def test_ellipses_and_polygons_cover_the_truth(case: tuple[str, float, float], after_s: float) -> None:
    """60 noisy looks; 99.9 % of honest 95 % ellipses hold at least `least` of them."""
    row, _ = coasting(case, after_s)
    latitude_deg, longitude_deg = flight(*case).impact_deg
    rng = np.random.default_rng(11)
    runs, in_ellipse, in_polygon = 60, 0, 0
    for _ in range(runs):
        noisy = row + SIGMAS * rng.standard_normal(9)
        fall = fall_of(noisy, np.diag(SIGMAS**2), beta=BETA)
        assert fall is not None
        off = np.array(fall.plane.place(
            latitude_rad=math.radians(latitude_deg), longitude_rad=math.radians(longitude_deg)
        ))  # fmt: skip
        in_ellipse += bool(off @ np.linalg.inv(fall.covariance[:2, :2]) @ off < CHI2_95_2)
        estimate = fall.estimate(time_ns=START_NS, lost_s=0.0)
        in_polygon += inside(estimate.footprint_95, latitude_deg, longitude_deg)
    least = int(binom.ppf(0.001, runs, 0.95))
    assert in_ellipse >= least
    assert in_polygon >= least
    assert abs(in_ellipse - in_polygon) <= 2  # the polygon is the ellipse


def test_the_footprint_has_the_ellipse_area() -> None:
    row, _ = coasting(CASES[0], 30.0)
    fall = fall_of(row, np.diag(SIGMAS**2), beta=BETA)
    assert fall is not None
    estimate = fall.estimate(time_ns=START_NS, lost_s=0.0)
    ellipse = estimate.ellipse_95
    assert ellipse is not None
    area = math.pi * ellipse.semi_major_m * ellipse.semi_minor_m / 1e6
    assert estimate.footprint_km2 == pytest.approx(area, rel=0.02)
    assert estimate.footprint_km2 == pytest.approx(area_km2(estimate.footprint_95))


def test_a_lost_footprint_grows_and_keeps_its_point() -> None:
    row, _ = coasting(CASES[0], 30.0)
    fall = fall_of(row, np.diag(SIGMAS**2), beta=BETA)
    assert fall is not None
    areas = [fall.estimate(time_ns=START_NS, lost_s=lost_s).footprint_km2 for lost_s in (0.0, 60.0, 240.0, 900.0)]
    assert areas == sorted(areas)
    assert areas[-1] > 4.0 * areas[0]


def test_an_orbit_has_no_impact() -> None:
    r = 6371e3 + 500e3
    orbit = np.array([r, 0.0, 0.0, 0.0, 7610.0 - 7.292115e-5 * r, 0.0, 0.0, 0.0, 0.0])
    assert fall_of(orbit, np.diag(SIGMAS**2), beta=BETA) is None


def test_a_covariance_that_is_none_gives_no_fall() -> None:
    row, _ = coasting(CASES[0], 30.0)
    assert fall_of(row, np.zeros((9, 9)), beta=BETA) is None


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[0])
@pytest.mark.parametrize("share", [0.6, 0.85])
def test_the_corridor_while_boosting_holds_the_truth_and_shrinks(case: tuple[str, float, float], share: float) -> None:
    flown = flight(*case)
    latitude_deg, longitude_deg = flown.impact_deg
    age_s = share * flown.burnouts_s[-1]
    row = states(flown.path, np.array([age_s]))[0]
    now = features(row, np.diag(SIGMAS**2))
    estimate = boosting_estimate(row, now, ClassEvidence(age_s=age_s, age_sigma_s=2.0))
    assert estimate is not None
    assert estimate.latitude_deg is None
    assert estimate.ellipse_95 is None
    assert estimate.time_ns is None
    assert inside(estimate.footprint_95, latitude_deg, longitude_deg)
    row, _ = coasting(case, 5.0)
    fall = fall_of(row, np.diag(SIGMAS**2), beta=BETA)
    assert fall is not None
    assert fall.estimate(time_ns=START_NS, lost_s=0.0).footprint_km2 < 0.05 * estimate.footprint_km2


def test_rings_are_few_enough_for_a_message() -> None:
    flown = flight(*CASES[2])
    row = states(flown.path, np.array([60.0]))[0]
    estimate = boosting_estimate(row, features(row, np.diag(SIGMAS**2)), ClassEvidence(age_s=60.0))
    assert estimate is not None
    for ring in estimate.footprint_95:
        assert ring[0] == ring[-1]
        assert len(ring) <= 66
        assert shapely.Polygon(ring).is_valid


def test_a_glider_reaches_ahead_and_to_both_sides_and_may_fall_at_once() -> None:
    row, _ = coasting(CASES[1], 10.0)
    estimate, longest_s = reachable_estimate(row, features(row, np.diag(SIGMAS**2)))
    assert estimate.latitude_deg is None
    assert 100.0 < longest_s < 7200.0
    (ring,) = estimate.footprint_95
    polygon = shapely.Polygon(ring)
    below = states(flight(*CASES[1]).path, np.array([flight(*CASES[1]).burnouts_s[-1] + 10.0]))[0]
    longitude = math.degrees(math.atan2(below[1], below[0]))
    latitude = math.degrees(math.atan2(below[2], math.hypot(below[0], below[1]) * (1.0 - 0.00669438)))
    assert polygon.contains(shapely.Point(longitude, latitude))
    latitude_deg, longitude_deg = flight(*CASES[1]).impact_deg
    assert polygon.contains(shapely.Point(longitude_deg, latitude_deg))


def test_slower_and_lower_reaches_less() -> None:
    path = flight(*CASES[0]).path
    times_s = steps(60.0, path.end_s - 1.0, 10.0)
    rows = states(path, times_s)
    heights = heights_m(rows)
    high, low = int(np.argmax(heights)), int(np.flatnonzero(heights > 5e3)[-1])
    areas = [reachable_estimate(rows[k], features(rows[k], np.diag(SIGMAS**2)))[0].footprint_km2 for k in (high, low)]
    assert areas[1] < areas[0]


def test_drag_teaches_the_ballistic_coefficient() -> None:
    path = flight(*CASES[0]).path
    times_s = steps(path.end_s - 25.0, path.end_s - 3.0, 1.0)
    beta = None
    for row in states(path, times_s):
        now = features(row, np.diag(SIGMAS**2))
        beta = beta_of(now, beta)
    assert beta is not None
    assert math.exp(beta[0]) == pytest.approx(5000.0, rel=0.15)  # of the truth's body
    assert beta[1] < 0.3


def test_without_drag_the_prior_stands() -> None:
    row, _ = coasting(CASES[0], 30.0)
    assert beta_of(features(row, np.diag(SIGMAS**2)), None) == pytest.approx((math.log(5000.0), 0.6))
