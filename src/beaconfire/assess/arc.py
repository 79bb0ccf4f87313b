"""One track's arc: what has been gathered along it, and the assessment of the moment.

Everything is bounded: evidence is sums, the burnout watch keeps its last samples, measurement ids its last hundreds.
"""

import math
from dataclasses import dataclass, field

from beaconfire.assess.burnout import BurnoutWatch
from beaconfire.assess.classes import ClassEvidence, class_probabilities
from beaconfire.assess.features import Features, features
from beaconfire.assess.impact import BETA_FROM_PA, Fall, beta_of, boosting_estimate, fall_of, reachable_estimate
from beaconfire.assess.kinds import KindEvidence
from beaconfire.assess.launch import LaunchFit, averaged, fit_launch
from beaconfire.assess.library import Library, library
from beaconfire.assess.moved import state_moved
from beaconfire.assess.phases import phases_of
from beaconfire.earth import (
    GRAVITATIONAL_PARAMETER_M3_S2,
    MEAN_RADIUS_M,
    apogee,
    geodesic_inverse,
    minimum_energy_range_m,
)
from beaconfire.kernel.records import (
    KINDS,
    LAUNCH_KINDS,
    ImpactEstimate,
    LaunchEstimate,
    ObjectAssessment,
    TrackStatus,
    TrackUpdate,
)
from beaconfire.kernel.time import NS_PER_S, from_seconds, seconds_between

GLIDE = KINDS.index("glide")
_LAUNCH_INDICES = tuple(KINDS.index(name) for name in LAUNCH_KINDS)
_REACHABLE = 0.2  # P(glide) from which there is no point (INTERFACES part 5)
_POSTERIOR_SCANS = 3.0  # a partner's whole posterior is several scans at once
_KEPT_IDS = 512
_EXISTENCE_RATE = 0.5  # a track's doubt falls by this much with every accepted scan

# When the launch is fitted: seconds after the first state that is good enough.
_FIT_SPEED_SIGMA_M_S, _FIT_POSITION_SIGMA_M = 120.0, 3e3
_FIT_FROM_P = 0.5
_LOW_TIMES_S, _HIGH_TIMES_S = (0.0, 3.0, 6.0, 9.0, 12.0, 16.0), (0.0, 8.0, 20.0)
_LOW_M = 35e3

_STEEP = 0.35  # in the air and without thrust, only a body that climbs so is on its way from a launch
_SURELY_COASTING = 0.2  # P(boost) below which thrust is over
_VAGUE_M_S2 = 5.0  # a force known no better may be a thrust
_VACUUM_M = 80e3  # above, the arc's apogee and energy are read off the state
_LOW_PRESSURE_PA = 300.0
_SETTLED_M = 3e3  # below, the last footprint stands
_FALL_KEPT_S = 3.0  # a predicted fall stands so long where drag tells nothing,
_FALL_MOVED = 1.5  # and while the state's six sigmas moved by half a sigma each at most, in squares


@dataclass(frozen=True, slots=True)
class Basis:
    """What the last prediction was made from."""

    update: TrackUpdate
    now: Features
    beta: tuple[float, float]
    boosting: bool


