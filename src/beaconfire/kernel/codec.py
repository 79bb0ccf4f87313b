"""Bytes to records and back: one canonical MessagePack form, strict bounds, arrays as little-endian blobs.

What comes from outside becomes a record within its bounds or a `Refused` with a countable reason; nothing else can
happen. Signed means canonical: `encode(decode(data)) == data`, or two byte strings would carry one meaning under two
hashes. Bounds stand in the annotations of the records; NaN and infinity fail them.

A covariance travels as its Cholesky factor in float32. Rounding a factor keeps P = L Lᵀ positive definite, and its
short directions keep their relative precision, which rounding the elements of P would destroy (an unobserved axis of
300 km beside one of 30 m). The factor sent is enlarged just enough that what arrives covers what was meant.
"""

import math
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeVar, overload

import msgspec
import numpy as np
from numpy.typing import NDArray

from beaconfire.kernel import limits
from beaconfire.kernel.errors import InvalidInput, Refused
from beaconfire.kernel.jit import kernel, warmer

T = TypeVar("T")
Array = NDArray[np.float64]

_ENCODER = msgspec.msgpack.Encoder()
_SIZE = 6  # position and velocity
_TRIANGLE = _SIZE * (_SIZE + 1) // 2
_OWN_CONDITION = limits.MAX_COVARIANCE_CONDITION / 100.0  # what we send stays clear of what is refused
_FIRST_JITTER = 1e-13  # relative to the variances; ten times more each round until the factor exists
_COVER_ROUNDS = 12
_FACTOR_FAULTS = {
    1: ("not finite", "finite numbers"),
    2: ("has a diagonal that is not positive", "positive diagonals"),
    3: ("has a standard deviation out of bounds", "standard deviations within the limits"),
    4: ("has a condition above the limit", f"a condition of at most {limits.MAX_COVARIANCE_CONDITION:g}"),
}


def encode(value: object) -> bytes:
    """Return the canonical bytes of a record."""
    return _ENCODER.encode(value)


@overload
def decode(data: bytes, kind: type[T], *, where: str, limit: int) -> T: ...
@overload
def decode(data: bytes, kind: object, *, where: str, limit: int) -> Any: ...
def decode(data: bytes, kind: Any, *, where: str, limit: int) -> Any:
    """Return the record of type `kind` that `data` is the canonical form of.

    Raises `Refused` at `where`, with reason "too_large", "malformed", "invalid" (a bound or type) or "not_canonical".
    """
    if len(data) > limit:
        raise Refused("too_large", where=where, what=f"is {len(data)} bytes", expected=f"at most {limit}")
    try:
        value = _decoder(kind).decode(data)
    except msgspec.ValidationError as error:
        raise Refused("invalid", where=where, what=_short(error), expected="a value within the bounds") from None
    except (ValueError, RecursionError) as error:  # msgspec.DecodeError and UnicodeDecodeError are ValueErrors
        raise Refused("malformed", where=where, what=_short(error), expected="MessagePack of this type") from None
    if _ENCODER.encode(value) != data:
        raise Refused(
            "not_canonical", where=where, what="is not in its one form", expected="encode(decode(data)) == data"
        )
    return value


def pack_state(mean: Array) -> bytes:
    """Return 48 bytes of a position (m) and velocity (m/s), shape (6,)."""
    assert mean.shape == (_SIZE,)
    return mean.astype("<f8").tobytes()


def unpack_state(blob: bytes, *, where: str) -> Array:
    """Return the (6,) state of a blob, else raise `Refused`; it must be finite, above ground and below escape."""
    check_state(blob, where=where)
    return np.frombuffer(blob, "<f8").astype(np.float64)


