"""What is it: evidence for each kind, gathered update by update, with an explicit "unknown".

Two levels. Between *launch* and aircraft, satellite, meteor and unknown, each accepted scan adds the (clipped)
logarithm of how well the kind's envelope explains the state within its sigmas; unknown explains everything badly, so
that a kind has to go on fitting for several scans. Within *launch*, the kinds part by lift: a glider turns its velocity
below 80 km and without thrust, a body that only drags or brakes does not. The trap avoided: mode probabilities alone
take strong drag, an entry burn or throttling for a glide.
"""

import math
from dataclasses import dataclass, field

from beaconfire.assess.features import Features
from beaconfire.kernel.records import KINDS, MODES

_LAUNCH, _AIRCRAFT, _SATELLITE, _METEOR, _UNKNOWN = range(5)
_QUASI, _GLIDE, _SPACE = 1, 2, 3
_GROUP_PRIOR = (0.15, 0.30, 0.05, 0.02, 0.48)
_LAUNCH_PRIOR = (0.90, 0.03, 0.04, 0.03)  # ballistic, quasi-ballistic, glide, space launch
_BOOST, _POWERED = MODES.index("boost"), MODES.index("powered_air")

# One accepted scan counts this much at most: scans of a second apart are nearly independent evidence of the kind,
# and no single outlier may decide.
_WORST = 2.0
_UNKNOWN_FIT = -0.9
_MISS = 0.7  # a scan without a measurement of a young track: such are false tracks
_YOUNG_SCANS = 12
_FLOOR = 12.0  # nats; no kind is ever further below the best than one in 160,000
_SCAN_S = 1.0  # scans closer together than this count by their share of it

# Envelopes.
_AIR_SPEED_M_S, _AIR_CEILING_M, _AIR_CLIMB_M_S = 700.0, 22e3, 250.0
_TOP_SIGMA_M = 3e3  # an altitude is remembered if it is known this well
_ORBIT_PERIGEE_M = 120e3
_METEOR_SPEED_M_S, _METEOR_TOP_M = 8300.0, 140e3
_LAUNCH_SPEED_M_S = 8300.0  # above it nothing launched comes down; a space launch is not yet that fast below orbit
_MODEL_FORCE_M_S2 = 2.0  # unmodelled specific force of a filter in smooth flight
_ROUGH_SPEED_SHARE = 0.25  # a velocity known no better than this says nothing of the kind

# Lift: velocity turned by it, in all, against its own uncertainty and against what drag took meanwhile.
_LIFT_TOP_M, _LIFT_SPEED_M_S, _LIFT_PRESSURE_PA = 80e3, 900.0, 100.0
_LIFT_NATS, _LIFT_MOST_NATS = 0.02, 9.0  # per m/s turned beyond doubt
_LIFT_SIGMAS, _LIFT_FLOOR_M_S = 2.0, 120.0
_LIFT_TO_DRAG = 0.5  # a braking booster's or a tumbling body's is lower, a glider's higher
_CLEAN_DRAG_M_S, _CLEAN_SHARE, _CLEAN_NATS = 300.0, 0.25, 2.0  # braked hard without lift: surely no glider
_CORRELATED = 2.0  # successive forces of a filter share their error over a few updates
_LONGEST_GAP_S = 5.0
# A body sent lower than its energy would carry it farthest is sent so for a reason: gliders are.
_DEPRESSED, _DEPRESSED_WIDTH, _DEPRESSED_NATS = 0.57, 0.03, 2.0
_QUASI_APOGEE_M = 65e3
_SPACE_PERIGEE_M = -500e3


