"""Is a sensor's noise what it says? Looks at confirmed tracks against their prediction, the median of many.

A sensor that understates its noise looks like one whose targets are never where they should be: gates turn its looks
away and its tracks break up. Where the median of the nearest looks lies far outside what chance allows, its standard
deviations are doubled (and again, up to sixteenfold), and halved once they are plainly too wide. The sensor is named
as doubted for as long. The median forgives manoeuvres, false alarms and a track or two that lie.
"""

from typing import Self

import numpy as np
from numpy.typing import NDArray

_LOOKS = 60  # that one verdict is made from
# The nearest look's share of the gate has a median of 0.13 to 0.15 for three or four measured quantities, and a fourth
# of what it had when the standard deviations double: a verdict is not taken back by its own effect.
_TOO_FAR, _TOO_NEAR = 0.6, 0.05
_MOST = 16.0


class Health:
    """By how much each sensor's standard deviations are widened, 1 for those that are believed."""

    def __init__(self) -> None:
        self._shares: dict[str, list[float]] = {}
        self._factors: dict[str, float] = {}
        self._news: dict[str, float] = {}

    @property
    def doubted(self) -> dict[str, float]:
        """The sensors that understate their noise, and by what factor they are widened."""
        return dict(self._factors)

    def factor(self, sensor_id: str) -> float:
        """Return by how much a sensor's standard deviations are to be widened."""
        return self._factors.get(sensor_id, 1.0)

    def take(self, sensor_id: str, shares: NDArray[np.float64]) -> None:
        """Take in the shares of the gate at which a scan's looks lay from confirmed tracks, the nearest of each."""
        kept = self._shares.setdefault(sensor_id, [])
        kept.extend(shares.tolist())
        if len(kept) < _LOOKS:
            return
        median = float(np.median(kept))
        kept.clear()
        factor = self.factor(sensor_id)
        if median > _TOO_FAR:
            factor = min(2.0 * factor, _MOST)
        elif median < _TOO_NEAR:
            factor = max(0.5 * factor, 1.0)
        if factor != self.factor(sensor_id):
            self._news[sensor_id] = factor
        self._factors.pop(sensor_id, None)
        if factor > 1.0:
            self._factors[sensor_id] = factor

    def drain_news(self) -> dict[str, float]:
        """Return the sensors that are believed less or more than when this was last asked, and their factors."""
        news, self._news = self._news, {}
        return news

    def copy(self) -> Self:
        """Return an independent copy."""
        other = type(self)()
        other._shares = {sensor_id: list(shares) for sensor_id, shares in self._shares.items()}
        other._factors, other._news = dict(self._factors), dict(self._news)
        return other
