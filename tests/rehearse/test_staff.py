"""The people of an exercise: their files open under their nation's root alone, and they order only what is possible."""

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from beaconfire.kernel.alerts import AlertAction, AlertStatus, AlertView, MessageKind, Order, Ready
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.people import load_people
from beaconfire.kernel.sealed import open_sealed
from beaconfire.kernel.time import from_seconds
from beaconfire.rehearse.network import genesis_rows, rehearsal_staffs
from beaconfire.rehearse.scenario import Alerting, Nation, OperatorAction, Scenario
from beaconfire.rehearse.staff import RULE_FILE, Prompter, key_of, make_staff
from beaconfire.warn import areas, parse_rule, parse_settings, signed_bytes
from tests.rehearse.played import scenario

SECRET = b"s" * 32


def nation(code: str = "JPN", **alerting: Any) -> Nation:
    return Nation(code=code, languages=("ja", "en"), alerting=Alerting(**alerting))


def action(what: AlertAction, *, time_s: float = 10.0, **changes: Any) -> OperatorAction:
    person = "author" if what in (AlertAction.DRAFT, AlertAction.SUBMIT) else "officer-1"
    return OperatorAction(**{"time_s": time_s, "nation": "JPN", "person": person, "action": what, **changes})


def prompter(*actions: OperatorAction) -> Prompter:
    played = msgspec.structs.replace(scenario("overflight"), injects=actions)
    return Prompter(played, rehearsal_staffs(played, seed=1))


def at(played: Scenario, time_s: float) -> int:
    return played.start_ns + from_seconds(time_s)


def ready(kind: MessageKind, stage: AlertStatus) -> Ready:
    digest = f"{kind}/{stage}".encode().ljust(32, b".")
    return cast(Ready, SimpleNamespace(kind=kind, stage=stage, digest=digest))


def view(
    status: AlertStatus, *, stage: AlertStatus | None = None, sent: bool = False, name: str = "JPN-E1-A1"
) -> AlertView:
    lying = tuple(
        ready(kind, AlertStatus.DRAFTED) for kind in (MessageKind.CORRECTION, MessageKind.CANCEL, MessageKind.ALL_CLEAR)
    )
    return AlertView(
        alert_id=name, event_ids=("JPN-E1",), status=status,
        draft=None if stage is None else ready(MessageKind.SHELTER, stage), ready=lying,
        sent=(ready(MessageKind.SHELTER, AlertStatus.SENT),) if sent else (), silent=(), conflicts=(), due_ns=None,
    )  # fmt: skip


def given(what: AlertAction, *views: AlertView, events: tuple[str, ...] = ("JPN-E1",), **changes: Any) -> Order | None:
    people = prompter(action(what, **changes))
    now_ns = at(people.scenario, 10.0)
    assert people.due(now_ns - 1) == frozenset() and people.due(now_ns) == {"JPN"}
    orders = people.orders("JPN", views, events, now_ns=now_ns)
    return orders[0] if orders else None


def test_a_staffs_files_are_those_of_its_nation_and_open_under_its_root_alone() -> None:
    root, other = key_of(SECRET, "JPN", "root"), key_of(SECRET, "KOR", "root")
    staff = make_staff(nation(approval="automatic", areas=("JP-02", "JP-01")), secret=SECRET, seal_with=root.sign)
    assert staff is not None
    settings = parse_settings(staff.warning_toml, nation="JPN", realm=Realm.EXERCISE, where="")
    assert (settings.ours, settings.languages, settings.rules) == (("JP-02", "JP-01"), ("ja", "en"), (RULE_FILE,))
    assert {channel.realm for channel in settings.channel} == {Realm.EXERCISE}
    public = root.public_key().public_bytes_raw()
    people = load_people(staff.people_toml, realm=Realm.EXERCISE, root=public, where="")
    assert {name: person.roles for name, person in people.items()} == {
        "author": ("author",), "officer-1": ("officer",), "officer-2": ("officer",)
    }  # fmt: skip
    with pytest.raises(InvalidInput):
        load_people(staff.people_toml, realm=Realm.EXERCISE, root=other.public_key().public_bytes_raw(), where="")
    with pytest.raises(InvalidInput):
        load_people(staff.people_toml, realm=Realm.LIVE, root=public, where="")


