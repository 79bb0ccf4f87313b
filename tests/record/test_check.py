"""The check against physics and the other claims: the shipped record is clean, and planted faults are found."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest

from beaconfire.kernel import data
from beaconfire.record import Bound, Finding, Verdict, associate, check, read_claims, report, shipped_claims
from beaconfire.record.physics import two_body_time_s
from tests.record.made import claim, shipped

ANNOUNCED = data.read_text("beaconfire", "data", "launches.csv")


def judged(**changes: Any) -> Finding:
    """The finding on one claim that stands alone."""
    (finding,) = check(associate([claim(**changes)]))
    return finding


def planted(old: str, new: str) -> tuple[list[Finding], list[Finding]]:
    """Change the one line that begins with `old`; the findings on it, and the new suspicions on all others."""
    (line,) = [line for line in ANNOUNCED.splitlines() if line.startswith(old)]
    text = ANNOUNCED.replace(line, new + line[len(old) :])
    (number,) = [number for number, other in enumerate(text.splitlines()) if other.startswith(new)]
    claims = read_claims(text.encode(), where="planted")
    findings = check(associate(claims, unrated=True))
    mine = [item for item in findings if item.claim == claims[number - 1]]
    others = [item for item in findings if item.claim != claims[number - 1]]
    return mine, [item for item in others if item.verdict in (Verdict.SUSPECT_ENTRY, Verdict.INCONSISTENT)]


def test_the_shipped_record_is_clean_and_the_glide_of_january_2025_stands_out() -> None:
    findings = check(shipped())
    assert Counter(item.verdict for item in findings) == {Verdict.FINE: 144, Verdict.IRREGULAR: 3}
    irregular = [(item.launch_id, item.claim.source) for item in findings if item.verdict is Verdict.IRREGULAR]
    assert ("2025-01-06.1", "Japan") in irregular
    (glide,) = [item for item in findings if item.launch_id == "2025-01-06.1" and item.claim.source == "Japan"]
    assert glide.numbers["announced_s"] == 660.0
    assert glide.numbers["ratio"] == pytest.approx(2.05, abs=0.01)


def test_ballistic_rows_of_the_shipped_record_reach_518_s_and_ratio_1_34() -> None:
    """The published spread of the announced material, which sets where irregular begins."""
    numbers = [item.numbers for item in check(shipped()) if "ratio" in item.numbers and item.verdict is Verdict.FINE]
    assert len(numbers) == 16
    assert max(row["ratio"] for row in numbers) == pytest.approx(1.342, abs=0.001)
    assert max(row["excess_s"] for row in numbers) == pytest.approx(518.0, abs=1.0)
    assert min(row["excess_s"] for row in numbers) > 30.0


@dataclass(frozen=True)
class Plant:
    name: str
    old: str
    new: str
    reason: str


PLANTED = [
    Plant("UTC half a day off its own clock", "2022-10-03T22:23Z,07:23", "2022-10-03T10:23Z,07:23", "AM/PM"),
    Plant("the local clock half a day off", "2022-10-03T22:23Z,07:23", "2022-10-03T22:23Z,19:23", "AM/PM"),
    Plant("both half a day off", "2022-11-18T01:15Z,10:15", "2022-11-18T13:15Z,22:15", "AM/PM"),
    Plant("local time in the UTC column", "2022-10-03T22:23Z,07:23", "2022-10-04T07:23Z,07:23", "entered as UTC"),
    Plant("the local date in the UTC column", "2017-08-28T20:58Z", "2017-08-29T20:58Z", "the wrong UTC date"),
    Plant("a UTC date too early", "2022-11-02T22:39Z", "2022-11-01T22:39Z", "the wrong UTC date"),
    Plant("a date without a clock", "2023-07-12,,DPRK KCNA", "2023-07-11,,DPRK KCNA", "the wrong UTC date"),
    Plant("minutes that do not agree", "2022-10-03T22:23Z,07:23", "2022-10-03T22:23Z,08:23", "60 minutes off"),
    Plant(
        "swapped beside other sources",
        '2022-01-29T22:52Z,07:52,ROK JCS,Hwasong-12,IRBM,1,exact,"Mupyong-ri, Jagang",40.61,126.43,800,2000',
        '2022-01-29T22:52Z,07:52,ROK JCS,Hwasong-12,IRBM,1,exact,"Mupyong-ri, Jagang",40.61,126.43,2000,800',
        "swapped",
    ),
    Plant(
        "swapped, short range, alone",
        '2022-09-24T21:53Z,06:53,ROK JCS,KN-23 (reservoir SLBM),SRBM,1,exact,"Taechon, N Pyongan",39.99,125.52,600,60',
        '2022-09-24T21:53Z,06:53,ROK JCS,KN-23 (reservoir SLBM),SRBM,1,exact,"Taechon, N Pyongan",39.99,125.52,60,600',
        "swapped",
    ),
    Plant(
        "swapped, by its type's other flights",
        '2023-03-16,,DPRK KCNA,Hwasong-17,ICBM,1,exact,"Sunan, Pyongyang",39.2,125.67,1000.2,6045',
        '2023-03-16,,DPRK KCNA,Hwasong-17,ICBM,1,exact,"Sunan, Pyongyang",39.2,125.67,6045,1000.2',
        "swapped",
    ),
]


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.name)
def test_a_planted_slip_is_found_with_its_reason(plant: Plant) -> None:
    mine, others = planted(plant.old, plant.new)
    (finding,) = mine
    assert finding.verdict is Verdict.SUSPECT_ENTRY
    assert plant.reason in finding.reason
    # A pair that cannot both be right may name both; nothing else of the record becomes suspect.
    assert {item.launch_id[:7] for item in others} <= {plant.old[:7]}
    assert len(others) <= 1


def test_a_swapped_compilation_is_told_from_the_official_figure_beside_it() -> None:
    """As a published compilation has it for 25 May 2022: 540 and 360 the wrong way round."""
    official = claim(missile_class="ICBM", range_m=360e3, apogee_m=540e3)
    copied = claim(source="CNS", confidence="C", missile_class="ICBM", range_m=540e3, apogee_m=360e3)
    verdicts = {item.claim.source: item.verdict for item in check(associate([official, copied]))}
    assert verdicts["CNS"] is Verdict.SUSPECT_ENTRY
    assert verdicts.get("ROK JCS", Verdict.FINE) is Verdict.FINE


def test_a_swap_is_seen_by_the_flight_time_alone() -> None:
    finding = judged(missile_class="ICBM", range_m=2802e3, apogee_m=933e3, flight_time_s=2340.0)
    assert finding.verdict is Verdict.SUSPECT_ENTRY
    assert "flight time" in finding.reason


def test_nothing_is_lofted_steeper_than_what_was_announced() -> None:
    assert judged(missile_class="IRBM", range_m=99.8e3, apogee_m=1500e3).verdict is Verdict.SUSPECT_ENTRY
    assert check(associate([claim(missile_class="ICBM", range_m=1001e3, apogee_m=7687e3)])) == ()


def fall_s(range_km: float, apogee_km: float) -> float:
    return two_body_time_s(range_m=range_km * 1e3, apogee_m=apogee_km * 1e3)


@pytest.mark.parametrize(
    ("over_s", "verdict"),
    [(-200.0, "inconsistent"), (-20.0, "inconsistent"), (30.0, "fine"), (1900.0, "fine"), (2200.0, "irregular")],
)
def test_a_flight_time_is_judged_by_the_fall(over_s: float, verdict: str) -> None:
    announced_s = fall_s(1001.2, 6648.4) + over_s
    finding = judged(missile_class="ICBM", range_m=1001.2e3, apogee_m=6648.4e3, flight_time_s=announced_s)
    assert finding.verdict == verdict
    assert finding.numbers["two_body_s"] == pytest.approx(fall_s(1001.2, 6648.4), abs=1e-3)
    assert finding.numbers["excess_s"] == pytest.approx(over_s, abs=1e-3)


def test_irregular_begins_above_one_and_a_half() -> None:
    for ratio, verdict in ((1.49, Verdict.FINE), (1.51, Verdict.IRREGULAR)):
        time_s = ratio * fall_s(1100.0, 100.0)
        finding = judged(missile_class="IRBM", range_m=1100e3, apogee_m=100e3, flight_time_s=time_s)
        assert finding.verdict is verdict
        assert finding.numbers["ratio"] == pytest.approx(ratio, abs=1e-3)


def test_rounded_figures_and_whole_minutes_are_allowed_for() -> None:
    """ "6,000 km" and "65 minutes" may both be rounded; a second off an exact figure may not."""
    minutes = 60.0 * (fall_s(1000.0, 6000.0) // 60.0)
    assert minutes < fall_s(1000.0, 6000.0)
    rounded = judged(missile_class="ICBM", range_m=1000e3, apogee_m=6000e3, flight_time_s=minutes)
    assert rounded.verdict is Verdict.FINE


def test_after_over_a_long_time_proves_nothing_but_a_short_one_does() -> None:
    long_s, short_s = 2.0 * fall_s(900.0, 2500.0), fall_s(900.0, 2500.0) - 100.0
    bounded = {"missile_class": "ICBM", "range_m": 900e3, "apogee_m": 2500e3, "apogee_bound": Bound.OVER}
    long = judged(**bounded, flight_time_s=long_s)
    assert long.verdict is Verdict.FINE
    assert "no evidence" in long.reason
    assert judged(**bounded, flight_time_s=short_s).verdict is Verdict.INCONSISTENT


def test_after_under_a_short_time_proves_nothing_but_a_long_one_does() -> None:
    bounded = {"missile_class": "IRBM", "range_m": 900e3, "apogee_m": 500e3, "apogee_bound": Bound.UNDER}
    assert judged(**bounded, flight_time_s=fall_s(900.0, 500.0) - 200.0).verdict is Verdict.FINE
    assert judged(**bounded, flight_time_s=2.5 * fall_s(900.0, 500.0)).verdict is Verdict.IRREGULAR


@pytest.mark.parametrize(
    ("range_m", "apogee_m", "mach", "verdict"),
    [
        (800e3, 2000e3, 16.0, "fine"),  # Hwasong-12, 30 January 2022
        (1000e3, 6100e3, 22.0, "fine"),  # Hwasong-17, 18 November 2022
        (130e3, 20e3, 5.0, "fine"),  # the fastest of the record for its path
        (700e3, 50e3, 6.0, "irregular"),  # lift carries it
        (800e3, 2000e3, 9.0, "inconsistent"),  # nothing lifts at 2,000 km
        (300e3, 50e3, 16.0, "inconsistent"),
    ],
)
def test_an_announced_mach_number_is_judged_by_the_speed_that_the_path_takes(
    range_m: float, apogee_m: float, mach: float, verdict: str
) -> None:
    finding = judged(missile_class="unknown", range_m=range_m, apogee_m=apogee_m, mach=mach)
    assert finding.verdict == verdict
    assert "Mach" in finding.reason


@pytest.mark.parametrize(
    ("missile_class", "range_m", "apogee_m", "verdict"),
    [
        ("SRBM", 1000e3, None, "fine"),
        ("SRBM", 1099e3, None, "fine"),
        ("SRBM", 1200e3, None, "inconsistent"),
        ("MRBM", 3500e3, 2000e3, "inconsistent"),
        ("MRBM", 500e3, 560e3, "fine"),
        ("IRBM", 800e3, 2111e3, "fine"),
        ("IRBM/HGV", 1500e3, 100e3, "fine"),
        ("IRBM/HGV", 7000e3, 100e3, "inconsistent"),
    ],
)
def test_a_class_is_judged_by_its_longest_range(
    missile_class: str, range_m: float, apogee_m: float | None, verdict: str
) -> None:
    finding = judged(missile_class=missile_class, range_m=range_m, apogee_m=apogee_m)
    assert finding.verdict == verdict


def test_figures_beyond_a_class_that_fit_it_swapped_are_a_slip() -> None:
    assert judged(missile_class="MRBM", range_m=500e3, apogee_m=2000e3).verdict is Verdict.SUSPECT_ENTRY
    both = {"missile_class": "MRBM", "range_m": 500e3, "apogee_m": 2000e3}
    claims = [claim(**both), claim(source="Japan", **both)]  # two cannot have slipped the same way
    assert [item.verdict for item in check(associate(claims))] == [Verdict.INCONSISTENT] * 2


def test_of_two_mirrored_claims_physics_clears_the_right_one() -> None:
    times = {"missile_class": "IRBM", "flight_time_s": 1800.0}
    right, wrong = {"range_m": 800e3, "apogee_m": 2000e3}, {"range_m": 2000e3, "apogee_m": 800e3}
    pairs = [
        (claim(**times, **right), claim(source="Japan", missile_class="IRBM", **wrong)),
        (claim(range_m=600e3, apogee_m=60e3), claim(source="Japan", range_m=60e3, apogee_m=600e3)),
    ]
    for good, bad in pairs:
        verdicts = {item.claim.source: item.verdict for item in check(associate([good, bad]))}
        assert verdicts == {"ROK JCS": Verdict.FINE, "Japan": Verdict.SUSPECT_ENTRY}


@pytest.mark.parametrize("missile_class", ["ICBM", "SLBM", "SLV", "unknown", "MRBM/ICBM"])
def test_a_class_without_a_longest_range_judges_nothing(missile_class: str) -> None:
    assert check(associate([claim(missile_class=missile_class, range_m=9000e3)])) == ()


def test_what_states_too_little_gets_no_finding() -> None:
    assert check(associate([claim(missile_class="ICBM", range_m=1000e3, flight_time_s=3000.0)])) == ()


def test_a_row_for_programs_has_the_names_of_the_interface() -> None:
    row = judged(missile_class="IRBM", range_m=1100e3, apogee_m=100e3, flight_time_s=660.0).row()
    assert list(row)[:6] == ["launch_id", "reported_utc", "source", "verdict", "reason", "numbers"]
    assert row["verdict"] == "irregular"
    assert all(isinstance(value, float) for value in row["numbers"].values())
    assert {str(verdict) for verdict in Verdict} == {"fine", "irregular", "inconsistent", "suspect_entry"}


def test_the_report_counts_and_names_what_is_not_fine() -> None:
    text = report(check(shipped()))
    assert "147 claims state enough to judge: 144 fine, 3 irregular, 0 inconsistent, 0 suspect_entry." in text
    assert re.search(r"^- 2025-01-06\.1, Japan, 2025-01-06T03:01Z: 660 s is 2\.05 times", text, re.MULTILINE)
    assert "## fine" not in text


def test_the_record_is_judged_the_same_in_any_order() -> None:
    claims = shipped_claims()
    assert check(associate(claims)) == check(associate(claims[::-1]))
