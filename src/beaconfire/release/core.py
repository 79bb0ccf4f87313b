"""The decision core: frozen, indexed by partner and kind, plain Python; no state and no clock of its own.

Grants stand sorted from the most generous to the strictest, and the first that matches decides (see `policy`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from beaconfire.kernel import codec
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import GRANTABLE, ImpactBody, Kind, LaunchBody, Product, TrajectoryBody
from beaconfire.release.compare import generosity
from beaconfire.release.grants import Grant, Policy
from beaconfire.release.redact import added_variance_m2

# Reasons of a no, from the farthest to the nearest miss: of several grants the nearest is told.
REASONS = (
    "no_grant",
    "clock",
    "not_yet_valid",
    "expired",
    "compartment",
    "provenance",
    "sensors",
    "object",
    "class",
    "region",
    "ceiling",
    "originator",
)
_NEARNESS = {reason: number for number, reason in enumerate(REASONS)}


class Rule:
    """One grant, compiled for matching."""

    __slots__ = (
        "classes", "compartments", "grant", "name", "objects", "plain", "provenance", "sensors", "since_ns", "timed",
        "until_ns",
    )  # fmt: skip

    def __init__(self, grant: Grant) -> None:
        """Compile lists to sets."""
        self.grant = grant
        self.name = grant.id
        self.provenance = frozenset(grant.provenance)
        self.compartments = frozenset(grant.compartments)
        self.sensors = None if grant.sensors is None else frozenset(grant.sensors)
        self.classes = None if grant.classes is None else frozenset(grant.classes)
        self.objects = None if grant.objects is None else frozenset(grant.objects)
        self.since_ns = grant.valid_from
        self.until_ns = grant.valid_until
        self.timed, self.plain = grant.timed, not grant.selective

    def objection(self, product: Product, *, now_ns: int, clock_trusted: bool) -> str | None:
        """Return why this rule does not let a product go, or None if it does."""
        if self.timed:
            late = self.out_of_time(now_ns=now_ns, clock_trusted=clock_trusted)
            if late is not None:
                return late
        if not self.compartments.issuperset(product.compartments):
            return "compartment"
        if not product.nations or not self.provenance.issuperset(product.nations):
            return "provenance"
        return None if self.plain and product.originators_allow is None else self._mismatch(product)

    def out_of_time(self, *, now_ns: int, clock_trusted: bool) -> str | None:
        """Return why the rule is not in force, or None; timed rules need a trusted clock, the end is exclusive."""
        if not self.timed:
            return None
        if not clock_trusted:
            return "clock"
        if self.since_ns is not None and now_ns < self.since_ns:
            return "not_yet_valid"
        return "expired" if self.until_ns is not None and now_ns >= self.until_ns else None

    def _mismatch(self, product: Product) -> str | None:
        if self.sensors is not None and not (product.sensors and self.sensors.issuperset(product.sensors)):
            return "sensors"
        if self.objects is not None and product.object_kind not in self.objects:
            return "object"
        if self.classes is not None and product.missile_class not in self.classes:
            return "class"
        if self.grant.regions is not None and not _in_region(self.grant, product):
            return "region"
        if self.grant.ceiling_m > 0.0 and finest_sigma_m(product, self.grant) < self.grant.ceiling_m:
            return "ceiling"
        allowed = product.originators_allow
        return "originator" if allowed is not None and self.grant.partner not in allowed else None


@dataclass(frozen=True, slots=True)
class Core:
    """The rules of one policy for one realm."""

    rules: dict[tuple[str, Kind], tuple[Rule, ...]]

    def find(
        self, product: Product, partner: str, *, now_ns: int, clock_trusted: bool = True
    ) -> tuple[Rule | None, str, str]:
        """Return `(rule, its name, "")` of the rule that lets a product go, else `(None, nearest rule, reason)`."""
        name, reason = "", "no_grant"
        for rule in self.rules.get((partner, product.kind), ()):
            objection = rule.objection(product, now_ns=now_ns, clock_trusted=clock_trusted)
            if objection is None:
                return rule, rule.name, ""
            if _NEARNESS[objection] > _NEARNESS[reason]:
                name, reason = rule.name, objection
        return None, name, reason

    def in_force(self, kind: Kind, partner: str, *, now_ns: int, clock_trusted: bool = True) -> Rule | None:
        """Return the first rule of a kind that is in force, whatever it asks of a product (for withdrawals)."""
        for rule in self.rules.get((partner, kind), ()):
            if rule.out_of_time(now_ns=now_ns, clock_trusted=clock_trusted) is None:
                return rule
        return None


def compile_core(policy: Policy, realm: Realm) -> Core:
    """Index the grants of one realm by partner and kind, the most generous first."""
    rules: dict[tuple[str, Kind], list[Rule]] = {}
    for grant in policy.grants:
        if grant.realm == realm:
            rule = Rule(grant)
            for kind in GRANTABLE:
                if kind in grant.kinds:
                    rules.setdefault((grant.partner, kind), []).append(rule)
    return Core({key: tuple(_most_generous_first(found, key[1])) for key, found in rules.items()})


def finest_sigma_m(product: Product, grant: Grant) -> float:
    """Return a lower bound of the standard deviation (m) along the best known direction of what would be released."""
    body = product.body
    if product.known_m is not None:
        return product.known_m
    if isinstance(body, TrajectoryBody):
        return finest_axis_m(codec.unpack_covariance(body.factor, where="trajectory: factor")[:3, :3].tolist())
    if isinstance(body, LaunchBody):
        ee, en, nn = body.covariance_m2
        added = added_variance_m2(grant, Kind.LAUNCH)
        return _finest_of_pair(ee + added, en, nn + added)
    if isinstance(body, ImpactBody) and body.covariance_m2 is not None:
        ee, en, nn = body.covariance_m2
        added = added_variance_m2(grant, Kind.IMPACT)
        return _finest_of_pair(ee + added, en, nn + added)
    return float("inf")


def finest_axis_m(block: Sequence[Sequence[float]]) -> float:
    """Return 1/√tr(P⁻¹) of a 3×3 covariance (m²): at most √3 below the square root of its smallest eigenvalue."""
    (a, b, c), (_, d, e), (_, _, f) = block
    minors = (d * f - e * e) + (a * f - c * c) + (a * d - b * b)
    determinant = a * (d * f - e * e) - b * (b * f - c * e) + c * (b * e - c * d)
    return float((max(determinant, 0.0) / minors) ** 0.5) if minors > 0.0 else 0.0


def _most_generous_first(rules: Sequence[Rule], kind: Kind) -> list[Rule]:
    return sorted(rules, key=lambda rule: (generosity(rule.grant, kind), len(rule.grant.onward)), reverse=True)


def _in_region(grant: Grant, product: Product) -> bool:
    latitude_deg, longitude_deg = product.latitude_deg, product.longitude_deg
    if latitude_deg is None or longitude_deg is None:
        return False
    return any(box.holds(latitude_deg=latitude_deg, longitude_deg=longitude_deg) for box in grant.regions or ())


def _finest_of_pair(ee: float, en: float, nn: float) -> float:
    """Return the square root of the smaller eigenvalue of a 2×2 covariance."""
    half, difference = (ee + nn) / 2.0, (ee - nn) / 2.0
    return float(max(half - (difference * difference + en * en) ** 0.5, 0.0) ** 0.5)
