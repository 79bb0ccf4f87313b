"""The first end of thrust, from the arc.

The filter's specific force says *that* thrust has ended, some seconds late; the *time* comes from speed with gravity
taken out, which grows as a curve until burnout and is nearly level after it: where the two meet. Throttling lowers
thrust, an entry burn points backwards: neither is an end of thrust.
"""

import math
from collections import deque
from dataclasses import dataclass, field

from beaconfire.assess.features import Features
from beaconfire.earth import MEAN_RADIUS_M
from beaconfire.kernel.records import MODES

_BOOST = MODES.index("boost")
_THRUST_M_S2, _THRUST_SIGMAS = 7.0, 2.0
_SURE_THRUST_S = 4.0
_OFF_M_S2, _OFF_SHARE = 4.0, 0.3
_OFF_S = 5.0  # thrust must have been away this long
_SOON_S = 30.0
_REFINE_S = 12.0  # the estimate is made anew until this long after
_BEFORE_S, _LAG_S = 14.0, 2.0  # samples of the growing part: older than the filter's lag, younger than a stage
_FULL_SHARE = 0.8
_LEAST_SAMPLES = 5
_SAMPLE_S = 0.5
_KEPT = 200
_MOST_BEND = 3.0  # half the growth of thrust as mass flows out, m/s³
_GRAVITY_M_S2 = 9.81
_SHORT_GAP_S = 6.0


@dataclass(slots=True)
class BurnoutWatch:
    """Watches one track; `time_s` and `sigma_s` are set once the first end of thrust is known (seconds of the arc)."""

    samples: deque[tuple[float, float, float]] = field(default_factory=lambda: deque(maxlen=_KEPT))
    thrust_s: float = 0.0
    level_m_s2: float = 0.0
    last_on_s: float = -math.inf
    off_s: float | None = None
    time_s: float | None = None
    sigma_s: float = 0.0
    final_m_s2: float = 0.0
    resumed_s: float = 0.0
    _speed: tuple[float, float, float] = (0.0, 0.0, 0.0)  # speed, gravity along the velocity, gained so far

    @property
    def seen_thrust(self) -> bool:
        """Whether the arc has surely been under power."""
        return self.thrust_s >= _SURE_THRUST_S

    @property
    def thrusting(self) -> bool:
        """Whether it is, as far as known, under power now."""
        return self.seen_thrust and self.off_s is None

    def add(self, time_s: float, now: Features, modes: tuple[float, ...]) -> None:
        """Take in the figures of a measured update."""
        if self.samples and time_s - self.samples[-1][0] < _SAMPLE_S:
            return
        gap_s = time_s - self.samples[-1][0] if self.samples else 0.0
        gained = self._gained(now, gap_s)
        self.samples.append((time_s, gained, now.force_along_m_s2))
        on = now.force_along_m_s2 > _THRUST_M_S2 + _THRUST_SIGMAS * now.along_sigma_m_s2 and modes[_BOOST] > 0.5
        if on and now.climb_m_s > 0.0:
            self.thrust_s += min(gap_s, 4.0)
            self.level_m_s2 = max(now.force_along_m_s2, 0.9 * self.level_m_s2)
            self.last_on_s, self.off_s = time_s, None
            self._resume(time_s, gap_s)
        elif self.seen_thrust and now.force_along_m_s2 < max(_OFF_M_S2, _OFF_SHARE * self.level_m_s2):
            if self.off_s is None:
                self.off_s = time_s
            age_s = time_s - self.off_s
            if age_s >= _OFF_S and (self.time_s is None or age_s <= _REFINE_S) and not self._settled():
                self._estimate()

    def _resume(self, time_s: float, gap_s: float) -> None:
        """Thrust that goes on so soon was never away: a stage followed, or the filter was wrong."""
        if self.time_s is None or time_s - self.time_s > _SOON_S:
            self.resumed_s = 0.0
            return
        self.resumed_s += min(gap_s, 4.0)
        if self.resumed_s >= _SURE_THRUST_S:
            self.time_s, self.resumed_s = None, 0.0

    def _settled(self) -> bool:
        """A first end of thrust stands, whatever burns later."""
        return self.time_s is not None and self.off_s is not None and self.off_s > self.time_s + _REFINE_S

    def _gained(self, now: Features, gap_s: float) -> float:
        pull = _GRAVITY_M_S2 * (MEAN_RADIUS_M / (MEAN_RADIUS_M + now.altitude_m)) ** 2 * now.climb_m_s / now.speed_m_s
        speed, pull_before, gained = self._speed
        if self.samples:
            gained += now.speed_m_s - speed + 0.5 * (pull + pull_before) * gap_s
        self._speed = (now.speed_m_s, pull, gained)
        return gained

    def _estimate(self) -> None:
        off_s = self.off_s
        assert off_s is not None
        gap_s = off_s - self.last_on_s
        full_s = self._last_full_s(off_s) - _LAG_S
        before = [(t, w) for t, w, _ in self.samples if full_s - _BEFORE_S <= t <= full_s]
        after = [(t, w) for t, w, _ in self.samples if t >= off_s + 1.0]
        if gap_s > _SHORT_GAP_S:
            self.time_s, self.sigma_s = 0.5 * (off_s + self.last_on_s), gap_s / math.sqrt(12.0)
            return
        if len(before) < _LEAST_SAMPLES or len(after) < 2:
            self.time_s, self.sigma_s = full_s, _LAG_S
            return
        low_s, high_s = before[-1][0] - 1.0, off_s + _LAG_S
        origin = before[-1][0]
        rise = _parabola([(t - origin, w) for t, w in before])
        level = _line([(t - origin, w) for t, w in after])
        for _ in range(40):
            middle = 0.5 * (low_s + high_s)
            t = middle - origin
            if rise[0] + rise[1] * t + rise[2] * t * t < level[0] + level[1] * t:
                low_s = middle
            else:
                high_s = middle
        self.time_s, self.sigma_s = 0.5 * (low_s + high_s), 1.0
        self.final_m_s2 = max(rise[1] + 2.0 * rise[2] * (self.time_s - origin), 0.0)

    def _last_full_s(self, off_s: float) -> float:
        """The last time at which the filter's force was nearly the highest of the last seconds before it fell."""
        recent = [(t, force) for t, _, force in self.samples if off_s - _BEFORE_S <= t <= off_s]
        top = max(force for _, force in recent)
        return max(t for t, force in recent if force >= _FULL_SHARE * top)