@dataclass(slots=True)
class Arc:
    """One track of one picture."""

    track_id: str
    last: TrackUpdate
    now: Features
    classes: Library
    kinds: KindEvidence = field(default_factory=KindEvidence)
    burnout: BurnoutWatch = field(default_factory=BurnoutWatch)
    launch: LaunchFit | None = None
    ids: dict[str, None] = field(default_factory=dict)
    origin_ns: int = 0
    confirmed_once: bool = False
    best_existence: float = 0.0
    apogee_m: float | None = None
    reach_m: float = 0.0
    beta: tuple[float, float] | None = None
    impact: ImpactEstimate | None = None
    impact_reason: str | None = "unknown"
    fall: Fall | None = None
    basis: Basis | None = None
    down_by_ns: int | None = None
    coasting_ns: int | None = None
    _told: tuple[Fall | None, float] = (None, 0.0)
    _launch_said: tuple[LaunchFit | None, LaunchEstimate | None] = (None, None)
    _range_said: tuple[LaunchEstimate | None, ImpactEstimate | None, float | None] = (None, None, None)
    _fit_from_ns: int | None = None
    _fits: int = 0
    _launches: list[LaunchFit] = field(default_factory=list)

    @classmethod
    def begin(cls, update: TrackUpdate, classes: Library | None = None) -> "Arc":
        """An arc of one update; `classes` are those it is held against, the package's if none are given."""
        now = features(update.mean, update.covariance)
        arc = cls(update.track_id, update, now, classes or library(), origin_ns=update.first_time_ns)
        arc._take_in(update, gap_s=1.0)
        return arc

    def take(self, update: TrackUpdate) -> None:
        """Take in the next update of this track; one of an earlier time only brings its status and measurement ids."""
        gap_s = seconds_between(update.time_ns, self.last.time_ns)
        self._remember(update)
        if gap_s < 0.0:
            return
        self.now = features(update.mean, update.covariance)
        self.last = update
        self._take_in(update, gap_s=gap_s)

    @property
    def launch_probability(self) -> float:
        """P(ballistic, quasi-ballistic, glide or space launch)."""
        vector = self.kinds.probabilities()
        return sum(vector[index] for index in _LAUNCH_INDICES)

    def inherit(self, older: "Arc") -> None:
        """Go on from an older arc of the same object: its evidence, launch and burnout are this one's too."""
        mine, theirs = self.kinds, older.kinds
        mine.launches = [
            a + b - p for a, b, p in zip(mine.launches, theirs.launches, KindEvidence().launches, strict=True)
        ]
        if theirs.scans > mine.scans:
            mine.groups = list(theirs.groups)
        mine.scans += theirs.scans
        mine.top_m = max(mine.top_m, theirs.top_m)
        mine.turned = [a + b for a, b in zip(mine.turned, theirs.turned, strict=True)]
        mine.turned_m2_s2 += theirs.turned_m2_s2
        mine.braked_m_s += theirs.braked_m_s
        if older.burnout.seen_thrust and not self.burnout.seen_thrust:
            self.burnout, self.origin_ns = older.burnout, older.origin_ns
        if older.launch is not None and (self.launch is None or older.launch.semi_major_m < self.launch.semi_major_m):
            self.launch, self._launches = older.launch, list(older._launches)
        self.apogee_m = self.apogee_m if older.apogee_m is None else older.apogee_m
        self.coasting_ns = older.coasting_ns or self.coasting_ns
        self.reach_m, self.beta = max(self.reach_m, older.reach_m), self.beta or older.beta
        self.impact, self.impact_reason, self.fall = older.impact, older.impact_reason, older.fall
        self.basis = older.basis
        self.best_existence = max(self.best_existence, older.best_existence)
        self.confirmed_once = self.confirmed_once or older.confirmed_once

    @property
    def alive(self) -> bool:
        """Whether the tracker still measures it."""
        status = self.last.status
        return status is TrackStatus.CONFIRMED or status is TrackStatus.TENTATIVE

    @property
    def rising(self) -> bool:
        """Whether it was, when last seen, on its way up: under power, or still low and steep."""
        low = self.now.altitude_m < _LOW_M and self.now.climb_m_s > _STEEP * self.now.speed_m_s
        up = self.now.climb_m_s > 0.0 and self.burnout.time_s is None
        return bool(up and (self.last.modes[0] > 0.5 or low))

    def lost_s(self, now_ns: int) -> float:
        """Seconds without a measurement of a track that is lost or ended."""
        return 0.0 if self.alive else max(seconds_between(now_ns, self.last.last_measured_ns), 0.0)

    def class_evidence(self) -> ClassEvidence:
        """What the arc says for the class of capability."""
        watch, launch = self.burnout, self.launch
        burn_s = age_s = over_s = None
        sigma_s = math.sqrt(launch.covariance[2, 2]) if launch else 0.0
        if launch is not None and watch.time_s is not None:
            end_ns = self.origin_ns + from_seconds(watch.time_s)
            burn_s = max(seconds_between(end_ns, launch.time_ns), 5.0)
            sigma_s = math.hypot(sigma_s, watch.sigma_s)
        elif launch is not None and watch.thrusting:
            age_s = seconds_between(self.last.last_measured_ns, launch.time_ns)
        elif launch is not None and self.coasting_ns is not None:
            over_s = max(seconds_between(self.coasting_ns, launch.time_ns), 5.0)
        return ClassEvidence(
            burn_s=burn_s,
            burn_sigma_s=sigma_s,
            age_s=age_s,
            age_sigma_s=sigma_s,
            over_s=over_s,
            over_sigma_s=sigma_s,
            reach_m=self.reach_m,
            classes=self.classes,
        )

    def follow(self) -> None:
        """Fit the launch when it is due, and read off a free fall; after each update of what may be a launch."""
        self._fit_launch()
        self._coast()

    def assessment(
        self, object_id: str, *, track_ids: tuple[str, ...], best_launch: LaunchFit | None, now_ns: int
    ) -> ObjectAssessment:
        """Predict the fall of the moment and return the record; about once a second, and only for launches."""
        self._predict(now_ns)
        if self._launch_said[0] is not best_launch:
            self._launch_said = best_launch, best_launch.estimate() if best_launch else None
        launch = self._launch_said[1]
        if self._range_said[0] is not launch or self._range_said[1] is not self.impact:
            self._range_said = launch, self.impact, _range_m(launch, self.impact)
        burnout_s = self.burnout.time_s
        return ObjectAssessment(
            object_id=object_id,
            track_ids=track_ids,
            time_ns=self.last.time_ns,
            lost=not self.alive,
            kinds=self.kinds.probabilities(),
            classes=class_probabilities(self.class_evidence()),
            phases=phases_of(self.now, tuple(self.last.modes.tolist())),
            launch=launch,
            impact=self.impact,
            impact_reason=self.impact_reason,  # type: ignore[arg-type]
            burnout_time_ns=None if burnout_s is None else self.origin_ns + from_seconds(burnout_s),
            apogee_m=self.apogee_m,
            ground_range_m=self._range_said[2],
        )

    def _remember(self, update: TrackUpdate) -> None:
        for measurement in update.accepted:
            self.ids[measurement.id] = None
        while len(self.ids) > _KEPT_IDS:
            del self.ids[next(iter(self.ids))]
        self.confirmed_once = self.confirmed_once or update.status == TrackStatus.CONFIRMED

    def _take_in(self, update: TrackUpdate, *, gap_s: float) -> None:
        self._remember(update)
        measured = 0.0
        if update.accepted:
            measured = _POSTERIOR_SCANS if any(m.first for m in update.accepted) else 1.0
        modes = tuple(update.modes.tolist())
        self.kinds.add(self.now, modes, measured=measured, gap_s=gap_s)
        exists = 1.0 - (1.0 - min(update.existence, 1.0)) * math.exp(-_EXISTENCE_RATE * self.kinds.scans)
        self.best_existence = max(self.best_existence, exists * self.launch_probability)
        if measured:
            self.burnout.add(seconds_between(update.time_ns, self.origin_ns), self.now, modes)

    def _fit_launch(self) -> None:
        now, update = self.now, self.last
        thrusting = update.modes[0] > 0.5 and self.burnout.off_s is None
        if (
            not update.accepted
            or now.speed_sigma_m_s > _FIT_SPEED_SIGMA_M_S
            or now.position_sigma_m > _FIT_POSITION_SIGMA_M
            or (now.climb_m_s < 0.0 and self.launch is not None)
            or (not thrusting and now.altitude_m < _VACUUM_M and now.climb_m_s < _STEEP * now.speed_m_s)
        ):
            return
        if self._fit_from_ns is None:
            self._fit_from_ns = update.time_ns
        times_s = _LOW_TIMES_S if thrusting and now.altitude_m < _LOW_M else _HIGH_TIMES_S
        due = self._fits < len(times_s) and update.time_ns - self._fit_from_ns >= times_s[self._fits] * NS_PER_S
        if not due or self.launch_probability < _FIT_FROM_P:
            return
        self._fits += 1
        fit = fit_launch(
            time_ns=update.time_ns, mean=update.mean, covariance=update.covariance, thrusting=thrusting,
            classes=self.classes,
        )  # fmt: skip
        if fit is not None:
            self._launches.append(fit)
            self.launch = averaged(self._launches)

    def _coast(self) -> None:
        """Read apogee and energy off a state that falls freely and is well known."""
        now = self.now
        if not self.last.accepted or self._boosting() or self.last.modes[0] > 0.5:
            return
        if self.coasting_ns is None and now.along_sigma_m_s2 < _VAGUE_M_S2 and self.last.modes[0] < _SURELY_COASTING:
            self.coasting_ns = self.last.time_ns
        self.beta = beta_of(now, self.beta)
        if now.pressure_pa < _LOW_PRESSURE_PA or (self.apogee_m is None and now.climb_m_s > 0.0):
            if self.apogee_m is None or now.altitude_m > _VACUUM_M or now.climb_m_s > 0.0:
                altitude_m, _, ok = apogee(self.last.mean[:6].copy(), math.exp(-self.beta[0]))
                self.apogee_m = float(altitude_m) if ok else self.apogee_m
            self.reach_m = _reach_m(now)
            if self.apogee_m is not None and self.burnout.seen_thrust:
                self.kinds.depressed = self.apogee_m / max(_least_energy_apogee_m(self.reach_m), 1e3)

    def _boosting(self) -> bool:
        """Whether it is, or as long as nothing speaks against it may be, under power."""
        watch, now = self.burnout, self.now
        if watch.thrusting:
            return True
        if watch.time_s is not None or watch.off_s is not None:
            return False
        vague = now.altitude_m < _LOW_M and now.climb_m_s > 0.0 and now.along_sigma_m_s2 > _VAGUE_M_S2
        return bool(self.last.modes[0] > 0.5 or vague)

    def _predict(self, now_ns: int) -> None:
        update, now = self.last, self.now
        lost_s = self.lost_s(now_ns)
        glide = self.kinds.probabilities()[GLIDE] >= _REACHABLE
        if lost_s == 0.0 and now.altitude_m > _SETTLED_M:
            boosting = self._boosting()
            if glide or boosting or not self._fall_holds():
                self._predict_anew(Basis(update, now, self.beta or beta_of(now, None), boosting), glide=glide)
        if self.fall is not None and self.basis is not None:
            in_air_s = min(lost_s, max(self.fall.time_s, 0.0))
            if self._told[0] is not self.fall or self._told[1] != in_air_s:
                self._told = self.fall, in_air_s
                self.impact = self.fall.estimate(time_ns=self.basis.update.time_ns, lost_s=in_air_s)
            self.impact_reason = "lost" if lost_s > 0.0 else None

    def _predict_anew(self, basis: Basis, *, glide: bool) -> None:
        update, now = basis.update, basis.now
        fall = None if glide or basis.boosting else fall_of(update.mean, update.covariance, beta=basis.beta)
        if glide or basis.boosting or fall is not None or self.fall is None:
            self.basis, self.fall = basis, fall
        if glide:
            self.impact, longest_s = reachable_estimate(update.mean, now)
            self.impact_reason = "reachable_set"
            self.down_by_ns = update.time_ns + from_seconds(longest_s)
        elif basis.boosting:
            self.impact = boosting_estimate(update.mean, now, self.class_evidence()) or self.impact
            self.impact_reason = "boosting"

    def _fall_holds(self) -> bool:
        """Whether the fall last predicted is, to a part of its own sigma, what the state of now would give.

        So it is for a few seconds while drag tells nothing, unless measurements moved the state by as much: a
        prediction made from the same measurements is the same whenever it is made.
        """
        basis, update = self.basis, self.last
        if self.fall is None or basis is None or basis.boosting or self.now.pressure_pa >= BETA_FROM_PA:
            return False
        gap_s = seconds_between(update.time_ns, basis.update.time_ns)
        if not 0.0 <= gap_s <= _FALL_KEPT_S:
            return False
        moved = state_moved(basis.update.mean, update.mean, update.covariance, math.exp(-basis.beta[0]), gap_s)
        return moved <= _FALL_MOVED


