"""Flight times: one generic boost per class, aimed at an announced range and apogee, against the announced time.

Only claims of the launch record that state all three exactly are flown; whole minutes were announced, so half a minute
of what is left is the announcement's own.
"""

from dataclasses import dataclass

from beaconfire.kernel.errors import RunFailed
from beaconfire.record import Bound, Claim, shipped_claims
from beaconfire.rehearse.objects import launch_object
from beaconfire.rehearse.scenario import Launch, Profile, ProfileName

_PROFILES: dict[str, ProfileName] = {
    "SRBM": "srbm_solid",
    "MRBM": "mrbm_solid",
    "IRBM": "irbm_liquid",
    "ICBM": "icbm_solid",
}
_SITE_DEG = (39.2, 125.7)  # where most were launched from, for claims that name no place
_AZIMUTH_DEG = 80.0  # over the sea; the Earth's turning moves the time of flight by a second or two


@dataclass(frozen=True, slots=True)
class Compared:
    """One claim: what was announced and what the generic flight took, in seconds; None where it cannot be flown."""

    claim: Claim
    announced_s: float
    flown_s: float | None

    @property
    def error_s(self) -> float | None:
        """Flown minus announced."""
        return None if self.flown_s is None else self.flown_s - self.announced_s


def compare() -> tuple[Compared, ...]:
    """Fly every shipped claim that states range, apogee and flight time exactly, in order of time."""
    return tuple(_compared(claim) for claim in shipped_claims() if _is_exact(claim))


def _is_exact(claim: Claim) -> bool:
    return (
        claim.missile_class in _PROFILES
        and None not in (claim.range_m, claim.apogee_m, claim.flight_time_s)
        and claim.range_bound is claim.apogee_bound is Bound.EXACT
    )


def _compared(claim: Claim) -> Compared:
    assert claim.range_m is not None and claim.apogee_m is not None and claim.flight_time_s is not None, "chosen so"
    latitude, longitude = _SITE_DEG
    if claim.latitude_deg is not None and claim.longitude_deg is not None:
        latitude, longitude = claim.latitude_deg, claim.longitude_deg
    launch = Launch(
        id="announced", time_s=0.0, latitude_deg=latitude, longitude_deg=longitude, azimuth_deg=_AZIMUTH_DEG,
        profile=Profile(kind=_PROFILES[claim.missile_class], range_m=claim.range_m, apogee_m=claim.apogee_m),
    )  # fmt: skip
    try:
        flown_s = launch_object(launch).path.end_s
    except RunFailed:  # no load of the class reaches both figures: glide, or a swapped pair
        return Compared(claim, claim.flight_time_s, None)
    return Compared(claim, claim.flight_time_s, flown_s)
