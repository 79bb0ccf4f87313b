"""Ways between flown ones against those ways flown themselves, and on lines where the truth is known by heart."""

import math

import numpy as np
import pytest

from beaconfire.assess.between import ways_between
from beaconfire.assess.burn import burn_ways
from beaconfire.assess.forecast import _BURNS, EVERY_S, PLACES, _burnt, _Span, _weights
from beaconfire.assess.impact import BETA_KG_M2, EXHAUST_M_S, MAX_FLIGHT_S, thrust_m_s2
from beaconfire.assess.remaining import burn_quantiles
from beaconfire.earth import MEAN_RADIUS_M
from beaconfire.kernel.records import Array
from tests.assess.test_forecast import BOOSTING, arc_of, record

_OFF_SHARE = 0.25  # of the distance to the next way: less than that is lost among 160 of them
_OFF_M = 8e3  # and of what is all but an orbit, whose end lies 16,000 km away on a flight that is flown coarsely
_TRACK_M = 2e3  # off the track, beyond where it ends and the bow of legs of its own and of both beside it


def between(flown: Array, ends: Array, *places: float) -> tuple[Array, Array]:
    rows, out = np.zeros((len(places), flown.shape[1], 4)), np.zeros((len(places), 2))
    ways_between(flown, ends, np.array(places), rows, out)
    return rows, out


def line(length_s: float, end: tuple[float, float], *, count: int = 5, rows: int = 8, start_s: float = 3.0) -> Array:
    """A way straight over the map from 0, 0 in even steps."""
    way = np.zeros((rows, 4))
    share = np.linspace(0.0, 1.0, count)
    way[:count] = np.stack((start_s + share * length_s, share * end[0], share * end[1], share * (1.0 - share)), -1)
    return way


def distances_m(here: Array, there: Array) -> Array:
    east = ((here[..., 2] - there[..., 2] + math.pi) % (2.0 * math.pi) - math.pi) * np.cos(here[..., 1])
    return np.asarray(MEAN_RADIUS_M * np.hypot(here[..., 1] - there[..., 1], east))


def bow_m(way: Array) -> float:
    """How far the great circle between two places lies aside of the line on the map, at most."""
    legs_m = distances_m(way[1:], way[:-1])
    slant = np.tan(np.minimum(np.abs(way[1:, 1]), math.radians(80.0)))
    return float((legs_m**2 * slant / (8.0 * MEAN_RADIUS_M)).max())


@pytest.mark.parametrize(("case", "end_s"), BOOSTING)
def test_ways_between_are_those_that_would_have_been_flown(case: tuple[str, float, float], end_s: float) -> None:
    """All 160 flown, the slow way: ends, times and the places on the way are those that lie between."""
    arc = arc_of(case, end_s)
    record(arc)
    basis = arc.basis
    assert basis is not None
    state, thrust = basis.update.mean[:6].copy(), thrust_m_s2(basis.now)
    middles = np.cumsum(_weights()) - 0.5 * _weights()
    burns = burn_quantiles(arc.class_evidence(), middles, state=state, thrust_m_s2=thrust, exhaust_m_s=EXHAUST_M_S)
    rows, ends = _burnt(state, thrust, burns, _Span(0.0, 0.0))
    slow, slow_ends = np.zeros((_BURNS, PLACES, 4)), np.zeros((_BURNS, 2))
    burn_ways(state, thrust, EXHAUST_M_S, burns, 1.0 / BETA_KG_M2, 0.0, EVERY_S, MAX_FLIGHT_S, slow, slow_ends)
    here = rows[np.arange(_BURNS), ends[:, 0].astype(int) - 1]
    there = slow[np.arange(_BURNS), slow_ends[:, 0].astype(int) - 1]
    falls = (ends[:, 1] == 1.0) & (slow_ends[:, 1] == 1.0)
    assert falls.sum() >= _BURNS - 4  # only about the one that is in an orbit first may they differ
    apart_m = distances_m(there[1:], there[:-1])
    gap_m = np.maximum(np.append(apart_m, 0.0), np.append(0.0, apart_m))
    off_m = distances_m(here, there)
    assert np.all(off_m[falls] <= _OFF_SHARE * gap_m[falls] + _OFF_M)
    assert np.all(np.abs(here[falls, 0] - there[falls, 0]) < 0.01 * there[falls, 0])
    for one in range(2, _BURNS, 20):  # the ground track, wherever along it a place is
        mine, theirs = rows[one, : int(ends[one, 0])], slow[one, : int(slow_ends[one, 0])]
        theirs[:, 2] = np.unwrap(theirs[:, 2])
        fine = np.linspace(theirs[0, 0], theirs[-1, 0], 8000)
        track = np.stack([np.interp(fine, theirs[:, 0], theirs[:, k]) for k in range(4)], -1)
        on_it = np.abs(mine[:, 1]) < math.radians(80.0)
        assert (
            distances_m(mine[on_it, None], track[None]).min(axis=1)[:-1].max()
            < 3.0 * bow_m(theirs) + off_m[one] + _TRACK_M
        )


