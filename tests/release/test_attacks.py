"""Partners who work out of what they are given what was withheld: by averaging, joining, pooling, counting.

Each attack runs on what really crosses, decoded from the released bytes, against the truth that the node knows.
"""

import math
import random
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from geographiclib.geodesic import Geodesic
from pymap3d import ecef2geodetic, enu2uvw, geodetic2ecef

from beaconfire.kernel import codec, wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Body, ImpactBody, Kind, LaunchBody, Product, Released, TrajectoryBody
from beaconfire.kernel.time import NS_PER_S
from beaconfire.release import Releaser
from tests.exchange import (
    NOW_NS,
    SECRET,
    envelope,
    grant_toml,
    impact_body,
    launch_body,
    policy_toml,
    product,
    releaser,
    trajectory_body,
)

RADIUS_M = 10_000.0
TRUE = (39.2, 126.0)


def given(made: Releaser, offered: Product, partner: str = "JPN", *, second: float = 0.0) -> Body | None:
    """What a partner has in hand of one product, or None."""
    decision = made.decide(offered, partner, now_ns=NOW_NS + round(second * NS_PER_S))
    if not isinstance(decision, Released):
        return None
    inner = wire.decode_release(envelope(content=decision.release, kind=decision.kind))
    return wire.decode_body(inner.kind, inner.body)


def launch(number: int = 1, *, revision: int = 1, noise: tuple[float, float] = (0.0, 0.0), **changes: Any) -> Product:
    """A launch at `TRUE` as an estimate of it says, `noise` degrees off."""
    point = (TRUE[0] + noise[0], TRUE[1] + noise[1])
    body = launch_body(
        event=f"KOR-E{number}", latitude_deg=point[0], longitude_deg=point[1], covariance_m2=(1e4, 0.0, 1e4), **changes
    )
    return product(Kind.LAUNCH, number=number, revision=revision, body=body, event_id=f"KOR-E{number}", urgent=True)


def error_m(point: Sequence[float], true: Sequence[float] = TRUE) -> float:
    return float(Geodesic.WGS84.Inverse(point[0], point[1], true[0], true[1])["s12"])


def metres(point: Sequence[float]) -> np.ndarray:
    """East and north of the truth."""
    east_m = (point[1] - TRUE[1]) * 111_195.0 * math.cos(math.radians(TRUE[0]))
    return np.array([east_m, (point[0] - TRUE[0]) * 111_195.0])


def mean(points: Sequence[Sequence[float]]) -> tuple[float, float]:
    return statistics.fmean(point[0] for point in points), statistics.fmean(point[1] for point in points)


def place(body: Body | None) -> tuple[float, float]:
    assert isinstance(body, LaunchBody | ImpactBody)
    assert body.latitude_deg is not None
    assert body.longitude_deg is not None
    return body.latitude_deg, body.longitude_deg


