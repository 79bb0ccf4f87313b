"""The bulletins of a result folder, from whole lines only; and those that a running node writes by itself."""

import json
from pathlib import Path
from typing import Any

import pytest

from beaconfire.kernel.alerts import Language
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import EventStatus
from beaconfire.node import ShowEvent
from beaconfire.record import SourceClass, associate, shipped_claims
from beaconfire.shell.bulletins import BulletinWriter, launches_of, write_bulletins
from beaconfire.shell.recordstore import RecordStore
from tests.record.made import claim
from tests.record.revisions import revision, with_own
from tests.record.test_events import revision as seen

RECORD = associate(shipped_claims())


def written(folder: Path, *rows: dict[str, Any], languages: tuple[Language, ...] = ("ko", "en"), tail: str = "") -> Any:
    (folder / "events.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + tail)
    return write_bulletins(folder, nation="KOR", languages=languages, launches=RECORD)


def test_every_event_has_a_bulletin_in_every_language(tmp_path: Path) -> None:
    other = revision(event_id="KOR-E2", revision=3)
    names = written(tmp_path, revision(revision=1), other, *with_own(revision()))
    expected = {f"KOR-E{number}.{language}.md" for number in (1, 2) for language in ("en", "ko", "ja")}
    assert set(names) == {item.name for item in (tmp_path / "bulletins").iterdir()} == expected


def test_the_last_word_of_each_picture_counts(tmp_path: Path) -> None:
    first = revision(revision=1, issued_utc="2025-01-06T03:01:02.000Z", status="suspected", launch=None)
    written(tmp_path, first, *with_own(revision()))
    text = (tmp_path / "bulletins" / "KOR-E1.en.md").read_text(encoding="utf-8")
    assert "revision 966" in text and "East Sea" in text and "KOR's own sensors alone" in text


def test_half_a_line_of_a_killed_node_is_left_out(tmp_path: Path) -> None:
    assert len(written(tmp_path, revision(), tail='{"event_id": "KOR-E9", "rev')) == 3


def test_a_point_on_land_is_named_by_its_area(tmp_path: Path) -> None:
    impact = {**revision()["impact"], "latitude_deg": 40.8, "longitude_deg": 140.75}
    written(tmp_path, revision(impact=impact, impact_reason=None, ground_range_m=1.3e6))
    named = [(tmp_path / "bulletins" / f"KOR-E1.{language}.md").read_text("utf-8") for language in ("en", "ko", "ja")]
    assert all(name in text for name, text in zip(("Aomori", "아오모리", "青森"), named, strict=True))


def test_no_event_is_no_bulletin(tmp_path: Path) -> None:
    assert written(tmp_path) == ()
    assert not (tmp_path / "bulletins").exists()


@pytest.mark.parametrize(("languages", "name"), [(("ko", "en"), "East Sea"), (("en",), "Sea of Japan")])
def test_the_node_language_names_the_sea(tmp_path: Path, languages: tuple[Language, ...], name: str) -> None:
    written(tmp_path, revision(), languages=languages)
    assert name in (tmp_path / "bulletins" / "KOR-E1.en.md").read_text(encoding="utf-8")


def writer(folder: Path, store: RecordStore, realm: Realm = Realm.EXERCISE) -> BulletinWriter:
    return BulletinWriter(folder, store, nation="KOR", realm=realm, languages=("ko", "en"), told=print, retry_s=0.01)


def show(window: BulletinWriter, *events: Any) -> None:
    for seq, event in enumerate(events):
        window.show(seq=seq, now_ns=event.issued_ns, effects=[ShowEvent(event)], durable=True)


def text_of(folder: Path, event_id: str = "KOR-E1") -> str:
    return (folder / "bulletins" / f"{event_id}.en.md").read_text(encoding="utf-8")


def test_a_running_node_tells_of_its_events_and_answers_from_the_users_record(tmp_path: Path) -> None:
    store = RecordStore(tmp_path / "record.sqlite")
    store.add([claim(at="2024-12-24T03:00Z", reported="2024-12-24T03:00Z", missile_class="ICBM", remark="a user's")])
    window = writer(tmp_path, store)
    show(window, seen(1, status=EventStatus.SUSPECTED), seen(2), seen(9, status=EventStatus.CLOSED))
    window.close()
    text = text_of(tmp_path)
    assert "revision 9" in text
    assert "24 December 2024" in text  # the shipped record knows of none since 5 November


def test_before_anything_is_imported_the_shipped_record_answers(tmp_path: Path) -> None:
    window = writer(tmp_path, RecordStore(tmp_path / "none.sqlite"))
    show(window, seen(2))
    window.close()
    assert "5 November 2024" in text_of(tmp_path)


def test_a_bulletin_comes_with_each_turn_of_an_event_and_a_suspicion_has_none(tmp_path: Path) -> None:
    window = writer(tmp_path, RecordStore(tmp_path / "none.sqlite"))
    suspected = seen(1, event_id="KOR-E2", status=EventStatus.SUSPECTED)
    show(window, suspected, seen(1, event_id="KOR-E2", status=EventStatus.RETRACTED), seen(2), seen(3))
    window.close()
    assert "revision 3" in text_of(tmp_path)
    assert "RETRACTED" in text_of(tmp_path, "KOR-E2")


def test_what_sensors_saw_is_quoted_nowhere_and_a_live_bulletin_knows_no_exercise(tmp_path: Path) -> None:
    store = RecordStore(tmp_path / "record.sqlite")
    at = {"at": "2025-01-06T03:00Z", "reported": "2025-01-06T03:00Z"}
    store.add(
        [
            claim(source="Japan", remark="announced", **at),
            claim(source="KOR own sensors", source_class=SourceClass.OWN_SENSORS, **at),
            claim(source="JPN (partner of KOR)", source_class=SourceClass.PARTNER, **at),
            claim(source="Umpire", realm=Realm.EXERCISE, **at),
        ]
    )
    quoted = {}
    for realm in Realm:
        folder = tmp_path / realm
        folder.mkdir()
        window = writer(folder, store, realm)
        show(window, seen(2))
        window.close()
        quoted[realm] = text_of(folder).partition("What sources say")[2]
    assert "Japan" in quoted[Realm.LIVE] and "Umpire" not in quoted[Realm.LIVE]
    assert "Umpire" in quoted[Realm.EXERCISE]
    assert all(name not in text for text in quoted.values() for name in ("own sensors (", "partner of"))
    assert {c.realm for launch in launches_of(store, Realm.LIVE) for c in launch.claims} == {Realm.LIVE}


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    said: list[str] = []
    window = BulletinWriter(
        tmp_path / "gone", RecordStore(tmp_path / "none.sqlite"), nation="KOR", realm=Realm.EXERCISE,
        languages=("en",), told=said.append, retry_s=0.01,
    )  # fmt: skip
    show(window, seen(2))
    window.close()
    assert "gone" in said[0]
