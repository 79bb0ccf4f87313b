"""How the `policy` commands say what they found: in lines for people, or as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from json import dumps
from typing import TYPE_CHECKING, Any

import msgspec

from beaconfire.kernel.errors import BeaconfireError, InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import format_utc
from beaconfire.release import Grant, Policy, Would

if TYPE_CHECKING:
    from beaconfire.cli.policywork import Checked
    from beaconfire.shell.control import PolicyInForce, WouldGet


def faults_json(error: BeaconfireError) -> str:
    """Return the faults of a file as JSON."""
    if isinstance(error, InvalidInput):
        rows = [{"where": fault.where, "what": fault.what, "expected": fault.expected} for fault in error.faults]
    else:
        rows = [{"where": "", "what": str(error), "expected": ""}]
    return dumps({"valid": False, "faults": rows}, indent=2, ensure_ascii=False)


def print_checked(found: Checked, *, json: bool) -> None:
    """Say that a file holds, and what is in it."""
    policy = found.policy
    if json:
        rows = [{"id": grant.id, "partner": grant.partner, "realm": grant.realm, "kinds": list(grant.kinds)}
                for grant in policy.grants]  # fmt: skip
        value: dict[str, Any] = {
            "valid": True, "file": str(found.file), "nation": policy.nation, "version": policy.version,
            "sha256": found.digest.hex(), "grants": rows
        }  # fmt: skip
        if found.signed_by is not None:
            value["signed_by"] = list(found.signed_by)
        print(dumps(value, indent=2))
        return
    print(f"{found.file}: {policy.nation}, version {policy.version}, {_count(len(policy.grants), 'grant')}")
    for realm in Realm:
        print("\n".join(granted_lines(policy, realm)), end="\n" if _of(policy, realm) else "")
    print(f"SHA-256 {found.digest.hex()}")
    if found.signed_by is not None:
        print(f"signed by {', '.join(found.signed_by) or 'nobody'}")


def granted_lines(policy: Policy, realm: Realm) -> list[str]:
    """Return one line for each grant of a realm."""
    return [
        f"  {realm} {grant.partner}  {grant.id}: {', '.join(grant.kinds) or 'nothing'}{_terms(grant)}"
        for grant in _of(policy, realm)
    ]


def print_in_force(found: PolicyInForce, *, json: bool) -> None:
    """Say what is in force, for each partner."""
    if json:
        print(dumps(msgspec.to_builtins(found), indent=2))
        return
    clock = "" if found.clock_trusted else "; the clock is not trusted: timed grants count as run out"
    signed = f", signed by {', '.join(found.signed_by)}" if found.signed_by else ""
    print(f"{found.nation} {found.realm}: version {found.version}{signed}{clock}")
    for partner in found.partners:
        print(f"  {partner.partner}  generation {partner.generation}, view {partner.view[:16]}, compartments "
              f"{', '.join(partner.compartments)}")  # fmt: skip
        for grant in partner.grants:
            standing = "" if grant.standing == "in_force" else f" ({grant.standing.replace('_', ' ')})"
            print(f"       {grant.id}: {', '.join(grant.kinds)}{standing}")
    if not found.partners:
        print("  nothing leaves")


def print_would(found: WouldGet, *, json: bool) -> None:
    """Say what a partner would get, and why not the rest."""
    if json:
        print(dumps(msgspec.to_builtins(found), indent=2))
        return
    given = [row for row in found.products if not row.reason]
    print(f"{found.partner} at {format_utc(found.now_ns)}, policy version {found.version}: "
          f"{len(given)} of {_count(len(found.products), 'product')} would go")  # fmt: skip
    for row in found.products:
        print(f"  {row.kind:12} {row.local_id:20} {_became(row)}")
    reasons = Counter(row.reason for row in found.products if row.reason)
    if reasons:
        print("withheld: " + ", ".join(f"{reason} {count}" for reason, count in reasons.most_common()))


def _became(row: Would) -> str:
    if not row.reason:
        return f"goes by {row.rule}" + (f", {', '.join(row.obligations)}" if row.obligations else "")
    later = f" until {format_utc(row.due_ns)}" if row.due_ns is not None else ""
    return f"stays: {row.reason}{later}" + (f" (nearest: {row.rule})" if row.rule else "")


def _terms(grant: Grant) -> str:
    """Return what a grant asks beyond the defaults."""
    default = Grant(partner=grant.partner, realm=grant.realm, kinds=(), provenance=())
    skipped = ("id", "partner", "realm", "kinds")
    terms = [
        f"{name} {_term(getattr(grant, name))}"
        for name in Grant.__struct_fields__
        if name not in skipped and getattr(grant, name) != getattr(default, name)
    ]
    return "; " + ", ".join(terms) if terms else ""


def _term(value: Any) -> str:
    if isinstance(value, tuple):
        return "[" + " ".join(str(msgspec.to_builtins(item)) for item in value) + "]"
    if isinstance(value, int) and not isinstance(value, bool):
        return format_utc(value)
    return f"{value:g}" if isinstance(value, float) else str(value).lower()


def _of(policy: Policy, realm: Realm) -> Sequence[Grant]:
    return [grant for grant in policy.grants if grant.realm == realm]


def _count(number: int, word: str) -> str:
    return f"{number} {word}" + ("" if number == 1 else "s")
