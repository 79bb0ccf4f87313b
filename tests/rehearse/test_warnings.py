"""What a run's summary says of warning: made from logs of which the answer is known."""

from typing import Any

from beaconfire.rehearse.lines import Account, AlertLine, AreaLine, EventLine
from beaconfire.rehearse.warnings import deliveries, transitions, warning_values

AREA = AreaLine("JP-02", 0.1, 0.8)


def line(at_s: float, status: str, previous: str | None, **changes: Any) -> AlertLine:
    values: dict[str, Any] = {
        "alert_id": "JPN-E1-A1", "time_utc": f"2025-01-06T03:00:{at_s:06.3f}Z", "status": status,
        "previous": previous, "who": "desk", "why": "", "kind": "shelter", "identifier": "M1", "areas": (AREA,),
    }  # fmt: skip
    return AlertLine(**{**values, **changes})


def confirmed(at_s: float) -> EventLine:
    return EventLine("JPN-E1", 1, f"2025-01-06T03:00:{at_s:06.3f}Z", "confirmed", "fused", 1, {}, {})


PROPOSED = line(1.0, "proposed", None, alert_id="JPN-E1", picture="fused", identifier="")
DRAFTED = line(1.0, "drafted", "proposed")
SENT = line(3.0, "sent", "approved", who="rule:JPN-exercise")
CARRIED = line(3.2, "sent", "sent", who="channel:files")
LATER = line(3.4, "sent", "sent", who="channel:files")
UPDATE = line(5.0, "drafted", None, kind="update", identifier="M2")
DROPPED = line(6.0, "withdrawn", "drafted", kind="update", identifier="M2")
CANCEL = line(9.0, "cancelled", "approved", who="officer-1", kind="cancel", identifier="M3")


def told(*alerts: AlertLine, events: tuple[EventLine, ...] = ()) -> dict[str, Any]:
    return warning_values(Account("JPN", events=events, alerts=alerts))


def test_a_proposal_is_not_a_warning() -> None:
    values = told(PROPOSED, DRAFTED, line(4.0, "withdrawn", "drafted"))
    assert values["messages"] == [] and values["sent_alerts"] == 0 and values["first_sent_utc"] is None
    assert (values["first_proposal_utc"], values["drafted_alerts"]) == ("2025-01-06T03:00:01.000Z", 1)
    assert values["ended"] == {"JPN-E1-A1": "withdrawn"}


def test_a_message_has_its_time_from_the_first_confirmed_event_its_areas_and_who_carried_it() -> None:
    values = told(PROPOSED, DRAFTED, SENT, CARRIED, LATER, events=(confirmed(2.5), confirmed(4.0)))
    (message,) = values["messages"]
    assert message["after_s"] == 0.5
    assert (message["kind"], message["by"], message["areas"]) == ("shelter", "rule:JPN-exercise", ["JP-02"])
    assert message["delivered"] == {"files": "2025-01-06T03:00:03.400Z"}
    assert told(SENT)["messages"][0]["after_s"] is None


def test_the_draft_of_an_update_that_is_taken_back_ends_nothing_and_a_cancel_does() -> None:
    assert told(DRAFTED, SENT, UPDATE, DROPPED)["ended"] == {}
    values = told(DRAFTED, SENT, UPDATE, DROPPED, CANCEL)
    assert values["ended"] == {"JPN-E1-A1": "cancelled"}
    assert [message["kind"] for message in values["messages"]] == ["shelter", "cancel"]


def test_a_timeline_leaves_out_receipts_and_remarks() -> None:
    account = Account("JPN", alerts=(PROPOSED, DRAFTED, SENT, CARRIED, CANCEL))
    assert list(transitions(account)) == [PROPOSED, DRAFTED, SENT, CANCEL]
    assert deliveries(account, "M1") == {"files": CARRIED}
    assert deliveries(account, "M3") == {}


def test_a_node_that_warns_nobody_has_nothing_to_tell() -> None:
    values = told()
    assert values["messages"] == [] and values["ended"] == {} and values["first_proposal_utc"] is None
