"""Folders and Atom feeds as channels: whole files, nothing twice, a feed that follows from the files."""

import asyncio
import os
from datetime import datetime
from pathlib import Path

import pytest
from lxml import etree

from beaconfire.kernel import limits
from beaconfire.kernel.errors import ChannelDown
from beaconfire.kernel.labels import Realm
from beaconfire.shell.channels import CAP_TYPE, FEED_FILE, AtomFeed, Directory, file_name
from beaconfire.shell.channels.directory import write_atomically
from tests.shell.cap import cap, message

NAMES = {"a": "http://www.w3.org/2005/Atom"}


def feed_of(folder: Path, realm: Realm = Realm.EXERCISE) -> AtomFeed:
    return AtomFeed(folder, nation="KOR", realm=realm)


def read_feed(folder: Path) -> etree._Element:
    return etree.fromstring((folder / FEED_FILE).read_bytes())


def titles(folder: Path) -> list[str | None]:
    return [title.text for title in read_feed(folder).iterfind("a:entry/a:title", NAMES)]


def test_a_message_is_one_file(tmp_path: Path) -> None:
    sink = Directory(tmp_path / "out" / "alerts")
    asyncio.run(sink.deliver(message()))
    assert {path.name for path in (tmp_path / "out" / "alerts").iterdir()} == {"KOR-A1-1.xml"}
    assert (tmp_path / "out" / "alerts" / "KOR-A1-1.xml").read_bytes() == cap()
    assert sink.endpoint == str(tmp_path / "out" / "alerts")


def test_a_second_delivery_changes_nothing(tmp_path: Path) -> None:
    """After a restart the same message may be signed anew; the one that was delivered stands."""
    sink = Directory(tmp_path)
    asyncio.run(sink.deliver(message()))
    asyncio.run(sink.deliver(message(xml=cap(sent="2026-01-01T00:00:00+00:00"))))
    assert (tmp_path / "KOR-A1-1.xml").read_bytes() == cap()


def test_a_folder_that_cannot_be_written_is_down(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for sink in (Directory(tmp_path / "file"), feed_of(tmp_path / "file")):
        with pytest.raises(ChannelDown):
            asyncio.run(sink.deliver(message()))
        with pytest.raises(ChannelDown):
            asyncio.run(sink.probe())


def test_a_self_test_leaves_nothing(tmp_path: Path) -> None:
    asyncio.run(Directory(tmp_path / "new").probe())
    assert list((tmp_path / "new").iterdir()) == []


def test_a_reader_never_sees_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks before the rename leaves no file under the name that others watch for, and no litter."""

    def broken(handle: int) -> None:
        assert not (tmp_path / "a.xml").exists()
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(OSError, match="Input/output"):
        write_atomically(tmp_path / "a.xml", b"x" * 100)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "identifier", ["KOR-A1-1", "a" * 200, "../../etc/passwd", ".hidden", "경보-1", "a/b", "", "a" * 201]
)
def test_an_identifier_never_leaves_its_folder(tmp_path: Path, identifier: str) -> None:
    asyncio.run(Directory(tmp_path).deliver(message(identifier)))
    (path,) = tmp_path.iterdir()
    assert path.name == file_name(identifier)
    assert path.suffix == ".xml"
    assert not path.name.startswith(".")


def test_identifiers_that_are_no_names_stay_apart() -> None:
    assert len({file_name(name) for name in ("a/b", "a.b", "a_b", "a b", "a\\b")}) == 5


def test_the_feed_is_atom(tmp_path: Path) -> None:
    """RFC 4287 section 4.1: what a feed and an entry must have, once each, with dates of RFC 3339."""
    feed = feed_of(tmp_path)
    asyncio.run(feed.deliver(message("KOR-A1-1")))
    root = read_feed(tmp_path)
    assert root.tag == f"{{{NAMES['a']}}}feed"
    (entry,) = root.iterfind("a:entry", NAMES)
    for place in (root, entry):
        for name in ("id", "title", "updated"):
            (found,) = place.iterfind(f"a:{name}", NAMES)
            assert found.text
        assert place.findtext("a:author/a:name", namespaces=NAMES)
        assert datetime.fromisoformat(place.findtext("a:updated", "", NAMES)).tzinfo is not None
        assert place.findtext("a:id", "", NAMES).startswith("urn:uuid:")
    link = entry.find("a:link", NAMES)
    assert link is not None
    assert dict(link.attrib) == {"rel": "alternate", "type": CAP_TYPE, "href": "KOR-A1-1.xml"}
    assert (tmp_path / link.attrib["href"]).read_bytes() == cap()
    assert entry.findtext("a:author/a:name", namespaces=NAMES) == "Office & Co"
    assert root.find("a:link[@rel='self']", NAMES) is not None


def test_the_newest_stands_first_and_ids_stay(tmp_path: Path) -> None:
    async def run() -> list[str]:
        feed, ids = feed_of(tmp_path), []
        for minute in (1, 3, 2):
            xml = cap(f"M{minute}", sent=f"2025-01-06T12:0{minute}:00+09:00")
            await feed.deliver(message(f"M{minute}", xml=xml))
            ids.append(read_feed(tmp_path).findtext("a:entry[last()]/a:id", "", NAMES))
        return ids

    ids = asyncio.run(run())
    assert titles(tmp_path) == ["EXERCISE M3", "EXERCISE M2", "EXERCISE M1"]
    assert len(set(ids)) == 1  # M1 is always the oldest, and its id never changes
    assert read_feed(tmp_path).findtext("a:updated", "", NAMES) == "2025-01-06T12:03:00+09:00"


def test_a_feed_follows_from_its_files(tmp_path: Path) -> None:
    """A lost, damaged or old feed is mended by the next self-test; what is no message is passed over."""
    asyncio.run(feed_of(tmp_path).deliver(message("M1")))
    (tmp_path / FEED_FILE).write_bytes(b"<feed")
    (tmp_path / "other.xml").write_bytes(b"no xml")
    (tmp_path / "M2.xml").write_bytes(cap("M2", sent="2025-01-06T13:00:00+09:00"))
    asyncio.run(feed_of(tmp_path).probe())
    assert titles(tmp_path) == ["EXERCISE M2", "EXERCISE M1"]


def test_an_exercise_feed_says_so_and_a_live_one_does_not(tmp_path: Path) -> None:
    for realm in Realm:
        asyncio.run(feed_of(tmp_path / realm, realm).probe())
        title = read_feed(tmp_path / realm).findtext("a:title", "", NAMES)
        assert ("EXERCISE" in title and "훈련" in title and "訓練" in title) is (realm is Realm.EXERCISE)
        assert list(read_feed(tmp_path / realm).iterfind("a:entry", NAMES)) == []


def test_a_feed_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_FEED_ENTRIES", 2)

    async def run() -> None:
        for minute in range(4):
            name = f"M{minute}"
            await feed_of(tmp_path).deliver(message(name, xml=cap(name, sent=f"2025-01-06T12:0{minute}:00+09:00")))

    asyncio.run(run())
    assert titles(tmp_path) == ["EXERCISE M3", "EXERCISE M2"]
    assert len(list(tmp_path.glob("*.xml"))) == 4