class TestAveraging:
    def test_a_coarsened_point_over_a_thousand_revisions(self) -> None:
        """The mean of all revisions is the mean estimate moved by the same vector: as far off as one revision."""
        chance = random.Random(1)
        errors = []
        for event in range(30):
            made = releaser(policy_toml(grant_toml(kinds=["launch"], more=f"coarsen_launch_m = {RADIUS_M}")))
            noisy = [(chance.gauss(0.0, 0.005), chance.gauss(0.0, 0.005)) for _ in range(30)]
            told = [place(given(made, launch(event, noise=one), second=step)) for step, one in enumerate(noisy)]
            errors.append(error_m(mean(told)))
        # Uniform in the disc: RMS R/√2 = 7,071 m; the noise adds 550 m / √30. Thirty events: ±10 %, and 2 σ.
        assert math.sqrt(statistics.fmean(error**2 for error in errors)) == pytest.approx(
            RADIUS_M / math.sqrt(2), rel=0.25
        )

    @pytest.mark.parametrize("sigma_meshes", [0.02, 0.2, 0.5])
    def test_a_rounded_point_over_many_revisions(self, sigma_meshes: float) -> None:
        """Plain rounding would dither: noise of half a mesh averages to the truth. A cell that is kept does not."""
        mesh_m, chance = 5_000.0, random.Random(2)
        sigma_deg = sigma_meshes * mesh_m / 111_195.0
        kept, plain = [], []
        for event in range(40):
            made = releaser(policy_toml(grant_toml(kinds=["launch"], more=f"round_m = {mesh_m}")))
            noisy = [(chance.gauss(0.0, sigma_deg), chance.gauss(0.0, sigma_deg)) for _ in range(60)]
            told = [place(given(made, launch(event, noise=one), second=step)) for step, one in enumerate(noisy)]
            kept.append(error_m(mean(told)))
            step_deg = mesh_m / 111_195.0
            grid = [tuple(round((TRUE[axis] + one[axis]) / step_deg) * step_deg for axis in (0, 1)) for one in noisy]
            plain.append(error_m(mean(grid)))
        uniform_m = mesh_m / math.sqrt(6.0)  # the RMS of a point in a cell, both axes
        assert math.sqrt(statistics.fmean(error**2 for error in kept)) > 0.6 * uniform_m
        if sigma_meshes == 0.5:  # the attack is real: it works on what this house does not do
            assert math.sqrt(statistics.fmean(error**2 for error in plain)) < 0.4 * uniform_m

    def test_an_impact_point_hides_in_no_footprint(self) -> None:
        """The footprint moves with its point: its middle gives back nothing."""
        made = releaser(policy_toml(grant_toml(kinds=["impact"], more="round_m = 20000.0")))
        true, ring = (43.0, 150.0), [(149.0, 42.0), (151.0, 42.0), (151.0, 44.0), (149.0, 44.0), (149.0, 42.0)]
        body = impact_body(latitude_deg=true[0], longitude_deg=true[1], footprint=codec.pack_rings([ring]))
        crossed = given(made, product(Kind.IMPACT, body=body))
        assert isinstance(crossed, ImpactBody)
        (told_ring,) = codec.unpack_rings(crossed.footprint, where="p")
        corners = np.array(told_ring[:-1])
        middle = (float(corners[:, 1].mean()), float(corners[:, 0].mean()))
        assert error_m(middle, place(crossed)) < 4_000.0
        assert min(error_m(middle, true), error_m(place(crossed), true)) > 1_000.0

    def test_a_ceiling_is_of_the_sum_of_tracklets(self) -> None:
        """Tracklets add up: a hundred of 1 km each make 100 m. The ceiling looks at the track behind, not at one."""
        made = releaser(policy_toml(grant_toml(kinds=["trajectory"], more="ceiling_m = 500.0")))
        factor = codec.pack_covariance(np.diag([1e6, 1e6, 1e6, 1e4, 1e4, 1e4]))
        crossed = 0
        for number in range(100):
            known_m = 1_000.0 / math.sqrt(number + 1)
            body = trajectory_body(factor=factor, time_ns=NOW_NS + number * NS_PER_S)
            offered = product(body=body, time_ns=NOW_NS + number * NS_PER_S, known_m=known_m)
            crossed += given(made, offered, second=number) is not None
        assert 1_000.0 / math.sqrt(crossed) >= 500.0


