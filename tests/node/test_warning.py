"""The corridor and the desk: forecasts as often as they are needed, orders and receipts by the same door as all inputs.

The flight is real, what it threatens is given: every forecast says that Aomori is passed in five minutes. What the desk
does with it is tested in `tests/warn`.
"""

from collections.abc import Sequence
from itertools import pairwise

import msgspec
import pytest

from beaconfire.assess import Assessor
from beaconfire.kernel.alerts import AlertAction, AlertStatus, AlertView, AreaThreat, Forecast, MessageKind, Order
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import (
    ClockTrouble,
    Command,
    Delivered,
    Effect,
    Genesis,
    Input,
    NodeState,
    NoticeIn,
    Publish,
    ScanIn,
    ShowAlert,
    ShowAudit,
    ShowEvent,
    Tick,
    WarningLoad,
    checkpoint,
    decode_input,
    digest,
    encode_input,
    initial,
    step,
)
from beaconfire.warn import outlook as warn_outlook
from beaconfire.warn import signed_bytes
from tests.node.flight import START_NS, genesis, scan
from tests.warn.desks import ROOT_PUBLIC, key_of, people_toml, rule_file, warning_toml

LOOKS = 30
RULE = """[rule]
id = "kor"
nation = "KOR"
realm = "EXERCISE"
kinds = ["shelter"]
min_probability = 0.5
single_source = true
"""


@pytest.fixture(autouse=True)
def aomori(monkeypatch: pytest.MonkeyPatch) -> None:
    def threats(forecast: Forecast, _areas: Sequence[str] | None = None) -> tuple[AreaThreat, ...]:
        after_ns = forecast.time_ns + 300 * NS_PER_S
        return (AreaThreat(area_id="JP-02", hit_p=0.0, pass_p=0.9, first_ns=after_ns, last_ns=after_ns + NS_PER_S),)

    monkeypatch.setattr(warn_outlook, "threats", threats)


def warning() -> bytes:
    """Korea's node of these tests answers for the areas of `tests.warn.desks`."""
    return warning_toml().replace(b'nation = "JPN"', b'nation = "KOR"')


def row(*rules: bytes) -> Genesis:
    return msgspec.structs.replace(
        genesis(), warning_toml=warning(), people_toml=people_toml(), rules=rules, root_public=ROOT_PUBLIC
    )


def looks(state: NodeState, numbers: range) -> list[Effect]:
    """The effects of these looks and the ticks after them."""
    effects: list[Effect] = []
    for number in numbers:
        seen = scan(number)
        inputs: tuple[Input, ...] = (ScanIn(seen), Tick())
        for item in inputs:
            effects += step(state, item, now_ns=seen.time_ns)[1]
    return effects


def drafted() -> NodeState:
    state = initial(row(), now_ns=START_NS)
    looks(state, range(LOOKS))
    assert view(state).status is AlertStatus.DRAFTED
    return state


def view(state: NodeState) -> AlertView:
    assert state.desk is not None
    return state.desk.alerts()[-1]


def command(state: NodeState, person: str, action: AlertAction, *, digest_: bytes | None = None) -> Command:
    draft = view(state).draft
    order = Order(
        person=person, session=person, action=action, alert_id=view(state).alert_id,
        digest=digest_ if digest_ is not None else (draft.digest if draft is not None else b""),
        nonce=f"{person}/{action}".encode().ljust(16)[:16], issued_ns=state.now_ns, signature=b"",
    )  # fmt: skip
    signature = key_of(person).sign(signed_bytes(order, realm=Realm.EXERCISE))
    fields = {name: getattr(order, name) for name in Order.__struct_fields__}
    return Command(**{**fields, "signature": signature})


def send(state: NodeState) -> list[Effect]:
    effects: list[Effect] = []
    for person, action in (("aoki", AlertAction.SUBMIT), ("baba", AlertAction.APPROVE), ("chiba", AlertAction.APPROVE)):
        effects += step(state, command(state, person, action), now_ns=state.now_ns)[1]
    return effects


