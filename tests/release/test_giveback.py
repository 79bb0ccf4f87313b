"""What one granted kind gives back of another: every pair of kinds, every obligation, partners beside each other.

`PAIRS` is written by hand from physics, not read from the code: which kind a partner can work out from which.
"""

import itertools

import pytest

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.products import GRANTABLE, Kind
from beaconfire.release import Grant, parse_policy
from beaconfire.release.giveback import SOURCES
from tests.exchange import grant_toml, policy_toml

# A track runs back to its launch and on to its impact; detections make a track; range and burnout of an assessment tie
# launch and impact to each other; the others make nothing.
PAIRS = {
    ("launch", "assessment"),
    ("impact", "assessment"),
    ("launch", "trajectory"),
    ("launch", "detection"),
    ("impact", "trajectory"),
    ("impact", "detection"),
    ("trajectory", "detection"),
    ("assessment", "trajectory"),
    ("assessment", "detection"),
}
# An obligation, the quantity it withholds, and the kinds whose quantity that is.
WITHHELD = [
    ("coarsen_launch_m = 5000.0", "launch_point", {"launch"}),
    ("round_m = 5000.0", "launch_point", {"launch"}),
    ("round_m = 5000.0", "impact_point", {"impact"}),
    ("round_s = 30.0", "launch_time", {"launch"}),
    ("round_s = 30.0", "impact_time", {"impact"}),
    ("delay_s = 60.0", "delay", {str(kind) for kind in GRANTABLE}),
    ("ceiling_m = 500.0", "ceiling", {str(kind) for kind in GRANTABLE}),
]
CASES = [
    (kind, source, obligation, quantity)
    for kind, source in itertools.product(map(str, GRANTABLE), repeat=2)
    for obligation, quantity, bears_on in WITHHELD
    if kind != source and kind in bears_on
]


def faults(*grants: str) -> list[str]:
    try:
        parse_policy(policy_toml(*grants), where="p")
    except InvalidInput as error:
        return [str(fault) for fault in error.faults]
    return []


def test_every_kind_is_judged() -> None:
    """A kind that comes to the wire must be put into the table, or this fails."""
    assert {str(kind) for kind in GRANTABLE} == set(SOURCES)
    assert {(kind, source) for kind, sources in SOURCES.items() for source in sources} == PAIRS


@pytest.mark.parametrize(("kind", "source", "obligation", "quantity"), CASES)
def test_a_pair_of_kinds(kind: str, source: str, obligation: str, quantity: str) -> None:
    """Refused where the source gives the quantity back; taken where it does not, or where the officer accepts it."""
    strict = grant_toml(name="strict", kinds=[kind], more=f"drop_sensor_identity = false\n{obligation}")
    found = [fault for fault in faults(strict, grant_toml(name="mild", kinds=[source])) if quantity_in(fault, quantity)]
    assert len(found) == ((kind, source) in PAIRS)
    if found:
        assert found[0].startswith(f"p: grant mild: kinds: {source} gives back the ")
        assert f'expected no {source}, or reveals = ["{quantity}"] to accept it' in found[0]
    accepted = grant_toml(name="mild", kinds=[source], more=f'reveals = ["{quantity}"]')
    assert not [fault for fault in faults(strict, accepted) if quantity_in(fault, quantity)]


def quantity_in(fault: str, quantity: str) -> bool:
    return f'reveals = ["{quantity}"]' in fault


@pytest.mark.parametrize("key", ["delay_s = 60.0", "ceiling_m = 500.0"])
def test_what_the_source_withholds_as_well_stays_withheld(key: str) -> None:
    launch, track = (grant_toml(name=kind, kinds=[kind], more=key) for kind in ("launch", "trajectory"))
    assert faults(launch, track) == []
    assert len(faults(launch, track.replace(key, ""))) == 1


def slow(kind: str, rate_hz: float) -> str:
    lines = grant_toml(name=kind, kinds=[kind], more="drop_sensor_identity = false")
    return lines.replace("rate_hz = 100.0", f"rate_hz = {rate_hz}")


