"""How much of a partner's stated certainty is believed: tracklets that scatter more than they say are taken as wider.

In: the squared distance of each tracklet to the fused track it belongs to, under its stated covariance times the factor
so far. For honest tracklets it is χ² with 6 degrees of freedom; the factor follows its logarithm (Robbins and Monro,
*A stochastic approximation method*, 1951), so that no single outlier moves it much, and it never falls below one: a
partner that says less than it knows loses only its own weight. Below `NOTICED` nothing is changed: an honest partner's
factor wanders there less than once in a hundred tracklets (tests).
"""

import math
from dataclasses import dataclass, field

DEGREES = 6.0
GAIN = 0.1  # of the logarithm, a tracklet: a covariance a hundred times too small is found in some thirty tracklets
NOTICED = 2.0
BELIEVED = 1.2  # a doubt that began at the one ends at the other, so that it does not come and go
MAX_FACTOR = 1e4
_MOST = 1e4  # of one distance over its degrees: what is further off is another object, or a lie already found


@dataclass(slots=True)
class Trust:
    """One factor a partner, of all its tracks together; `news` are crossings of `NOTICED` not yet told."""

    factors: dict[str, float] = field(default_factory=dict)
    doubted: set[str] = field(default_factory=set)
    news: dict[str, float] = field(default_factory=dict)

    def factor(self, nation: str) -> float:
        """Return by how much a partner's covariances are multiplied; 1 for one that is believed."""
        return self.factors[nation] if nation in self.doubted else 1.0

    def judge(self, nation: str, distance: float) -> None:
        """Take the squared distance of one tracklet, under its stated covariance times `factor`."""
        if not math.isfinite(distance):
            return
        before = self.factors.get(nation, 1.0)
        step = min(max(distance / DEGREES, 1.0 / _MOST), _MOST)
        after = min(max(before * step**GAIN, 1.0), MAX_FACTOR)
        self.factors[nation] = after
        if nation not in self.doubted and after >= NOTICED:
            self.doubted.add(nation)
            self.news[nation] = after
        elif nation in self.doubted and after <= BELIEVED:
            self.doubted.discard(nation)
            self.news[nation] = after

    def drain(self) -> dict[str, float]:
        """Return the factors of partners that began or ceased to be doubted since this was last asked."""
        news, self.news = self.news, {}
        return news
