"""What the public is told, rehearsed: real nodes in one process, the written rule, people who order at the door.

Times are the scenario's. Nations and sensors that a case does not need are left out, so that it is quick; the whole
flights with everybody are marked long.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import msgspec
import pytest

from beaconfire.kernel.alerts import AlertAction, AlertRow, AlertStatus, Approved, MessageKind
from beaconfire.kernel.records import EventStatus
from beaconfire.node import Publish, ShowAlert, ShowAudit, ShowEvent
from beaconfire.rehearse import Scenario, simulate
from beaconfire.rehearse.network import genesis_rows, play, rehearsal_staffs
from beaconfire.rehearse.scenario import OperatorAction, SensorDown, ShortFall
from beaconfire.warn import check_cap
from tests.rehearse.played import scenario

AUTOMATIC_S = 5.0  # a written rule, from the confirmed event
DRAFT_S = 30.0
CANCEL_S = 10.0
PROMPT_S = 5.0  # from the area being threatened no longer to the prompt


@dataclass
class Told:
    """What one nation's node said and sent, with scenario seconds."""

    rows: list[tuple[float, AlertRow]] = field(default_factory=list)
    sent: list[tuple[float, Approved]] = field(default_factory=list)
    confirmed_s: float | None = None
    lost_s: float | None = None
    refused: list[str] = field(default_factory=list)

    def kinds(self) -> list[MessageKind]:
        return [approved.kind for _, approved in self.sent]

    def at(self, kind: MessageKind) -> float:
        return next(at_s for at_s, approved in self.sent if approved.kind is kind)

    def statuses(self, status: AlertStatus) -> list[tuple[float, AlertRow]]:
        return [(at_s, row) for at_s, row in self.rows if row.status is status and row.previous is not status]


def rehearse(played: Scenario, *, until_s: float, until: tuple[str, MessageKind] | None = None) -> dict[str, Told]:
    """Play a scenario until a time, or until a nation has sent a message of a kind."""
    staffs = rehearsal_staffs(played, seed=1)
    told = {nation.code: Told() for nation in played.nations}
    for happening in play(simulate(played), genesis_rows(played, seed=1, staffs=staffs), staffs):
        at_s = (happening.now_ns - played.start_ns) / 1e9
        mine = told[happening.nation]
        for effect in happening.effects:
            _note(mine, effect, at_s)
        if at_s > until_s or (until and until[1] in told[until[0]].kinds()):
            break
    return told


def _note(mine: Told, effect: Any, at_s: float) -> None:
    if isinstance(effect, ShowAlert):
        mine.rows.append((at_s, effect.row))
    elif isinstance(effect, Publish):
        mine.sent.append((at_s, effect.approved))
    elif isinstance(effect, ShowEvent):
        if effect.revision.status is EventStatus.CONFIRMED and mine.confirmed_s is None:
            mine.confirmed_s = at_s
        if effect.revision.status is EventStatus.LOST and mine.lost_s is None:
            mine.lost_s = at_s
    elif isinstance(effect, ShowAudit) and effect.kind == "alert":
        mine.refused.append(effect.reason)


def case(
    name: str, *, nations: Sequence[str], injects: Sequence[Any] = (), duration_s: float, **alerting: Any
) -> Scenario:
    """A shipped scenario cut down to some nations; `alerting` changes how Japan warns."""
    whole = scenario(name)
    kept = []
    for nation in whole.nations:
        changed = msgspec.structs.replace(nation.alerting, **alerting) if nation.code == "JPN" else nation.alerting
        kept += [msgspec.structs.replace(nation, alerting=changed)] if nation.code in nations else []
    sensors = tuple(sensor for sensor in whole.sensors if sensor.nation in nations)
    return msgspec.structs.replace(
        whole, nations=tuple(kept), sensors=sensors, injects=tuple(injects), duration_s=duration_s
    )


@cache
def overflight() -> dict[str, Told]:
    played = case("overflight", nations=("KOR", "JPN"), duration_s=470.0)
    return rehearse(played, until_s=470.0, until=("JPN", MessageKind.PASSED))


def test_an_overflight_warns_aomori_at_once_and_says_when_it_has_passed() -> None:
    told = overflight()["JPN"]
    assert told.confirmed_s is not None
    assert told.kinds()[0] is MessageKind.SHELTER
    assert told.at(MessageKind.SHELTER) - told.confirmed_s <= min(AUTOMATIC_S, DRAFT_S)
    warned = next(row for _, row in told.rows if row.status is AlertStatus.SENT)
    assert "JP-02" in {area.area_id for area in warned.areas}
    assert b"<value>JP-02</value>" in told.sent[0][1].unsigned
    assert told.kinds()[-1] is MessageKind.PASSED
    assert told.sent[-1][1].channels == told.sent[0][1].channels


def test_everything_that_was_sent_is_sound_and_marked() -> None:
    for _, approved in overflight()["JPN"].sent:
        assert check_cap(approved.unsigned) == ()
        assert "【訓練】".encode() in approved.unsigned and b"EXERCISE" in approved.unsigned
        assert approved.approved_by == ("rule:JPN-exercise",)


