"""The policy file: every fault at once, each naming file, grant, key, what is wrong and what would be right."""

import pytest

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.products import Kind
from beaconfire.kernel.time import parse_utc
from beaconfire.release import Region, parse_policy
from beaconfire.release.compare import at_least_as_generous
from tests.exchange import grant_toml, policy_toml

FULL = """
id = "jpn-irbm"
partner = "JPN"
realm = "LIVE"
kinds = ["launch", "impact"]
provenance = ["KOR", "USA"]
sensors = ["KOR-R1"]
classes = ["IRBM", "ICBM"]
objects = ["ballistic", "glide"]
regions = [{ south_deg = 30, north_deg = 45.5, west_deg = 120.0, east_deg = 150.0 }]
compartments = ["main", "east"]
valid_from = 2025-01-01T00:00:00Z
valid_until = "2025-12-31T23:59:59.5Z"
ceiling_m = 500
coarsen_launch_m = 10000.0
rate_hz = 1
delay_s = 30.0
onward = ["USA"]
"""


def faults(data: bytes) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        parse_policy(data, where="policy.toml")
    return [str(fault) for fault in caught.value.faults]


def test_every_key() -> None:
    policy = parse_policy(policy_toml(FULL, version=7), where="policy.toml")
    (grant,) = policy.grants
    assert (policy.version, policy.nation) == (7, "KOR")
    assert grant.id == "jpn-irbm"
    assert grant.kinds == ("launch", "impact")
    assert grant.regions == (Region(south_deg=30.0, north_deg=45.5, west_deg=120.0, east_deg=150.0),)
    assert grant.valid_from == parse_utc("2025-01-01T00:00:00Z")
    assert grant.valid_until == parse_utc("2025-12-31T23:59:59.5Z")
    assert (grant.ceiling_m, grant.coarsen_launch_m, grant.rate_hz, grant.delay_s) == (500.0, 10_000.0, 1.0, 30.0)
    assert grant.onward == ("USA",)


def test_what_is_left_out() -> None:
    text = 'partner = "JPN"\nrealm = "LIVE"\nkinds = ["launch"]\nprovenance = ["KOR"]'
    (grant,) = parse_policy(policy_toml(text), where="policy.toml").grants
    assert grant.id == "grant-1"
    assert grant.drop_sensor_identity is True
    assert (grant.rate_hz, grant.delay_s, grant.coarsen_launch_m, grant.onward) == (2.0, 0.0, 0.0, ())
    assert grant.sensors is grant.classes is grant.regions is grant.valid_until is None
    assert grant.compartments == ("main",)


def test_a_policy_without_grants() -> None:
    assert parse_policy(policy_toml(), where="policy.toml").grants == ()


def test_all_faults_are_told_at_once() -> None:
    text = """
version = 0
nation = "Korea"
extra = 1
[[grant]]
id = "a"
partner = "JPN"
realm = "LIFE"
kinds = ["launch", "trajektory"]
provenance = ["KOR"]
clases = ["IRBM"]
rate_hz = 0
[[grant]]
id = "a"
partner = "Japan"
realm = "LIVE"
kinds = []
"""
    assert faults(text.encode()) == [
        "policy.toml: extra: 'extra' is unknown; expected one of version, nation, grant",
        "policy.toml: version: is 0; expected a whole number from 1, rising",
        "policy.toml: nation: is 'Korea'; expected an ISO 3166 alpha-3 code such as KOR",
        "policy.toml: grant a: clases: 'clases' is unknown; expected classes",
        "policy.toml: grant a: rate_hz: Expected `float` >= 0.0001; expected a value as in docs/policy.md",
        "policy.toml: grant a: provenance: is missing; expected the nations whose sensors may have contributed, "
        'such as ["KOR"]',
    ]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('realm = "LIFE"', "realm: 'LIFE' is unknown; expected LIVE"),
        ('kinds = ["trajektory"]', "kinds: 'trajektory' is unknown; expected trajectory"),
        ('kinds = ["void"]', "kinds: 'void' is unknown; expected one of launch, trajectory, impact"),
        ('classes = ["ICBN"]', "classes: 'ICBN' is unknown; expected ICBM"),
        ('objects = ["balistic"]', "objects: 'balistic' is unknown; expected ballistic"),
        ('partner = "KOR"', "partner: is the nation itself; expected another nation"),
        ('partner = "jpn"', "partner: is 'jpn'; expected an ISO 3166 alpha-3 code such as KOR"),
        ('onward = ["Usa"]', "onward: is 'Usa'; expected an ISO 3166 alpha-3 code such as KOR"),
        ('kinds = "launch"', "kinds: Expected `array`, got `str`; expected a list of launch, trajectory, impact"),
        ("valid_from = 2025-01-01T00:00:00", "valid_from: 2025-01-01T00:00:00 has no zone; expected a time with Z"),
        ('valid_until = "2025-01-01"', "valid_until: is '2025-01-01'; expected ISO 8601 UTC"),
        ("valid_until = 7", "valid_until: is '7'; expected ISO 8601 UTC"),
        (
            "valid_from = 2025-02-01T00:00:00Z\nvalid_until = 2025-01-01T00:00:00Z",
            "valid_until: is not after valid_from",
        ),
        ("coarsen_launch_m = -1", "coarsen_launch_m: Expected `float` >= 0.0"),
        ("coarsen_launch_m = nan", "coarsen_launch_m: Expected `float`"),
        ("delay_s = inf", "delay_s: Expected `float`"),
        ("drop_sensor_identity = 1", "drop_sensor_identity: Expected `bool`, got `int`"),
        ("regions = [{ south_deg = 1, north_deg = 0, west_deg = 0, east_deg = 1 }]", "regions: south_deg is above"),
        ("regions = [{ south_deg = 1 }]", "regions: Object missing required field"),
        ('id = "a b"', "id: Expected `str` matching regex"),
    ],
)
def test_one_fault(lines: str, words: str) -> None:
    base = {
        "partner": 'partner = "JPN"',
        "realm": 'realm = "LIVE"',
        "kinds": 'kinds = ["launch"]',
        "provenance": 'provenance = ["KOR"]',
    }
    text = "\n".join([line for key, line in base.items() if not lines.startswith(f"{key} ")] + [lines])
    (fault,) = faults(policy_toml(text))
    assert words in fault
    assert fault.startswith("policy.toml: grant ")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"version = ", "Invalid value (at end of document)"),
        (b"\xff", "byte 0 is not UTF-8"),
        (b'version = 1\nnation = "KOR"\ngrant = 3', "grant: is not a list; expected [[grant]] tables"),
        (b'nation = "KOR"', "version: is missing"),
        (b"version = true", "version: is True"),
        (bytes(1024 * 1024 + 1), "is 1048577 bytes"),
    ],
)
def test_a_broken_file(data: bytes, words: str) -> None:
    assert any(words in fault for fault in faults(data))


