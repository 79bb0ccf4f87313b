"""The record as a window: events and partners' words are on disk when the node ends, once, realms apart."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from beaconfire.kernel import codec
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import EventStatus
from beaconfire.node import Effect, ShowEvent, ShowLate, ShowPartner
from beaconfire.record import Claim, SourceClass, ask, associate
from beaconfire.record.gather import QUIET_NS
from beaconfire.shell.recordkeeper import RecordKeeper
from beaconfire.shell.recordstore import RecordStore
from tests.record.test_events import LIFT_OFF, revision
from tests.record.test_gather import NOW, launch

CLOSED = ShowEvent(revision(7, status=EventStatus.CLOSED))


@pytest.fixture
def store(tmp_path: Path) -> RecordStore:
    return RecordStore(tmp_path / "record.sqlite")


def kept(
    store: RecordStore,
    *rows: Sequence[Effect],
    realm: Realm = Realm.EXERCISE,
    now_ns: Callable[[int], int] = lambda n: NOW,
) -> tuple[Claim, ...]:
    keeper = RecordKeeper(store, nation="KOR", realm=realm, told=print, retry_s=0.01)
    for seq, effects in enumerate(rows):
        keeper.show(seq=seq, now_ns=now_ns(seq), effects=effects, durable=True)
    keeper.close()
    return store.claims()


def test_own_events_and_partners_words_are_claims_of_their_kind(store: RecordStore) -> None:
    claims = kept(store, [CLOSED], [ShowPartner("JPN", NOW, launch())])
    assert [claim.source_class for claim in claims] == [SourceClass.OWN_SENSORS, SourceClass.PARTNER]
    assert {claim.realm for claim in claims} == {Realm.EXERCISE}
    (found,) = associate(claims)
    assert found.id == "EXERCISE-2025-01-06.1"


def test_the_same_rows_twice_change_nothing(store: RecordStore) -> None:
    rows: list[list[Effect]] = [[CLOSED], [ShowPartner("JPN", NOW, launch(status=EventStatus.CLOSED))]]
    first = kept(store, *rows)
    assert kept(store, *rows) == kept(store, *rows, *rows[:1]) == first
    assert len(first) == 2


def test_the_record_answers_by_what_a_live_node_saw(store: RecordStore) -> None:
    kept(store, [CLOSED], realm=Realm.LIVE)
    claims, imported = store.known()
    assert not imported  # the shipped announcements still stand behind it
    answer = ask(associate(claim for claim in claims if claim.realm is Realm.LIVE), "first since 2025-01-10")
    assert "KOR own sensors" in {claim.source for claim in answer.claims}


def test_what_came_too_late_for_the_picture_is_kept_and_nonsense_is_not(store: RecordStore) -> None:
    said = launch()
    late = ShowLate(NOW, "JPN", "launch", "s", LIFT_OFF, "late", codec.encode(said))
    nonsense = [
        ShowLate(NOW, "JPN", "launch", "s", LIFT_OFF, "late", b"\x90"),
        ShowLate(NOW, "JPN", "poem", "s", LIFT_OFF, "late", codec.encode(said)),
    ]
    (claim,) = kept(store, [late, *nonsense])
    assert (claim.source, claim.statement) == ("JPN (partner of KOR)", said.event)


def test_a_silent_partner_is_entered_while_the_node_runs(store: RecordStore) -> None:
    keeper = RecordKeeper(store, nation="KOR", realm=Realm.EXERCISE, told=print, retry_s=0.01)
    keeper.show(seq=1, now_ns=NOW, effects=[ShowPartner("JPN", NOW, launch())], durable=True)
    keeper.show(seq=2, now_ns=NOW + QUIET_NS, effects=[], durable=True)
    assert waited(lambda: store.claims())
    keeper.close()


def waited(look: Callable[[], Any], within_s: float = 10.0) -> Any:
    deadline = time.monotonic() + within_s
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return found


def test_a_record_that_refuses_is_named_and_written_when_it_can_be(store: RecordStore) -> None:
    store.path.write_bytes(b"not a record at all, but long enough to be looked at as one" * 20)
    said: list[str] = []
    keeper = RecordKeeper(store, nation="KOR", realm=Realm.EXERCISE, told=said.append, retry_s=0.01)
    started = time.monotonic()
    keeper.show(seq=1, now_ns=NOW, effects=[CLOSED], durable=True)
    assert time.monotonic() - started < 1.0  # the node's loop does not wait for it
    assert waited(lambda: keeper.trouble)
    assert str(store.path) in said[0]
    store.path.unlink()
    assert waited(lambda: store.exists() and store.claims())
    keeper.close()
    assert (keeper.trouble, said[-1]) == ("", f"launch record {store.path}: done again")


def test_another_program_that_holds_the_record_does_not_lose_a_claim(store: RecordStore) -> None:
    kept(store, [ShowEvent(revision(1, event_id="KOR-E9", status=EventStatus.CLOSED))])
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    keeper = RecordKeeper(store, nation="KOR", realm=Realm.EXERCISE, told=print, retry_s=0.01)
    keeper.show(seq=1, now_ns=NOW, effects=[CLOSED], durable=True)
    time.sleep(0.1)
    other.execute("ROLLBACK")
    other.close()
    keeper.close()
    assert len(store.claims()) == 2


def test_what_is_no_launch_makes_no_record(store: RecordStore) -> None:
    assert kept(store, [], []) == ()
    assert not store.exists()
