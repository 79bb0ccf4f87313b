"""The policy twice: as the file that a node loads, and as an oracle that shares no line with the node's own decision.

The oracle reads a plan's grants and plain facts about a product; it is written from docs/policy.md, and knows neither
rates nor delays, which decide when a record goes and not whether it may.
"""

from collections.abc import Sequence

from beaconfire.kernel.products import Product
from beaconfire.kernel.time import format_utc
from beaconfire.rehearse.world.plan import NS_PER_MS, REALM, START_NS, Decree, Grant


def policy_toml(decree: Decree) -> bytes:
    """Return the policy file of a decree."""
    grants = "".join(_grant_toml(number, grant) for number, grant in enumerate(decree.grants, start=1))
    return f'version = {decree.version}\nnation = "{decree.nation}"\n{grants}'.encode()


def allows(
    grants: Sequence[Grant],
    product: Product,
    partner: str,
    *,
    now_ns: int,
    started_ns: int | None = None,
    clock_trusted: bool = True,
) -> bool:
    """Say whether a partner may have a product at node time `now_ns`; default deny.

    With `started_ns`, a grant in force at any moment from `now_ns` to `started_ns` counts.
    """
    until_ns = now_ns if started_ns is None else started_ns
    return any(
        grant.partner == partner
        and _in_force(grant, now_ns, until_ns, clock_trusted)
        and _covers(grant, product)
        for grant in grants
    )  # fmt: skip


def _in_force(grant: Grant, first_ns: int, last_ns: int, clock_trusted: bool) -> bool:
    if grant.from_ms is None and grant.until_ms is None:
        return True
    begun = grant.from_ms is None or START_NS + grant.from_ms * NS_PER_MS <= last_ns
    return clock_trusted and begun and (grant.until_ms is None or first_ns < START_NS + grant.until_ms * NS_PER_MS)


def _covers(grant: Grant, product: Product) -> bool:
    if product.kind not in grant.kinds or product.compartments != ("main",):
        return False
    if not product.nations or any(nation not in grant.provenance for nation in product.nations):
        return False
    if grant.sensors is not None and (
        not product.sensors or any(sensor not in grant.sensors for sensor in product.sensors)
    ):
        return False
    if grant.classes is not None and product.missile_class not in grant.classes:
        return False
    if grant.objects is not None and product.object_kind not in grant.objects:
        return False
    return grant.region is None or _holds(grant.region, product)


def _holds(region: tuple[float, float, float, float], product: Product) -> bool:
    south, north, west, east = region
    if product.latitude_deg is None or product.longitude_deg is None:
        return False
    return south <= product.latitude_deg <= north and west <= product.longitude_deg <= east


def _grant_toml(number: int, grant: Grant) -> str:
    lines = [
        "[[grant]]",
        f'id = "g{number}"',
        f'partner = "{grant.partner}"',
        f'realm = "{REALM}"',
        f"kinds = {_list(grant.kinds)}",
        f"provenance = {_list(grant.provenance)}",
        f"drop_sensor_identity = {str(grant.drop_sensors).lower()}",
        f"coarsen_launch_m = {float(grant.coarsen_m)}",
        f"rate_hz = {grant.rate_hz}",
        f"delay_s = {grant.delay_s}",
        'reveals = ["launch_point", "delay", "rate"]',
    ]
    for name in ("sensors", "classes", "objects"):
        value = getattr(grant, name)
        if value is not None:
            lines.append(f"{name} = {_list(value)}")
    for name, at_ms in (("valid_from", grant.from_ms), ("valid_until", grant.until_ms)):
        if at_ms is not None:
            lines.append(f"{name} = {format_utc(START_NS + at_ms * NS_PER_MS)}")
    if grant.region is not None:
        south, north, west, east = grant.region
        lines.append(
            f"regions = [{{ south_deg = {south}, north_deg = {north}, west_deg = {west}, east_deg = {east} }}]"
        )
    return "\n".join(lines) + "\n"


def _list(words: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"