def check_state(blob: bytes, *, where: str) -> None:
    """Refuse a state blob of a wrong size, or whose position or velocity no object near the Earth has."""
    if len(blob) != 8 * _SIZE:
        raise Refused("state", where=where, what=f"is {len(blob)} bytes", expected=f"{8 * _SIZE}")
    x, y, z, vx, vy, vz = np.frombuffer(blob, "<f8").tolist()
    radius_m, speed_m_s = math.hypot(x, y, z), math.hypot(vx, vy, vz)
    if not (limits.MIN_RADIUS_M <= radius_m <= limits.MAX_POSITION_M and speed_m_s <= limits.MAX_SPEED_M_S):
        what = f"is {radius_m:.3g} m from the centre at {speed_m_s:.3g} m/s"
        expected = f"{limits.MIN_RADIUS_M:g} to {limits.MAX_POSITION_M:g} m, at most {limits.MAX_SPEED_M_S:g} m/s"
        raise Refused("state", where=where, what=what, expected=expected)


def pack_point(point: Array) -> bytes:
    """Return 24 bytes of an ECEF point (m), shape (3,)."""
    assert point.shape == (3,)
    return point.astype("<f8").tobytes()


def unpack_point(blob: bytes, *, where: str) -> Array:
    """Return the (3,) point of a blob, else raise `Refused`; no lower than the ground may be, no further than space."""
    check_point(blob, where=where)
    return np.frombuffer(blob, "<f8").astype(np.float64)


def check_point(blob: bytes, *, where: str) -> None:
    """Refuse a point blob of a wrong size, or where no sensor is."""
    radius_m = math.hypot(*np.frombuffer(blob, "<f8").tolist()) if len(blob) == 24 else -1.0
    if not limits.MIN_RADIUS_M <= radius_m <= limits.MAX_POSITION_M:
        expected = f"24 bytes, {limits.MIN_RADIUS_M:g} to {limits.MAX_POSITION_M:g} m from the centre"
        raise Refused("point", where=where, what=f"is {radius_m:.3g} m from the centre", expected=expected)


def pack_covariance(covariance: Array) -> bytes:
    """Return 84 bytes: the float32 lower Cholesky factor of a 6×6 covariance (m, m/s), row by row.

    The factor covers: L Lᵀ - covariance is positive semidefinite. A covariance that is semidefinite, or worse
    conditioned than a receiver would take, is enlarged along its own diagonal first. Raises `InvalidInput` if it is
    not finite or has no positive diagonal.
    """
    assert covariance.shape == (_SIZE, _SIZE)
    factor = np.empty(_TRIANGLE, np.float32)
    if not _cover(np.ascontiguousarray(covariance, dtype=np.float64), factor):
        raise InvalidInput.single("covariance", "is not one", "finite numbers and a positive diagonal")
    positive = factor + np.float32(0.0)  # kernels may leave -0, as it suits the compiler; the wire has one zero
    return positive.astype("<f4").tobytes()


def unpack_covariance(blob: bytes, *, where: str) -> Array:
    """Return the 6×6 covariance of a factor's bytes, else raise `Refused` with reason "covariance".

    The condition is judged without units, on the correlation matrix R, as 6 tr R⁻¹, which is at least its condition
    number and at most 36 times it.
    """
    if len(blob) != 4 * _TRIANGLE:
        raise Refused("covariance", where=where, what=f"is {len(blob)} bytes", expected=f"{4 * _TRIANGLE}")
    covariance = np.empty((_SIZE, _SIZE))
    fault = _expand(np.frombuffer(blob, "<f4").astype(np.float32), covariance)
    if fault:
        what, expected = _FACTOR_FAULTS[fault]
        raise Refused("covariance", where=where, what=what, expected=expected)
    return covariance


def check_covariance_2(covariance_m2: Sequence[float], *, where: str) -> None:
    """Refuse an (east-east, east-north, north-north) covariance in m² that is none or too badly conditioned."""
    ee, en, nn = covariance_m2
    low, high = limits.MIN_STATE_SIGMA**2, limits.MAX_STATE_SIGMA_M**2
    if not (low <= ee <= high and low <= nn <= high):
        raise Refused(
            "covariance", where=where, what="has a variance out of bounds", expected=f"{low:g} to {high:g} m²"
        )
    if not ee * nn - en * en > 4.0 * ee * nn / limits.MAX_COVARIANCE_CONDITION:
        raise Refused("covariance", where=where, what="is not positive definite", expected="|correlation| below one")