def _line(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Least-squares level and slope; the slope is no more than drag allows, never a push."""
    n = len(points)
    mt, mw = sum(t for t, _ in points) / n, sum(w for _, w in points) / n
    spread = sum((t - mt) ** 2 for t, _ in points)
    slope = sum((t - mt) * (w - mw) for t, w in points) / spread if spread > 1.0 else 0.0
    slope = min(max(slope, -40.0), 0.0)
    return mw - slope * mt, slope


def _parabola(points: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Least-squares parabola, by Gram-Schmidt on 1, t, t²; a line where the points do not carry a curvature."""
    n = len(points)
    mt = sum(t for t, _ in points) / n
    spread = sum((t - mt) ** 2 for t, _ in points)
    if spread <= 0.0:
        return points[-1][1], 0.0, 0.0
    slope = sum((t - mt) * w for t, w in points) / spread
    skew = sum((t - mt) ** 3 for t, _ in points) / spread
    mean2 = spread / n
    curve = [((t - mt) ** 2 - mean2 - skew * (t - mt)) for t, _ in points]
    size = sum(c * c for c in curve)
    bend = sum(c * w for c, (_, w) in zip(curve, points, strict=True)) / size if size > n * 4.0 else 0.0
    bend = min(max(bend, 0.0), _MOST_BEND)
    level = sum(w for _, w in points) / n - bend * mean2
    slope -= bend * skew
    return level - slope * mt + bend * mt * mt, slope - 2.0 * bend * mt, bend
