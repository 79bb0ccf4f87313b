"""A policy in the words of Cedar (https://www.cedarpolicy.com), for those who want a second opinion of what it allows.

One `permit` for each grant; everything else is denied, as Cedar denies by default. Cedar has no floating point and no
clock: a request brings, in its context, what `request` returns of a product, in whole numbers. It answers whether
anything may go, not in which form; rates and delays, which decide when, are comments. Where several permits match,
ours takes the most generous; Cedar names them all.
"""

from typing import Any

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind, Product
from beaconfire.release.core import finest_sigma_m
from beaconfire.release.grants import Grant, Policy, Region
from beaconfire.release.redact import added_variance_m2

_NANODEGREES = 1e9
_MOST_M2 = 4e18  # of a Cedar number's 9.2e18: a place known no better than 2,000,000 km is not known


def export_cedar(policy: Policy, realm: Realm) -> str:
    """Return the grants of one realm as Cedar policies, each under its id."""
    head = f"// The release policy of {policy.nation}, version {policy.version}, {realm}; what none permits stays.\n"
    return head + "".join(
        _permit(grant, kind) for grant in policy.grants if grant.realm == realm for kind in _kinds(grant)
    )


def cedar_request(product: Product, partner: str, *, now_ns: int, clock_trusted: bool = True) -> dict[str, Any]:
    """Return a Cedar request: may `partner` have this product now?"""
    context: dict[str, Any] = {
        "now_ns": now_ns,
        "clock_trusted": clock_trusted,
        "nations": list(product.nations),
        "sensors": list(product.sensors),
        "compartments": list(product.compartments),
        "missile_class": product.missile_class,
        "object_kind": product.object_kind,
        "variance_m2": _variance_m2(product),
        "any_may_have_it": product.originators_allow is None,
        "may_have_it": list(product.originators_allow or ()),
    }
    if product.latitude_deg is not None and product.longitude_deg is not None:
        context |= {"latitude_ndeg": _ndeg(product.latitude_deg), "longitude_ndeg": _ndeg(product.longitude_deg)}
    return {
        "principal": f'Nation::"{partner}"',
        "action": f'Action::"{product.kind}"',
        "resource": f'Product::"{product.local_id}"',
        "context": context,
    }


def _permit(grant: Grant, kind: Kind) -> str:
    conditions = [
        "context.nations != []",
        f"{_set(grant.provenance)}.containsAll(context.nations)",
        f"{_set(grant.compartments)}.containsAll(context.compartments)",
        f'(context.any_may_have_it || context.may_have_it.contains("{grant.partner}"))',
        *_lists(grant),
        *_times(grant),
        *_ceiling(grant, kind),
    ]
    if grant.regions is not None:
        boxes = " || ".join(_box(region) for region in grant.regions) or "false"
        conditions.append(f"context has latitude_ndeg && ({boxes})")
    when = "\n  && ".join(conditions)
    return (
        f'\n@id("{grant.id}/{kind}")  // {grant.rate_hz:g} Hz, after {grant.delay_s:g} s\n'
        f'permit (principal == Nation::"{grant.partner}", action == Action::"{kind}", resource)\n'
        f"when {{\n  {when}\n}};\n"
    )


def _lists(grant: Grant) -> list[str]:
    conditions = []
    if grant.sensors is not None:
        conditions.append(f"context.sensors != [] && {_set(grant.sensors)}.containsAll(context.sensors)")
    if grant.classes is not None:
        conditions.append(f"{_set(grant.classes)}.contains(context.missile_class)")
    if grant.objects is not None:
        conditions.append(f"{_set(grant.objects)}.contains(context.object_kind)")
    return conditions


def _times(grant: Grant) -> list[str]:
    conditions = ["context.clock_trusted"] if grant.timed else []
    if grant.valid_from is not None:
        conditions.append(f"context.now_ns >= {grant.valid_from}")
    if grant.valid_until is not None:
        conditions.append(f"context.now_ns < {grant.valid_until}")
    return conditions


def _ceiling(grant: Grant, kind: Kind) -> list[str]:
    if grant.ceiling_m == 0.0:
        return []
    least_m2 = grant.ceiling_m**2 - added_variance_m2(grant, kind)
    return [f"context.variance_m2 >= {round(least_m2)}"] if least_m2 > 0.0 else []


def _box(region: Region) -> str:
    latitude, longitude = "context.latitude_ndeg", "context.longitude_ndeg"
    south, north, west, east = map(_ndeg, (region.south_deg, region.north_deg, region.west_deg, region.east_deg))
    joined = "&&" if west <= east else "||"
    return f"({latitude} >= {south} && {latitude} <= {north} && ({longitude} >= {west} {joined} {longitude} <= {east}))"


def _variance_m2(product: Product) -> int:
    """Return the variance along the best known direction before any obligation, in whole m²."""
    exact = Grant(partner="", realm="", kinds=(), provenance=())
    return round(min(finest_sigma_m(product, exact) ** 2, _MOST_M2))


def _ndeg(degrees: float) -> int:
    return round(degrees * _NANODEGREES)


def _set(words: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def _kinds(grant: Grant) -> list[Kind]:
    return [Kind(kind) for kind in grant.kinds]
