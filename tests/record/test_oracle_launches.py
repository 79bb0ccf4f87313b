"""Association against a second implementation: graph components instead of a walk in time, on claims of one place."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from beaconfire.kernel.time import NS_PER_S
from beaconfire.record import Claim, associate
from tests.record.made import claim

START = claim().time_ns
MINUTE_NS = 60 * NS_PER_S


def made(minute: int, source: str, *, place: int = 0, name: str = "SRBM") -> Claim:
    """A claim of one missile, a minute of the day, at one of two places 220 km apart."""
    return claim(
        source=source,
        time_ns=START + minute * MINUTE_NS,
        remark=f"{minute} {source}",
        latitude_deg=39.0 + 2.0 * place,
        longitude_deg=126.0,
        missile_class=name,
    )


def components(claims: Sequence[Claim]) -> set[frozenset[str]]:
    """Claims that are joined by steps of at most five minutes, at one place and of one class."""
    joined = [
        (i, j)
        for i, one in enumerate(claims)
        for j, other in enumerate(claims)
        if abs(one.time_ns - other.time_ns) <= 5 * MINUTE_NS
        and one.latitude_deg == other.latitude_deg
        and one.missile_class == other.missile_class
    ]
    rows, columns = zip(*joined, strict=True)
    graph = coo_array(([1] * len(joined), (rows, columns)), shape=(len(claims), len(claims)))
    number, labels = connected_components(graph, directed=False)
    return {frozenset(claims[i].id for i in range(len(claims)) if labels[i] == label) for label in range(number)}


def groups(claims: Sequence[Claim]) -> set[frozenset[str]]:
    return {frozenset(item.id for item in launch.claims) for launch in associate(claims)}


SOURCES = st.sampled_from(["ROK JCS", "Japan", "DPRK KCNA", "US PACOM"])
MINUTES = st.integers(0, 200)


@given(st.lists(st.builds(made, MINUTES, SOURCES), min_size=1, max_size=25, unique_by=lambda item: item.id))
def test_single_missiles_of_one_place_are_the_components_of_the_five_minute_graph(claims: list[Claim]) -> None:
    assert groups(claims) == components(claims)


@given(
    st.lists(
        st.builds(made, MINUTES, SOURCES, place=st.integers(0, 1), name=st.sampled_from(["SRBM", "ICBM"])),
        min_size=1,
        max_size=25,
        unique_by=lambda item: item.id,
    )
)
def test_places_and_classes_far_apart_are_graphs_of_their_own(claims: list[Claim]) -> None:
    assert groups(claims) == components(claims)


@given(st.lists(st.builds(made, MINUTES, SOURCES), min_size=1, max_size=12, unique_by=lambda item: item.id))
def test_a_claim_more_only_adds_or_joins(claims: list[Claim]) -> None:
    """What was one launch stays within one launch when another source speaks."""
    before, after = groups(claims[:-1]), groups(claims)
    assert all(any(group <= larger for larger in after) for group in before)
