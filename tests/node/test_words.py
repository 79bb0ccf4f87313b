"""Inputs survive the journal; effects have one digest; offers say what the OWN picture knows, and bodies come back."""

import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.fuse import Tracklet
from beaconfire.kernel import codec
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import ImpactBody, Kind, LaunchBody, TrajectoryBody
from beaconfire.kernel.records import (
    CLASSES,
    KINDS,
    PHASES,
    Detection,
    Ellipse,
    EventRevision,
    EventStatus,
    ImpactEstimate,
    LaunchEstimate,
    ObjectAssessment,
    Scan,
    TrackStatus,
    TrackUpdate,
)
from beaconfire.node import (
    Admit,
    ClockTrouble,
    ControlIn,
    Cut,
    Effect,
    EnvelopeIn,
    Genesis,
    Input,
    Join,
    KeyChange,
    Leave,
    Partner,
    PolicyLoad,
    Purge,
    Restart,
    Resume,
    ScanIn,
    Send,
    ShowAudit,
    ShowEvent,
    ShowLate,
    ShowTrack,
    Suspend,
    Tell,
    Tick,
    covariance_of,
    decode_input,
    digest,
    encode_input,
    event_offers,
    received_tracklet,
    trajectory_offer,
)

NOW_NS = 1_736_132_437 * 10**9
DETECTION = Detection(time_ns=NOW_NS, sensor_id="KOR-R1", range_m=4e5, azimuth_rad=0.1, elevation_rad=0.2)
INPUTS: list[Input] = [
    Genesis("KOR", Realm.EXERCISE, b"s", b"p", (Partner("JPN", b"k" * 32),), b"i" * 32, 7, "build 1"),
    ScanIn(Scan(NOW_NS, "KOR-R1", (DETECTION,))),
    Tick(),
    PolicyLoad(b"version = 1"),
    EnvelopeIn("JPN", b"e", b"s" * 64),
    ControlIn("JPN", b"c", b"s" * 64),
    ClockTrouble(False, 0.5),
    Restart(),
    Join(Partner("AUS", b"a" * 32), ("kim", "lee")),
    Suspend("JPN", ("kim",), "a drill"),
    Resume("JPN", b"", ("kim",)),
    Leave("JPN", ("kim", "lee"), "a treaty ends", NOW_NS + 10**9),
    KeyChange("JPN", b"n" * 32, ()),
]


def one_hot(names: tuple[str, ...], name: str) -> tuple[float, ...]:
    return tuple(1.0 if item == name else 0.0 for item in names)


def assessment(**changes: Any) -> ObjectAssessment:
    ellipse = Ellipse(semi_major_m=20e3, semi_minor_m=5e3, azimuth_deg=30.0)
    ring = ((136.0, 44.0), (137.0, 44.0), (137.0, 45.0), (136.0, 44.0))
    fields: dict[str, Any] = {
        "object_id": "KOR-E1-1",
        "track_ids": ("KOR-T1",),
        "time_ns": NOW_NS,
        "lost": False,
        "kinds": one_hot(KINDS, "ballistic"),
        "classes": one_hot(CLASSES, "IRBM"),
        "phases": one_hot(PHASES, "ballistic"),
        "launch": LaunchEstimate(
            time_ns=NOW_NS - 10**11, time_sigma_s=3.0, latitude_deg=39.2, longitude_deg=126.0, ellipse_95=ellipse
        ),
        "impact": ImpactEstimate(
            time_ns=NOW_NS + 10**11,
            time_sigma_s=4.0,
            latitude_deg=44.9,
            longitude_deg=136.9,
            ellipse_95=ellipse,
            footprint_95=(ring,),
            footprint_km2=4000.0,
        ),
        "impact_reason": None,
        "burnout_time_ns": None,
        "apogee_m": 1e5,
        "ground_range_m": 1.1e6,
    }
    return ObjectAssessment(**(fields | changes))


def event(**changes: Any) -> EventRevision:
    fields: dict[str, Any] = {
        "event_id": "KOR-E1",
        "revision": 4,
        "picture": "own",
        "issued_ns": NOW_NS,
        "status": EventStatus.CONFIRMED,
        "count_at_least": 1,
        "count_probability": 0.999,
        "objects": (assessment(),),
        "contributors": ("KOR",),
    }
    return EventRevision(**(fields | changes))


def track(**changes: Any) -> TrackUpdate:
    fields: dict[str, Any] = {
        "picture": "own",
        "track_id": "KOR-T1",
        "time_ns": NOW_NS,
        "status": TrackStatus.CONFIRMED,
        "mean": np.array([-3.0e6, 3.9e6, 4.1e6, -1000.0, 500.0, 1200.0, 0.0, 0.0, 0.0]),
        "covariance": np.eye(9),
        "modes": np.array([0.0, 1.0 + 2e-16, 0.0, 0.0]),
        "existence": 1.0,
        "first_time_ns": NOW_NS - 10**10,
        "last_measured_ns": NOW_NS,
        "sensors": ("KOR-R1",),
        "nations": ("KOR",),
    }
    return TrackUpdate(**(fields | changes))


@pytest.mark.parametrize("item", INPUTS, ids=lambda item: type(item).__name__)
def test_an_input_is_the_same_after_the_journal(item: Input) -> None:
    assert decode_input(encode_input(item)) == item
    assert encode_input(decode_input(encode_input(item))) == encode_input(item)


@given(st.binary(max_size=200))
def test_other_bytes_are_no_input(data: bytes) -> None:
    try:
        item = decode_input(data)
    except msgspec.DecodeError:
        return
    assert decode_input(encode_input(item)) == item


