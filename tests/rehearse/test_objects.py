"""Objects of a scenario: their life and facts, and the engine's own physics as a second opinion on their arcs."""

import msgspec
import numpy as np
import pytest

from beaconfire.earth import apogee, impact_point
from beaconfire.kernel.errors import InvalidInput
from beaconfire.rehearse.objects import TruthObject, build_objects, describe, launch_object
from beaconfire.rehearse.scenario import Launch
from beaconfire.rehearse.truth.place import geodetic, ground_range_m
from beaconfire.rehearse.truth.profiles import PROFILES
from tests.rehearse.played import parked, played, scenario, small

# Two models that share no line of code: J3 and J4, the table of the air and the integrators differ.
IMPACT_M = 300.0
IMPACT_S = 0.2
APOGEE_M = 60.0


def launch(name: str) -> Launch:
    return scenario(name).launches[0]


def state_at(item: TruthObject, time_s: float) -> np.ndarray:
    positions, velocities = item.at(np.array([time_s]))
    return np.concatenate((positions[0], velocities[0]))


@pytest.mark.parametrize(
    ("name", "kind", "after_s"), [("2024-11-05", "srbm_solid", 60.0), ("overflight", "irbm_liquid", 20.0)]
)
def test_the_engine_predicts_the_same_fall_from_the_same_state(name: str, kind: str, after_s: float) -> None:
    item = launch_object(launch(name))
    assert item.facts is not None
    assert item.facts.impact is not None
    from_s = item.facts.burnouts[-1].time_s + after_s
    latitude, longitude, time_s, found = impact_point(state_at(item, from_s), 1.0 / PROFILES[kind].body_kg_m2, 4000.0)
    assert found
    there = (float(np.degrees(latitude)), float(np.degrees(longitude)))
    truth = (item.facts.impact.latitude_deg, item.facts.impact.longitude_deg)
    assert ground_range_m(there, truth) < IMPACT_M
    assert time_s == pytest.approx(item.facts.impact.time_s - from_s, abs=IMPACT_S)


@pytest.mark.parametrize("name", ["2024-11-05", "2025-01-06", "overflight"])
def test_the_engine_finds_the_same_top(name: str) -> None:
    item = launch_object(launch(name))
    assert item.facts is not None
    wish = launch(name).profile or launch(name).glide
    assert wish is not None
    from_s = item.facts.burnouts[-1].time_s + 40.0
    height_m, time_s, found = apogee(state_at(item, from_s), 1.0 / PROFILES[wish.kind].body_kg_m2)
    assert found
    assert height_m == pytest.approx(item.facts.apogee.altitude_m, abs=APOGEE_M)
    assert time_s == pytest.approx(item.facts.apogee.time_s - from_s, abs=0.5)


def test_an_object_lives_from_lift_off_to_impact() -> None:
    item = launch_object(small().launches[0])
    assert item.start_s == 20.0
    assert item.alive(np.array([19.9, 20.0, 200.0, item.end_s, item.end_s + 0.1])).tolist() == [
        False, True, True, True, False,
    ]  # fmt: skip
    latitude, longitude, height = geodetic(item.at(np.array([20.0]))[0][0])
    assert (latitude, longitude, height) == pytest.approx((38.5, 125.8, 0.0), abs=1e-3)
    assert geodetic(item.at(np.array([item.end_s]))[0][0])[2] == pytest.approx(0.0, abs=0.1)


def test_it_thrusts_until_its_burnout() -> None:
    item = launch_object(small().launches[0])
    assert item.thrusting(np.array([19.0, 20.0, 61.9, 62.0])).tolist() == [False, True, True, False]
    twice = parked(np.zeros(3), thrust_s=((0.0, 5.0), (10.0, 12.0)))
    assert twice.thrusting(np.array([4.0, 6.0, 11.0, 12.0])).tolist() == [True, False, True, False]


def test_a_launch_is_flown_once_and_kept() -> None:
    assert launch_object(launch("lofted")) is launch_object(launch("lofted"))


def test_other_burn_times_keep_the_impulse() -> None:
    """A slower burn of the same propellant: the figures are met all the same."""
    launched = small().launches[0]
    assert launched.profile is not None
    slow = msgspec.structs.replace(launched, profile=msgspec.structs.replace(launched.profile, burn_s=(44.0,)))
    item = launch_object(slow)
    assert item.facts is not None
    assert item.facts.burnouts[0].time_s - item.facts.launch.time_s == 44.0
    assert item.facts.range_m == pytest.approx(400e3, rel=1e-4)


def test_a_dip_elsewhere_than_stated_is_refused_with_what_would_be_right() -> None:
    wrong = launch("2025-01-06")
    assert wrong.glide is not None
    dip = msgspec.structs.replace(wrong.glide.dip[0], time_s=400.0)
    wrong = msgspec.structs.replace(wrong, glide=msgspec.structs.replace(wrong.glide, dip=(dip,)))
    with pytest.raises(InvalidInput, match=r"glide\.dip\[0\].*cannot be at 400 s.*expected 36\d s"):
        launch_object(wrong)


def test_the_background_follows_the_seed_and_launches_do_not() -> None:
    quiet = msgspec.structs.replace(scenario("quiet-day"), launches=small().launches, duration_s=300.0)
    first, again, other = (build_objects(quiet, seed=seed) for seed in (1, 1, 2))
    times = np.array([100.0])
    places = [{item.object_id: item.at(times)[0].tolist() for item in objects} for objects in (first, again, other)]
    assert places[0] == places[1]
    assert places[0]["L1"] == places[2]["L1"]
    assert places[0]["AIR0-1"] != places[2]["AIR0-1"]
    assert places[0]["SAT1-1"] != places[2]["SAT1-1"]


def test_kinds_are_told() -> None:
    kinds = {name: launch_object(launch(name)).kind for name in ("2025-01-06", "2024-11-05", "real-booster")}
    assert kinds == {"2025-01-06": "glide", "2024-11-05": "ballistic", "real-booster": "booster"}
    assert {item.kind for item in played("quiet-day").truth} == {"aircraft", "satellite", "meteor"}


def test_what_is_described_are_plain_values() -> None:
    told = describe(scenario("2025-01-06"), launch_object(launch("2025-01-06")))
    assert msgspec.json.decode(msgspec.json.encode(told)) == told
    assert told["azimuth_deg"] == 50.0
    assert isinstance(told["dips"], list)
    assert len(told["dips"]) == 1
    assert "mismatch" not in told
    assert describe(small(), parked(np.zeros(3))) == {"object_id": "X", "kind": "aircraft"}