def test_a_node_without_settings_warns_nobody_and_forecasts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Assessor, "forecast", None)
    state = initial(genesis(), now_ns=START_NS)
    effects = looks(state, range(LOOKS))
    assert any(isinstance(effect, ShowEvent) for effect in effects)
    assert not any(isinstance(effect, ShowAlert | Publish) for effect in effects)
    assert state.desk is None


def test_an_event_becomes_a_draft_in_the_step_of_its_revision() -> None:
    state = initial(row(), now_ns=START_NS)
    effects = looks(state, range(LOOKS))
    kinds = [type(effect).__name__ for effect in effects if isinstance(effect, ShowEvent | ShowAlert)]
    assert kinds[:4] == ["ShowEvent", "ShowAlert", "ShowAlert", "ShowAlert"]
    rows = [effect.row for effect in effects if isinstance(effect, ShowAlert)]
    assert [item.status for item in rows[:3]] == [AlertStatus.PROPOSED, AlertStatus.PROPOSED, AlertStatus.DRAFTED]
    assert rows[0].picture == "own"
    assert rows[0].areas[0].pass_p == 0.9


def test_forecasts_come_as_often_as_needed_and_at_once_when_the_status_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    forecast = Assessor.forecast

    def counted(self: Assessor, event_id: str, picture: str, *, now_ns: int) -> Forecast | None:
        asked.append(now_ns)
        return forecast(self, event_id, picture, now_ns=now_ns)  # type: ignore[arg-type]

    monkeypatch.setattr(Assessor, "forecast", counted)
    state = initial(row(), now_ns=START_NS)
    effects = looks(state, range(LOOKS))
    revisions = [effect.revision for effect in effects if isinstance(effect, ShowEvent)]
    changes = 1 + sum(one.status != other.status for one, other in pairwise(revisions))
    seconds = (asked[-1] - asked[0]) / NS_PER_S
    assert changes <= len(asked) <= changes + seconds / 2 + 1
    assert {revision.issued_ns for revision in revisions if revision.status == "confirmed"} & set(asked)


def test_a_rule_sends_as_soon_as_the_event_is_confirmed() -> None:
    state = initial(row(rule_file(RULE)), now_ns=START_NS)
    effects = looks(state, range(LOOKS))
    (publish,) = [effect.approved for effect in effects if isinstance(effect, Publish)]
    assert publish.approved_by == ("rule:kor",)
    confirmed = next(e.revision for e in effects if isinstance(e, ShowEvent) and e.revision.status == "confirmed")
    sent = next(e.row for e in effects if isinstance(e, ShowAlert) and e.row.status is AlertStatus.SENT)
    assert sent.time_ns - confirmed.issued_ns <= 5 * NS_PER_S


def test_people_send_and_receipts_come_back_by_the_same_door() -> None:
    state = drafted()
    effects = send(state)
    (publish,) = [effect.approved for effect in effects if isinstance(effect, Publish)]
    assert publish.approved_by == ("baba", "chiba")
    receipt = Delivered(
        alert_id=publish.alert_id, identifier=publish.identifier, channel="files", endpoint="alerts/", ok=True
    )
    (shown,) = step(state, receipt, now_ns=state.now_ns)[1]
    assert isinstance(shown, ShowAlert)
    assert shown.row.who == "channel:files"
    assert view(state).silent == ("net",)
    cancel = next(item for item in view(state).ready if item.kind is MessageKind.CANCEL)
    ended = step(state, command(state, "doi", AlertAction.CANCEL, digest_=cancel.digest), now_ns=state.now_ns)[1]
    assert [e.approved.channels for e in ended if isinstance(e, Publish)] == [publish.channels]


def refusals(effects: Sequence[Effect]) -> list[str]:
    return [effect.rule for effect in effects if isinstance(effect, ShowAudit) and effect.kind in ("alert", "warning")]