def test_an_automatic_nation_has_one_sealed_rule_of_what_it_states_and_a_manual_one_none() -> None:
    root = key_of(SECRET, "JPN", "root")
    stated = nation(approval="automatic", kinds=(MessageKind.SHELTER,), min_probability=0.25, while_boosting=False)
    staff = make_staff(stated, secret=SECRET, seal_with=root.sign)
    assert staff is not None
    text = open_sealed(
        staff.rules[RULE_FILE], purpose="rule", realm=Realm.EXERCISE, key=root.public_key().public_bytes_raw(), where=""
    )
    rule = parse_rule(text, nation="JPN", realm=Realm.EXERCISE, where="")
    assert (rule.kinds, rule.min_probability, rule.while_boosting) == ((MessageKind.SHELTER,), 0.25, False)
    manual = make_staff(nation(), secret=SECRET, seal_with=root.sign)
    assert manual is not None and manual.rules == {}


def test_without_areas_named_a_nation_warns_all_of_its_own_and_a_stranger_nobody() -> None:
    root = key_of(SECRET, "KOR", "root")
    staff = make_staff(nation("KOR"), secret=SECRET, seal_with=root.sign)
    assert staff is not None
    settings = parse_settings(staff.warning_toml, nation="KOR", realm=Realm.EXERCISE, where="")
    assert settings.ours == areas().ids("KOR") and len(settings.ours) == 17
    assert make_staff(nation("ATA"), secret=SECRET, seal_with=root.sign) is None


def test_keys_come_from_the_secret_the_nation_and_the_name() -> None:
    keys = {
        key_of(*parts).public_key().public_bytes_raw()
        for parts in ((SECRET, "JPN", "a"), (SECRET, "JPN", "b"), (SECRET, "KOR", "a"), (b"t" * 32, "JPN", "a"))
    }
    assert len(keys) == 4
    assert key_of(SECRET, "JPN", "a").public_key() == key_of(SECRET, "JPN", "a").public_key()


def test_a_genesis_has_its_staffs_files_and_one_without_a_staff_none() -> None:
    played = scenario("overflight")
    staffs = rehearsal_staffs(played, seed=1)
    rows = genesis_rows(played, seed=1, staffs=staffs)
    assert rows["JPN"].warning_toml == staffs["JPN"].warning_toml and rows["JPN"].rules
    assert not rows["KOR"].rules and rows["KOR"].people_toml
    assert genesis_rows(played, seed=1)["JPN"].warning_toml == b""
    assert rehearsal_staffs(played, seed=1)["JPN"].warning_toml == staffs["JPN"].warning_toml


def test_an_order_is_signed_by_the_one_who_gives_it_and_dated_now() -> None:
    people = prompter(action(AlertAction.CANCEL, words="it fell short"))
    now_ns = at(people.scenario, 11.0)
    (order,) = people.orders("JPN", [view(AlertStatus.SENT, sent=True)], (), now_ns=now_ns)
    assert (order.person, order.issued_ns, order.words, len(order.nonce)) == ("officer-1", now_ns, "it fell short", 16)
    key = people.staffs["JPN"].keys["officer-1"].public_key()
    key.verify(order.signature, signed_bytes(order, realm=Realm.EXERCISE))
    assert people.waiting == [] and people.missed == []


@pytest.mark.parametrize(
    ("what", "kind"),
    [(AlertAction.CORRECT, "correction"), (AlertAction.CANCEL, "cancel"), (AlertAction.ALL_CLEAR, "all_clear")],
)
def test_an_end_is_of_the_message_that_lies_ready_and_of_something_sent(what: AlertAction, kind: str) -> None:
    order = given(what, view(AlertStatus.SENT, sent=True))
    assert order is not None and order.digest.startswith(kind.encode())
    assert given(what, view(AlertStatus.DRAFTED, stage=AlertStatus.DRAFTED)) is None


