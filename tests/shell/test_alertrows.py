"""Alerts as rows for people: hashes in words against published vectors, and one row that says everything."""

import asyncio
import hashlib
import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import format_utc
from beaconfire.shell.alertrows import alert_row, hash_words, log_row, texts_of
from tests.shell.alarm import ALERT, START_NS, TICK_NS, Duty, make_station, on_duty


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1", "lusab-babad"), ("63.84.220.193", "gutih-tugad"), ("63.118.7.35", "gutuk-bisog"),
        ("140.98.193.141", "mudof-sakat"), ("64.255.6.200", "haguz-biram"), ("128.30.52.45", "mabiv-gibot"),
        ("147.67.119.2", "natag-lisaf"), ("212.58.253.68", "tibup-zujah"), ("216.35.68.215", "tobog-higil"),
        ("216.68.232.21", "todah-vobij"), ("198.81.129.136", "sinid-makam"), ("12.110.110.204", "budov-kuras"),
    ],
)  # fmt: skip
def test_the_words_are_proquints(address: str, words: str) -> None:
    """The examples of Wilkerson's proposal (arXiv:0901.4016)."""
    half = bytes(int(part) for part in address.split("."))
    assert hash_words(half + half) == f"{words}-{words}"


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_two_hashes_have_equal_words_only_where_their_first_64_bits_are_equal(one: bytes, two: bytes) -> None:
    assert (hash_words(one) == hash_words(two)) is (one[:8] == two[:8])
    assert len(hash_words(one)) == 4 * 5 + 3


def test_a_row_says_who_is_warned_of_what_by_whose_word(tmp_path: Path) -> None:
    rows: dict[str, object] = {}

    async def run() -> None:
        async with on_duty(make_station(tmp_path)) as duty:
            await story(duty)

    async def story(duty: Duty) -> None:
        await duty.turn(seen=True)
        view = duty.view()
        assert view.draft is not None
        rows["drafted"] = alert_row(view, realm=Realm.EXERCISE)
        rows["texts"] = texts_of(view.draft.unsigned)
        outcome = await duty.order("aoki", "submit", view.draft.digest)
        rows["log"] = log_row(outcome.rows[0])
        rows["digest"] = view.draft.digest
        rows["area"] = view.draft.message.areas[0]
        await duty.order("aoki", "approve", view.draft.digest)
        await duty.order("baba", "approve", view.draft.digest)
        await duty.turn()
        rows["sent"] = alert_row(duty.view(), realm=Realm.EXERCISE)

    asyncio.run(run())
    row = json.loads(msgspec.json.encode(rows["drafted"]))
    digest, area = rows["digest"], rows["area"]
    assert isinstance(digest, bytes)
    assert (row["alert_id"], row["status"], row["realm"], row["sources"]) == (
        ALERT,
        "drafted",
        "EXERCISE",
        ["JPN", "KOR"],
    )
    assert (row["draft"]["sha256"], row["draft"]["hash_words"]) == (digest.hex(), hash_words(digest))
    assert (row["draft"]["author"], row["draft"]["needs"], row["draft"]["approved_by"]) == ("desk", 2, [])
    assert row["measured_utc"] == format_utc(START_NS + TICK_NS)
    first = row["draft"]["areas"][0]
    assert (first["area_id"], first["hit_p"], first["pass_p"]) == ("JP-02", 0.02, 0.8)
    assert first["names"]["ja"] == "青森県"
    assert first["first_utc"] == format_utc(area.first_ns)  # type: ignore[attr-defined]
    assert set(row["ready"]) == {"correction", "cancel", "all_clear"}
    assert all("texts" not in ready for ready in row["ready"].values())  # small enough for every line of the feed
    languages = [text["language"][:2] for text in row["draft"]["texts"]]
    assert languages == ["ja", "en", "ko"]
    assert all(text["headline"] and text["instruction"] for text in row["draft"]["texts"])
    log = json.loads(msgspec.json.encode(rows["log"]))
    assert (log["status"], log["previous"], log["who"], log["sha256"]) == ("submitted", "drafted", "aoki", digest.hex())
    document = (Path(__file__).parents[2] / "docs" / "feed.md").read_text(encoding="utf-8")
    example = json.loads(document.partition("`alert`, one line")[2].partition("```json\n")[2].partition("```")[0])
    assert (example["alert"].keys(), example["log"].keys()) == (row.keys(), log.keys())  # the document can't drift
    assert all(f"`{name}`" in document for name in (*row["draft"], *first))
    sent = json.loads(msgspec.json.encode(rows["sent"]))
    assert (sent["draft"], sent["sent"]["sha256"], sent["sent"]["approved_by"]) == (
        None,
        digest.hex(),
        ["aoki", "baba"],
    )
    assert [message["stage"] for message in sent["messages"]] == ["sent"]
    assert hashlib.sha256(json.dumps(sent).encode()).digest()  # plain JSON throughout
    assert len(json.dumps(sent)) < 32_768  # one line of the feed
