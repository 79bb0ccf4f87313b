"""Generic missile classes, from public figures: how many stages, how long they burn, how hard they push.

No class is any real design. Accelerations are at ignition of each stage with a middling load; the search of
`arc.aim` scales them for the load of the day. Burn times may be replaced by a scenario's own.
"""

from __future__ import annotations

from dataclasses import dataclass

from beaconfire.rehearse.truth.boost import Stage


@dataclass(frozen=True, slots=True)
class Profile:
    """One generic class; ballistic coefficients of the whole at lift-off and of what is left after burnout."""

    stages: tuple[Stage, ...]
    whole_kg_m2: float
    body_kg_m2: float
    tilt_deg: float
    """First guess of the tilt for a flight near the least energy."""


PROFILES = {
    "srbm_solid": Profile((Stage(42.0, 38.0, 2400.0),), 20e3, 5e3, 80.0),
    "mrbm_solid": Profile((Stage(60.0, 27.0, 2500.0), Stage(45.0, 27.0, 2700.0)), 25e3, 7e3, 25.0),
    "irbm_liquid": Profile((Stage(125.0, 19.5, 2700.0),), 30e3, 9e3, 25.0),
    "irbm_solid": Profile((Stage(62.0, 27.0, 2500.0), Stage(58.0, 33.0, 2700.0)), 30e3, 9e3, 35.0),
    "irbm_glider": Profile((Stage(62.0, 19.5, 2500.0), Stage(58.0, 24.0, 2700.0)), 30e3, 2.5e3, 22.0),
    "icbm_solid": Profile(
        (Stage(70.0, 24.0, 2600.0), Stage(65.0, 30.0, 2800.0), Stage(50.0, 30.0, 2850.0)), 40e3, 10e3, 6.0
    ),
}
"""Every class a scenario may name."""
