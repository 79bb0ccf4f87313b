"""Kinds: what opens an event, what never may, and what is a glide."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.assess.features import Features
from beaconfire.assess.kinds import KindEvidence
from beaconfire.kernel.records import KINDS, LAUNCH_KINDS
from tests.assess.test_burnout import BASE, BOOST, COAST

AIR = (0.01, 0.02, 0.02, 0.95)
GLIDE_MODE = (0.0, 0.05, 0.95, 0.0)
CRUISE = BASE._replace(
    altitude_m=10e3, speed_m_s=240.0, climb_m_s=3.0, force_along_m_s2=0.5, force_across_m_s2=9.8, inertial_m_s=600.0,
    perigee_m=-6360e3,
)  # fmt: skip
RISING = BASE._replace(altitude_m=15e3, speed_m_s=900.0, climb_m_s=650.0, force_along_m_s2=28.0)
FREE = BASE._replace(altitude_m=120e3, force_along_m_s2=0.0, pressure_pa=0.0)
ORBIT = FREE._replace(
    altitude_m=600e3, speed_m_s=7200.0, climb_m_s=5.0, inertial_m_s=7560.0, perigee_m=590e3, perigee_sigma_m=20e3
)
METEOR = FREE._replace(
    altitude_m=95e3, speed_m_s=17e3, climb_m_s=-3500.0, inertial_m_s=17e3, force_along_m_s2=-40.0, apogee_m=math.inf,
    perigee_m=-2000e3,
)  # fmt: skip


def gathered(*pieces: tuple[int, Features, tuple[float, ...]], gap_s: float = 1.0) -> KindEvidence:
    evidence = KindEvidence()
    for count, now, modes in pieces:
        for _ in range(count):
            evidence.add(now, modes, measured=1.0, gap_s=gap_s)
    return evidence


def p_of(evidence: KindEvidence, *names: str) -> float:
    vector = evidence.probabilities()
    return sum(vector[KINDS.index(name)] for name in names)


def test_a_rise_under_power_is_suspected_within_some_seconds_and_confirmed_soon() -> None:
    assert p_of(gathered((2, RISING, BOOST)), *LAUNCH_KINDS) < 0.9
    assert p_of(gathered((7, RISING, BOOST)), *LAUNCH_KINDS) >= 0.9
    assert p_of(gathered((12, RISING, BOOST)), *LAUNCH_KINDS) >= 0.99


def test_a_free_fall_above_the_air_and_below_orbit_is_a_launch() -> None:
    assert p_of(gathered((10, FREE, COAST)), *LAUNCH_KINDS) >= 0.99


@pytest.mark.parametrize(
    ("now", "modes", "kind"),
    [(CRUISE, AIR, "aircraft"), (ORBIT, COAST, "satellite"), (METEOR, COAST, "meteor")],
    ids=["aircraft", "satellite", "meteor"],
)
def test_what_is_no_launch_is_named_and_never_opens(now: Features, modes: tuple[float, ...], kind: str) -> None:
    for count in (1, 3, 10, 100):
        evidence = gathered((count, now, modes))
        assert p_of(evidence, *LAUNCH_KINDS) < 0.5
    assert p_of(evidence, kind) > 0.9


@pytest.mark.parametrize("climb_m_s", [-80.0, 0.0, 60.0, 120.0])
@pytest.mark.parametrize("speed_m_s", [80.0, 250.0, 650.0])
def test_no_flight_of_an_aircraft_opens_an_event(climb_m_s: float, speed_m_s: float) -> None:
    now = CRUISE._replace(speed_m_s=speed_m_s, climb_m_s=climb_m_s, force_along_m_s2=4.0)
    for modes in (AIR, COAST, BOOST):  # whatever the bank thinks of it
        assert p_of(gathered((60, now, modes)), *LAUNCH_KINDS) < 0.9


def test_a_velocity_that_is_not_known_says_nothing() -> None:
    rough = RISING._replace(speed_sigma_m_s=800.0)
    assert p_of(gathered((50, rough, BOOST)), *LAUNCH_KINDS) < 0.5


def test_misses_of_a_young_track_speak_for_unknown() -> None:
    evidence = gathered((4, FREE, COAST))
    before = p_of(evidence, "unknown")
    for _ in range(4):
        evidence.add(FREE, COAST, measured=0.0, gap_s=1.0)
    assert p_of(evidence, "unknown") > before


def test_what_was_high_is_no_aircraft_when_it_falls_into_the_air() -> None:
    falling = CRUISE._replace(altitude_m=8e3, speed_m_s=400.0, climb_m_s=-380.0, force_along_m_s2=-9.0)
    evidence = gathered((30, FREE, COAST), (60, falling, COAST))
    assert p_of(evidence, *LAUNCH_KINDS) >= 0.99


def pulling(across: float, *, drag: float = 20.0, sigma: float = 3.0) -> Features:
    return BASE._replace(
        altitude_m=35e3, speed_m_s=2500.0, climb_m_s=-300.0, force_along_m_s2=-drag, force_across_m_s2=across,
        across_x_m_s2=across, along_sigma_m_s2=2.0, across_sigma_m_s2=sigma, pressure_pa=40e3,
    )  # fmt: skip


def test_a_pull_of_some_seconds_is_a_glide() -> None:
    evidence = gathered((40, FREE, COAST), (12, pulling(50.0), GLIDE_MODE))
    assert p_of(evidence, "glide") > 0.5
    assert p_of(evidence, "glide") > p_of(evidence, "ballistic")


def test_strong_drag_an_entry_burn_or_throttling_is_no_glide() -> None:
    drag = gathered((40, FREE, COAST), (20, pulling(3.0, drag=150.0), GLIDE_MODE))
    burn = gathered((40, FREE, COAST), (16, pulling(5.0, drag=35.0), GLIDE_MODE))
    throttle = gathered((20, RISING, BOOST), (14, RISING._replace(force_along_m_s2=15.0), BOOST), (40, FREE, COAST))
    for evidence in (drag, burn, throttle):
        assert p_of(evidence, "glide") <= 0.1


def test_noise_across_the_velocity_is_no_glide() -> None:
    evidence = gathered((40, FREE, COAST))
    for number in range(40):
        push = pulling(0.0)._replace(
            force_across_m_s2=12.0, across_y_m_s2=12.0 * (-1) ** number, across_sigma_m_s2=12.0
        )
        evidence.add(push, COAST, measured=1.0, gap_s=1.0)
    assert p_of(evidence, "glide") <= 0.1


def test_a_low_arc_that_pulls_is_quasi_ballistic_and_a_high_one_is_not() -> None:
    low = BASE._replace(altitude_m=45e3, force_along_m_s2=0.0, climb_m_s=100.0, pressure_pa=50.0)
    quasi = gathered((40, low, COAST), (12, pulling(40.0), GLIDE_MODE))
    high = gathered((40, FREE, COAST), (12, pulling(40.0), GLIDE_MODE))
    assert p_of(quasi, "quasi_ballistic") > 0.2
    assert p_of(high, "quasi_ballistic") < 0.01


def test_a_depressed_arc_raises_the_doubt_and_a_clean_fall_takes_it_back() -> None:
    evidence = gathered((40, FREE, COAST))
    calm = p_of(evidence, "glide")
    evidence.depressed = 0.45
    assert 0.2 <= p_of(evidence, "glide") < 0.5
    for _ in range(15):
        evidence.add(pulling(2.0, drag=80.0), COAST, measured=1.0, gap_s=1.0)
    assert p_of(evidence, "glide") <= 0.1
    evidence.depressed = 1.0
    assert p_of(evidence, "glide") <= calm


def test_near_orbital_speed_under_power_turns_to_space_launch() -> None:
    nearly = RISING._replace(
        altitude_m=180e3, speed_m_s=7400.0, inertial_m_s=7700.0, perigee_m=-200e3, climb_m_s=50.0, pressure_pa=0.0
    )
    evidence = gathered((40, RISING._replace(altitude_m=60e3), BOOST), (40, nearly, BOOST))
    assert p_of(evidence, "space_launch") > 0.5


@given(
    st.lists(
        st.tuples(
            st.sampled_from([CRUISE, RISING, FREE, ORBIT, METEOR, pulling(40.0)]),
            st.sampled_from([AIR, BOOST, COAST, GLIDE_MODE]),
            st.sampled_from([0.0, 1.0, 3.0]),
            st.floats(0.0, 30.0),
        ),
        max_size=60,
    )
)
def test_whatever_comes_the_vector_is_one_of_probabilities(
    rows: list[tuple[Features, tuple[float, ...], float, float]],
) -> None:
    evidence = KindEvidence()
    for now, modes, measured, gap_s in rows:
        evidence.add(now, modes, measured=measured, gap_s=gap_s)
    vector = evidence.probabilities()
    assert len(vector) == len(KINDS)
    assert all(0.0 <= p <= 1.0 for p in vector)
    assert sum(vector) == pytest.approx(1.0)
