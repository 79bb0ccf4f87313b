"""Phases of one track from modes and state."""

import pytest

from beaconfire.assess.phases import phase_probabilities, phases_of
from beaconfire.kernel.records import PHASES
from tests.assess.flights import flight, states, steps, watch
from tests.assess.test_burnout import BASE, COAST
from tests.assess.test_kinds import AIR, CRUISE, FREE, GLIDE_MODE, ORBIT


def most(vector: tuple[float, ...]) -> str:
    return PHASES[vector.index(max(vector))]


@pytest.mark.parametrize(
    ("now", "modes", "phase"),
    [
        (BASE, (0.9, 0.1, 0.0, 0.0), "boost"),
        (FREE, COAST, "ballistic"),
        (FREE._replace(climb_m_s=-900.0, altitude_m=70e3), COAST, "reentry"),
        (BASE, GLIDE_MODE, "glide"),
        (CRUISE, AIR, "powered_air"),
        (ORBIT, COAST, "orbital"),
        (FREE._replace(speed_sigma_m_s=5000.0), COAST, "unknown"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_each_phase(now: object, modes: tuple[float, ...], phase: str) -> None:
    vector = phases_of(now, modes)  # type: ignore[arg-type]
    assert sum(vector) == pytest.approx(1.0)
    assert vector[PHASES.index(phase)] >= 0.5


def test_along_a_flight_the_phases_follow_each_other() -> None:
    path = flight("srbm_solid", 400e3, 100e3).path
    times_s = steps(20.0, path.end_s - 5.0)
    named = [most(phase_probabilities(u)) for u in watch(states(path, times_s), times_s, seed=3).updates[8:]]
    order = [name for name, before in zip(named, ["", *named], strict=False) if name != before]
    assert order[0] == "boost"
    assert order.index("ballistic") < order.index("reentry")
