"""Kernels over many tracks: each row as if alone, to the last bit; what a table row held before is gone."""

import numpy as np
import pymap3d
from numpy.typing import NDArray

from beaconfire.kernel.records import Measurement
from beaconfire.track.bank import BIASES, mixture, start_bank
from beaconfire.track.history import Bank, take_row
from beaconfire.track.models import BALLISTIC, MODELS, STATE
from beaconfire.track.pack import pack
from beaconfire.track.rows import predict_rows, store_rows, update_rows

Array = NDArray[np.float64]
GEO = (36.6, 127.4, 300.0)
SITE = np.array(pymap3d.geodetic2ecef(*GEO))
AXES = np.array([pymap3d.enu2uvw(*unit, *GEO[:2]) for unit in np.eye(3)])


def banks(count: int) -> tuple[Array, Array, Array, Array]:
    x, p = np.zeros((count, MODELS, STATE)), np.zeros((count, MODELS, STATE, STATE))
    weights = np.tile([0.2, 0.7, 0.05, 0.05], (count, 1))
    for i in range(count):
        place = pymap3d.aer2ecef(60.0 + 3.0 * i, 18.0, 300e3, *GEO)
        state = np.array([*place, -700.0, 900.0, 1100.0])
        start_bank(state, np.diag([300.0**2] * 3 + [30.0**2] * 3), weights[i], x[i], p[i])
    return x, p, np.zeros((count, MODELS, STATE, BIASES)), weights


def item(number: int) -> Measurement:
    values = np.array([300e3 + 50.0, np.radians(60.0 + 3.0 * number), np.radians(18.0), np.nan])
    sigmas = np.array([36.0, 1e-3, 1e-3, 2.0])
    bias = np.array([20.0, 3e-4, 3e-4])
    return Measurement(f"R:{number}", 0, "R", "KOR", "radar", values, sigmas, SITE, AXES, bias_sigmas=bias)


def test_rows_are_predicted_each_by_its_own_time() -> None:
    x, p, c, weights = banks(2)
    before = x.copy()
    predict_rows(x, p, c, np.zeros(2, np.int64), weights, np.array([0, 2_000_000_000]))
    np.testing.assert_array_equal(x[0], before[0])
    moved = x[1, BALLISTIC, :3] - before[1, BALLISTIC, :3]
    np.testing.assert_allclose(moved, 2.0 * before[1, BALLISTIC, 3:6], atol=30.0)


def test_many_rows_give_the_bytes_of_each_alone() -> None:
    x, p, c, weights = banks(5)
    alone = [Bank(0, x[i].copy(), p[i].copy(), c[i].copy(), weights[i].copy(), 3) for i in range(5)]
    used, ahead_ns = np.full(5, 3), 1_500_000_000
    predict_rows(x, p, c, used, weights, np.full(5, ahead_ns))
    columns = pack([item(i) for i in range(5)], time_ns=0, scan=None)
    taken = np.zeros(3, np.bool_)
    picks = np.array([4, 0, 2])
    update_rows(x, p, c, used, weights, picks, picks, np.zeros(3, np.int64), taken, *columns.for_update())
    assert taken.all()
    for i, bank in enumerate(alone):
        later = bank.at(ahead_ns, used=3)
        if i in picks:
            assert take_row(later, columns, i, column=0)
        for name, together in (("x", x), ("p", p), ("c", c), ("weights", weights)):
            np.testing.assert_array_equal(together[i], getattr(later, name))


def test_what_is_not_a_number_is_not_taken() -> None:
    x, p, c, weights = banks(2)
    p[1, 0, 0, 0] = np.nan
    taken = np.ones(2, np.bool_)
    columns = pack([item(0), item(1)], time_ns=0, scan=None)
    picks = np.arange(2)
    update_rows(x, p, c, np.zeros(2, np.int64), weights, picks, picks, picks * 0 - 1, taken, *columns.for_update())
    assert taken.tolist() == [True, False]


def test_stored_rows_hold_the_bank_and_its_mixture() -> None:
    x, p, c, weights = banks(3)
    c[:] = 7.0
    tables = [np.zeros((6, *part.shape[1:])) for part in (x, p, c, weights)]
    mean, covariance, seen = np.zeros((6, STATE)), np.zeros((6, STATE, STATE)), np.zeros((6, STATE))
    store_rows(
        x, p, c, np.full(3, 3), weights, np.array([2, 0]), np.array([5, 1]), tables[0], tables[1], tables[2], tables[3],
        mean, covariance, seen,
    )  # fmt: skip
    want_mean, want_covariance = np.zeros(STATE), np.zeros((STATE, STATE))
    mixture(x[2], p[2], weights[2], want_mean, want_covariance)
    np.testing.assert_array_equal(tables[0][5], x[2])
    np.testing.assert_array_equal(tables[1][1], p[0])
    np.testing.assert_array_equal(tables[3][5], weights[2])
    assert (tables[2][5, :, :, :3] == 7.0).all() and not tables[2][5, :, :, 3:].any()  # unused columns stay empty
    np.testing.assert_allclose(mean[5], want_mean, rtol=1e-12)
    np.testing.assert_allclose(covariance[5], want_covariance, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(seen, mean)
    assert not tables[0][[0, 2, 3, 4]].any()
