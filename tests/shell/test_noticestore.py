"""Notices beside the record: added, listed, taken back; a broken file is told and stops nothing."""

from pathlib import Path

import pytest

from beaconfire.kernel.errors import InvalidInput
from beaconfire.shell.noticestore import NoticeStore
from tests.record.revisions import revision
from tests.record.test_notices import notice


@pytest.fixture
def store(tmp_path: Path) -> NoticeStore:
    return NoticeStore(tmp_path / "record.sqlite")


def test_what_is_added_comes_back_and_twice_is_once(store: NoticeStore) -> None:
    assert store.notices() == ()
    assert not store.path.exists()
    store.add(notice())
    store.add(notice())
    store.add(notice(id="B", source='A "quoted" 출처'))
    assert store.notices() == (notice(), notice(id="B", source='A "quoted" 출처'))


def test_other_words_under_the_same_id_are_refused(store: NoticeStore) -> None:
    store.add(notice())
    with pytest.raises(InvalidInput, match="with other words"):
        store.add(notice(source="Another"))
    with pytest.raises(InvalidInput, match="ends before"):
        store.add(notice(id="C", until_utc="2025-01-01T00:00Z"))
    assert store.notices() == (notice(),)


def test_a_withdrawn_notice_stays_and_says_nothing(store: NoticeStore) -> None:
    store.add(notice())
    assert "Japan Coast Guard" in store.context(revision())[0]
    store.withdraw("NAVAREA-1")
    assert store.notices() == (notice(withdrawn=True),)
    assert store.context(revision()) == []
    with pytest.raises(InvalidInput, match="no notice here"):
        store.withdraw("B")


def test_a_file_that_cannot_be_read_is_told_beside_the_event(store: NoticeStore) -> None:
    store.path.write_text("[[notice]]\nid = 1\n")
    (line,) = store.context(revision())
    assert "cannot be read" in line
    store.path.write_text("")
    assert store.context(revision()) == []
