"""What one granted kind gives back of what another withholds: no policy promises a precision that it gives away.

`SOURCES` says from which kinds a partner can work out which: a trajectory runs back to its launch and on to its impact,
detections make a trajectory, an assessment's range and burnout tie launch and impact to each other. Every kind is
judged, so that a new one cannot be forgotten. What a source's grant withholds as well stays withheld; what it does not
is given back, and the file is refused, unless that grant names the quantity in `reveals`. Conditions are not weighed:
the class or region of one moment may be another in the next.

Two traps more lie in one obligation alone. A partner to whom a better form may be passed onward has it. And partners
who compare notes must not learn more than the best informed of them: equal radii share one offset, so that they learn
nothing, and unequal ones must be a factor of two apart, so that the coarser point adds little to the finer.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from beaconfire.kernel import limits
from beaconfire.kernel.errors import Fault
from beaconfire.kernel.products import Kind
from beaconfire.release.grants import Grant

# From which kinds, by name, the content of a kind can be worked out as exactly as they know it.
SOURCES: dict[str, frozenset[str]] = {
    "launch": frozenset({"trajectory", "detection", "assessment"}),
    "trajectory": frozenset({"detection"}),
    "impact": frozenset({"trajectory", "detection", "assessment"}),
    "detection": frozenset(),
    "assessment": frozenset({"trajectory", "detection"}),
    "sensor_status": frozenset(),
    "alert_notice": frozenset(),
}
_LEAST_RATIO = 2.0  # of two radii: with the coarser point too the error is 0.87 of the finer one's, not 0.71 (tests)


@dataclass(frozen=True, slots=True)
class _Obligation:
    """How much a grant withholds of a quantity (0: nothing), of which kinds, and what others leave of it.

    `left` is what a source's grant still withholds; `sources` stands in for `SOURCES` where these are others.
    """

    quantity: str
    bears_on: frozenset[str]
    withheld: Callable[[Grant], float]
    left: Callable[[Grant], float]
    words: str
    sources: frozenset[str] | None = None


def _nothing(_grant: Grant) -> float:
    return 0.0


def _anonymity(grant: Grant) -> float:
    return float(grant.drop_sensor_identity)


def _slowness_s(grant: Grant) -> float:
    """Return the time between releases; the default rate withholds nothing."""
    return 1.0 / grant.rate_hz if grant.rate_hz < limits.DEFAULT_RATE_HZ else 0.0


_ALL = frozenset(SOURCES)
_LAUNCH, _IMPACT = frozenset({"launch"}), frozenset({"impact"})
_OBLIGATIONS = (
    _Obligation("launch_point", _LAUNCH, lambda one: one.coarsen_launch_m, _nothing, "coarsens by {:g} m"),
    _Obligation("launch_point", _LAUNCH, lambda one: one.round_m, _nothing, "rounds to {:g} m"),
    _Obligation("launch_time", _LAUNCH, lambda one: one.round_s, _nothing, "rounds to {:g} s"),
    _Obligation("impact_point", _IMPACT, lambda one: one.round_m, _nothing, "rounds to {:g} m"),
    _Obligation("impact_time", _IMPACT, lambda one: one.round_s, _nothing, "rounds to {:g} s"),
    _Obligation("delay", _ALL, lambda one: one.delay_s, lambda one: one.delay_s, "holds back for {:g} s"),
    _Obligation("rate", _ALL, _slowness_s, _slowness_s, "tells every {:g} s"),
    _Obligation("ceiling", _ALL, lambda one: one.ceiling_m, lambda one: one.ceiling_m, "keeps above {:g} m"),
    _Obligation(  # a measurement says from where it was made, whatever name is struck out
        "sensor_identity", frozenset({"trajectory", "sensor_status"}), _anonymity, _nothing, "drops",
        frozenset({"detection"}),
    ),
    _Obligation(
        "sensor_identity", frozenset({"trajectory"}), _anonymity, _anonymity, "drops", frozenset({"sensor_status"})
    ),
)  # fmt: skip


def given_back(grants: Iterable[Grant], where: str) -> Iterator[Fault]:
    """Yield a fault for every quantity that a grant withholds and another kind, partner or grant gives back."""
    known = tuple(grants)
    for strict in known:
        for other in known:
            if strict.realm != other.realm:
                continue
            if strict.partner == other.partner:
                yield from _by_another_kind(strict, other, where)
            elif strict.partner in other.onward:
                yield from _onward(strict, other, where)
    yield from _by_comparing_notes(known, where)


def _by_another_kind(strict: Grant, other: Grant, where: str) -> Iterator[Fault]:
    for duty in _OBLIGATIONS:
        withheld = duty.withheld(strict)
        if duty.quantity in other.reveals or withheld <= duty.left(other):
            continue
        for kind in (kind for kind in strict.kinds if kind in duty.bears_on):
            sources = SOURCES.get(kind, frozenset()) if duty.sources is None else duty.sources
            for source in (source for source in other.kinds if source in sources):
                named = _named(duty, kind)
                what = f"{source} gives back the {named} that grant {strict.id} {duty.words.format(withheld)}"
                accept = f'no {source}, or reveals = ["{duty.quantity}"] to accept it'
                yield Fault(f"{where}: grant {other.id}: kinds", what, accept)


def _onward(strict: Grant, other: Grant, where: str) -> Iterator[Fault]:
    """A partner gets less than another who may pass it on to that partner."""
    for duty in _OBLIGATIONS:
        if duty.quantity in other.reveals or duty.withheld(strict) <= duty.withheld(other):
            continue
        for kind in (kind for kind in strict.kinds if kind in duty.bears_on and kind in other.kinds):
            words = duty.words.format(duty.withheld(strict))
            what = f"lets {strict.partner} have the {_named(duty, kind)} that grant {strict.id} {words}"
            yield Fault(f"{where}: grant {other.id}: onward", what, f"no {strict.partner}, or as much withheld")


def _by_comparing_notes(grants: tuple[Grant, ...], where: str) -> Iterator[Fault]:
    coarse = [grant for grant in grants if grant.coarsen_launch_m > 0.0 and Kind.LAUNCH in grant.kinds]
    for number, later in enumerate(coarse):
        for earlier in coarse[:number]:
            if earlier.realm != later.realm:
                continue
            finer, coarser = sorted((earlier.coarsen_launch_m, later.coarsen_launch_m))
            if finer < coarser < _LEAST_RATIO * finer:
                place = f"{where}: grant {later.id}: coarsen_launch_m"
                what = f"is near the {earlier.coarsen_launch_m:g} m of grant {earlier.id}: two points compared say more"
                yield Fault(place, what, "the same, or at least twice or half of it")


def _named(duty: _Obligation, kind: str) -> str:
    """Return the quantity in words; of what bears on every kind, whose it is."""
    words = duty.quantity.replace("_", " ")
    return words if duty.bears_on is not _ALL else f"{kind}'s {words}"
