"""Obligations act on the values: offsets fixed and within their disc, covariances that cover, names keyed.

Oracles: `geographiclib` for the displacement, the disc's second moments and the χ² ellipse for the covering.
"""

import math
from typing import Any

import msgspec
import pytest
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel import codec
from beaconfire.kernel.products import Kind, LaunchBody, TrajectoryBody
from beaconfire.release import Grant, Redactor, parse_policy
from beaconfire.release.coarsen import displace
from tests.exchange import SECRET, grant_toml, launch_body, policy_toml, product, trajectory_body, withdrawal

RADIUS_M = 10_000.0
SPHERE_TOLERANCE = 0.006  # the sphere of the mean radius against the ellipsoid: 0.34 % of a distance, with room
REDACTOR = Redactor(SECRET)


def grant(partner: str = "JPN", more: str = f'coarsen_launch_m = {RADIUS_M}\nreveals = ["launch_point"]') -> Grant:
    return parse_policy(policy_toml(grant_toml(partner, more=more)), where="p").grants[0]


def coarse(number: int = 1, partner: str = "JPN", event_id: str = "", **changes: Any) -> LaunchBody:
    body = launch_body(event=f"KOR-E{number}", **changes)
    made, applied = REDACTOR.redact(product(Kind.LAUNCH, body=body, event_id=event_id), grant(partner))
    assert applied == ("coarsen_launch_m=10000",)
    assert isinstance(made, LaunchBody)
    return made


def offset_m(body: LaunchBody, of: LaunchBody | None = None) -> tuple[float, float]:
    true = of or launch_body()
    line = Geodesic.WGS84.Inverse(true.latitude_deg, true.longitude_deg, body.latitude_deg, body.longitude_deg)
    angle = math.radians(line["azi1"])
    return line["s12"] * math.sin(angle), line["s12"] * math.cos(angle)


class TestCoarsening:
    def test_the_point_moves_within_the_disc(self) -> None:
        distances = [math.hypot(*offset_m(coarse(number))) for number in range(200)]
        assert max(distances) <= RADIUS_M * (1.0 + SPHERE_TOLERANCE)
        assert max(distances) > 0.9 * RADIUS_M
        assert sum(distance < RADIUS_M / 2 for distance in distances) == pytest.approx(
            50, abs=25
        )  # a quarter of the area

    def test_it_is_the_same_in_every_revision(self) -> None:
        """A million revisions average to the offset, never to the launch point."""
        first = coarse(latitude_deg=39.2, covariance_m2=(4e6, 0.0, 4e6))
        later = coarse(latitude_deg=39.25, covariance_m2=(1e6, 0.0, 1e6))
        moved = [offset_m(body, launch_body(latitude_deg=lat)) for body, lat in ((first, 39.2), (later, 39.25))]
        assert moved[0] == pytest.approx(moved[1], abs=50.0)

    def test_it_differs_by_event_and_radius(self) -> None:
        """Partners of one radius share it: pooled they know no more than one of them (docs/decisions/0016)."""
        offsets = [offset_m(coarse(number, partner)) for number in (1, 2) for partner in ("JPN", "USA")]
        assert offsets[0] == offsets[1] != offsets[2] == offsets[3]
        body = launch_body(event="KOR-E1")
        wider, _ = REDACTOR.redact(
            product(Kind.LAUNCH, body=body), grant(more='coarsen_launch_m = 20000.0\nreveals = ["launch_point"]')
        )
        assert isinstance(wider, LaunchBody)
        assert math.atan2(*offset_m(wider)) != pytest.approx(math.atan2(*offsets[0]), abs=1e-3)

    def test_the_objects_of_one_salvo_share_it(self) -> None:
        """Else seven launches of one place would average the offset away."""
        offsets = [offset_m(coarse(number, event_id="KOR-E9")) for number in range(7)]
        assert all(offset == pytest.approx(offsets[0], abs=1e-6) for offset in offsets)

    def test_another_secret_gives_another_offset(self) -> None:
        other, _ = Redactor(bytes(32)).redact(product(Kind.LAUNCH), grant())
        assert isinstance(other, LaunchBody)
        assert offset_m(other) != pytest.approx(offset_m(coarse()), abs=1.0)

    def test_the_covariance_grows_by_the_second_moment_of_the_disc(self) -> None:
        made = coarse(covariance_m2=(4e6, 1e6, 9e6))
        quarter = RADIUS_M**2 / 4.0
        assert made.covariance_m2 == (4e6 + quarter, 1e6, 9e6 + quarter)
        assert made.coarsened_m == RADIUS_M

    def test_the_95_percent_ellipse_holds_the_whole_disc(self) -> None:
        """Even for an estimate that is exact: √5.991 R/2 = 1.22 R."""
        ee, _, _ = coarse(covariance_m2=(1.0, 0.0, 1.0)).covariance_m2
        assert math.sqrt(5.991 * ee) > RADIUS_M * (1.0 + SPHERE_TOLERANCE)

    def test_no_coarsening_leaves_the_point(self) -> None:
        made, applied = REDACTOR.redact(product(Kind.LAUNCH), grant(more=""))
        assert applied == ()
        assert msgspec.structs.replace(made, event="KOR-E1") == launch_body()

    @given(st.floats(-90.0, 90.0), st.floats(-180.0, 180.0), st.floats(-2e4, 2e4), st.floats(-2e4, 2e4))
    def test_displacement_against_the_geodesic(self, lat: float, lon: float, east: float, north: float) -> None:
        """Everywhere, poles and antimeridian included, the distance is right to the flattening."""
        got_lat, got_lon = displace(lat, longitude_deg=lon, east_m=east, north_m=north)
        assert -90.0 <= got_lat <= 90.0
        assert -180.0 <= got_lon <= 180.0
        distance = Geodesic.WGS84.Inverse(lat, lon, got_lat, got_lon)["s12"]
        assert distance == pytest.approx(math.hypot(east, north), rel=SPHERE_TOLERANCE, abs=0.2)

    def test_displacement_has_directions(self) -> None:
        east = displace(40.0, longitude_deg=130.0, east_m=1000.0, north_m=0.0)
        north = displace(40.0, longitude_deg=130.0, east_m=0.0, north_m=1000.0)
        assert east[1] > 130.0
        assert east[0] == pytest.approx(40.0, abs=1e-4)
        assert north[0] > 40.0
        assert north[1] == pytest.approx(130.0, abs=1e-12)