class TestPairs:
    def test_one_name_twice(self) -> None:
        assert "id: is used twice" in faults(policy_toml(grant_toml(), grant_toml("USA")))[0]

    def test_grants_that_cannot_be_ordered(self) -> None:
        precise_late = grant_toml(name="a", kinds=["launch"], more="delay_s = 60.0")
        coarse_now = grant_toml(name="b", kinds=["launch"], more="coarsen_launch_m = 5000.0")
        (fault,) = faults(policy_toml(precise_late, coarse_now))
        assert fault.startswith("policy.toml: grant b: asks more of launch than grant a in one obligation")

    def test_an_obligation_that_does_not_bear_on_the_kind_is_no_matter(self) -> None:
        late = grant_toml(name="a", kinds=["impact"], more="delay_s = 60.0")
        coarse = grant_toml(name="b", kinds=["impact"], more="coarsen_launch_m = 5000.0")
        assert len(parse_policy(policy_toml(late, coarse), where="p").grants) == 2

    def test_other_partners_and_realms_do_not_meet(self) -> None:
        late = grant_toml(name="a", kinds=["launch"], more="delay_s = 60.0")
        coarse = "coarsen_launch_m = 5000.0"
        usa = grant_toml("USA", name="b", kinds=["launch"], more=coarse)
        live = grant_toml(name="c", kinds=["launch"], realm="LIVE", more=coarse)
        assert len(parse_policy(policy_toml(late, usa, live), where="p").grants) == 3

    def test_a_trajectory_gives_back_a_coarsened_launch_point(self) -> None:
        launch = grant_toml(name="a", kinds=["launch"], more="coarsen_launch_m = 5000.0")
        track = grant_toml(name="b", kinds=["trajectory"])
        (fault,) = faults(policy_toml(launch, track))
        assert fault.startswith(
            "policy.toml: grant b: kinds: trajectory gives back the launch point that grant a coarsens by 5000 m"
        )

    def test_unless_the_officer_accepts_it(self) -> None:
        launch = grant_toml(name="a", kinds=["launch"], more="coarsen_launch_m = 5000.0")
        track = grant_toml(name="b", kinds=["trajectory"], more='reveals = ["launch_point", "delay", "rate"]')
        assert len(parse_policy(policy_toml(launch, track), where="p").grants) == 2

    def test_generosity(self) -> None:
        (strict, mild) = parse_policy(
            policy_toml(
                grant_toml(name="a", kinds=["launch"], more="coarsen_launch_m = 5000.0"),
                grant_toml(name="b", kinds=["launch"], more='onward = ["USA"]'),
            ),
            where="p",
        ).grants
        assert at_least_as_generous(mild, strict, Kind.LAUNCH)
        assert not at_least_as_generous(strict, mild, Kind.LAUNCH)


class TestRegion:
    def test_plain(self) -> None:
        box = Region(south_deg=30.0, north_deg=40.0, west_deg=120.0, east_deg=150.0)
        assert box.holds(latitude_deg=30.0, longitude_deg=150.0)
        assert not box.holds(latitude_deg=29.9, longitude_deg=130.0)
        assert not box.holds(latitude_deg=35.0, longitude_deg=-130.0)

    def test_over_the_antimeridian(self) -> None:
        box = Region(south_deg=0.0, north_deg=40.0, west_deg=170.0, east_deg=-160.0)
        assert box.holds(latitude_deg=10.0, longitude_deg=179.0)
        assert box.holds(latitude_deg=10.0, longitude_deg=-170.0)
        assert not box.holds(latitude_deg=10.0, longitude_deg=0.0)
