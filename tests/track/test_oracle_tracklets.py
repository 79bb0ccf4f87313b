"""The fused picture: tracklets against the information filter, huge unobserved spreads, hints, bad covariances."""

import math

import numpy as np
import pymap3d
import pytest
from numpy.typing import NDArray

from beaconfire.kernel.limits import MAX_STATE_SIGMA_M, MAX_STATE_SIGMA_M_S
from beaconfire.kernel.records import Measurement, MeasurementScan, TrackStatus, TrackUpdate
from beaconfire.kernel.time import NS_PER_S
from beaconfire.track import Tracker
from tests.track import oracle, play, world

Array = NDArray[np.float64]
START = np.concatenate([pymap3d.geodetic2ecef(39.0, 130.0, 300e3), [-900.0, 1800.0, 1200.0]])
GOOD = np.diag([50.0] * 3 + [2.0] * 3) ** 2


@pytest.fixture(scope="module")
def flight() -> world.Flight:
    return play.thrown("F", START, seconds_s=200.0, beta=5_000.0)


def tracklet(
    flight: world.Flight, t: float, covariance: Array, rng: np.random.Generator, *, hint: str | None = None,
    first: bool = False, sensor: str = "p1", offset: Array | None = None,
) -> Measurement:  # fmt: skip
    values, vectors = np.linalg.eigh(covariance)
    noise = vectors @ (rng.normal(size=6) * np.sqrt(np.minimum(np.maximum(values, 0.0), 1e8)))
    values = flight.state(t) + noise + (0.0 if offset is None else offset)
    return Measurement(
        id=f"{sensor}:{t}", time_ns=world.START_NS + round(t * NS_PER_S), sensor_id=sensor, nation="JPN", kind="state",
        values=values, sigmas=np.zeros(0), covariance=covariance, track_hint=hint, first=first,
    )  # fmt: skip


def told(*items: Measurement) -> MeasurementScan:
    return MeasurementScan(
        time_ns=items[-1].time_ns, sensor_id=items[0].sensor_id, nation="JPN", kind="state", measurements=items,
        detection_probability=0.9, false_density=0.0, site_ecef_m=np.zeros(3), axes_enu=np.eye(3), max_range_m=1e6,
        min_elevation_rad=0.0, period_s=2.0,
    )  # fmt: skip


def begun(flight: world.Flight) -> tuple[Tracker, str, np.random.Generator]:
    rng = np.random.default_rng(3)
    tracker = Tracker("fused", id_prefix="F")
    (update,) = tracker.scan(told(tracklet(flight, 0.0, GOOD, rng, first=True)))
    return tracker, update.track_id, rng


def off_by(update: TrackUpdate, flight: world.Flight) -> float:
    return float(np.linalg.norm(update.mean[:3] - flight.state(play.seconds(update))[:3]))