@dataclass(slots=True)
class KindEvidence:
    """Evidence on one track so far; `groups` and `launches` are logarithms, `scans` the accepted ones."""

    groups: list[float] = field(default_factory=lambda: [math.log(p) for p in _GROUP_PRIOR])
    launches: list[float] = field(default_factory=lambda: [math.log(p) for p in _LAUNCH_PRIOR])
    scans: float = 0.0
    top_m: float = -1e3
    turned: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    turned_m2_s2: float = 0.0
    braked_m_s: float = 0.0
    depressed: float | None = None  # apogee over that of the path of least energy
    _known: tuple[tuple[float | None, ...], tuple[float, ...]] = ((), ())

    def add(self, now: Features, modes: tuple[float, ...], *, measured: float, gap_s: float) -> None:
        """Take in one update: `measured` counts its accepted scans, `gap_s` is the time since the update before."""
        if now.position_sigma_m < _TOP_SIGMA_M:
            self.top_m = max(self.top_m, now.altitude_m)
        if measured <= 0.0:
            if self.scans < _YOUNG_SCANS:
                self.groups[_UNKNOWN] += _MISS * min(gap_s / _SCAN_S, 1.0)
            return
        share = measured * min(gap_s / _SCAN_S, 1.0) if self.scans else measured
        self.scans += share
        if now.speed_sigma_m_s < _ROUGH_SPEED_SHARE * now.speed_m_s + 10.0:
            for index, fit in enumerate(_group_fits(now, modes, self.top_m)):
                self.groups[index] += share * max(fit, -_WORST)
            _keep_near(self.groups)
        self._gather(now, modes, min(gap_s, _LONGEST_GAP_S))

    def probabilities(self) -> tuple[float, ...]:
        """The vector over `KINDS`; asked for far more often than there is evidence, so the last answer is kept."""
        evidence = (
            *self.groups,
            *self.launches,
            *self.turned,
            self.turned_m2_s2,
            self.braked_m_s,
            self.depressed,
            self.top_m,
        )
        if self._known[0] != evidence:
            self._known = (evidence, self._probabilities())
        return self._known[1]

    def _probabilities(self) -> tuple[float, ...]:
        groups, launches = _normalised(self.groups), _normalised(self._with_lift())
        launch = groups[_LAUNCH]
        kinds = tuple(launch * share for share in launches)
        vector = (*kinds, groups[_AIRCRAFT], groups[_SATELLITE], groups[_METEOR], groups[_UNKNOWN])
        assert len(vector) == len(KINDS)
        return vector

    def _gather(self, now: Features, modes: tuple[float, ...], gap_s: float) -> None:
        thrusting = modes[_BOOST] > 0.5 or now.force_along_m_s2 > 3.0 + 2.0 * now.along_sigma_m_s2
        low = now.altitude_m < _LIFT_TOP_M and now.speed_m_s > _LIFT_SPEED_M_S and now.pressure_pa > _LIFT_PRESSURE_PA
        if low and not thrusting:
            for axis, force in enumerate((now.across_x_m_s2, now.across_y_m_s2, now.across_z_m_s2)):
                self.turned[axis] += force * gap_s
            self.turned_m2_s2 += _CORRELATED * (now.across_sigma_m_s2 * gap_s) ** 2
            self.braked_m_s += max(-now.force_along_m_s2, 0.0) * gap_s
        if modes[_BOOST] > 0.5 and now.perigee_m > _SPACE_PERIGEE_M and now.inertial_m_s > 7000.0:
            self.launches[_SPACE] += 0.3 * gap_s
            _keep_near(self.launches)

    def _with_lift(self) -> list[float]:
        """The logarithms within launch, with what lift says so far; a high arc is not quasi-ballistic."""
        logs = list(self.launches)
        turned = math.hypot(*self.turned)
        doubt = _LIFT_SIGMAS * math.sqrt(self.turned_m2_s2) + _LIFT_FLOOR_M_S
        if turned > _LIFT_TO_DRAG * self.braked_m_s:
            nats = min(max(_LIFT_NATS * (turned - doubt), 0.0), _LIFT_MOST_NATS)
        else:
            clean = self.braked_m_s > _CLEAN_DRAG_M_S and turned < _CLEAN_SHARE * self.braked_m_s
            nats = -_CLEAN_NATS if clean else 0.0
        if self.depressed is not None:
            nats += _DEPRESSED_NATS / (1.0 + math.exp((self.depressed - _DEPRESSED) / _DEPRESSED_WIDTH))
        logs[_GLIDE] += nats
        logs[_QUASI] += nats if self.top_m < _QUASI_APOGEE_M else -4.0
        return logs


def _group_fits(now: Features, modes: tuple[float, ...], top_m: float) -> tuple[float, float, float, float, float]:
    """How well each group explains the state: minus half the squared excess over its envelope, in sigmas.

    What was once far above air traffic stays no aircraft when it has fallen among it.
    """
    air = max(
        _excess(now.speed_m_s - _AIR_SPEED_M_S, 50.0 + now.speed_sigma_m_s),
        _excess(max(now.altitude_m, top_m) - _AIR_CEILING_M, 1e3 + now.position_sigma_m),
        _excess(now.climb_m_s - _AIR_CLIMB_M_S, 30.0 + now.speed_sigma_m_s),
    )
    orbit = _excess(_ORBIT_PERIGEE_M - now.perigee_m, 5e3 + now.perigee_sigma_m)
    meteor = max(
        _excess(_METEOR_SPEED_M_S - now.inertial_m_s, 50.0 + now.speed_sigma_m_s),
        _excess(now.altitude_m - _METEOR_TOP_M, 5e3 + now.position_sigma_m),
        _excess(now.climb_m_s, 50.0 + now.speed_sigma_m_s),
    )
    return _launch_fit(now, modes, air), -air, -orbit, -meteor, _UNKNOWN_FIT


def _launch_fit(now: Features, modes: tuple[float, ...], air: float) -> float:
    """Launch: under power along the velocity and climbing, or falling free, below orbit and below meteors' speed."""
    fast = _excess(now.inertial_m_s - _LAUNCH_SPEED_M_S, 50.0 + now.speed_sigma_m_s)
    orbit = 0.0
    if modes[_BOOST] < 0.5:
        orbit = _excess(now.perigee_m - _ORBIT_PERIGEE_M, 5e3 + now.perigee_sigma_m)
    if air > _WORST:
        return -max(fast, orbit)
    # Inside the envelope of air traffic only a rise under power that an aircraft cannot fly speaks for a launch.
    slow = _excess(150.0 - now.climb_m_s, 20.0 + now.speed_sigma_m_s)
    held = _excess(now.force_across_m_s2 - 6.0, _MODEL_FORCE_M_S2 + now.across_sigma_m_s2)
    return -max(fast, orbit, slow, held, _WORST * modes[_POWERED])


def _excess(amount: float, sigma: float) -> float:
    return 0.5 * (max(amount, 0.0) / sigma) ** 2


def _keep_near(logs: list[float]) -> None:
    best = max(logs)
    for index, value in enumerate(logs):
        logs[index] = max(value - best, -_FLOOR)


def _normalised(logs: list[float]) -> list[float]:
    best = max(logs)
    weights = [math.exp(value - best) for value in logs]
    total = sum(weights)
    return [weight / total for weight in weights]