def pack_rings(rings: Iterable[Sequence[tuple[float, float]]]) -> tuple[bytes, ...]:
    """Return closed rings of (longitude, latitude) in degrees as float32 blobs, thinned to what the wire takes.

    Of more rings than the wire takes, those with the most points are kept.
    """
    chosen = sorted((list(ring) for ring in rings), key=len, reverse=True)[: limits.MAX_FOOTPRINT_RINGS]
    room = limits.MAX_FOOTPRINT_POINTS // max(len(chosen), 1)
    return tuple(np.array(_thin(ring, room), "<f4").tobytes() for ring in chosen)


def unpack_rings(blobs: Iterable[bytes], *, where: str) -> tuple[tuple[tuple[float, float], ...], ...]:
    """Return rings of (longitude_deg, latitude_deg), else raise `Refused`: closed, on the globe, bounded."""
    rings = []
    for blob in blobs:
        if len(blob) % 8 or len(blob) < 32:
            raise Refused(
                "ring", where=where, what=f"a ring of {len(blob)} bytes", expected="8 a point, 4 points or more"
            )
        points = [(float(x), float(y)) for x, y in np.frombuffer(blob, "<f4").reshape(-1, 2)]
        if not all(abs(x) <= 180.0 and abs(y) <= 90.0 for x, y in points) or points[0] != points[-1]:
            raise Refused("ring", where=where, what="leaves the globe or is open", expected="a closed ring in degrees")
        rings.append(tuple(points))
    if sum(map(len, rings)) > limits.MAX_FOOTPRINT_POINTS:
        raise Refused("ring", where=where, what="too many points", expected=f"{limits.MAX_FOOTPRINT_POINTS} in all")
    return tuple(rings)


@cache
def _decoder(kind: Any) -> msgspec.msgpack.Decoder[Any]:
    return msgspec.msgpack.Decoder(kind)


def _short(error: Exception) -> str:
    return str(error)[:200]


