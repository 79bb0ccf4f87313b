"""What would be decided, without deciding: products of this moment against a policy, in force or only drafted."""

from collections.abc import Iterable

import msgspec

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind, Product
from beaconfire.kernel.time import from_seconds
from beaconfire.release.core import Core, Rule, compile_core
from beaconfire.release.grants import Grant, Policy
from beaconfire.release.redact import obligations_of


class Would(msgspec.Struct, frozen=True, kw_only=True):
    """One product and one partner: whether it would go now, by which rule and in which form, or why not.

    `reason` is "" where it would go; `delay` is one that goes later, at `due_ns`.
    """

    kind: Kind
    local_id: str
    time_ns: int
    rule: str
    reason: str
    obligations: tuple[str, ...] = ()
    due_ns: int | None = None


class GrantView(msgspec.Struct, frozen=True, kw_only=True):
    """One grant as it stands: `standing` is in_force, or why it is not (clock, not_yet_valid, expired)."""

    id: str
    kinds: tuple[str, ...]
    standing: str


class PartnerView(msgspec.Struct, frozen=True, kw_only=True):
    """What a policy gives one partner. `view` is the hash that this partner's messages carry, in hexadecimal."""

    partner: str
    generation: int
    view: str
    compartments: tuple[str, ...]
    grants: tuple[GrantView, ...]


def preview(
    core: Core, product: Product, partner: str, *, now_ns: int, clock_trusted: bool = True, barred: str = ""
) -> Would:  # fmt: skip
    """Return what would become of a product; `barred` is why a partner gets nothing whatever its policy."""
    rule, name, reason = core.find(product, partner, now_ns=now_ns, clock_trusted=clock_trusted)
    due_ns = None
    if rule is not None:
        due_ns = product.time_ns + from_seconds(rule.grant.delay_s)
        reason = "delay" if rule.grant.delay_s > 0.0 and now_ns < due_ns else ""
    return Would(
        kind=product.kind,
        local_id=product.local_id,
        time_ns=product.time_ns,
        rule="" if barred else name,
        reason=barred or reason,
        obligations=() if rule is None or barred else obligations_of(rule.grant, product),
        due_ns=due_ns if reason == "delay" and not barred else None,
    )


def preview_policy(
    policy: Policy, products: Iterable[Product], partner: str, *, realm: Realm, now_ns: int, clock_trusted: bool = True
) -> tuple[Would, ...]:
    """Return what a policy that is not in force would do with products."""
    core = compile_core(policy, realm)
    return tuple(preview(core, item, partner, now_ns=now_ns, clock_trusted=clock_trusted) for item in products)


def grant_views(grants: Iterable[Grant], *, now_ns: int, clock_trusted: bool) -> tuple[GrantView, ...]:
    """Return grants as they stand at a moment."""
    return tuple(
        GrantView(
            id=grant.id,
            kinds=grant.kinds,
            standing=Rule(grant).out_of_time(now_ns=now_ns, clock_trusted=clock_trusted) or "in_force",
        )
        for grant in grants
    )