def test_a_way_between_two_lines_is_a_line() -> None:
    flown = np.stack((line(100.0, (0.1, 0.2)), line(200.0, (0.3, 0.4))))
    rows, ends = between(flown, np.array([[5.0, 1.0], [5.0, 1.0]]), 0.25)
    assert np.allclose(rows[0], line(125.0, (0.15, 0.25)))
    assert ends.tolist() == [[5.0, 1.0]]


def test_the_places_are_the_shorter_ways_stretched() -> None:
    flown = np.stack((line(100.0, (0.1, 0.2), count=8), line(50.0, (0.05, 0.1), count=4)))
    rows, ends = between(flown, np.array([[8.0, 1.0], [4.0, 1.0]]), 0.5)
    assert ends.tolist() == [[4.0, 1.0]]
    assert np.allclose(rows[0, :4, :3], line(75.0, (0.075, 0.15), count=4)[:4, :3])


def test_at_a_flown_way_it_is_that_way_to_the_bit() -> None:
    flown, ends = np.stack([line(40.0 + k, (0.1 * k, 0.2)) for k in range(3)]), np.array([[5.0, 1.0]] * 3)
    rows, _ = between(flown, ends, 0.0, 1.0, 2.0)
    assert np.array_equal(rows, flown)


def test_between_a_fall_and_an_orbit_the_nearer_stands() -> None:
    flown = np.stack((line(100.0, (0.1, 0.2)), line(6000.0, (1.0, 9.0))))
    ends = np.array([[5.0, 1.0], [5.0, 0.0]])
    rows, out = between(flown, ends, 0.4, 0.6)
    assert np.array_equal(rows, flown)
    assert np.array_equal(out, ends)


def test_the_antimeridian_is_no_edge() -> None:
    flown = np.stack((line(100.0, (0.1, 0.2)), line(200.0, (0.1, 0.4))))
    flown[0, :5, 2] += math.pi - 0.3
    flown[1, :5, 2] += math.pi - 0.3
    plain, _ = between(flown, np.array([[5.0, 1.0]] * 2), 0.5)
    flown[:, :, 2] = (flown[:, :, 2] + math.pi) % (2.0 * math.pi) - math.pi
    turned, _ = between(flown, np.array([[5.0, 1.0]] * 2), 0.5)
    assert np.allclose(np.exp(1j * turned[:, :5, 2]), np.exp(1j * plain[:, :5, 2]), atol=1e-12)
    assert np.allclose(turned[:, :5, [0, 1, 3]], plain[:, :5, [0, 1, 3]])


@pytest.mark.parametrize("counts", [(1, 5), (5, 1), (1, 1)])
def test_what_has_fallen_already_is_one_place(counts: tuple[int, int]) -> None:
    flown = np.stack([line(10.0 * count, (0.1, 0.2), count=count) for count in counts])
    rows, ends = between(flown, np.array([[float(count), 1.0] for count in counts]), 0.5)
    assert np.isfinite(rows).all()
    assert ends[0, 0] >= 1.0
    assert 3.0 <= rows[0, int(ends[0, 0]) - 1, 0] <= 53.0