def test_a_nation_without_a_rule_proposes_and_sends_nothing() -> None:
    assert overflight()["KOR"].sent == []


def test_a_track_lost_in_mid_flight_never_passes() -> None:
    """Every radar goes blind between burnout and Aomori: the public hears that it was lost, and no more."""
    blind = tuple(
        SensorDown(time_s=200.0, sensor=sensor.id)
        for sensor in scenario("overflight").sensors
        if sensor.nation in ("KOR", "JPN")
    )
    told = rehearse(case("overflight", nations=("KOR", "JPN"), injects=blind, duration_s=520.0), until_s=520.0)["JPN"]
    assert told.lost_s is not None and told.lost_s > 200.0
    assert told.kinds()[0] is MessageKind.SHELTER
    assert told.kinds()[-1] is MessageKind.LOST
    assert not {MessageKind.PASSED, MessageKind.DEBRIS} & {row.kind for _, row in told.rows}


def test_a_lofted_flight_that_falls_short_is_cancelled_by_one_officer_on_the_same_channels() -> None:
    decided_s = 150.0
    injects = (
        ShortFall(time_s=130.0, launch="L1", speed_kept=1.0),
        OperatorAction(time_s=decided_s, nation="JPN", person="officer-1", action=AlertAction.CANCEL, words="short"),
    )
    played = case(
        "lofted", nations=("KOR", "JPN"), injects=injects, duration_s=165.0, approval="automatic", min_probability=0.01
    )
    told = rehearse(played, until_s=165.0, until=("JPN", MessageKind.CANCEL))["JPN"]
    assert told.kinds()[0] is MessageKind.SHELTER and told.kinds()[-1] is MessageKind.CANCEL
    assert 0.0 <= told.at(MessageKind.CANCEL) - decided_s <= CANCEL_S
    cancel, first = told.sent[-1][1], told.sent[0][1]
    assert cancel.channels == first.channels and cancel.approved_by == ("officer-1",)
    assert first.identifier.encode() in cancel.unsigned, "it refers to what it takes back"
    assert told.refused == []


def test_what_falls_short_of_japan_is_proposed_to_be_cancelled_and_cancelled_by_an_officer() -> None:
    """Aomori is threatened while it boosts; its thrust ends early, and the piece falls into the sea."""
    broken_s, decided_s = 125.0, 131.0
    injects = (
        ShortFall(time_s=broken_s, launch="L1"),
        OperatorAction(time_s=decided_s, nation="JPN", person="officer-2", action=AlertAction.CANCEL, words="short"),
    )
    told = rehearse(case("overflight", nations=("KOR", "JPN"), injects=injects, duration_s=140.0), until_s=140.0)["JPN"]
    proposed = [(at_s, row) for at_s, row in told.statuses(AlertStatus.PROPOSED) if row.kind is MessageKind.CANCEL]
    assert proposed[0][0] - broken_s <= PROMPT_S
    assert proposed[0][1].due_ns is not None, "it counts down, and is not sent by itself"
    first, *between, last = told.kinds()  # while it boosts the corridor may come to reach further areas
    assert (first, last) == (MessageKind.SHELTER, MessageKind.CANCEL)
    assert set(between) <= {MessageKind.UPDATE}
    assert 0.0 <= told.at(MessageKind.CANCEL) - decided_s <= CANCEL_S


def test_the_flight_of_january_2025_sends_nothing_and_its_log_says_why() -> None:
    played = case("2025-01-06", nations=("KOR", "JPN", "USA"), duration_s=165.0)
    told = rehearse(played, until_s=165.0)
    assert all(mine.sent == [] for mine in told.values())
    drafts = [row for mine in told.values() for _, row in mine.statuses(AlertStatus.DRAFTED)]
    taken_back = [row for mine in told.values() for _, row in mine.statuses(AlertStatus.WITHDRAWN)]
    assert {row.alert_id for row in drafts if row.picture is None} <= {row.alert_id for row in taken_back}
    logged = [row for mine in told.values() for _, row in mine.rows if row.picture is not None]
    assert logged and all(row.p_hit == 0.01 and row.p_pass == 0.1 for row in logged)
    assert any(0.0 < area.pass_p < 1.0 for row in logged for area in row.areas)


@pytest.mark.long
def test_the_whole_flight_of_january_2025_sends_nothing() -> None:
    told = rehearse(scenario("2025-01-06"), until_s=780.0)
    assert all(mine.sent == [] for mine in told.values())
    for mine in told.values():
        open_drafts = {row.alert_id for _, row in mine.rows if row.status is AlertStatus.DRAFTED}
        assert open_drafts <= {row.alert_id for _, row in mine.statuses(AlertStatus.WITHDRAWN)}


@pytest.mark.long
def test_the_whole_overflight_with_everybody() -> None:
    told = rehearse(scenario("overflight"), until_s=1380.0)
    assert told["JPN"].confirmed_s is not None
    assert told["JPN"].at(MessageKind.SHELTER) - told["JPN"].confirmed_s <= AUTOMATIC_S
    assert MessageKind.PASSED in told["JPN"].kinds()
    assert told["KOR"].sent == told["USA"].sent == []
