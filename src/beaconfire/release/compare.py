"""Which of two grants gives more: of one kind, in every obligation, and as a whole; and what a new policy widens.

Obligations are compared number by number, conditions as sets. What cannot be told to be narrower counts as wider: a
doubt costs a second officer's signature, never a leak.
"""

from collections.abc import Iterable, Iterator

from beaconfire.kernel.errors import Fault
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import GRANTABLE, Kind
from beaconfire.release.grants import Grant, Policy, Region

_POINTS = (Kind.LAUNCH, Kind.IMPACT)  # kinds that say a place and a time of their own
_NAMED = (Kind.TRAJECTORY, Kind.DETECTION, Kind.SENSOR_STATUS)  # kinds that say a sensor's name


def generosity(grant: Grant, kind: Kind) -> tuple[float, ...]:
    """Return what a grant leaves of a product of this kind: every number is larger the more generous it is."""
    common = (grant.rate_hz, -grant.delay_s)
    if kind in _POINTS:
        coarsened = (-grant.coarsen_launch_m,) if kind is Kind.LAUNCH else ()
        return (*coarsened, -grant.round_m, -grant.round_s, *common)
    return (0.0 if grant.drop_sensor_identity else 1.0, *common) if kind in _NAMED else common


def at_least_as_generous(first: Grant, second: Grant, kind: Kind) -> bool:
    """Say whether `first` asks no more than `second` in any obligation that bears on this kind."""
    pairs = zip(generosity(first, kind), generosity(second, kind), strict=True)
    return all(one >= other for one, other in pairs) and set(first.onward) >= set(second.onward)


def incomparable(grants: Iterable[Grant], where: str) -> Iterator[Fault]:
    """Yield a fault for every two grants that can meet in one product and of which none is the milder."""
    known: list[Grant] = []
    for later in grants:
        for earlier in known:
            if (earlier.partner, earlier.realm) == (later.partner, later.realm):
                yield from _incomparable(earlier, later, where)
        known.append(later)


def widened(before: Policy, after: Policy, realm: Realm) -> tuple[str, ...]:
    """Return the ids of the grants by which `after` gives anything that `before` did not."""
    old = [grant for grant in before.grants if grant.realm == realm]
    return tuple(
        grant.id
        for grant in after.grants
        if grant.realm == realm and not all(any(_covers(one, grant, kind) for one in old) for kind in _kinds(grant))
    )


def _incomparable(earlier: Grant, later: Grant, where: str) -> Iterator[Fault]:
    for kind in (kind for kind in _kinds(earlier) if kind in later.kinds):
        if not (at_least_as_generous(earlier, later, kind) or at_least_as_generous(later, earlier, kind)):
            what = f"asks more of {kind} than grant {earlier.id} in one obligation and less in another"
            yield Fault(f"{where}: grant {later.id}", what, "obligations that are all stricter or all milder, or equal")


def _covers(old: Grant, new: Grant, kind: Kind) -> bool:
    """Say whether everything that `new` lets go of a kind went under `old` already, no later and no coarser."""
    return (
        old.partner == new.partner
        and kind in old.kinds
        and at_least_as_generous(old, new, kind)
        and old.ceiling_m <= new.ceiling_m
        and set(new.provenance) <= set(old.provenance)
        and set(new.compartments) <= set(old.compartments)
        and all(_within(getattr(new, key), getattr(old, key)) for key in ("sensors", "classes", "objects"))
        and _regions_within(new.regions, old.regions)
        and (old.valid_from is None or (new.valid_from is not None and new.valid_from >= old.valid_from))
        and (old.valid_until is None or (new.valid_until is not None and new.valid_until <= old.valid_until))
    )


def _within(new: tuple[str, ...] | None, old: tuple[str, ...] | None) -> bool:
    return old is None or (new is not None and set(new) <= set(old))


def _regions_within(new: tuple[Region, ...] | None, old: tuple[Region, ...] | None) -> bool:
    return old is None or (new is not None and all(any(_inside(box, one) for one in old) for box in new))


def _inside(box: Region, outer: Region) -> bool:
    """Say whether a box lies in another; one that crosses the antimeridian only in an equal span of longitudes."""
    if not (outer.south_deg <= box.south_deg and box.north_deg <= outer.north_deg):
        return False
    if (box.west_deg, box.east_deg) == (outer.west_deg, outer.east_deg):
        return True
    plain = box.west_deg <= box.east_deg and outer.west_deg <= outer.east_deg
    return plain and outer.west_deg <= box.west_deg and box.east_deg <= outer.east_deg


def _kinds(grant: Grant) -> tuple[Kind, ...]:
    return tuple(kind for kind in GRANTABLE if kind in grant.kinds)
