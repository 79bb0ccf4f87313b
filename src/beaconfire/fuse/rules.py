"""Rules by which two estimates of one object become one, for studies and for who has estimates and no detections.

An estimate is a mean (n,) and a covariance (n, n), n as one likes. Which rule is right depends on what is known of the
common past: `information_sum` only of estimates that share nothing, `information_gained` and `add_information` where
what was shared last is known (a tracklet), inverse covariance intersection where there is a common part but nobody
knows it, covariance intersection where nothing is known. The trap: a sum of estimates that share a prior or a
manoeuvre claims more than it knows.

Covariance intersection: Julier & Uhlmann, ACC 1997; the inverse: Noack, Sijs, Reinhardt & Hanebeck, Automatica 79
(2017); tracklets: Drummond, SPIE 3163 (1997).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from beaconfire.earth.linear import invert
from beaconfire.kernel.errors import InvalidInput

Array = NDArray[np.float64]
Estimate = tuple[Array, Array]

_PLACE = 3  # the first rows, position, whose variance the intersections make least
_GOLDEN = 0.6180339887498949
_NARROW = 1e-4  # how near the best weight: the variance is flat about its least


def information_sum(first: Estimate, second: Estimate) -> Estimate:
    """Return the sum of two estimates that share nothing, neither a prior nor process noise.

    Raises `InvalidInput` for what is no estimate, or not two of one size.
    """
    (x1, p1), (x2, p2) = _pair(first, second)
    a, b = _inverse(p1), _inverse(p2)
    covariance = _inverse(a + b)
    return _times(covariance, _times(a, x1) + _times(b, x2)), covariance


def covariance_intersection(first: Estimate, second: Estimate) -> Estimate:
    """Return the estimate that is consistent whatever the two share, with the least variance of position.

    Raises `InvalidInput` for what is no estimate, or not two of one size.
    """
    (x1, p1), (x2, p2) = _pair(first, second)
    a, b = _inverse(p1), _inverse(p2)

    def mixed(w: float) -> Array:
        return _inverse(w * a + (1.0 - w) * b)

    w = _best_weight(mixed)
    covariance = mixed(w)
    return _times(covariance, w * _times(a, x1) + (1.0 - w) * _times(b, x2)), covariance


def inverse_covariance_intersection(first: Estimate, second: Estimate) -> Estimate:
    """Return the tightest estimate that holds for every common part the two may have, and no other correlation.

    Raises `InvalidInput` for what is no estimate, or not two of one size.
    """
    (x1, p1), (x2, p2) = _pair(first, second)
    a, b = _inverse(p1), _inverse(p2)

    def mixed(w: float) -> Array:
        return _inverse(a + b - _inverse(w * p1 + (1.0 - w) * p2))

    w = _best_weight(mixed)
    common, covariance = _inverse(w * p1 + (1.0 - w) * p2), mixed(w)
    return _times(covariance, _times(a - w * common, x1) + _times(b - (1.0 - w) * common, x2)), covariance


def information_gained(before: Estimate, after: Estimate) -> Estimate:
    """Return what measurements added between a prediction and the estimate after them: information (vector, matrix).

    `before` is what was known without them at the time of `after`: the last shared estimate, predicted. Raises
    `InvalidInput` for what is no estimate, or not two of one size.
    """
    (x1, p1), (x2, p2) = _pair(before, after)
    a, b = _inverse(p1), _inverse(p2)
    return _times(b, x2) - _times(a, x1), b - a


def add_information(estimate: Estimate, *gained: Estimate) -> Estimate:
    """Return an estimate with what others gained (`information_gained`, of the same time) added to it.

    Raises `InvalidInput` for what is no estimate or has another size, or if the sum leaves nothing that is known.
    """
    mean, covariance = _checked("estimate", estimate)
    information = _inverse(covariance)
    vector = _times(information, mean)
    for number, (more, matrix) in enumerate(gained):
        if np.shape(more) != mean.shape or np.shape(matrix) != covariance.shape:
            raise InvalidInput.single(f"gained[{number}]", f"has shape {np.shape(matrix)}", f"{covariance.shape}")
        vector, information = vector + more, information + matrix
    covariance = _inverse(information)
    return _times(covariance, vector), covariance


def _pair(first: Estimate, second: Estimate) -> tuple[Estimate, Estimate]:
    one, two = _checked("first", first), _checked("second", second)
    if one[0].shape != two[0].shape:
        raise InvalidInput.single("second", f"has {two[0].size} numbers", f"{one[0].size}, as the first")
    return one, two


def _checked(where: str, estimate: Estimate) -> Estimate:
    mean, covariance = (np.array(part, dtype=np.float64) for part in estimate)
    if mean.ndim != 1 or covariance.shape != (mean.size, mean.size):
        shapes = f"has shapes {mean.shape} and {covariance.shape}"
        raise InvalidInput.single(where, shapes, "a mean (n,) and a covariance (n, n)")
    if not np.isfinite(mean).all():
        raise InvalidInput.single(where, "has a mean that is not finite", "finite numbers")
    return mean, covariance


def _inverse(matrix: Array) -> Array:
    """The inverse, worked on numbers near one: a state's units differ by ten decades."""
    diagonal = np.diag(matrix)
    if not np.isfinite(matrix).all() or not (diagonal > 0.0).all():
        raise InvalidInput.single("covariance", "is not positive definite", "a covariance matrix")
    scale, out = np.sqrt(diagonal), np.empty_like(matrix)
    both = np.outer(scale, scale)
    if not invert(np.ascontiguousarray(matrix / both), out):
        raise InvalidInput.single("covariance", "is not positive definite", "a covariance matrix")
    return np.asarray(out / both, dtype=np.float64)


def _times(matrix: Array, vector: Array) -> Array:
    return np.asarray((matrix * vector).sum(axis=1), dtype=np.float64)


def _best_weight(mixed: Callable[[float], Array]) -> float:
    """The weight from 0 to 1 with the least variance of position, by golden section (one minimum) or at an end."""

    def variance(w: float) -> float:
        return float(np.diag(mixed(w))[:_PLACE].sum())

    low, high = 0.0, 1.0
    inner, outer = high - _GOLDEN, low + _GOLDEN
    at_inner, at_outer = variance(inner), variance(outer)
    while high - low > _NARROW:
        if at_inner < at_outer:
            high, outer, at_outer = outer, inner, at_inner
            inner = high - _GOLDEN * (high - low)
            at_inner = variance(inner)
        else:
            low, inner, at_inner = inner, outer, at_outer
            outer = low + _GOLDEN * (high - low)
            at_outer = variance(outer)
    return min((0.5 * (low + high), 0.0, 1.0), key=variance)
