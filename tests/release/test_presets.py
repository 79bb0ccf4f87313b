"""Shipped policies: each parses for any nations; the default is what INTERFACES part 6 says."""

import pytest

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.release import parse_policy, preset, preset_names


@pytest.mark.parametrize("name", preset_names())
@pytest.mark.parametrize("realm", list(Realm))
def test_each_parses(name: str, realm: Realm) -> None:
    data = preset(name, nation="USA", partners=("KOR", "JPN"), realm=realm)
    policy = parse_policy(data, where=name)
    assert policy.nation == "USA"
    assert {grant.partner for grant in policy.grants} <= {"KOR", "JPN"}
    assert {grant.realm for grant in policy.grants} <= {realm}
    assert {grant.provenance for grant in policy.grants} <= {("USA",)}
    for word in (b"NATION", b"PARTNER", b"REALM"):
        assert word not in data


def test_names() -> None:
    assert preset_names() == ("closed", "default", "open", "warning-only")


def test_the_default() -> None:
    """Launch coarsened by at most 10 km, tracklets and impact to both partners, no sensor identity."""
    data = preset("default", nation="KOR", partners=("JPN", "USA"), realm=Realm.EXERCISE)
    grants = parse_policy(data, where="p").grants
    assert [grant.partner for grant in grants] == ["JPN", "USA"]
    for grant in grants:
        assert set(grant.kinds) == {"launch", "trajectory", "impact"}
        assert 0.0 < grant.coarsen_launch_m <= 10_000.0
        assert grant.drop_sensor_identity
        assert (grant.rate_hz, grant.delay_s) == (2.0, 0.0)


def test_closed_is_nothing() -> None:
    data = preset("closed", nation="KOR", partners=("JPN",), realm=Realm.LIVE)
    assert parse_policy(data, where="p").grants == ()


@pytest.mark.parametrize(
    ("name", "nation", "words"),
    [("defualt", "KOR", "one of closed, default"), ("../x", "KOR", "one of closed"), ("default", 'K"R', "alpha-3")],
)
def test_refused(name: str, nation: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        preset(name, nation=nation, partners=("JPN",), realm=Realm.LIVE)