class TestIdentity:
    def test_names_of_sensors_are_dropped(self) -> None:
        made, applied = REDACTOR.redact(product(), grant())
        assert isinstance(made, TrajectoryBody)
        assert made.sensors == ()
        assert applied == ("drop_sensor_identity",)

    def test_or_kept_where_granted(self) -> None:
        made, applied = REDACTOR.redact(product(), grant(more="drop_sensor_identity = false"))
        assert isinstance(made, TrajectoryBody)
        assert made.sensors == ("KOR-R1", "KOR-R2")
        assert applied == ()

    @pytest.mark.parametrize("kind", [Kind.LAUNCH, Kind.TRAJECTORY, Kind.IMPACT])
    def test_redaction_is_what_crosses(self, kind: Kind) -> None:
        """No own name is anywhere in the bytes."""
        data = codec.encode(REDACTOR.redact(product(kind), grant())[0])
        for name in (b"KOR-T1", b"KOR-E1", b"KOR-R1", b"KOR-R2"):
            assert name not in data

    def test_state_and_batch_ids_cross_as_they_are(self) -> None:
        made, _ = REDACTOR.redact(product(), grant())
        assert isinstance(made, TrajectoryBody)
        body = trajectory_body()
        same = ("time_ns", "first_time_ns", "mean", "factor", "first", "status", "modes", "batch_id", "provenance")
        assert all(getattr(made, name) == getattr(body, name) for name in same)

    def test_names_fit_together_over_kinds(self) -> None:
        launch, impact, track = (
            REDACTOR.redact(product(kind), grant())[0] for kind in (Kind.LAUNCH, Kind.IMPACT, Kind.TRAJECTORY)
        )
        assert launch.event == impact.event == track.event  # type: ignore[union-attr]
        gone, _ = REDACTOR.redact(withdrawal(Kind.TRAJECTORY, "KOR-T1"), grant())
        assert gone.id == track.track  # type: ignore[union-attr]

    def test_a_track_without_an_event_has_none(self) -> None:
        made, _ = REDACTOR.redact(product(body=trajectory_body(event="")), grant())
        assert isinstance(made, TrajectoryBody)
        assert made.event == ""
