"""How many slips the check finds: each kind planted into rows of the announced material, one at a time.

What is asserted are the measured shares, a little under: a claim that contradicts its own clock is always found; one
whose clock and date moved together is found only where another source says of the same flight when it was.
"""

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from beaconfire.kernel.time import format_utc
from beaconfire.record import Claim, Verdict, associate, shipped_claims
from beaconfire.record.check import check_launch

CLAIMS = shipped_claims()
HOUR_NS = 3600 * 10**9
SEEN_BY_OTHERS = [
    claim
    for launch in associate(CLAIMS)
    if len({other.source for other in launch.claims}) > 1
    for claim in launch.claims
]


def moved(claim: Claim, hours: int) -> Claim:
    """The claim with another UTC time, and the rest as it was."""
    time_ns = claim.time_ns + hours * HOUR_NS
    reported = format_utc(time_ns, decimals=0)
    return replace(claim, time_ns=time_ns, reported=reported, until_ns=None)


def dialled(claim: Claim, hours: int) -> Claim:
    """The claim with another local clock."""
    hour, rest = claim.local_time.split(":", 1)
    return replace(claim, local_time=f"{(int(hour) + hours) % 24:02d}:{rest}")


def swapped(claim: Claim) -> Claim:
    return replace(
        claim,
        range_m=claim.apogee_m,
        apogee_m=claim.range_m,
        range_bound=claim.apogee_bound,
        apogee_bound=claim.range_bound,
    )


def share_found(rows: list[Claim], slip: Callable[[Claim], Claim]) -> float:
    """The share of rows whose slip is found when it alone is planted."""
    found = 0
    for row in rows:
        planted = slip(row)
        launches = associate([planted if claim is row else claim for claim in CLAIMS], unrated=True)
        (launch,) = [launch for launch in launches if planted in launch.claims]
        findings = [item for item in check_launch(launch, launches) if item.claim == planted]
        found += any(item.verdict is Verdict.SUSPECT_ENTRY for item in findings)
    return found / len(rows)


CLOCKED = [claim for claim in SEEN_BY_OTHERS if not claim.dated_only][::3]
DRAWN = [claim for claim in SEEN_BY_OTHERS if claim.range_m and claim.apogee_m][::3]


def test_the_sample_is_a_third_of_the_rows_with_company() -> None:
    assert (len(CLOCKED), len(DRAWN)) == (26, 22)


@pytest.mark.parametrize(
    ("slip", "least"),
    [
        pytest.param(lambda claim: moved(claim, 12), 1.0, id="UTC half a day off its local clock"),
        pytest.param(lambda claim: dialled(claim, 12), 1.0, id="local clock half a day off UTC"),
        pytest.param(lambda claim: dialled(claim, 1), 1.0, id="local clock an hour off UTC"),
        pytest.param(lambda claim: dialled(moved(claim, 12), 12), 0.75, id="both half a day off"),
        pytest.param(lambda claim: moved(claim, 24), 0.8, id="the UTC date a day late"),
        pytest.param(lambda claim: moved(claim, -24), 0.8, id="the UTC date a day early"),
    ],
)
def test_slips_of_clock_and_date(slip: Callable[[Claim], Claim], least: float) -> None:
    assert share_found(CLOCKED, slip) >= least


def test_swapped_figures() -> None:
    assert share_found(DRAWN, swapped) >= 0.85


def test_without_a_slip_nothing_is_found() -> None:
    assert share_found(CLOCKED, lambda claim: claim) == 0.0
    assert share_found(DRAWN, lambda claim: claim) == 0.0