class TestJoining:
    def test_a_trajectory_gives_a_launch_point_back(self) -> None:
        """Why `policy check` refuses the two together: early tracklets, run back to the ground, beat the coarsening."""
        made = releaser(policy_toml(grant_toml(more=f'coarsen_launch_m = {RADIUS_M}\nreveals = ["launch_point"]')))
        up, along = (np.array(enu2uvw(*axis, *TRUE)) for axis in ((0.0, 0.0, 1.0), (0.64, 0.77, 0.0)))
        start = np.array(geodetic2ecef(*TRUE, 0.0))
        told = []
        for second in (30.0, 35.0, 40.0):  # of a burn that goes up at 10 m/s² and turns over at 3 m/s²
            position = start + up * 5.0 * second**2 + along * 1.5 * second**2
            velocity = up * 10.0 * second + along * 3.0 * second
            body = trajectory_body(
                mean=codec.pack_state(np.concatenate([position, velocity])), time_ns=NOW_NS + int(second) * NS_PER_S
            )
            crossed = given(made, product(body=body, time_ns=body.time_ns, urgent=True), second=second)
            assert isinstance(crossed, TrajectoryBody)
            told.append((second, codec.unpack_state(crossed.mean, where="p")))
        # The attacker fits a constant acceleration and asks where the velocity was zero.
        (first_s, first), (last_s, last) = told[0], told[-1]
        acceleration = (last[3:] - first[3:]) / (last_s - first_s)
        back_s = float(np.linalg.norm(first[3:]) / np.linalg.norm(acceleration))
        origin = first[:3] - first[3:] * back_s + 0.5 * acceleration * back_s**2
        found = ecef2geodetic(*origin)
        assert error_m((float(found[0]), float(found[1]))) < 1_000.0
        assert error_m(place(given(made, launch(), second=50.0))) > 1_000.0

    def test_without_it_launch_and_impact_do_not(self) -> None:
        """What is left is a point off by the offset, and a place far away that no range ties to it."""
        made = releaser(policy_toml(grant_toml(kinds=["launch", "impact"], more=f"coarsen_launch_m = {RADIUS_M}")))
        crossed = given(made, launch(7))
        assert isinstance(crossed, LaunchBody)
        assert crossed.coarsened_m == RADIUS_M
        assert given(made, product(Kind.IMPACT, number=7)) is not None
        assert error_m(place(crossed)) > 1_000.0


class TestPooling:
    """Partners put together what each was told of the same events."""

    @staticmethod
    def policy(*radii_m: float) -> bytes:
        partners = ("JPN", "USA", "AUS", "GBR")
        return policy_toml(
            *(
                grant_toml(partner, name=partner, kinds=["launch"], more=f"coarsen_launch_m = {radius_m}")
                for partner, radius_m in zip(partners, radii_m, strict=False)
            )
        )

    def test_equal_radii_tell_one_point(self) -> None:
        made = releaser(self.policy(RADIUS_M, RADIUS_M, RADIUS_M, RADIUS_M))
        for event in range(20):
            told = {place(given(made, launch(event), partner)) for partner in ("JPN", "USA", "AUS", "GBR")}
            assert len(told) == 1

    @pytest.mark.parametrize(("count", "least"), [(2, 0.80), (4, 0.71)])
    def test_a_ladder_of_radii_adds_little(self, count: int, least: float) -> None:
        """The best attacker knows that the truth lies in every disc at once and takes the middle of what is left.

        The RMS error is then 0.87 of the finest point's for two radii, 0.79 for four (a calculation with 1,500 draws;
        here 300 events, 2 σ are ±0.07). Two partners with offsets of their own and one radius would reach 0.71.
        """
        radii_m = [RADIUS_M * 2**number for number in range(count)]
        partners = ("JPN", "USA", "AUS", "GBR")[:count]
        made = releaser(self.policy(*radii_m))
        disc = np.random.default_rng(4).normal(size=(4_000, 2))
        disc *= (RADIUS_M * np.random.default_rng(5).random(4_000) ** 0.5 / np.hypot(*disc.T))[:, None]
        alone, pooled = [], []
        for event in range(300):
            told = [metres(place(given(made, launch(event), partner))) for partner in partners]
            places = told[0] + disc
            inside = [np.hypot(*(places - one).T) <= radius_m for one, radius_m in zip(told, radii_m, strict=True)]
            left = places[np.logical_and.reduce(inside)]
            alone.append(float(np.hypot(*told[0])))
            pooled.append(float(np.hypot(*(left.mean(axis=0) if len(left) else told[0]))))
        ratio = math.sqrt(statistics.fmean(one**2 for one in pooled) / statistics.fmean(one**2 for one in alone))
        assert least < ratio < 0.95

    def test_names_of_one_partner_mean_nothing_to_another(self) -> None:
        made = releaser(self.policy(RADIUS_M, RADIUS_M))
        names = set()
        for partner in ("JPN", "USA"):
            crossed = given(made, launch(), partner)
            assert isinstance(crossed, LaunchBody)
            names.add(crossed.event)
        assert len(names) == 2


