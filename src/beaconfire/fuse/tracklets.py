"""What to tell partners of our own tracks: tracklets, each the information added since the last.

In: updates of the OWN picture. Out: as often as the policy lets any partner have them, the first the whole
posterior, each later one only what the measurements since then say, so that a receiver may add them up. The
information of a measurement is taken about the track's own trajectory (a partner cannot linearise our radar) and
carried to the tracklet's time under the track's specific force; no process noise enters, which half a second allows.
Directions that nothing measured get a weak prior of `WEAK_POSITION_M` and `WEAK_VELOCITY_M_S` about the track: a
covariance needs one, and it weighs a billionth of a measurement.

The information filter form: Bar-Shalom, Li & Kirubarajan, *Estimation with Applications*, 7.2; tracklets as
equivalent measurements: Drummond, *Tracklets and a hybrid fusion with process noise*, SPIE 3163 (1997).
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.flight import propagate_accelerated
from beaconfire.earth.linear import invert
from beaconfire.earth.observe import KIND_CODES, observe
from beaconfire.fuse.partners import Tracklet
from beaconfire.kernel.jit import kernel, warmer
from beaconfire.kernel.keyed import batch_id
from beaconfire.kernel.records import Measurement, TrackStatus, TrackUpdate
from beaconfire.kernel.time import from_seconds, seconds_between

DEFAULT_INTERVAL_NS = from_seconds(0.5)  # 2 Hz per track, the default rate of release (EXCHANGE part 3)
WEAK_POSITION_M = 300e3
WEAK_VELOCITY_M_S = 3e3
# A sensor's constant error is in every tracklet again and does not average out, but tracklets are added up as if it
# did: it is counted this often. With 20 m and 0.02 degrees the fused NEES of 6 is 15-28 without and 5-6 with it.
_LOOKS = 12.0


@dataclass(slots=True)
class _Pending:
    """One track's measurements that no tracklet has told yet."""

    sent_ns: int
    number: int = 0
    measurements: list[Measurement] = field(default_factory=list)


class Tracklets:
    """The tracklets of one node's own tracks; `secret` keys the batch ids.

    `interval_ns` is the fastest that any partner may be told: a partner on a slower grant misses what lies between.
    """

    def __init__(self, nation: str, secret: bytes, *, interval_ns: int = DEFAULT_INTERVAL_NS) -> None:
        """Start with nothing told."""
        self._nation = nation
        self.interval_ns = interval_ns
        self._secret = secret
        self._tracks: dict[str, _Pending] = {}

    def observe(self, update: TrackUpdate) -> Tracklet | None:
        """Return the next tracklet of a track that is to be told, or None if it is not due or adds nothing."""
        if update.status is not TrackStatus.CONFIRMED or update.picture != "own":
            return None
        pending = self._tracks.get(update.track_id)
        if pending is None:
            self._tracks[update.track_id] = _Pending(update.time_ns)
            return self._build(update, 0, update.mean[:6].copy(), update.covariance[:6, :6].copy())
        pending.measurements.extend(update.accepted)
        if not pending.measurements or update.time_ns - pending.sent_ns < self.interval_ns:
            return None
        pending.number += 1
        pending.sent_ns = update.time_ns
        mean, covariance = _independent(update, pending.measurements)
        looks = tuple(pending.measurements)
        pending.measurements.clear()
        return self._build(update, pending.number, mean, covariance, looks)

    def forget(self, track_id: str) -> None:
        """Drop what is kept of a track that ended."""
        self._tracks.pop(track_id, None)

    def _build(
        self,
        update: TrackUpdate,
        number: int,
        mean: NDArray[np.float64],
        covariance: NDArray[np.float64],
        looks: tuple[Measurement, ...] = (),
    ) -> Tracklet:
        return Tracklet(
            nation=self._nation,
            track=update.track_id,
            batch_id=batch_id(self._secret, track_id=update.track_id, number=number),
            time_ns=update.time_ns,
            mean=mean,
            covariance=covariance,
            first=number == 0,
            looks=looks,
        )


