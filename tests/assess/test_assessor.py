"""The door: events of whole flights, with truth from elsewhere and a plain filter in front."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pytest

from beaconfire.assess import Assessor
from beaconfire.kernel.products import ImpactBody, LaunchBody, PartnerAdvice
from beaconfire.kernel.records import (
    CLASSES,
    KINDS,
    EventRevision,
    EventStatus,
    PictureName,
    TrackStatus,
    TrackUpdate,
)
from beaconfire.kernel.time import from_seconds
from beaconfire.rehearse.truth.place import ground_range_m
from tests.assess.flights import (
    SITE_DEG,
    START_NS,
    flight,
    interleaved,
    lost,
    measurement,
    states,
    steps,
    watch,
)

SRBM = ("srbm_solid", 400e3, 100e3)
MRBM = ("mrbm_solid", 1500e3, 400e3)


def seen(
    case: tuple[str, float, float],
    start_s: float,
    end_s: float | None = None,
    *,
    seed: int = 1,
    track_id: str = "T1",
    picture: PictureName = "own",
    offset_s: float = 0.0,
    ids: str = "R1",
    period_s: float = 1.0,
) -> tuple[TrackUpdate, ...]:
    path = flight(*case).path
    times_s = steps(start_s, min(end_s or path.end_s - 1.0, path.end_s - 1.0), period_s)
    return watch(
        states(path, times_s), times_s, seed=seed, track_id=track_id, picture=picture, offset_s=offset_s, ids=ids
    ).updates


def played(
    assessor: Assessor, updates: Iterable[TrackUpdate], *, tail_s: int = 0, tick_s: float = 1.0
) -> list[EventRevision]:
    """Feed updates in order with a tick each second, then `tail_s` seconds of ticks."""
    revisions: list[EventRevision] = []
    now_ns = 0
    for update in updates:
        while now_ns and now_ns + from_seconds(tick_s) < update.time_ns:
            now_ns += from_seconds(tick_s)
            revisions += assessor.tick(now_ns)
        now_ns = max(now_ns, update.time_ns)
        revisions += assessor.update([update], now_ns=now_ns)
    for _ in range(tail_s):
        now_ns += from_seconds(1.0)
        revisions += assessor.tick(now_ns)
    return revisions


def fresh() -> Assessor:
    return Assessor(nation="KOR", id_prefix="KOR-E")


def events_of(revisions: list[EventRevision]) -> list[str]:
    return list(dict.fromkeys(revision.event_id for revision in revisions))


def test_a_launch_becomes_one_event_suspected_confirmed_lost_closed() -> None:
    updates = seen(SRBM, 20.0, 300.0)
    revisions = played(fresh(), (*updates, lost(updates[-1], 6.0)), tail_s=400)
    assert events_of(revisions) == ["KOR-E1"]
    order = list(dict.fromkeys(revision.status for revision in revisions))
    assert order in (
        [EventStatus.SUSPECTED, EventStatus.CONFIRMED, EventStatus.LOST, EventStatus.CLOSED],
        [EventStatus.CONFIRMED, EventStatus.LOST, EventStatus.CLOSED],
    )
    assert [revision.revision for revision in revisions] == list(range(1, len(revisions) + 1))
    assert revisions[-1].status == EventStatus.CLOSED
    first_s = (revisions[0].issued_ns - updates[0].time_ns) / 1e9
    assert first_s < 20.0  # warning time counts


def test_the_last_word_on_a_launch_is_true() -> None:
    updates = seen(SRBM, 20.0)
    last = played(fresh(), (*updates, lost(updates[-1], 6.0)), tail_s=300)[-1].objects[0]
    flown = flight(*SRBM)
    assert last.launch is not None
    assert last.impact is not None
    assert last.impact.latitude_deg is not None
    assert last.impact.longitude_deg is not None
    assert ground_range_m((last.launch.latitude_deg, last.launch.longitude_deg), SITE_DEG) < 5e3
    assert last.launch.time_ns == pytest.approx(START_NS, abs=from_seconds(8.0))
    assert ground_range_m((last.impact.latitude_deg, last.impact.longitude_deg), flown.impact_deg) < 5e3
    assert last.apogee_m == pytest.approx(100e3, rel=0.02)
    assert last.ground_range_m == pytest.approx(400e3, abs=8e3)
    assert last.burnout_time_ns == pytest.approx(START_NS + from_seconds(flown.burnouts_s[-1]), abs=from_seconds(5.0))
    assert CLASSES[int(np.argmax(last.classes))] == "SRBM"
    assert KINDS[int(np.argmax(last.kinds))] == "ballistic"
    assert last.kinds[KINDS.index("glide")] <= 0.1


def test_while_boosting_there_is_a_footprint_and_no_point() -> None:
    revisions = played(fresh(), seen(MRBM, 30.0, 85.0))
    assert revisions
    for revision in revisions:
        (assessed,) = revision.objects
        assert assessed.impact_reason == "boosting"
        assert assessed.impact is not None
        assert assessed.impact.latitude_deg is None
        assert assessed.impact.ellipse_95 is None
        assert assessed.impact.footprint_km2 > 1e3


def test_revisions_come_about_once_a_second() -> None:
    revisions = played(fresh(), seen(SRBM, 20.0, 120.0, period_s=0.1))
    quiet = [r for r in revisions if r.status == EventStatus.CONFIRMED]
    per_s = len(quiet) / ((quiet[-1].issued_ns - quiet[0].issued_ns) / 1e9)
    assert per_s < 1.3


def straight(
    *, altitude_m: float, speed_m_s: float, climb_m_s: float, seed: int, gravity_free: bool
) -> list[TrackUpdate]:
    """Two minutes along the meridian, level or as told; held up by lift unless `gravity_free`."""
    times_s = steps(0.0, 120.0)
    rows = np.zeros((times_s.size, 9))
    up, north = np.array([-0.45, 0.63, 0.63]), np.array([0.37, -0.51, 0.77])
    rows[:, :3] = (6371e3 + altitude_m + climb_m_s * times_s)[:, None] * up + (speed_m_s * times_s)[:, None] * north
    rows[:, 3:6] = speed_m_s * north + climb_m_s * up
    rows[:, 6:] = 0.0 if gravity_free else 9.8 * up
    return list(watch(rows, times_s, seed=seed).updates)


@pytest.mark.parametrize("altitude_m", [2e3, 18e3])
@pytest.mark.parametrize("speed_m_s", [70.0, 250.0, 600.0])
@pytest.mark.parametrize("climb_m_s", [-20.0, 20.0])
def test_aircraft_never_open_an_event(altitude_m: float, speed_m_s: float, climb_m_s: float) -> None:
    for seed in range(2):
        updates = straight(
            altitude_m=altitude_m, speed_m_s=speed_m_s, climb_m_s=climb_m_s, seed=seed, gravity_free=False
        )
        assert played(fresh(), updates) == []


def orbiting(seed: int) -> list[TrackUpdate]:
    """A circular orbit at 600 km, in the plane of a meridian, seen for two minutes."""
    r, times_s = 6971e3, steps(0.0, 120.0)
    rate = (3.986004418e14 / r**3) ** 0.5
    turn = rate * times_s + 0.6
    spin = 7.292115e-5 * times_s
    inertial = r * np.stack((np.cos(turn), np.zeros_like(turn), np.sin(turn)), axis=1)
    speed = r * rate * np.stack((-np.sin(turn), np.zeros_like(turn), np.cos(turn)), axis=1)
    rows = np.zeros((times_s.size, 9))
    c, s = np.cos(spin), np.sin(spin)
    rows[:, 0], rows[:, 1] = c * inertial[:, 0], -s * inertial[:, 0]
    rows[:, 2] = inertial[:, 2]
    rows[:, 3] = c * speed[:, 0] + 7.292115e-5 * rows[:, 1]
    rows[:, 4] = -s * speed[:, 0] - 7.292115e-5 * rows[:, 0]
    rows[:, 5] = speed[:, 2]
    return list(watch(rows, times_s, seed=seed).updates)


@pytest.mark.parametrize("seed", range(5))
def test_satellites_never_open_an_event(seed: int) -> None:
    assert played(fresh(), orbiting(seed)) == []


@pytest.mark.parametrize("seed", range(3))
def test_meteors_never_open_an_event(seed: int) -> None:
    updates = [
        replace(update, modes=np.array([0.02, 0.9, 0.05, 0.03]))
        for update in straight(altitude_m=110e3, speed_m_s=15e3, climb_m_s=-600.0, seed=seed, gravity_free=True)[:60]
    ]
    assert played(fresh(), updates) == []


def test_a_tentative_track_opens_nothing() -> None:
    updates = [replace(update, status=TrackStatus.TENTATIVE) for update in seen(SRBM, 20.0, 100.0)]
    assert played(fresh(), updates) == []


SALVO_S = (0.0, 85.0, 175.0, 260.0, 355.0, 445.0, 550.0)


def salvo(picture: PictureName = "own") -> list[TrackUpdate]:
    tracks = []
    for number, offset_s in enumerate(SALVO_S):
        updates = seen(
            SRBM, 20.0, seed=number, track_id=f"T{number}", picture=picture, offset_s=offset_s, ids=f"R{number}",
            period_s=2.0,
        )  # fmt: skip
        tracks.append((*updates, lost(updates[-1], 5.0), lost(updates[-1], 60.0, ended=True)))
    return list(interleaved(*tracks))


def test_a_salvo_of_seven_is_one_event_that_counts_to_seven_and_never_eight() -> None:
    revisions = played(fresh(), salvo(), tail_s=200)
    assert events_of(revisions) == ["KOR-E1"]
    counts = [revision.count_at_least for revision in revisions]
    assert counts == sorted(counts)
    assert counts[-1] == 7
    assert len(revisions[-1].objects) == 7
    assert revisions[-1].count_probability >= 0.95
    assert revisions[-1].status == EventStatus.CLOSED


def test_a_track_that_breaks_is_no_eighth_object() -> None:
    updates = []
    for update in salvo():
        if update.track_id == "T3" and update.time_ns > START_NS + from_seconds(260.0 + 120.0):
            update = replace(update, track_id="T3b")
        updates.append(update)
    broken = [u for u in updates if u.track_id == "T3"][-1]
    end = replace(lost(broken, 3.0), time_ns=broken.time_ns + from_seconds(0.5))
    revisions = played(fresh(), interleaved(tuple(updates), (end,)), tail_s=200)
    assert max(revision.count_at_least for revision in revisions) == 7
    assert events_of(revisions) == ["KOR-E1"]
    assert any(set(one.track_ids) == {"T3", "T3b"} for one in revisions[-1].objects)


def test_a_replacing_track_takes_the_object_over() -> None:
    first = seen(SRBM, 20.0, 100.0)
    second = [
        replace(update, replaces="T1" if number == 0 else None)
        for number, update in enumerate(seen(SRBM, 100.0, 200.0, seed=2, track_id="T2"))
    ]
    revisions = played(fresh(), (*first, *second))
    assert events_of(revisions) == ["KOR-E1"]
    assert revisions[-1].count_at_least == 1
    assert revisions[-1].objects[0].track_ids == ("T1", "T2")
    assert revisions[-1].objects[0].launch is not None  # inherited from the track that saw the boost


def test_both_pictures_share_one_event_and_the_fused_word_is_the_last() -> None:
    own = seen(SRBM, 60.0, 250.0, picture="own")
    fused = [
        replace(update, accepted=(measurement(f"R1-{update.time_ns}", update.time_ns),))
        for update in seen(SRBM, 20.0, 300.0, seed=5, track_id="F1", picture="fused")
    ]
    both = interleaved(
        (*own, lost(own[-1], 5.0)), (*fused, replace(lost(fused[-1], 5.0), picture="fused"))
    )  # fmt: skip
    revisions = played(fresh(), both, tail_s=300)
    assert events_of(revisions) == ["KOR-E1"]
    assert {revision.picture for revision in revisions} == {"own", "fused"}
    assert revisions[-1].picture == "fused"
    assert revisions[-2].picture == "own"
    assert {revision.status for revision in revisions[-2:]} == {EventStatus.CLOSED}
    assert all(not one.track_ids[0].startswith("F") for r in revisions if r.picture == "own" for one in r.objects)
    assert [revision.revision for revision in revisions] == list(range(1, len(revisions) + 1))


def test_a_lost_event_is_found_again_as_itself() -> None:
    first = seen(MRBM, 40.0, 200.0)
    second = seen(MRBM, 420.0, 500.0, seed=3, track_id="T9")
    revisions = played(fresh(), (*first, lost(first[-1], 6.0), *second))
    assert events_of(revisions) == ["KOR-E1"]
    statuses = [revision.status for revision in revisions]
    assert EventStatus.LOST in statuses
    assert statuses[-1] == EventStatus.CONFIRMED
    assert revisions[-1].objects[0].track_ids == ("T1", "T9")


def test_an_aircraft_taken_for_a_launch_is_retracted() -> None:
    rise = seen(SRBM, 20.0, 32.0)
    assessor = fresh()
    played(assessor, rise)
    level = straight(altitude_m=10e3, speed_m_s=230.0, climb_m_s=0.0, seed=1, gravity_free=False)
    shift = rise[-1].time_ns - level[0].time_ns + from_seconds(1.0)
    later = [replace(u, time_ns=u.time_ns + shift, status=TrackStatus.CONFIRMED) for u in level]
    revisions = played(assessor, later)
    if revisions:  # suspected at all
        assert revisions[-1].status in (EventStatus.RETRACTED, EventStatus.CONFIRMED)


def advice(body: LaunchBody | ImpactBody, *tracks: str) -> PartnerAdvice:
    return PartnerAdvice(nation="JPN", received_ns=START_NS, body=body, tracks=tracks)


def launch_body(**changes: object) -> LaunchBody:
    values: dict[str, object] = {
        "event": "JPN-E4-1", "time_ns": START_NS, "time_sigma_s": 1.0, "latitude_deg": SITE_DEG[0],
        "longitude_deg": SITE_DEG[1], "covariance_m2": (1e5, 0.0, 1e5), "status": EventStatus.CONFIRMED,
        "count_at_least": 1, "count_probability": 0.99, "classes": (0.5, 0.5, 0.0, 0.0, 0.0, 0.0),
        "kinds": (1.0, *[0.0] * 7),
    }  # fmt: skip
    return LaunchBody(**{**values, **changes})  # type: ignore[arg-type]


def test_advice_sharpens_the_fused_picture_only_and_names_the_partners_event() -> None:
    assessor = fresh()
    own, fused = seen(SRBM, 60.0, 100.0), seen(SRBM, 60.0, 100.0, track_id="F1", picture="fused")
    played(assessor, interleaved(own, fused))
    plain = played(
        assessor, interleaved(seen(SRBM, 100.0, 102.0), seen(SRBM, 100.0, 102.0, track_id="F1", picture="fused"))
    )
    assessor.advise(advice(launch_body(), "F1"))
    told = played(
        assessor, interleaved(seen(SRBM, 104.0, 108.0), seen(SRBM, 104.0, 108.0, track_id="F1", picture="fused"))
    )

    def launch(revisions: list[EventRevision], picture: str) -> tuple[float, tuple[str, ...]]:
        last = [revision for revision in revisions if revision.picture == picture][-1]
        assert last.objects[0].launch is not None
        return last.objects[0].launch.ellipse_95.semi_major_m, last.aliases

    assert launch(told, "own") == launch(plain, "own")
    assert launch(told, "fused")[0] < launch(plain, "fused")[0]
    assert launch(told, "fused")[1] == ("JPN-E4",)


def test_advice_that_matches_nothing_opens_nothing() -> None:
    assessor = fresh()
    assessor.advise(advice(launch_body()))
    assert assessor.tick(START_NS + from_seconds(10.0)) == []
    played(assessor, seen(SRBM, 20.0, 60.0, picture="fused"))
    assessor.advise(advice(launch_body(latitude_deg=30.0)))
    last = played(assessor, seen(SRBM, 60.0, 64.0, picture="fused"))[-1]
    assert last.aliases == ()


def test_an_impact_only_links_the_events() -> None:
    assessor = fresh()
    played(assessor, seen(SRBM, 20.0, 60.0, picture="fused"))
    body = ImpactBody(
        event="JPN-E4-1", time_ns=None, time_sigma_s=None, latitude_deg=None, longitude_deg=None, covariance_m2=None
    )
    assessor.advise(advice(body))
    assessor.advise(advice(body, "T1"))
    last = played(assessor, seen(SRBM, 60.0, 64.0, picture="fused"))[-1]
    assert last.aliases == ("JPN-E4",)


def test_the_own_picture_has_the_same_bytes_with_and_without_partners() -> None:
    own = seen(SRBM, 25.0, 150.0)
    fused = [replace(u, track_id="F1", picture="fused") for u in seen(SRBM, 20.0, 150.0, seed=9, ids="J1")]
    alone = played(fresh(), own, tick_s=1e9)
    shared = [r for r in played(fresh(), interleaved(own, tuple(fused)), tick_s=1e9) if r.picture == "own"]
    assert [r.objects[0].launch for r in alone] == [r.objects[0].launch for r in shared]
    assert [r.objects[0].impact for r in alone] == [r.objects[0].impact for r in shared]
    assert [(r.status, r.count_at_least) for r in alone] == [(r.status, r.count_at_least) for r in shared]


def test_the_same_input_gives_the_same_revisions() -> None:
    updates = salvo()[:400]
    assert played(fresh(), updates) == played(fresh(), updates)
