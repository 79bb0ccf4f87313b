"""The bulletins of a result folder: one per event and language, from whole lines only."""

import json
from pathlib import Path
from typing import Any

import pytest

from beaconfire.kernel.alerts import Language
from beaconfire.record import associate, shipped_claims
from beaconfire.shell.bulletins import write_bulletins
from tests.record.revisions import revision, with_own

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
