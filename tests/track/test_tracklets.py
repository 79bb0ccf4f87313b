"""Partners' tracklets in the fused picture: hints, late ones, nearly rank-deficient ones, nonsense; and the roster."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import chi2

from beaconfire.kernel.records import Measurement, MeasurementScan, Scan, TrackStatus, TrackUpdate
from beaconfire.kernel.time import NS_PER_S
from beaconfire.sense import Sense
from beaconfire.track import Tracker
from tests.track import world

Array = NDArray[np.float64]


@pytest.fixture(scope="module")
def missile() -> world.Flight:
    return world.missile(
        "M", latitude_deg=39.2, longitude_deg=126.0, azimuth_deg=75.0, burn_s=85.0, thrust=(22.0, 55.0)
    )


def covariance(rng: np.random.Generator, *, thin: bool = False) -> Array:
    """Return a tracklet's covariance: some hundred metres; `thin` says nothing across one line (300 km, 3 km/s)."""
    turn = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    place = turn @ np.diag([100.0**2, 300e3**2 if thin else 400.0**2, 300e3**2 if thin else 400.0**2]) @ turn.T
    speed = turn @ np.diag([10.0**2, 3e3**2 if thin else 40.0**2, 3e3**2 if thin else 40.0**2]) @ turn.T
    whole = np.zeros((6, 6))
    whole[:3, :3], whole[3:, 3:] = place, speed
    return (whole + whole.T) / 2


def tracklet(
    flight: world.Flight,
    t: float,
    rng: np.random.Generator,
    *,
    hint: str | None = None,
    first: bool = False,
    nation: str = "JPN",
    thin: bool = False,
    number: int = 0,
) -> Measurement:
    cov = covariance(rng, thin=thin)
    values = flight.state(t) + np.linalg.cholesky(cov) @ rng.normal(size=6)
    return Measurement(
        f"{nation}:{t}:{number}", world.START_NS + round(t * NS_PER_S), nation, nation, "state", values, np.zeros(4),
        covariance=cov, track_hint=hint, first=first,
    )  # fmt: skip


def scan(*items: Measurement) -> MeasurementScan:
    return MeasurementScan(
        max(item.time_ns for item in items), items[0].sensor_id, items[0].nation, "state", items, 1.0, 0.0, np.zeros(3),
        np.eye(3), 0.0, 0.0, 0.5,
    )  # fmt: skip


def taken(sense: Sense, one: Scan) -> MeasurementScan:
    measured, _ = sense.accept(one, now_ns=one.time_ns)
    assert measured is not None
    return measured


def fused() -> Tracker:
    return Tracker("fused", id_prefix="F")


def started(missile: world.Flight, rng: np.random.Generator, t: float = 120.0) -> tuple[Tracker, TrackUpdate]:
    tracker = fused()
    (update,) = tracker.scan(scan(tracklet(missile, t, rng, first=True)))
    return tracker, update


def test_a_partner_s_first_tracklet_is_a_confirmed_track_at_once(missile: world.Flight) -> None:
    tracker, update = started(missile, np.random.default_rng(1))
    assert (update.track_id, update.status, update.picture) == ("F00001", TrackStatus.CONFIRMED, "fused")
    assert update.sensors == update.nations == ("JPN",) and len(update.accepted) == 1
    assert tracker.current()["F00001"] is update


def test_a_wide_increment_starts_nothing(missile: world.Flight) -> None:
    tracker = fused()
    assert tracker.scan(scan(tracklet(missile, 120.0, np.random.default_rng(1), thin=True))) == []
    assert tracker.scan(scan(tracklet(missile, 120.0, np.random.default_rng(1))))  # a narrow one does


@pytest.mark.parametrize("thin", [False, True])
@pytest.mark.parametrize("hinted", [False, True])
def test_tracklets_feed_one_track_honestly(missile: world.Flight, thin: bool, hinted: bool) -> None:
    distances = []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        tracker, update = started(missile, rng)
        for number in range(1, 40):
            hint = update.track_id if hinted else None
            updates = tracker.scan(scan(tracklet(missile, 120.0 + number, rng, thin=thin, hint=hint)))
            update = next((u for u in updates if u.accepted), update)
        assert len(tracker.current()) == 1
        error = update.mean[:6] - missile.state((update.time_ns - world.START_NS) / NS_PER_S)
        distances.append(float(error @ np.linalg.solve(update.covariance[:6, :6], error)))
    low, high = (float(chi2.ppf(share, 6 * 12)) / 12 for share in (0.0005, 0.9995))
    # The truth has another gravity and drag than the filter, which allows for more noise than there is.
    assert 0.3 * low < np.mean(distances) < high


def test_a_hint_goes_before_nearness_but_not_before_sense(missile: world.Flight) -> None:
    rng = np.random.default_rng(2)
    tracker, update = started(missile, rng)
    other = world.missile("N", latitude_deg=38.0, longitude_deg=127.0, azimuth_deg=60.0, burn_s=85.0)
    assert tracker.scan(scan(tracklet(other, 121.0, rng, hint=update.track_id))) == []
    (taken,) = tracker.scan(scan(tracklet(missile, 121.0, rng, hint=update.track_id)))
    assert taken.track_id == update.track_id


def test_an_unknown_hint_is_no_hint(missile: world.Flight) -> None:
    rng = np.random.default_rng(3)
    tracker, update = started(missile, rng)
    (taken,) = tracker.scan(scan(tracklet(missile, 121.0, rng, hint="F99999")))
    assert taken.track_id == update.track_id