def _thin(ring: list[tuple[float, float]], room: int) -> list[tuple[float, float]]:
    """Keep at most `room` points of a closed ring, evenly, closed again."""
    if len(ring) <= room:
        return ring
    corners = len(ring) - 1
    kept = [ring[number * corners // (room - 1)] for number in range(room - 1)]
    return [*kept, kept[0]]


@kernel
def _cholesky(matrix: Array, lower: Array) -> bool:
    """Fill `lower` with the Cholesky factor; False if a pivot is not positive."""
    for i in range(_SIZE):
        for j in range(i + 1):
            value = matrix[i, j]
            for k in range(j):
                value -= lower[i, k] * lower[j, k]
            if i != j:
                lower[i, j] = value / lower[j, j]
            elif value > 0.0:
                lower[i, i] = math.sqrt(value)
            else:
                return False
    return True


@kernel
def _invert_lower(lower: Array, inverse: Array) -> float:
    """Fill `inverse` with that of a lower triangle (zeros above); return the sum of its squares, tr (L Lᵀ)⁻¹."""
    total = 0.0
    for j in range(_SIZE):
        for i in range(_SIZE):
            if i < j:
                inverse[i, j] = 0.0
                continue
            value = 1.0 if i == j else 0.0
            for k in range(j, i):
                value -= lower[i, k] * inverse[k, j]
            inverse[i, j] = value / lower[i, i]
            total += inverse[i, j] * inverse[i, j]
    return total


@kernel
def _round_scaled(lower: Array, sigmas: Array, inverse: Array, scale: float, factor: NDArray[np.float32]) -> float:
    """Fill `factor` with the rounded, scaled factor; return ‖L⁻¹ E‖ / scale (Frobenius) of its rounding errors E."""
    errors = np.zeros((_SIZE, _SIZE))
    for i in range(_SIZE):
        for j in range(i + 1):
            wanted = scale * sigmas[i] * lower[i, j]
            rounded = np.float32(wanted)
            factor[i * (i + 1) // 2 + j] = rounded
            errors[i, j] = (np.float64(rounded) - wanted) / sigmas[i]
    total = 0.0
    for i in range(_SIZE):
        for j in range(i + 1):
            value = 0.0
            for k in range(j, i + 1):
                value += inverse[i, k] * errors[k, j]
            total += value * value
    return math.sqrt(total) / scale


@kernel
def _cover(covariance: Array, factor: NDArray[np.float32]) -> bool:
    """Fill `factor` with a float32 factor that covers; False if the matrix is not a covariance at all.

    With L the exact factor and s L + E the rounded one, the smallest singular value of L⁻¹ (s L + E) is at least
    s (1 - e), e = ‖L⁻¹ E‖ / s; it covers once that is one or more.
    """
    sigmas = np.empty(_SIZE)
    for i in range(_SIZE):
        if not 0.0 < covariance[i, i] < math.inf:
            return False
        sigmas[i] = max(math.sqrt(covariance[i, i]), limits.MIN_STATE_SIGMA)
    scaled, lower, inverse = np.empty((_SIZE, _SIZE)), np.zeros((_SIZE, _SIZE)), np.zeros((_SIZE, _SIZE))
    for i in range(_SIZE):
        for j in range(_SIZE):
            scaled[i, j] = 0.5 * (covariance[i, j] + covariance[j, i]) / (sigmas[i] * sigmas[j])
            if not abs(scaled[i, j]) < math.inf:
                return False
        scaled[i, i] = 1.0
    jitter = 0.0
    while not (_cholesky(scaled, lower) and _SIZE * _invert_lower(lower, inverse) <= _OWN_CONDITION):
        step = _FIRST_JITTER if jitter == 0.0 else 9.0 * jitter
        jitter += step
        for i in range(_SIZE):
            scaled[i, i] += step
    scale = 1.0
    for _ in range(_COVER_ROUNDS):
        error = _round_scaled(lower, sigmas, inverse, scale, factor)
        if scale * (1.0 - error) >= 1.0:
            return True
        scale = (1.0 + 1e-9) / (1.0 - min(1.5 * error, 0.9))
    return False


@kernel
def _expand(factor: NDArray[np.float32], covariance: Array) -> int:
    """Fill the covariance of a factor; returns 0, or the number of a fault."""
    lower, inverse = np.zeros((_SIZE, _SIZE)), np.zeros((_SIZE, _SIZE))
    for i in range(_SIZE):
        for j in range(i + 1):
            lower[i, j] = np.float64(factor[i * (i + 1) // 2 + j])
            if not abs(lower[i, j]) < math.inf:
                return 1
        if not lower[i, i] > 0.0:
            return 2
    for i in range(_SIZE):
        for j in range(i + 1):
            value = 0.0
            for k in range(j + 1):
                value += lower[i, k] * lower[j, k]
            covariance[i, j] = covariance[j, i] = value
    for i in range(_SIZE):
        sigma = math.sqrt(covariance[i, i])
        most = limits.MAX_STATE_SIGMA_M if i < 3 else limits.MAX_STATE_SIGMA_M_S
        if not limits.MIN_STATE_SIGMA * 0.999 <= sigma <= most:
            return 3
        for j in range(i + 1):
            lower[i, j] /= sigma
    if not _SIZE * _invert_lower(lower, inverse) <= limits.MAX_COVARIANCE_CONDITION:
        return 4
    return 0


@warmer
def warm_codec() -> None:
    """Compile the kernels of this module."""
    unpack_covariance(pack_covariance(np.eye(_SIZE)), where="warm")