def _independent(
    update: TrackUpdate, measurements: list[Measurement]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the equivalent state (6,) and covariance (6, 6) of the measurements alone, at the update's time."""
    information, vector = np.zeros((6, 6)), np.zeros(6)
    for measurement in measurements:
        dt_s = seconds_between(update.time_ns, measurement.time_ns)
        reference = update.mean[:6].copy()
        propagate_accelerated(reference, update.mean[6], update.mean[7], update.mean[8], -dt_s)
        one, deviation = np.zeros((6, 6)), np.zeros(6)
        _add(measurement, reference, one, deviation)
        carry(one, deviation, dt_s, information, vector)
    covariance, offset = np.zeros((6, 6)), np.zeros(6)
    solved = equivalent_state(information, vector, WEAK_POSITION_M, WEAK_VELOCITY_M_S, covariance, offset)
    assert solved, "information plus a positive prior is positive definite"
    return update.mean[:6] + offset, covariance


def _add(
    measurement: Measurement, reference: NDArray[np.float64], one: NDArray[np.float64], deviation: NDArray[np.float64]
) -> None:
    values, sigmas = np.full(6, np.nan), np.full(4, np.nan)
    values[: measurement.values.size] = measurement.values
    sigmas[: measurement.sigmas.size] = measurement.sigmas
    constant = measurement.bias_sigmas[: min(3, measurement.sigmas.size)]
    sigmas[: constant.size] = np.sqrt(sigmas[: constant.size] ** 2 + (_LOOKS - 1.0) * constant**2)
    kind = KIND_CODES[measurement.kind]
    add_rows(kind, values, sigmas, measurement.site_ecef_m, measurement.axes_enu, reference, one, deviation)


@kernel
def add_rows(
    kind: int,
    values: NDArray[np.float64],
    sigmas: NDArray[np.float64],
    site: NDArray[np.float64],
    axes: NDArray[np.float64],
    reference: NDArray[np.float64],
    information: NDArray[np.float64],
    vector: NDArray[np.float64],
) -> None:
    """Add HᵀR⁻¹H (6, 6) and HᵀR⁻¹y (6,) of one own measurement about a reference state (6,).

    A measurement whose geometry has no meaning there (the sensor at the target) adds nothing.
    """
    y, h, r = np.zeros(6), np.zeros((6, 6)), np.zeros(6)
    rows = observe(kind, values, sigmas, site, axes, h, 0.0, reference, y, h, r)
    for row in range(rows):
        for i in range(6):
            vector[i] += h[row, i] * y[row] / r[row]
            for j in range(6):
                information[i, j] += h[row, i] * h[row, j] / r[row]


@kernel
def carry(
    one: NDArray[np.float64],
    deviation: NDArray[np.float64],
    dt_s: float,
    information: NDArray[np.float64],
    vector: NDArray[np.float64],
) -> None:
    """Add information (6, 6) and its vector (6,) of `dt_s` ago, by free motion: Φ⁻ᵀYΦ⁻¹ with Φ = [I dt·I; 0 I]."""
    for i in range(3):
        vector[i] += deviation[i]
        vector[i + 3] += deviation[i + 3] - dt_s * deviation[i]
        for j in range(3):
            pp, pv, vp, vv = one[i, j], one[i, j + 3], one[i + 3, j], one[i + 3, j + 3]
            information[i, j] += pp
            information[i, j + 3] += pv - dt_s * pp
            information[i + 3, j] += vp - dt_s * pp
            information[i + 3, j + 3] += vv - dt_s * (pv + vp) + dt_s * dt_s * pp


@kernel
def equivalent_state(
    information: NDArray[np.float64],
    vector: NDArray[np.float64],
    position_sigma_m: float,
    velocity_sigma_m_s: float,
    covariance: NDArray[np.float64],
    offset: NDArray[np.float64],
) -> bool:
    """Write the covariance (6, 6) and offset (6,) of information with a weak prior; False if that has no inverse.

    The prior is scaled out first, so that the inverse works on numbers near one.
    """
    scaled = np.zeros((6, 6))
    for i in range(6):
        left = position_sigma_m if i < 3 else velocity_sigma_m_s
        for j in range(6):
            right = position_sigma_m if j < 3 else velocity_sigma_m_s
            scaled[i, j] = information[i, j] * left * right
        scaled[i, i] += 1.0
    inverse = np.zeros((6, 6))
    if not invert(scaled, inverse):
        return False
    for i in range(6):
        left = position_sigma_m if i < 3 else velocity_sigma_m_s
        offset[i] = 0.0
        for j in range(6):
            right = position_sigma_m if j < 3 else velocity_sigma_m_s
            covariance[i, j] = inverse[i, j] * left * right
            offset[i] += covariance[i, j] * vector[j]
    return True


@warmer
def _warm() -> None:
    zero, vector = np.zeros((6, 6)), np.zeros(6)
    carry(zero, vector, 0.1, zero.copy(), vector.copy())
    add_rows(0, vector, np.ones(4), np.zeros(3), np.eye(3), np.ones(6), zero.copy(), vector.copy())
    equivalent_state(zero, vector, 1.0, 1.0, zero.copy(), vector.copy())