class TestCounting:
    """A partner counts what it gets, to find out what it does not get."""

    KOR_MAIN = grant_toml(more='sensors = ["KOR-R1", "KOR-R2"]')

    @staticmethod
    def stream(hidden: bool) -> list[Product]:
        shown: list[Product] = []
        for number in range(12):
            if hidden:  # of another compartment, of a sensor and of nations that are not granted
                shown.append(product(number=100 + number, time_ns=at(number), compartments=("east",)))
                shown.append(product(Kind.LAUNCH, number=200 + number, sensors=("KOR-R9",)))
                shown.append(product(number=300 + number, time_ns=at(number), nations=("KOR", "USA")))
            shown.append(product(number=number % 3, time_ns=at(number), urgent=True))
            shown.append(product(Kind.LAUNCH, number=number % 3, revision=number, time_ns=at(number), urgent=True))
        return shown

    def test_what_is_withheld_leaves_no_trace(self) -> None:
        """The bytes a partner gets are the same to the last bit whether or not there is more: ids, revisions, all."""
        transcripts = []
        for hidden in (False, True):
            made = releaser(policy_toml(self.KOR_MAIN))
            decisions = [made.decide(one, "JPN", now_ns=NOW_NS) for one in self.stream(hidden)]
            transcripts.append([one.release for one in decisions if isinstance(one, Released)])
        assert transcripts[0] == transcripts[1]
        assert len(transcripts[0]) == 24

    def test_revisions_are_counted_for_the_partner_alone(self) -> None:
        made = releaser(policy_toml(self.KOR_MAIN, grant_toml("USA", name="u")))
        for number in range(5):
            made.decide(product(Kind.LAUNCH, revision=number, urgent=True), "USA", now_ns=NOW_NS)
        decision = made.decide(product(Kind.LAUNCH, revision=9, urgent=True), "JPN", now_ns=NOW_NS)
        assert isinstance(decision, Released)
        assert wire.decode_release(envelope(content=decision.release, kind=decision.kind)).revision == 1

    def test_a_salvo_of_which_some_objects_are_granted(self) -> None:
        """The event says seven objects; a partner that may have the IRBMs only is told of as many as it has."""
        made = releaser(policy_toml(grant_toml(kinds=["launch"], more='classes = ["IRBM"]')))
        counts = []
        for number in range(7):
            body = launch_body(event=f"KOR-E{number}", count_at_least=7)
            missile_class = "IRBM" if number in (1, 4) else "SRBM"
            crossed = given(
                made, product(Kind.LAUNCH, number=number, body=body, event_id="KOR-V1", missile_class=missile_class)
            )
            if crossed is not None:
                assert isinstance(crossed, LaunchBody)
                counts.append(crossed.count_at_least)
        assert counts == [1, 2]

    def test_the_hash_of_a_view_changes_with_that_view_alone(self) -> None:
        secret = [Releaser(nation="KOR", realm=Realm.EXERCISE, secret=SECRET) for _ in range(2)]
        secret[0].load(policy_toml(self.KOR_MAIN), where="p")
        secret[1].load(policy_toml(self.KOR_MAIN, grant_toml("USA", name="u")), where="p")
        views = [next(one.view for one in made.overview(now_ns=NOW_NS) if one.partner == "JPN") for made in secret]
        assert views[0] == views[1]


def at(seconds: float) -> int:
    return NOW_NS + round(seconds * NS_PER_S)