def test_a_partner_s_first_posterior_is_a_confirmed_track_at_once(flight: world.Flight) -> None:
    tracker, name, _ = begun(flight)
    update = tracker.current()[name]
    assert update.picture == "fused" and update.status is TrackStatus.CONFIRMED and update.existence > 0.99
    assert update.nations == ("JPN",)
    np.testing.assert_allclose(update.covariance[:6, :6], GOOD, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("open_m", [3e3, 300e3, MAX_STATE_SIGMA_M])
def test_increments_open_in_one_direction_still_narrow_the_others(flight: world.Flight, open_m: float) -> None:
    """Two partners, each blind along another axis, together fix what neither does alone."""
    tracker, name, rng = begun(flight)
    turned = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    for n in range(1, 25):
        blind = n % 2
        place, speed = np.full(3, 30.0), np.full(3, 5.0)
        place[blind], speed[blind] = open_m, min(open_m / 100.0, MAX_STATE_SIGMA_M_S)
        covariance = np.zeros((6, 6))
        covariance[:3, :3] = turned @ np.diag(place**2) @ turned.T
        covariance[3:, 3:] = turned @ np.diag(speed**2) @ turned.T
        covariance = 0.5 * (covariance + covariance.T)
        tracker.scan(told(tracklet(flight, 2.0 * n, covariance, rng, hint=name, sensor=f"p{blind}")))
    update = tracker.current()[name]
    assert update.last_measured_ns == world.START_NS + 48 * NS_PER_S
    assert off_by(update, flight) < 60.0
    assert math.sqrt(float(np.linalg.eigvalsh(update.covariance[:3, :3])[-1])) < 40.0
    assert oracle.nees(update.mean[:6], flight.state(48.0), update.covariance[:6, :6]) < 22.5  # chi-square, 99.9 %


def test_one_update_is_the_sum_of_informations(flight: world.Flight) -> None:
    """Posterior information is the prior's plus the tracklet's, at the same moment: no time, no noise between."""
    tracker, name, rng = begun(flight)
    before = tracker.current()[name]
    c = oracle.spd(rng, np.array([40.0, 80.0, 60.0, 3.0, 2.0, 4.0]))
    item = tracklet(flight, 0.0, c, rng, hint=name)
    (after,) = tracker.scan(told(item))
    prior = np.linalg.inv(before.covariance[:6, :6])
    both = np.linalg.inv(prior + np.linalg.inv(c))
    mean = both @ (prior @ before.mean[:6] + np.linalg.inv(c) @ item.values)
    scale = np.sqrt(np.diag(both))
    # The bank is a mixture whose parts start alike: parts differ only by rounding and by their weights.
    np.testing.assert_allclose((after.mean[:6] - mean) / scale, 0.0, atol=1e-3)
    np.testing.assert_allclose((after.covariance[:6, :6] - both) / np.outer(scale, scale), 0.0, atol=1e-3)


def test_twenty_honest_increments_leave_an_honest_track(flight: world.Flight) -> None:
    scores = []
    for seed in range(20):
        tracker, name, _ = begun(flight)
        rng = np.random.default_rng(100 + seed)
        for n in range(1, 12):
            c = oracle.spd(rng, np.array([100.0, 60.0, 80.0, 8.0, 5.0, 6.0]))
            tracker.scan(told(tracklet(flight, 4.0 * n, c, rng, hint=name)))
        update = tracker.current()[name]
        scores.append(oracle.nees(update.mean[:6], flight.state(44.0), update.covariance[:6, :6]))
    # Twenty runs of six degrees: the mean's 99.9 % band is 3.8 to 8.9; the first tracklet is the same in all of them.
    assert 2.5 < float(np.mean(scores)) < 8.9


def test_a_hint_leads_to_its_track_and_no_hint_to_the_nearest(flight: world.Flight) -> None:
    tracker, name, rng = begun(flight)
    aside = np.array([0.0, 0.0, 20e3, 0.0, 0.0, 0.0])
    (other,) = tracker.scan(told(tracklet(flight, 0.0, GOOD, rng, first=True, sensor="p2", offset=aside)))
    assert other.track_id != name
    for n in range(1, 6):
        (one,) = tracker.scan(told(tracklet(flight, 2.0 * n, GOOD, rng)))
        (two,) = tracker.scan(told(tracklet(flight, 2.0 * n, GOOD, rng, sensor="p2", offset=aside)))
        assert (one.track_id, two.track_id) == (name, other.track_id)


def test_a_wrong_hint_moves_no_track(flight: world.Flight) -> None:
    """A tracklet 200 km away that names this track is some other object, or a lie."""
    tracker, name, rng = begun(flight)
    far = np.array([200e3, 0.0, 0.0, 0.0, 0.0, 0.0])
    tracker.scan(told(tracklet(flight, 2.0, GOOD, rng, hint=name, offset=far)))
    tracker.scan(told(tracklet(flight, 4.0, GOOD, rng, hint=name)))
    assert off_by(tracker.current()[name], flight) < 300.0


@pytest.mark.parametrize(
    "covariance",
    [np.zeros((6, 6)), -np.eye(6), np.full((6, 6), np.nan), np.diag([1e-300] * 6), np.diag([1e300] * 6),
     np.diag([1.0, 1.0, -1.0, 1.0, 1.0, 1.0]), np.eye(6) + np.triu(np.full((6, 6), 5.0)), np.full((6, 6), np.inf)],
    ids=["zero", "negative", "nan", "1e-300", "1e300", "indefinite", "asymmetric", "inf"],
)  # fmt: skip
@pytest.mark.parametrize("first", [False, True])
def test_what_is_no_covariance_harms_nothing(flight: world.Flight, covariance: Array, first: bool) -> None:
    tracker, name, rng = begun(flight)
    bad = Measurement(
        id="bad", time_ns=world.START_NS + NS_PER_S, sensor_id="p3", nation="USA", kind="state",
        values=flight.state(1.0), sigmas=np.zeros(0), covariance=covariance, track_hint=None if first else name,
        first=first,
    )  # fmt: skip
    tracker.scan(told(bad))
    for update in tracker.current().values():
        assert np.isfinite(update.mean).all() and np.isfinite(update.covariance).all()
        assert np.isfinite(update.modes).all()
    tracker.scan(told(tracklet(flight, 4.0, GOOD, rng, hint=name)))
    assert off_by(tracker.current()[name], flight) < 300.0


def test_late_tracklets_end_in_the_same_bytes(flight: world.Flight) -> None:
    """Two seconds late or in order: all one, bit for bit."""
    tracker, name, rng = begun(flight)
    items = [tracklet(flight, float(n), GOOD * 4.0, rng, hint=name, sensor=f"p{n % 3}") for n in range(1, 20)]
    in_order, late = tracker.checkpoint(), tracker.checkpoint()
    for item in items:
        in_order.scan(told(item))
    for item in sorted(items, key=lambda one: one.time_ns + (2 * NS_PER_S if one.sensor_id == "p1" else 0)):
        late.scan(told(item))
    one, other = in_order.current()[name], late.current()[name]
    for field in ("mean", "covariance", "modes"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))


def test_a_wide_increment_of_nobody_starts_nothing(flight: world.Flight) -> None:
    tracker, rng = Tracker("fused", id_prefix="F"), np.random.default_rng(1)
    wide = np.diag([300e3] * 3 + [3e3] * 3) ** 2
    assert tracker.scan(told(tracklet(flight, 0.0, wide, rng))) == []
    assert dict(tracker.current()) == {}