def _range_m(launch: LaunchEstimate | None, impact: ImpactEstimate | None) -> float | None:
    """The geodesic from launch to impact, where both are points."""
    if launch is None or impact is None or impact.latitude_deg is None or impact.longitude_deg is None:
        return None
    range_m, _ = geodesic_inverse(
        latitude1_rad=math.radians(launch.latitude_deg), longitude1_rad=math.radians(launch.longitude_deg),
        latitude2_rad=math.radians(impact.latitude_deg), longitude2_rad=math.radians(impact.longitude_deg),
    )  # fmt: skip
    return range_m


def _reach_m(now: Features) -> float:
    """The range of least energy with the energy of a free fall, as if all of it were speed on the ground.

    Speed is over the turning Earth: a launch to the east is then no stronger than the same one to the west.
    """
    radius_m = MEAN_RADIUS_M + now.altitude_m
    deeper = 2.0 * GRAVITATIONAL_PARAMETER_M3_S2 * (1.0 / MEAN_RADIUS_M - 1.0 / radius_m)
    return float(minimum_energy_range_m(math.sqrt(max(now.speed_m_s**2 + deeper, 0.0)), 0.0))


def _least_energy_apogee_m(range_m: float) -> float:
    """The apogee altitude on the path of least energy over a range: its second focus lies on the chord's middle."""
    half = 0.5 * range_m / MEAN_RADIUS_M
    return 0.5 * MEAN_RADIUS_M * (math.sin(half) + math.cos(half) - 1.0)