def test_every_effect_has_its_own_digest_and_order_counts() -> None:
    effects: list[Effect] = [
        Send("JPN", 1, 1, "launch", "x", "bf.x", b"bytes"),
        Send("JPN", 2, 1, "launch", "x", "bf.x", b"bytes"),
        Purge("JPN", 2),
        Tell("JPN", "suspend", "bf.x", b"bytes"),
        Tell("JPN", "suspend", "bf.x", b"other"),
        Cut("JPN", "suspended"),
        Cut("JPN", "left"),
        Admit("JPN", bytes(32)),
        Admit("JPN", b"n" * 32),
        ShowLate(NOW_NS, "JPN", "launch", "x", NOW_NS - 10**12, "late", b"body"),
        ShowLate(NOW_NS, "JPN", "launch", "x", NOW_NS - 10**12, "late", b"other"),
        ShowTrack(track()),
        ShowTrack(track(covariance=2 * np.eye(9))),
        ShowTrack(track(replaces="KOR-T0")),
        ShowEvent(event()),
        ShowEvent(event(revision=5)),
        ShowAudit(NOW_NS, "JPN", "launch", "x", "released", "rule", ""),
        ShowAudit(NOW_NS, "JPN", "launch", "x", "withheld", "rule", ""),
    ]
    digests = [digest([effect]) for effect in effects] + [digest([]), digest(effects[:2]), digest(effects[1::-1])]
    assert len(set(digests)) == len(digests)
    assert all(len(item) == 32 for item in digests)
    assert digest(effects) == digest(list(effects))


def test_a_tracklet_goes_out_and_comes_back() -> None:
    covariance = np.diag([1e4, 2e4, 3e4, 9e6, 9e6, 25.0])
    tracklet = Tracklet("KOR", "KOR-T1", b"b" * 16, NOW_NS, track().mean[:6], covariance, first=False)
    product = trajectory_offer(tracklet, track(), assessment())
    assert (product.kind, product.local_id, product.nations) == (Kind.TRAJECTORY, "KOR-T1", ("KOR",))
    assert (product.missile_class, product.object_kind, product.sensors) == ("IRBM", "ballistic", ("KOR-R1",))
    assert isinstance(product.body, TrajectoryBody)
    assert product.body.event == "KOR-E1-1"
    assert max(product.body.modes) == 1.0
    encoded = codec.decode(codec.encode(product.body), TrajectoryBody, where="w", limit=10_000)
    again = received_tracklet("KOR", encoded, where="w")
    np.testing.assert_array_equal(again.mean, tracklet.mean)
    assert np.all(np.linalg.eigvalsh(again.covariance - covariance) > -1e-3)  # what arrives covers what was meant
    np.testing.assert_allclose(again.covariance, covariance, rtol=1e-5, atol=1e-3 * 9e6)


def test_a_state_that_is_none_is_refused() -> None:
    tracklet = Tracklet("KOR", "KOR-T1", b"b" * 16, NOW_NS, track().mean[:6], np.eye(6), first=True)
    body = trajectory_offer(tracklet, track(), assessment()).body
    assert isinstance(body, TrajectoryBody)
    with pytest.raises(Refused):
        received_tracklet("KOR", msgspec.structs.replace(body, mean=np.full(6, np.nan).tobytes()), where="w")


def test_an_event_offers_launch_and_impact_of_each_object() -> None:
    second = assessment(object_id="KOR-E1-2", impact=None, impact_reason="lost")
    offers = list(event_offers(event(objects=(assessment(), second)), urgent=True))
    assert [(offer.kind, offer.local_id) for offer in offers] == [
        (Kind.LAUNCH, "KOR-E1-1"),
        (Kind.IMPACT, "KOR-E1-1"),
        (Kind.LAUNCH, "KOR-E1-2"),
    ]
    launch, impact = offers[0].body, offers[1].body
    assert isinstance(launch, LaunchBody)
    assert isinstance(impact, ImpactBody)
    assert (launch.latitude_deg, launch.time_sigma_s, launch.status) == (39.2, 3.0, EventStatus.CONFIRMED)
    assert (impact.longitude_deg, impact.reason) == (136.9, "")
    assert codec.unpack_rings(impact.footprint, where="w")[0][0] == (136.0, 44.0)
    assert all(offer.urgent and offer.time_ns == NOW_NS for offer in offers)


def test_a_reachable_set_has_no_point() -> None:
    impact = ImpactEstimate(
        time_ns=None, time_sigma_s=None, latitude_deg=None, longitude_deg=None, ellipse_95=None,
        footprint_95=(((136.0, 44.0), (137.0, 44.0), (137.0, 45.0), (136.0, 44.0)),), footprint_km2=1.0,
    )  # fmt: skip
    objects = (assessment(launch=None, impact=impact, impact_reason="reachable_set"),)
    (offer,) = event_offers(event(objects=objects), urgent=False)
    assert isinstance(offer.body, ImpactBody)
    assert (offer.body.latitude_deg, offer.body.covariance_m2, offer.body.reason) == (None, None, "reachable_set")


@given(st.floats(1.0, 1e6), st.floats(0.01, 1.0), st.floats(0.0, 180.0))
def test_an_ellipse_and_its_covariance_say_the_same(major_m: float, ratio: float, azimuth_deg: float) -> None:
    ee, en, nn = covariance_of(Ellipse(semi_major_m=major_m, semi_minor_m=major_m * ratio, azimuth_deg=azimuth_deg))
    values, vectors = np.linalg.eigh(np.array([[ee, en], [en, nn]]))
    np.testing.assert_allclose(np.sqrt(values * 5.991), [major_m * ratio, major_m], rtol=1e-6)
    if ratio < 0.9:
        east, north = vectors[:, 1]
        turned = (math.degrees(math.atan2(east, north)) - azimuth_deg + 90.0) % 180.0 - 90.0
        assert abs(turned) < 1e-3