def test_what_is_refused_is_an_audit_row_with_its_reason() -> None:
    state = drafted()
    wrong = msgspec.structs.replace(command(state, "baba", AlertAction.APPROVE), signature=b"")
    stranger = NoticeIn(authority="NOBODY", reference="r", areas=("JP-02",), expires_ns=state.now_ns + 1)
    receipt = Delivered(alert_id="x", identifier="y", channel="files", endpoint="", ok=True)
    inputs: tuple[Input, ...] = (wrong, stranger, receipt)
    for item, reason in zip(inputs, ("signature", "authority", "unknown"), strict=True):
        assert refusals(step(state, item, now_ns=state.now_ns)[1]) == [reason]
    alone = initial(genesis(), now_ns=START_NS)
    for item in inputs:
        assert refusals(step(alone, item, now_ns=START_NS)[1]) == ["no_desk"]


def test_warning_files_are_taken_as_a_whole_or_not_at_all() -> None:
    state = initial(msgspec.structs.replace(genesis(), root_public=ROOT_PUBLIC), now_ns=START_NS)
    wrong = WarningLoad(warning(), people_toml(), (RULE.encode(),))
    assert refusals(step(state, wrong, now_ns=START_NS)[1]) == ["unsigned"]
    assert state.desk is None
    assert step(state, WarningLoad(warning(), people_toml(), (rule_file(RULE),)), now_ns=START_NS)[1] == ()
    assert any(isinstance(effect, Publish) for effect in looks(state, range(LOOKS)))
    assert refusals(step(state, WarningLoad(b"version = 1", b"", ()), now_ns=state.now_ns)[1]) == ["invalid"]
    assert view(state).status is AlertStatus.SENT


def test_while_the_clock_is_not_trusted_no_order_counts_and_the_picture_goes_on() -> None:
    state = drafted()
    step(state, ClockTrouble(False, 3.0), now_ns=state.now_ns)
    effects = send(state)
    assert refusals(effects) == ["clock", "clock", "clock"]
    assert not any(isinstance(effect, Publish) for effect in effects)
    assert any(isinstance(effect, ShowEvent) for effect in looks(state, range(LOOKS, LOOKS + 3)))


def test_a_journal_replayed_gives_the_same_alerts_byte_for_byte() -> None:
    """The same inputs, as they come out of a journal, into a new state: equal digests, orders and receipts included."""
    state = initial(row(), now_ns=START_NS)
    journal: list[tuple[int, bytes, bytes]] = []

    def do(item: Input, now_ns: int) -> None:
        journal.append((now_ns, encode_input(item), digest(step(state, item, now_ns=now_ns)[1])))

    for number in range(LOOKS):
        seen = scan(number)
        do(ScanIn(seen), seen.time_ns)
        do(Tick(), seen.time_ns)
    for person, action in (("aoki", AlertAction.SUBMIT), ("baba", AlertAction.APPROVE), ("chiba", AlertAction.APPROVE)):
        do(command(state, person, action), state.now_ns)
    assert view(state).status is AlertStatus.SENT
    for number in range(LOOKS, LOOKS + 5):
        do(ScanIn(scan(number)), scan(number).time_ns)
        do(Tick(), scan(number).time_ns)
    again = initial(row(), now_ns=START_NS)
    for now_ns, item, expected in journal:
        assert digest(step(again, decode_input(item), now_ns=now_ns)[1]) == expected


def test_a_checkpoint_shares_nothing_with_a_desk_that_goes_on() -> None:
    state = drafted()
    kept = checkpoint(state)
    send(state)
    assert view(state).status is AlertStatus.SENT
    assert view(kept).status is AlertStatus.DRAFTED
    assert len([e for e in send(kept) if isinstance(e, Publish)]) == 1


def test_a_first_row_from_before_there_was_warning_is_still_one() -> None:
    old = msgspec.msgpack.encode(msgspec.msgpack.decode(encode_input(genesis()))[:9])
    item = decode_input(old)
    assert isinstance(item, Genesis)
    assert (item.warning_toml, item.people_toml, item.rules, item.root_public) == (b"", b"", (), b"")
