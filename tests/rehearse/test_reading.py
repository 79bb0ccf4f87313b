"""Scenario files: the whole form, and every kind of mistake with its line and what would be right."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.time import parse_utc
from beaconfire.rehearse import names, read_scenario, scenario_json, schema, shipped
from beaconfire.rehearse.scenario import Aircraft, Glide, LinkCut, SensorDown
from tests.rehearse.played import SMALL, scenario

GLIDE = """
[launch.glide]
class = "irbm_glider"
range_m = 1100e3
apogee_m = 99.8e3
[[launch.glide.dip]]
time_s = 358.0
latitude_deg = 42.92
longitude_deg = 132.44
altitude_m = 27.5e3
peak_altitude_m = 42.5e3
"""
INJECTS = """
[[inject]]
time_s = 10.0
what = "sensor_down"
sensor = "KOR-R1"

[[inject]]
time_s = 20.0
what = "link_cut"
between = ["KOR", "KOR"]
"""


def faults(text: str) -> list[str]:
    """The lines that a user would read."""
    with pytest.raises(InvalidInput) as caught:
        read_scenario(text.encode(), where="s.toml")
    return str(caught.value).splitlines()


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if part in line)


def test_the_small_file_is_read_whole() -> None:
    read = read_scenario(SMALL.encode(), where="s.toml")
    assert (read.name, read.duration_s, read.seed) == ("small", 400.0, 7)
    assert read.start_ns == parse_utc("2025-01-06T03:00:00Z")
    assert read.nations[0].policy == "default"
    assert read.sensors[0].range_sigma_m == 30.0
    assert read.launches[0].profile is not None
    assert read.launches[0].profile.kind == "srbm_solid"
    assert (read.backgrounds, read.injects) == ((), ())


def test_glides_backgrounds_and_injects_are_read() -> None:
    text = SMALL.partition("profile =")[0] + GLIDE + INJECTS
    read = read_scenario(text.encode(), where="s.toml")
    glide = read.launches[0].glide
    assert isinstance(glide, Glide)
    assert glide.dip[0].altitude_m == 27.5e3
    assert read.injects == (SensorDown(time_s=10.0, sensor="KOR-R1"), LinkCut(time_s=20.0, between=("KOR", "KOR")))
    quiet = scenario("quiet-day")
    assert isinstance(quiet.backgrounds[0], Aircraft)


# what replaces what in the small file; the line named is that of the new text; what is said; what would be right
MISTAKES = [
    ("duration_s = 400.0", "duration_s = nan", "scenario.duration_s: is nan", "a finite number"),
    ("duration_s = 400.0", "duration_s = -1.0", "scenario.duration_s: is out of bounds", "> 0.0"),
    ("duration_s = 400.0", 'duration_s = "long"', "scenario.duration_s: is `str`", "`float`"),
    ("seed = 7", "sede = 7", "unknown key 'sede'", "seed"),
    ('realm = "EXERCISE"', 'realm = "LIVE"', "scenario.realm: is 'LIVE'", "EXERCISE"),
    ("T03:00:00Z", "T03:00:00", "scenario.start_utc", "ISO 8601 UTC"),
    ('languages = ["ko", "en"]', 'languages = ["ko", "fr"]', "languages[1]: is 'fr'", "one of en, ko, ja"),
    ('code = "KOR"', 'code = "Korea"', "nation[0].code", "[A-Z]{3}"),
    ('nation = "KOR"', 'nation = "KRO"', "sensor[0].nation: names 'KRO'", "KOR"),
    ("period_s = 1.0", "priod_s = 1.0", "sensor[0].priod_s: unknown key 'priod_s'", "period_s"),
    ("period_s = 1.0", "period_s = 0.0", "sensor[0].period_s: is 0.0", "a number from"),
    ("latitude_deg = 36.6", "latitude_deg = 99.0", "sensor[0].latitude_deg: is 99.0", "-90 to 90"),
    ("period_s = 1.0", "refraction = true", "sensor[0].refraction: is true", "false"),
    ("period_s = 1.0", "period_s = 1.0\nbias_sigma = { rnge_m = 3.0 }", "rnge_m", "expected"),
    ("azimuth_deg = 65.0", "azimuth_deg = 365.0", "launch[0].azimuth_deg: is out of bounds", "< 360.0"),
    ("azimuth_deg = 65.0", "azimut_deg = 65.0", "unknown key 'azimut_deg'", "azimuth_deg"),
    ('class = "srbm_solid"', 'class = "srbm_sold"', "launch[0].profile.class: is 'srbm_sold'", "srbm_solid"),
    ("range_m = 400e3,", "range_m = 400e3, burns = [42.0],", "unknown key 'burns'", "burn_s"),
    ("range_m = 400e3,", "range_m = 400e3, burn_s = [42.0, 3.0],", "burn_s: has 2 times", "1, one per stage"),
    ("time_s = 20.0", "time_s = 900.0", "launch[0].time_s: is 900", "at most duration_s, 400"),
    ("profile = {", "flight = {", "launch[0].flight", "file"),
]


@pytest.mark.parametrize(("old", "new", "what", "expected"), MISTAKES)
def test_a_mistake_is_named_with_its_line_and_what_would_be_right(old: str, new: str, what: str, expected: str) -> None:
    text = SMALL.replace(old, new, 1)
    assert text != SMALL
    lines = faults(text)
    assert any(what in line and expected in line for line in lines), lines
    number = line_of(text, new.splitlines()[-1])
    assert any(line.startswith(f"s.toml:{number}: ") for line in lines), lines


@pytest.mark.parametrize("table", ["scenario", "nation", "sensor"])
def test_a_missing_table_is_named(table: str) -> None:
    text = SMALL.replace(f"[{table}]", "[launchx]" if table == "scenario" else "[bogus]", 1)
    assert any(f"has no [{'[' * (table != 'scenario')}{table}]" in line for line in faults(text))


def test_every_mistake_is_told_at_once() -> None:
    text = SMALL.replace("seed = 7", "seed = -7").replace("kind = ", "knd = ").replace("65.0", "-65.0") + "[extra]\n"
    lines = faults(text)
    for part in ("extra", "scenario.seed", "sensor[0]", "launch[0].azimuth_deg"):
        assert sum(part in line for line in lines) >= 1, part


def test_twins_are_named() -> None:
    launch = SMALL[SMALL.index("[[launch]]") :]
    sensor = SMALL[SMALL.index("[[sensor]]") : SMALL.index("[[launch]]")]
    lines = faults(SMALL + sensor + launch)
    assert any("sensor[1].id: is 'KOR-R1' a second time" in line for line in lines)
    assert any("launch[1].id: is 'L1' a second time" in line for line in lines)


def test_a_launch_takes_exactly_one_trajectory() -> None:
    none = SMALL.partition("profile =")[0]
    assert any("no trajectory" in line and "exactly one of" in line for line in faults(none))
    assert any("profile and glide" in line for line in faults(SMALL + GLIDE))


def test_a_dip_below_its_peak_below_the_apogee() -> None:
    text = SMALL.partition("profile =")[0] + GLIDE.replace("42.5e3", "20e3")
    assert any("out of order" in line and "peak_altitude_m" in line for line in faults(text))


def test_a_name_that_the_file_does_not_define_is_named_with_the_nearest() -> None:
    assert any("inject[0].sensor" in line and "KOR-R1" in line for line in faults(SMALL + INJECTS.replace("R1", "R9")))
    text = SMALL + INJECTS.replace('["KOR", "KOR"]', '["KOR", "JPN"]')
    assert any("inject[1].between: names 'JPN'" in line for line in faults(text))
    text = SMALL.replace('languages = ["ko", "en"]', 'languages = ["ko"]\npolicy = "defalt"')
    assert any("nation[0].policy: names 'defalt'" in line and "default" in line for line in faults(text))


def test_an_unknown_inject_or_background_is_named_with_the_known_ones() -> None:
    wrong = SMALL + INJECTS.replace("sensor_down", "sensor_dwn") + '[[background]]\nkind = "areoplane"\n'
    lines = faults(wrong)
    assert any("inject[0].what: is 'sensor_dwn'" in line and "sensor_down" in line for line in lines)
    assert any("background[0].kind: is 'areoplane'" in line and "aircraft" in line for line in lines)


def test_text_that_is_no_toml_names_line_and_column() -> None:
    assert "line 3" in faults("[scenario]\nname = 'x'\nseed = \n")[0]


def test_the_shipped_scenarios_are_all_read() -> None:
    assert {"2024-11-05", "2025-01-06", "lofted", "overflight", "partner-leaves", "quiet-day", "real-booster"} <= set(
        names()
    )
    for name in names():
        assert read_scenario(shipped(name), where=name).name == name


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(InvalidInput, match="overflight"):
        shipped("overfligth")


def test_the_schema_describes_every_table() -> None:
    described = json.loads(json.dumps(schema()))
    assert set(described["$defs"]["ScenarioFile"]["properties"]) == {
        "scenario", "nation", "sensor", "launch", "background", "inject",
    }  # fmt: skip
    assert described["$defs"]["Launch"]["required"] == ["id", "time_s", "latitude_deg", "longitude_deg", "azimuth_deg"]


def test_a_checked_scenario_prints_as_json() -> None:
    plain = scenario_json(scenario("2025-01-06"))
    assert json.loads(json.dumps(plain))["start_utc"] == "2025-01-06T02:59:30.000Z"
    assert plain["launches"][0]["glide"]["class"] == "irbm_glider"


@given(st.binary(max_size=300))
def test_no_bytes_meet_anything_but_a_typed_refusal(source: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_scenario(source, where="s.toml")


junk = st.recursive(
    st.one_of(st.booleans(), st.integers(-5, 5), st.floats(), st.text("ab\u200f", max_size=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("abc"), inner, max_size=2)),
    max_leaves=4,
)


@given(st.sampled_from(["scenario", "nation", "sensor", "launch", "background", "inject", "x"]), junk)
def test_no_shape_of_a_table_meets_anything_but_a_typed_refusal(name: str, value: object) -> None:
    text = f"{name} = {as_toml(value)}\n"
    with pytest.raises(InvalidInput):
        read_scenario(text.encode(), where="s.toml")


def as_toml(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {as_toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(as_toml(item) for item in value) + "]"
    if isinstance(value, str):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else repr(value)
