"""Partings in a run: who from whom, as each side's own file has it; in the network, and as the scenario orders them."""

from functools import cache
from typing import Any

import msgspec
import pytest

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.time import from_seconds, parse_utc
from beaconfire.node import Leave, Resume, Send, ShowAudit, Suspend
from beaconfire.rehearse import Simulation, read_scenario, shipped, simulate
from beaconfire.rehearse.conductor import beats
from beaconfire.rehearse.lines import Account, PartnerLine
from beaconfire.rehearse.network import Happening, genesis_rows, parting_input, play
from beaconfire.rehearse.partings import parting_lines, partings
from beaconfire.rehearse.scenario import PartnerLeave, PartnerResume, PartnerSuspend

START = "2025-01-06T03:00:"
TIMES = tuple(parse_utc(f"{START}{second:02d}Z") for second in range(0, 60, 10))


def line(second: float, partner: str, word: str, *, count: int = 1) -> PartnerLine:
    return PartnerLine(f"{START}{second:06.3f}Z", partner, word, count=count)


def km2(nation: str, time_ns: int) -> float:
    return 1000.0 + (time_ns - TIMES[0]) / 1e9 + (0.5 if nation == "JPN" else 0.0)


def test_a_parting_is_told_from_both_sides() -> None:
    kor = Account("KOR", partners=(line(12, "JPN", "suspended"), line(41, "JPN", "returned")))
    jpn = Account(
        "JPN",
        partners=(
            line(12.1, "KOR", "suspended_by_partner"), line(41.2, "KOR", "returned"),
            line(42.5, "USA", "caught_up", count=9), line(43.0, "KOR", "caught_up", count=310),
        ),
    )  # fmt: skip
    (values,) = partings({"KOR": kor, "JPN": jpn}, TIMES, km2)
    assert (values["nation"], values["partner"], values["word"]) == ("KOR", "JPN", "suspended")
    assert values["heard_utc"] == f"{START}12.100Z"
    assert (values["away_s"], values["records"]) == (29.0, 310)
    assert values["caught_up_utc"] == f"{START}43.000Z"
    assert (values["before_km2"], values["alone_km2"], values["after_km2"]) == (1010.5, 1040.5, 1050.5)
    assert list(parting_lines([values])) == [
        "KOR suspended JPN at 03:00:12 UTC, for 29 s; complete again at 03:00:43.0 UTC with 310 records"
    ]


def test_who_never_came_back_and_who_died_are_told_too() -> None:
    kor = Account("KOR", partners=(line(12, "JPN", "left"), line(20, "USA", "suspended"), line(30, "USA", "returned")))
    found = partings({"KOR": kor}, TIMES, lambda nation, time_ns: None)
    assert [(row["partner"], row["until_utc"] is None, row["caught_up_utc"]) for row in found] == [
        ("JPN", True, None), ("USA", False, None),
    ]  # fmt: skip
    assert list(parting_lines(found)) == [
        "KOR left JPN at 03:00:12 UTC, for good",
        "KOR suspended USA at 03:00:20 UTC, for 10 s; its history was not complete at the end",
    ]
    assert partings({"KOR": Account("KOR")}, TIMES, km2) == []


SCENARIO = shipped("partner-leaves").decode()


def changed(old: str, new: str) -> bytes:
    assert old in SCENARIO
    return SCENARIO.replace(old, new).encode()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('partner = "JPN"\nreason', 'partner = "KOR"\nreason', "is KOR itself"),
        ('what = "partner_suspend"', 'what = "partner_resume"', "resumes JPN, which is joined"),
        ("time_s = 120.0", "time_s = 500.0", "resumes JPN, which is joined"),
        ('what = "partner_resume"', 'what = "partner_leave"', "which is suspended already"),
        ('partner = "JPN"\nreason', 'partner = "JPM"\nreason', "JPM"),
        ("reason = ", "why = ", "why"),
        ("time_s = 300.0", "time_s = 900.0", "at most duration_s"),
    ],
)
def test_partings_that_no_node_would_carry_out_are_named_with_their_line(old: str, new: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=told) as caught:
        read_scenario(changed(old, new), where="s.toml")
    assert all(fault.where.startswith("s.toml:") for fault in caught.value.faults)


def test_orders_of_a_parting() -> None:
    pair: Any = {"time_s": 1.0, "nation": "KOR", "partner": "JPN"}
    assert parting_input(PartnerSuspend(**pair, reason="r"), now_ns=7) == Suspend("JPN", ("exercise",), "r")
    assert parting_input(PartnerResume(**pair), now_ns=7) == Resume("JPN", b"", ("exercise",))
    assert parting_input(PartnerLeave(**pair), now_ns=7) == Leave("JPN", ("exercise",), "", 0)
    later = parting_input(PartnerLeave(**pair, notice_s=2.0), now_ns=7)
    assert later == Leave("JPN", ("exercise",), "", 7 + from_seconds(2.0))


@cache
def short() -> Simulation:
    """The first seconds of the flight that several see, with a parting in the midst of them."""
    scenario = read_scenario(shipped("partner-leaves"), where="partner-leaves")
    suspend, resume = scenario.injects
    injects = (msgspec.structs.replace(suspend, time_s=112.0), msgspec.structs.replace(resume, time_s=120.02))
    return simulate(msgspec.structs.replace(scenario, duration_s=130.0, injects=injects))


def test_a_parting_comes_with_the_first_tick_that_is_not_before_it() -> None:
    found = {beat.number: [type(item).__name__ for item in beat.partings] for beat in beats(short()) if beat.partings}
    assert found == {1120: ["PartnerSuspend"], 1201: ["PartnerResume"]}


@cache
def played() -> tuple[Happening, ...]:
    return tuple(play(short(), genesis_rows(short().scenario, seed=short().seed)))


def test_nothing_goes_to_a_suspended_partner_and_all_of_it_afterwards() -> None:
    def sends(nation: str, partner: str, first: int, last: int) -> list[Send]:
        return [
            effect for happening in played() if happening.nation == nation and first <= happening.beat <= last
            for effect in happening.effects if isinstance(effect, Send) and effect.partner == partner
        ]  # fmt: skip

    assert sends("KOR", "JPN", 1, 1119)
    assert sends("KOR", "JPN", 1121, 1200) == []  # in tick 1120 own scans come before the order
    assert sends("KOR", "USA", 1120, 1200), "the others are told as before"
    back = sends("KOR", "JPN", 1201, 1300)
    assert [send.kind for send in back].count("caught_up") == 1
    words = [
        (happening.nation, effect.verdict) for happening in played() for effect in happening.effects
        if isinstance(effect, ShowAudit) and (effect.kind == "partner" or effect.verdict == "caught up")
    ]  # fmt: skip
    assert ("KOR", "suspended") in words
    assert ("JPN", "suspended_by_partner") in words
    assert ("JPN", "caught up") in words