@pytest.mark.parametrize("spoil", ["zero", "negative", "nan", "inf value", "huge"])
def test_nonsense_changes_nothing(missile: world.Flight, spoil: str) -> None:
    rng = np.random.default_rng(4)
    tracker, update = started(missile, rng)
    item = tracklet(missile, 121.0, rng, hint=update.track_id)
    assert item.covariance is not None
    if spoil == "zero":
        item.covariance[:] = 0.0
    elif spoil == "negative":
        item.covariance[0, 0] = -1.0
    elif spoil == "nan":
        item.covariance[2, 3] = item.covariance[3, 2] = np.nan
    elif spoil == "inf value":
        item.values[1] = np.inf
    else:
        item.values[0] = 1e300
    assert tracker.scan(scan(item)) == []
    assert tracker.current()[update.track_id] is update


def test_late_tracklets_end_where_punctual_ones_do(missile: world.Flight) -> None:
    rng = np.random.default_rng(5)
    items = [tracklet(missile, 120.0 + 0.5 * n, rng, number=n) for n in range(1, 60)]
    punctual, _ = started(missile, np.random.default_rng(6))
    for item in items:
        punctual.scan(scan(item))
    late, _ = started(missile, np.random.default_rng(6))
    order = sorted(range(len(items)), key=lambda n: n + (5 if n % 3 == 0 else 0))
    for n in order:
        late.scan(scan(items[n]))
    (one,), (other,) = punctual.current().values(), late.current().values()
    np.testing.assert_array_equal(one.mean, other.mean)
    np.testing.assert_array_equal(one.covariance, other.covariance)
    np.testing.assert_array_equal(one.modes, other.modes)


def test_own_scans_and_tracklets_make_one_better_track(missile: world.Flight) -> None:
    sense, rng = Sense(world.RADARS[:1]), np.random.default_rng(7)
    own = [taken(sense, s) for s in world.scans([missile], world.RADARS[:1], until_s=160.0)]
    alone, together = Tracker("own", id_prefix="T"), fused()
    for one in own:
        alone.scan(one)
        for update in together.scan(one):
            if update.status is TrackStatus.CONFIRMED and update.time_ns > world.START_NS + 100 * NS_PER_S:
                t = (one.time_ns - world.START_NS) / NS_PER_S - 1.0
                together.scan(scan(tracklet(missile, t, rng, hint=update.track_id)))
    (lone,) = alone.current().values()
    (joint,) = together.current().values()
    assert joint.nations == ("KOR", "JPN")
    assert joint.covariance[:3, :3].trace() < lone.covariance[:3, :3].trace()
    error = joint.mean[:6] - missile.state((joint.time_ns - world.START_NS) / NS_PER_S)
    assert float(error @ np.linalg.solve(joint.covariance[:6, :6], error)) < chi2.ppf(0.9999, 6)


def test_two_partners_tracks_of_one_object_become_one(missile: world.Flight) -> None:
    rng, tracker, replaced = np.random.default_rng(8), fused(), {}
    tracker.scan(scan(tracklet(missile, 120.0, rng, first=True)))
    far = tracklet(missile, 120.0, rng, first=True, nation="USA")
    far.values[:3] += 20e3  # tells of the place wrongly at first: a second track
    names = {u.track_id for u in tracker.scan(scan(far))}
    assert names == {"F00002"}
    for n in range(1, 30):
        for nation, hint in (("JPN", "F00001"), ("USA", "F00002")):
            item = tracklet(missile, 120.0 + n, rng, nation=nation, hint=hint, number=n)
            for update in tracker.scan(scan(item)):
                if update.replaces:
                    replaced[update.replaces] = update.track_id
        if nation == "USA" and n == 1:
            tracker.scan(scan(tracklet(missile, 121.2, rng, nation="USA", first=True, number=99)))
    live = tracker.current()
    assert len([u for u in live.values() if u.status is TrackStatus.CONFIRMED]) == 1
    (update,) = [u for u in live.values() if u.status is TrackStatus.CONFIRMED]
    assert set(update.nations) >= {"JPN"}


def test_a_partner_s_ghost_is_unseen_by_our_own_radar_and_lost(missile: world.Flight) -> None:
    rng = np.random.default_rng(9)
    site = world.RADARS[0]
    ghost = world.aircraft("G", latitude_deg=37.3, longitude_deg=128.2, heading_deg=0.0, altitude_m=9e3)
    tracker = fused()
    tracker.scan(scan(tracklet(ghost, 1.0, rng, first=True)))
    sense, statuses = Sense([site]), list[TrackStatus]()
    for one in world.scans([], (site,), until_s=40.0):
        statuses.extend(u.status for u in tracker.scan(taken(sense, one)))
    assert TrackStatus.LOST in statuses


def test_a_tracklet_for_what_has_fallen_wakes_nothing(missile: world.Flight) -> None:
    rng = np.random.default_rng(10)
    tracker, update = started(missile, rng, t=missile.end_s - 20.0)
    tracker.advance(update.time_ns + 60 * NS_PER_S)
    late = Measurement(
        "JPN:x", update.time_ns + 61 * NS_PER_S, "JPN", "JPN", "state", update.mean[:6].copy(), np.zeros(4),
        covariance=covariance(rng), track_hint=update.track_id,
    )  # fmt: skip
    assert all(u.track_id != update.track_id or not u.accepted for u in tracker.scan(scan(late)))


def test_full_tables_refuse_new_tracks_quietly(missile: world.Flight, monkeypatch: pytest.MonkeyPatch) -> None:
    from beaconfire.track import tables

    monkeypatch.setattr(tables, "MAX_TRACKS", 64)
    rng, tracker = np.random.default_rng(11), fused()
    for number in range(80):
        plane = world.aircraft("A", latitude_deg=20.0 + number * 0.5, longitude_deg=130.0, heading_deg=0.0)
        tracker.scan(scan(tracklet(plane, 1.0, rng, first=True, number=number)))
    assert len(tracker.current()) == 64
