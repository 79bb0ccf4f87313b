"""The phase of flight of one track, from the model bank and the state."""

from beaconfire.assess.features import Features, features
from beaconfire.kernel.records import MODES, PHASES, TrackUpdate

_ORBIT_PERIGEE_M = 120e3
_REENTRY_TOP_M = 100e3
_ROUGH_SPEED_SHARE = 0.3  # a velocity known no better than this leaves the phase open
_ROUGH = 0.5


def phase_probabilities(update: TrackUpdate) -> tuple[float, ...]:
    """Return the vector over `PHASES` of one track update, for `tracks.jsonl` and the page."""
    return phases_of(features(update.mean, update.covariance), tuple(update.modes.tolist()))


def phases_of(now: Features, modes: tuple[float, ...]) -> tuple[float, ...]:
    """Return the vector over `PHASES`: free flight is orbital, re-entry or ballistic by perigee, height and climb."""
    by_mode = dict(zip(MODES, modes, strict=True))
    free = "ballistic"
    if now.perigee_m - now.perigee_sigma_m > _ORBIT_PERIGEE_M:
        free = "orbital"
    elif now.altitude_m < _REENTRY_TOP_M and now.climb_m_s < 0.0:
        free = "reentry"
    known = 1.0 - (_ROUGH if now.speed_sigma_m_s > _ROUGH_SPEED_SHARE * now.speed_m_s else 0.0)
    shares = dict.fromkeys(PHASES, 0.0)
    shares["boost"], shares["glide"], shares["powered_air"] = by_mode["boost"], by_mode["glide"], by_mode["powered_air"]
    shares[free] += by_mode["ballistic"]
    total = sum(shares.values()) or 1.0
    vector = {name: known * share / total for name, share in shares.items()}
    vector["unknown"] += 1.0 - sum(vector.values())
    return tuple(vector[name] for name in PHASES)
