"""Tracklets against a second implementation: what they add up to must be the batch solution of all measurements."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from beaconfire.earth.wgs84 import enu_axes, geodetic_to_ecef
from beaconfire.fuse import Tracklet, Tracklets
from beaconfire.fuse.tracklets import WEAK_POSITION_M, carry, equivalent_state
from beaconfire.kernel.records import Measurement, TrackStatus, TrackUpdate

Array = NDArray[np.float64]
START_NS = 1_736_132_437 * 10**9
SITE = np.array(geodetic_to_ecef(np.radians(36.6), np.radians(127.4), 300.0))
AXES = enu_axes(np.radians(36.6), np.radians(127.4))
SIGMAS = np.array([30.0, 8.7e-4, 8.7e-4, 2.0])
# The weak prior moves a fully measured direction by (30 km error / 300 km prior)² of a sigma at most.
WEAK_PRIOR_SIGMAS = 0.02
SECOND_ORDER_M = 1.0  # azimuth and elevation noise of 0.05 degrees at 400 km, squared, over the range


def true_state(t_s: float) -> Array:
    """A straight, unaccelerated path in ECEF over the Sea of Japan (the test feeds the matching specific force)."""
    base = np.array(geodetic_to_ecef(np.radians(39.5), np.radians(127.5), 80e3))
    velocity = np.array([-1200.0, 900.0, 1500.0])
    return np.concatenate([base + velocity * t_s, velocity])


def radar(t_s: float, rng: np.random.Generator | None = None) -> Measurement:
    state = true_state(t_s)
    line = AXES @ (state[:3] - SITE)
    distance = float(np.linalg.norm(line))
    values = np.array(
        [
            distance,
            np.arctan2(line[0], line[1]),
            np.arcsin(line[2] / distance),
            float((AXES @ state[3:]) @ line) / distance,
        ]
    )
    if rng is not None:
        values = values + rng.normal(size=4) * SIGMAS
    time_ns = START_NS + round(t_s * 1e9)
    return Measurement(f"R:{t_s}", time_ns, "R", "KOR", "radar", values, SIGMAS, SITE, AXES)


def update(t_s: float, *used: Measurement, mean: Array | None = None, **changes: Any) -> TrackUpdate:
    state = true_state(t_s) if mean is None else mean
    fields: dict[str, Any] = {
        "picture": "own",
        "track_id": "T1",
        "time_ns": START_NS + round(t_s * 1e9),
        "status": TrackStatus.CONFIRMED,
        "mean": np.concatenate([state, np.zeros(3)]),
        "covariance": np.diag([1e4] * 3 + [1e2] * 3 + [1.0] * 3),
        "modes": np.array([0.0, 1.0, 0.0, 0.0]),
        "existence": 1.0,
        "first_time_ns": START_NS,
        "last_measured_ns": START_NS,
        "sensors": ("R",),
        "nations": ("KOR",),
        "accepted": used,
    }
    return TrackUpdate(**(fields | changes))


def told(builder: Tracklets, item: TrackUpdate) -> Tracklet:
    tracklet = builder.observe(item)
    assert tracklet is not None
    return tracklet


def test_the_first_is_the_whole_posterior_and_later_ones_wait_for_half_a_second() -> None:
    builder = Tracklets("KOR", b"k" * 32)
    first = told(builder, update(0.0, radar(0.0)))
    assert first.first
    np.testing.assert_array_equal(first.covariance, np.diag([1e4] * 3 + [1e2] * 3))
    assert builder.observe(update(0.3, radar(0.3))) is None
    second = told(builder, update(0.6, radar(0.6)))
    assert not second.first
    assert second.batch_id != first.batch_id


def test_coasting_tentative_and_fused_tracks_tell_nothing() -> None:
    builder = Tracklets("KOR", b"k" * 32)
    assert builder.observe(update(0.0, status=TrackStatus.TENTATIVE)) is None
    assert builder.observe(update(0.0, picture="fused")) is None
    told(builder, update(0.0, radar(0.0)))
    assert builder.observe(update(2.0)) is None


def test_batch_ids_are_stable_for_one_secret_and_differ_for_another() -> None:
    ids = [told(Tracklets("KOR", key), update(0.0, radar(0.0))).batch_id for key in (b"a" * 32, b"a" * 32, b"b" * 32)]
    assert ids[0] == ids[1] != ids[2]
    assert len(ids[0]) == 16


def test_an_exact_measurement_gives_back_the_true_position() -> None:
    builder = Tracklets("KOR", b"k" * 32)
    off = true_state(0.6) + np.array([3000.0, -2000.0, 1000.0, 20.0, -10.0, 5.0])  # the track itself is off
    told(builder, update(0.0, radar(0.0)))
    tracklet = told(builder, update(0.6, radar(0.6), mean=off))
    error = np.linalg.norm(tracklet.mean[:3] - true_state(0.6)[:3])
    distance = np.linalg.norm(true_state(0.6)[:3] - SITE)
    curvature_m = np.linalg.norm(off[:3] - true_state(0.6)[:3]) ** 2 / distance  # second order of the linearisation
    assert error < curvature_m, (error, curvature_m)


def test_tracklets_add_up_to_the_batch_solution_of_all_measurements() -> None:
    """Second implementation: dense least squares over every row with numerical derivatives, free motion."""
    rng = np.random.default_rng(7)
    measurements = [radar(t_s, rng) for t_s in np.arange(0.25, 8.01, 0.25)]
    builder = Tracklets("KOR", b"k" * 32)
    told(builder, update(0.0, radar(0.0)))
    information, vector, end = np.zeros((6, 6)), np.zeros(6), true_state(8.0)
    for measurement in measurements:
        t_s = (measurement.time_ns - START_NS) / 1e9
        tracklet = builder.observe(update(t_s, measurement, mean=true_state(t_s)))
        if tracklet is None:
            continue
        dt_s = 8.0 - (tracklet.time_ns - START_NS) / 1e9
        one = np.linalg.inv(tracklet.covariance)
        deviation = one @ (tracklet.mean - true_state(8.0 - dt_s))
        carry(np.ascontiguousarray(one), deviation, dt_s, information, vector)
    fused = end + np.linalg.solve(information, vector)

    def residuals(state: Array) -> Array:
        rows = []
        for measurement in measurements:
            dt_s = (measurement.time_ns - START_NS) / 1e9 - 8.0
            line = AXES @ (state[:3] + state[3:] * dt_s - SITE)
            distance = float(np.linalg.norm(line))
            rate = float((AXES @ state[3:]) @ line) / distance
            predicted = [distance, np.arctan2(line[0], line[1]), np.arcsin(line[2] / distance), rate]
            rows.append((measurement.values - np.array(predicted)) / SIGMAS)
        return np.concatenate(rows)

    steps = np.array([1.0] * 3 + [0.01] * 3)
    jacobian = np.column_stack(
        [(residuals(end + d) - residuals(end - d)) / (2 * s) for d, s in zip(np.diag(steps), steps, strict=True)]
    )
    batch = end - np.linalg.lstsq(jacobian, residuals(end), rcond=None)[0]
    batch_information = jacobian.T @ jacobian
    ratio = np.linalg.eigvals(np.linalg.solve(batch_information, information)).real
    assert np.all(np.abs(ratio - 1.0) < 0.02), ratio
    sigmas = np.sqrt(np.diag(np.linalg.inv(batch_information)))
    assert np.all(np.abs(fused - batch) < WEAK_PRIOR_SIGMAS * sigmas + np.array([SECOND_ORDER_M] * 3 + [0.2] * 3))


def test_unmeasured_directions_keep_the_weak_prior() -> None:
    information, vector = np.zeros((6, 6)), np.zeros(6)
    information[0, 0] = 1e-4
    covariance, offset = np.zeros((6, 6)), np.zeros(6)
    assert equivalent_state(information, vector, WEAK_POSITION_M, 3e3, covariance, offset)
    assert covariance[0, 0] == pytest.approx(1e4, rel=1e-6)
    assert covariance[1, 1] == pytest.approx(WEAK_POSITION_M**2)
    assert covariance[5, 5] == pytest.approx(9e6)
    assert not equivalent_state(-1e9 * np.eye(6), vector, 1.0, 1.0, covariance, offset)


def test_carry_is_the_congruence_of_free_motion() -> None:
    rng = np.random.default_rng(3)
    root = rng.normal(size=(6, 6))
    one, deviation, dt_s = root @ root.T, rng.normal(size=6), 0.7
    inverse = np.linalg.inv(np.block([[np.eye(3), dt_s * np.eye(3)], [np.zeros((3, 3)), np.eye(3)]]))
    information, vector = np.zeros((6, 6)), np.zeros(6)
    carry(one, deviation, dt_s, information, vector)
    np.testing.assert_allclose(information, inverse.T @ one @ inverse, atol=1e-12)
    np.testing.assert_allclose(vector, inverse.T @ deviation, atol=1e-12)


def test_forgetting_a_track_starts_it_afresh() -> None:
    builder = Tracklets("KOR", b"k" * 32)
    told(builder, update(0.0, radar(0.0)))
    builder.forget("T1")
    builder.forget("never seen")
    assert told(builder, update(2.0, radar(2.0))).first


def test_a_sensor_s_constant_error_is_not_averaged_away() -> None:
    builders = [Tracklets("KOR", b"k" * 32) for _ in range(2)]
    plain = radar(0.6)
    crooked = replace(plain, bias_sigmas=np.array([20.0, 3.5e-4, 3.5e-4]))
    sizes = []
    for builder, item in zip(builders, (plain, crooked), strict=True):
        told(builder, update(0.0, radar(0.0)))
        sizes.append(told(builder, update(0.6, item)).covariance[:3, :3])
    line = (true_state(0.6)[:3] - SITE) / np.linalg.norm(true_state(0.6)[:3] - SITE)
    wider = float(line @ sizes[1] @ line) / float(line @ sizes[0] @ line)
    # Noise of 30 m with 20 m of it constant, counted twelve times: 900 + 11 * 400 against 900.
    assert wider == pytest.approx((900.0 + 11.0 * 400.0) / 900.0, rel=0.05)
