"""Threatened areas against a second, slow implementation by shapely, by known cases, and by their properties."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.affinity import scale

from beaconfire.kernel.alerts import AreaThreat, Forecast, ForecastPath
from beaconfire.kernel.errors import InvalidInput
from beaconfire.warn.areas import areas
from beaconfire.warn.threats import DEBRIS_RADIUS_M, MIN_P, REGIMES, threatened, threats

NOW_NS = 2_000_000_000_000_000_000
S = 1_000_000_000
DEGREE_M = 111_195.0

PYONGYANG, SENDAI, SEOUL = (39.03, 125.75), (38.27, 140.87), (37.57, 126.98)
Place = tuple[float, float]


def path(
    a: Place,
    b: Place,
    *,
    weight: float = 1.0,
    object_id: str = "O1",
    points: int = 40,
    flight_s: float = 600.0,
    falls: bool = True,
    apogee_m: float = 200e3,
) -> ForecastPath:
    """A way straight over the map at an even pace."""
    share = np.linspace(0.0, 1.0, points)
    longitude = a[1] + share * (b[1] - a[1])
    return ForecastPath(
        object_id=object_id,
        weight=weight,
        falls=falls,
        times_ns=NOW_NS + (share * flight_s * S).astype(np.int64),
        latitude_deg=a[0] + share * (b[0] - a[0]),
        longitude_deg=(longitude + 180.0) % 360.0 - 180.0,
        altitude_m=4.0 * share * (1.0 - share) * apogee_m,
    )


def forecast(*paths: ForecastPath, time_ns: int = NOW_NS) -> Forecast:
    return Forecast(event_id="E1", picture="own", time_ns=time_ns, lost=False, paths=paths)


def by_id(found: Sequence[AreaThreat]) -> dict[str, AreaThreat]:
    return {one.area_id: one for one in found}


def shape_of(area_id: str) -> shapely.MultiPolygon:
    area = areas().get(area_id)
    assert area is not None
    return shapely.MultiPolygon([shapely.Polygon(part[0], part[1:]) for part in area.parts])


# --- a second implementation, area by area and path by path: shapely's lines, and fine samples of every track ------


def slowly(forecast: Forecast, area_id: str, *, sampled: bool = False) -> tuple[float, float]:
    """Probabilities of hit and passage of one area, for areas and tracks that stay within ±180 degrees.

    `sampled`: a passage is a point of 1,000 in the area, which misses a corner cut in less; else the line meets it.
    """
    shape = shape_of(area_id)
    spared: dict[str, float] = {}
    unpassed: dict[str, float] = {}
    for one in forecast.paths:
        x, y = one.longitude_deg, one.latitude_deg
        share, index = np.linspace(0.0, len(x) - 1.0, 1_000), np.arange(len(x))
        if sampled:
            places = np.interp(share, index, x), np.interp(share, index, y)
            over = bool(shapely.contains_xy(shape, *places).any())
        else:
            over = bool(shapely.LineString(np.column_stack([x, y])).intersects(shape))
        narrow = math.cos(math.radians(y[-1]))
        flat = scale(shape, narrow, 1.0, origin=(0, 0))
        far_m = flat.distance(shapely.Point(x[-1] * narrow, y[-1])) * DEGREE_M
        hit = one.falls and far_m <= DEBRIS_RADIUS_M
        passed = over and not (one.falls and shapely.contains_xy(shape, x[-1], y[-1]))
        spared[one.object_id] = spared.get(one.object_id, 1.0) - one.weight * hit
        unpassed[one.object_id] = unpassed.get(one.object_id, 1.0) - one.weight * passed
    return 1.0 - math.prod(spared.values()), 1.0 - math.prod(unpassed.values())


def spread(rng: np.random.Generator, goal: Place, *, objects: int, each: int, sigma_deg: float) -> Forecast:
    goals = rng.normal(goal, sigma_deg, size=(objects, each, 2))
    return forecast(
        *(
            path(PYONGYANG, (lat, lon), weight=1.0 / each, object_id=f"O{number}")
            for number, some in enumerate(goals.tolist())
            for lat, lon in some
        )
    )


@pytest.mark.parametrize(
    ("goal", "sigma_deg"),
    [(SENDAI, 0.3), (SEOUL, 0.2), ((33.5, 130.5), 0.8), ((42.0, 147.0), 1.0), ((26.5, 128.0), 0.3)],
)
def test_probabilities_are_those_of_a_second_implementation(goal: Place, sigma_deg: float) -> None:
    some = spread(np.random.default_rng(7), goal, objects=2, each=12, sigma_deg=sigma_deg)
    found = by_id(threats(some))
    west, east = sorted((PYONGYANG[1], goal[1]))
    beside = [area_id for area_id in areas().ids("JPN") + areas().ids("KOR") if _between(area_id, west, east)]
    for area_id in {*found, *beside}:
        one = found.get(area_id, threat(area_id))
        assert (one.hit_p, one.pass_p) == pytest.approx(slowly(some, area_id), abs=1e-9), area_id


def _between(area_id: str, west: float, east: float) -> bool:
    bounds = shape_of(area_id).bounds
    return bool(bounds[0] < east and bounds[2] > west)


def test_a_passage_is_what_a_fine_sample_of_the_track_sees() -> None:
    some = spread(np.random.default_rng(11), (36.4, 139.0), objects=1, each=20, sigma_deg=0.5)
    found = by_id(threats(some))
    differ = {area_id: found[area_id].pass_p - slowly(some, area_id, sampled=True)[1] for area_id in found}
    assert all(-1e-9 < d < 0.051 for d in differ.values()), differ  # a corner that one path of twenty cuts
    assert sum(d < 1e-9 for d in differ.values()) >= 0.8 * len(differ)


@pytest.mark.parametrize("goal", [SENDAI, (42.0, 147.0)])
def test_times_are_those_of_the_first_and_last_sample_over_the_area(goal: Place) -> None:
    one_path = path(PYONGYANG, goal)
    for one in threats(forecast(one_path)):
        share = np.linspace(0.0, 39.0, 60_001)
        index = np.arange(40)
        x, y = np.interp(share, index, one_path.longitude_deg), np.interp(share, index, one_path.latitude_deg)
        inside = np.flatnonzero(shapely.contains_xy(shape_of(one.area_id), x, y))
        first_s, last_s = inside[0] / 100.0, inside[-1] / 100.0
        assert (one.first_ns - NOW_NS) / S == pytest.approx(first_s, abs=0.02)
        assert (one.last_ns - NOW_NS) / S == pytest.approx(600.0 if one.hit_p else last_s, abs=0.02)


# --- known cases --------------------------------------------------------------------------------------------------


def test_a_sure_fall_on_a_city_hits_it_and_passes_what_lies_before_it() -> None:
    found = by_id(threats(forecast(path(PYONGYANG, SENDAI))))
    assert found["JP-04"].hit_p == 1.0 and found["JP-04"].pass_p == 0.0  # it comes down there, it does not pass
    assert found["JP-06"].pass_p == 1.0 and found["JP-06"].hit_p == 0.0
    assert found["JP-06"].first_ns < found["JP-04"].first_ns < found["JP-04"].last_ns == NOW_NS + 600 * S
    assert "JP-07" not in found


def test_the_order_is_of_arrival_then_of_ids() -> None:
    found = threats(forecast(path(PYONGYANG, SENDAI)))
    assert list(found) == sorted(found, key=lambda one: (one.first_ns, one.area_id))
    assert found[0].area_id == "KP-01" and found[0].first_ns == NOW_NS  # it is over it already


@pytest.mark.parametrize(("off_m", "hit"), [(0.5 * DEBRIS_RADIUS_M, True), (1.5 * DEBRIS_RADIUS_M, False)])
def test_a_fall_off_the_coast_threatens_within_the_margin_of_debris(off_m: float, hit: bool) -> None:
    coast = shape_of("JP-05").geoms[0].exterior  # Akita looks west
    x, y = min(((x, y) for x, y in coast.coords if 39.4 < y < 39.7), key=lambda point: point[0])
    place = (y, x - off_m / (DEGREE_M * math.cos(math.radians(y))))
    assert areas().at(*place) is None
    assert ("JP-05" in by_id(threats(forecast(path(PYONGYANG, place))))) is hit


def test_one_fall_near_a_border_threatens_both_sides() -> None:
    found = by_id(threats(forecast(path(PYONGYANG, (37.50, 126.80)))))  # Bucheon, between Seoul and Incheon
    assert {"KR-11", "KR-28", "KR-41"} <= {area_id for area_id, one in found.items() if one.hit_p == 1.0}


def test_what_leaves_the_earth_passes_and_never_hits() -> None:
    found = by_id(threats(forecast(path(PYONGYANG, SENDAI, falls=False))))
    assert found["JP-04"].pass_p == 1.0
    assert all(one.hit_p == 0.0 for one in found.values())


def test_a_track_under_the_ground_is_not_flown() -> None:
    assert threats(forecast(path(PYONGYANG, SENDAI, apogee_m=0.0, falls=False))) == ()


def test_objects_are_independent_and_paths_of_one_exclude_each_other() -> None:
    half = [path(PYONGYANG, SENDAI, weight=0.5), path(PYONGYANG, (40.0, 135.0), weight=0.5)]
    assert by_id(threats(forecast(*half)))["JP-04"].hit_p == pytest.approx(0.5)
    twins = [path(PYONGYANG, goal, weight=0.5, object_id=o) for o in ("A", "B") for goal in (SENDAI, (40.0, 135.0))]
    assert by_id(threats(forecast(*twins)))["JP-04"].hit_p == pytest.approx(0.75)


def test_arrival_leaves_out_the_first_and_last_twentieth() -> None:
    ways = [path(PYONGYANG, SENDAI, weight=0.01, flight_s=500.0 + k) for k in range(100)]
    one = by_id(threats(forecast(*ways)))["JP-04"]
    assert one.last_ns == NOW_NS + (500 + 94) * S
    early = by_id(threats(forecast(ways[4])))["JP-04"]
    assert one.first_ns == early.first_ns


def test_only_the_areas_asked_for_are_named_and_an_unknown_one_is_refused() -> None:
    some = forecast(path(PYONGYANG, SENDAI))
    assert [one.area_id for one in threats(some, ("JP-04", "JP-01"))] == ["JP-04"]
    assert threats(some, ()) == ()
    with pytest.raises(InvalidInput, match="JP-99"):
        threats(some, ("JP-99",))


def test_asking_for_some_areas_says_the_same_of_them_as_asking_for_all() -> None:
    some = spread(np.random.default_rng(3), SENDAI, objects=3, each=20, sigma_deg=1.0)
    ours = areas().ids("JPN")
    assert threats(some, ours) == tuple(one for one in threats(some) if one.area_id in ours)


def test_nothing_flies_nothing_threatens() -> None:
    assert threats(forecast()) == ()
    nowhere = ForecastPath("O1", 1.0, True, np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), np.zeros(0))
    assert threats(forecast(nowhere)) == ()


def test_a_path_of_one_point_is_a_fall_now() -> None:
    here = ForecastPath("O1", 1.0, True, np.array([NOW_NS]), np.array([38.27]), np.array([140.87]), np.zeros(1))
    (one,) = threats(forecast(here))
    assert (one.area_id, one.hit_p, one.pass_p) == ("JP-04", 1.0, 0.0)
    assert one.first_ns == one.last_ns == NOW_NS


def test_what_is_all_but_impossible_is_left_out() -> None:
    rare = [path(PYONGYANG, SENDAI, weight=0.5 * MIN_P), path(PYONGYANG, (40.0, 135.0), weight=1.0 - 0.5 * MIN_P)]
    assert "JP-04" not in by_id(threats(forecast(*rare)))


@pytest.mark.parametrize(
    ("a", "b", "area_id"),
    [
        ((52.9, 170.0), (52.9, 176.0), "US-AK"),  # over Attu
        ((52.0, 175.0), (51.8, -174.0), "US-AK"),  # from the one side of the antimeridian to the other, over Adak
        ((52.0, 175.0), (51.8, 186.0), "US-AK"),
        ((13.45, 140.0), (13.45, 149.0), "US-GU"),
    ],
)
def test_the_antimeridian_is_no_edge(a: Place, b: Place, area_id: str) -> None:
    end = b if b[1] > a[1] else (b[0], b[1] + 360.0)
    assert by_id(threats(forecast(path(a, end))))[area_id].pass_p == 1.0
    assert by_id(threats(forecast(path(end, a))))[area_id].pass_p == 1.0


def test_a_fall_just_across_the_antimeridian_counts() -> None:
    semisopochnoi = (51.95, 179.62)
    for east in (179.75, 179.75 - 360.0):
        near = path((50.0, 170.0), (semisopochnoi[0], east))
        assert by_id(threats(forecast(near)))["US-AK"].hit_p == 1.0


# --- regimes ------------------------------------------------------------------------------------------------------


def threat(area_id: str, hit_p: float = 0.0, pass_p: float = 0.0, first_s: int = 0) -> AreaThreat:
    first_ns = NOW_NS + first_s * S
    return AreaThreat(area_id=area_id, hit_p=hit_p, pass_p=pass_p, first_ns=first_ns, last_ns=first_ns + 60 * S)


def test_each_regime_warns_from_its_own_probability_on() -> None:
    some = (
        threat("JP-02", hit_p=0.02),
        threat("JP-05", pass_p=0.2),
        threat("JP-03", pass_p=0.09),
        threat("JP-01", 0.6),
    )
    named = {name: [one.area_id for one in threatened(some, regime)] for name, regime in REGIMES.items()}
    assert named["default"] == ["JP-01", "JP-02", "JP-05"]
    assert named["j_alert_2022"] == ["JP-01"]
    assert named["j_alert_2023"] == ["JP-01", "JP-02", "JP-03", "JP-04", "JP-05", "JP-06"]


def test_adjoining_prefectures_come_with_their_own_probability_and_their_neighbours_times() -> None:
    some = (threat("JP-02", pass_p=0.5, first_s=100), threat("JP-03", pass_p=0.05, first_s=300))
    found = by_id(threatened(some, REGIMES["j_alert_2023"]))
    assert set(found) == {"JP-01", "JP-02", "JP-03", "JP-05"}
    assert found["JP-03"].pass_p == 0.05 and found["JP-01"].pass_p == 0.0
    assert {one.first_ns for one in found.values()} == {NOW_NS + 100 * S}


def test_no_nation_is_warned_for_its_neighbour() -> None:
    found = by_id(threatened((threat("KR-41", hit_p=1.0),), REGIMES["j_alert_2023"]))
    assert "KR-11" in found and not any(area_id.startswith("KP") for area_id in found)


def test_every_preset_says_why_and_the_default_is_the_specified() -> None:
    assert (REGIMES["default"].p_hit, REGIMES["default"].p_pass) == (0.01, 0.10)
    assert all(regime.reason and regime.name == name for name, regime in REGIMES.items())
    assert set(REGIMES) == {"default", "j_alert_2022", "j_alert_2023"}


# --- properties ---------------------------------------------------------------------------------------------------

goals = st.lists(st.tuples(st.floats(25.0, 60.0), st.floats(120.0, 240.0)), min_size=1, max_size=8)


@settings(max_examples=40, deadline=None)
@given(goals, st.integers(1, 3))
def test_probabilities_are_probabilities_and_spans_run_forward(places: list[Place], objects: int) -> None:
    ways = [
        path(PYONGYANG, place, weight=1.0 / len(places), object_id=f"O{o}") for o in range(objects) for place in places
    ]
    for one in threats(forecast(*ways)):
        assert 0.0 <= one.hit_p <= 1.0 and 0.0 <= one.pass_p <= 1.0
        assert max(one.hit_p, one.pass_p) > MIN_P
        assert NOW_NS <= one.first_ns <= one.last_ns <= NOW_NS + 600 * S


@settings(max_examples=40, deadline=None)
@given(goals, st.integers(0, 7))
def test_more_paths_inside_never_lower_a_probability(places: list[Place], which: int) -> None:
    """One path of the mixture goes to Sendai instead: Miyagi's probability rises by its weight or stays."""
    weight = 1.0 / len(places)
    before = forecast(*(path(PYONGYANG, place, weight=weight) for place in places))
    moved = [SENDAI if k == which % len(places) else place for k, place in enumerate(places)]
    after = forecast(*(path(PYONGYANG, place, weight=weight) for place in moved))
    zero = threat("JP-04")
    hit_before = by_id(threats(before)).get("JP-04", zero).hit_p
    assert by_id(threats(after))["JP-04"].hit_p >= hit_before - 1e-12


@settings(max_examples=40, deadline=None)
@given(goals)
def test_the_order_of_paths_and_full_turns_change_nothing(places: list[Place]) -> None:
    ways = [path(PYONGYANG, place, weight=1.0 / len(places)) for place in places]
    turned = [
        ForecastPath("O1", w.weight, True, w.times_ns, w.latitude_deg, w.longitude_deg % 360.0, w.altitude_m)
        for w in ways
    ]
    first = threats(forecast(*ways))
    for other in (threats(forecast(*reversed(ways))), threats(forecast(*turned))):
        assert [one.area_id for one in other] == [one.area_id for one in first]
        for one, two in zip(first, other, strict=True):
            assert (one.hit_p, one.pass_p) == pytest.approx((two.hit_p, two.pass_p), abs=1e-12)
            assert abs(one.first_ns - two.first_ns) <= 10 and abs(one.last_ns - two.last_ns) <= 10  # rounding, in ns


def test_the_same_forecast_gives_the_same_bytes() -> None:
    some = spread(np.random.default_rng(3), SENDAI, objects=3, each=20, sigma_deg=1.0)
    assert threats(some) == threats(some)