@pytest.mark.parametrize(
    ("what", "stage"),
    [
        (AlertAction.SUBMIT, AlertStatus.DRAFTED),
        (AlertAction.APPROVE, AlertStatus.SUBMITTED),
        (AlertAction.SEND, AlertStatus.APPROVED),
        (AlertAction.WITHDRAW, AlertStatus.DRAFTED),
    ],
)
def test_what_is_done_with_a_draft_waits_for_its_stage(what: AlertAction, stage: AlertStatus) -> None:
    order = given(what, view(stage, stage=stage))
    assert order is not None and order.digest == ready(MessageKind.SHELTER, stage).digest
    assert given(what, view(AlertStatus.SENT, sent=True)) is None
    assert given(what) is None
    wrong = AlertStatus.APPROVED if stage is AlertStatus.DRAFTED else AlertStatus.DRAFTED
    if what is not AlertAction.WITHDRAW:
        assert given(what, view(wrong, stage=wrong)) is None


def test_a_draft_is_about_the_open_alert_or_else_the_latest_event() -> None:
    of_event = given(AlertAction.DRAFT, events=("JPN-E1", "JPN-E2"), areas=("JP-02",))
    of_alert = given(AlertAction.DRAFT, view(AlertStatus.DRAFTED, stage=AlertStatus.DRAFTED))
    over = given(AlertAction.DRAFT, view(AlertStatus.WITHDRAWN))
    assert of_event is not None and (of_event.alert_id, of_event.areas, of_event.digest) == ("JPN-E2", ("JP-02",), b"")
    assert of_alert is not None and of_alert.alert_id == "JPN-E1-A1"
    assert over is not None and over.alert_id == "JPN-E1"
    assert given(AlertAction.DRAFT, events=()) is None


def test_an_update_follows_something_that_was_sent_by_the_latest_open_alert() -> None:
    first, second = view(AlertStatus.CANCELLED, sent=True), view(AlertStatus.SENT, sent=True, name="JPN-E1-A2")
    order = given(AlertAction.UPDATE, first, second)
    assert order is not None and order.alert_id == "JPN-E1-A2"
    assert given(AlertAction.UPDATE, first) is None


def test_what_is_not_possible_in_its_time_is_left_out_and_named() -> None:
    people = prompter(action(AlertAction.SUBMIT, within_s=5.0))
    for time_s in (10.0, 14.9):
        assert people.orders("JPN", [], (), now_ns=at(people.scenario, time_s)) == ()
        assert len(people.waiting) == 1
    assert people.orders("JPN", [], (), now_ns=at(people.scenario, 15.1)) == ()
    assert people.waiting == [] and [item.action for item in people.missed] == [AlertAction.SUBMIT]


def test_people_do_one_thing_after_another() -> None:
    """The approval is due already, and still waits for the submission before it."""
    people = prompter(action(AlertAction.APPROVE, time_s=10.1), action(AlertAction.SUBMIT))
    now_ns = at(people.scenario, 12.0)
    submitted = view(AlertStatus.SUBMITTED, stage=AlertStatus.SUBMITTED)
    drafted = view(AlertStatus.DRAFTED, stage=AlertStatus.DRAFTED)
    assert people.orders("JPN", [submitted], (), now_ns=now_ns) == ()
    assert [order.action for order in people.orders("JPN", [drafted], (), now_ns=now_ns)] == ["submit"]
    assert [order.action for order in people.orders("JPN", [submitted], (), now_ns=now_ns)] == ["approve"]


def test_no_nonce_is_given_twice_and_a_nation_without_a_desk_is_left_alone() -> None:
    people = prompter(action(AlertAction.DRAFT), action(AlertAction.DRAFT, time_s=10.1))
    now_ns = at(people.scenario, 11.0)
    nonces = {order.nonce for _ in range(2) for order in people.orders("JPN", [], ("JPN-E1",), now_ns=now_ns)}
    assert len(nonces) == 2
    assert people.orders("KOR", [], ("KOR-E1",), now_ns=now_ns) == ()
    alone = Prompter(msgspec.structs.replace(people.scenario, injects=(action(AlertAction.DRAFT),)), {})
    assert alone.due(now_ns) == frozenset()