@pytest.mark.parametrize(("kind", "source"), list(itertools.permutations(map(str, GRANTABLE), 2)))
def test_a_rate(kind: str, source: str) -> None:
    """A slow kind is given back by a faster one from which it can be worked out; the default rate withholds nothing."""
    assert bool(faults(slow(kind, 0.1), slow(source, 2.0))) == ((kind, source) in PAIRS)
    assert faults(slow(kind, 0.1), slow(source, 0.1)) == []
    assert faults(slow(kind, 2.0), slow(source, 100.0)) == []


@pytest.mark.parametrize("source", [str(kind) for kind in GRANTABLE])
def test_the_identity_of_sensors(source: str) -> None:
    """A measurement shows where it was made, and a sensor's status says its name."""
    track, named = grant_toml(name="t", kinds=["trajectory"]), "drop_sensor_identity = false"
    found = faults(track, grant_toml(name="s", kinds=[source], more=named))
    told = [fault for fault in found if "sensor identity that grant t drops" in fault]
    assert len(told) == (source in ("detection", "sensor_status"))
    found = faults(track, grant_toml(name="s", kinds=[source]))
    told = [fault for fault in found if "sensor identity that grant t drops" in fault]
    assert len(told) == (source == "detection")  # a status without a name says nothing, a site does
    assert faults(grant_toml(name="t", kinds=["trajectory"], more=named), grant_toml(name="s", kinds=[source])) == []


def test_one_grant_may_give_itself_back() -> None:
    (fault,) = faults(grant_toml(kinds=["launch", "trajectory"], more="coarsen_launch_m = 5000.0"))
    assert "trajectory gives back the launch point that grant g coarsens by 5000 m" in fault


def test_other_partners_and_realms_give_nothing_back() -> None:
    coarse = grant_toml(name="a", kinds=["launch"], more="coarsen_launch_m = 5000.0")
    for other in (grant_toml("USA", name="b"), grant_toml(name="b", realm="LIVE")):
        assert faults(coarse, other) == []


class TestOnward:
    COARSE = grant_toml("JPN", name="coarse", kinds=["launch"], more="coarsen_launch_m = 5000.0")

    def test_a_better_form_that_may_be_passed_on(self) -> None:
        exact = grant_toml("USA", name="exact", kinds=["launch"], more='onward = ["JPN"]')
        (fault,) = faults(self.COARSE, exact)
        assert fault.startswith("p: grant exact: onward: lets JPN have the launch point that grant coarse coarsens")

    def test_as_coarse_a_form_may(self) -> None:
        same = grant_toml("USA", name="s", kinds=["launch"], more='coarsen_launch_m = 5000.0\nonward = ["JPN"]')
        assert faults(self.COARSE, same) == []

    def test_or_to_others(self) -> None:
        exact = grant_toml("USA", name="exact", kinds=["launch"], more='onward = ["AUS"]')
        assert faults(self.COARSE, exact) == []


class TestNotes:
    """Two partners who compare what each was told."""

    def test_radii_that_are_near(self) -> None:
        first = grant_toml("JPN", name="a", kinds=["launch"], more="coarsen_launch_m = 10000.0")
        second = grant_toml("USA", name="b", kinds=["launch"], more="coarsen_launch_m = 12000.0")
        (fault,) = faults(first, second)
        assert fault.startswith("p: grant b: coarsen_launch_m: is near the 10000 m of grant a")

    @pytest.mark.parametrize("radius_m", [10_000.0, 5_000.0, 20_000.0, 50_000.0, 0.0])
    def test_radii_that_are_the_same_or_far(self, radius_m: float) -> None:
        first = grant_toml("JPN", name="a", kinds=["launch"], more="coarsen_launch_m = 10000.0")
        second = grant_toml("USA", name="b", kinds=["launch"], more=f"coarsen_launch_m = {radius_m}")
        assert faults(first, second) == []


def test_the_words_of_kinds_are_the_wires() -> None:
    assert all(Kind(kind) in GRANTABLE for kind in SOURCES)
    assert "reveals" in Grant.__struct_fields__
