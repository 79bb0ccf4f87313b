"""The feed hub: order, catch-up, gaps and bounds, read as a page would read them."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from beaconfire.kernel import limits
from beaconfire.shell.feedhub import LATEST, NUMBERED, FeedHub, FeedRow

PATIENCE_S = 5.0  # far above what a loaded machine needs for one frame


@dataclass(frozen=True)
class Frame:
    """One parsed server-sent event."""

    kind: str
    offset: int | None
    data: dict[str, object]


def parse(raw: bytes) -> Frame | None:
    fields = dict(line.split(": ", 1) for line in raw.decode().strip().split("\n"))
    if "event" not in fields:
        return None
    return Frame(fields["event"], int(fields["id"]) if "id" in fields else None, json.loads(fields["data"]))


async def take(frames: AsyncGenerator[bytes, None], count: int) -> list[Frame]:
    got: list[Frame] = []
    while len(got) < count:
        frame = parse(await asyncio.wait_for(anext(frames), PATIENCE_S))
        if frame is not None:
            got.append(frame)
    return got


async def drain(hub: FeedHub, after: int = -1) -> list[Frame]:
    """Everything a page gets from a hub that is closed behind it."""
    hub.close()
    return [frame async for raw in hub.subscribe(after=after).frames() if (frame := parse(raw))]


def offsets(frames: list[Frame]) -> list[int | None]:
    return [frame.offset for frame in frames]


def filled(count: int, capacity: int = 100, **options: object) -> FeedHub:
    hub = FeedHub(capacity, **options)  # type: ignore[arg-type]
    for offset in range(count):
        hub.publish("event", {"n": offset}, offset)
    return hub


def journal(count: int) -> "History":
    return History([FeedRow(offset, "event", {"n": offset}) for offset in range(count)])


class History:
    """A journal in a list that counts how many rows were read."""

    def __init__(self, rows: list[FeedRow]) -> None:
        self.rows = rows
        self.read = 0

    def __call__(self, after: int) -> Iterator[FeedRow]:
        for row in self.rows:
            if row.offset > after:
                self.read += 1
                yield row


def test_a_new_page_gets_every_numbered_row_in_order() -> None:
    frames = asyncio.run(drain(filled(5)))
    assert offsets(frames) == [0, 1, 2, 3, 4]
    assert [frame.data["n"] for frame in frames] == [0, 1, 2, 3, 4]


def test_catch_up_starts_after_the_offset_the_page_had() -> None:
    assert offsets(asyncio.run(drain(filled(5), after=2))) == [3, 4]
    assert offsets(asyncio.run(drain(filled(5), after=4))) == []


def test_kinds_keep_their_names() -> None:
    hub = FeedHub()
    for offset, kind in enumerate(["event", "partner", "audit", "alert"]):
        hub.publish(kind, {}, offset)
    assert [frame.kind for frame in asyncio.run(drain(hub))] == ["event", "partner", "audit", "alert"]


def test_only_the_last_row_of_an_offset_carries_the_number() -> None:
    """A page cut off after the first row of offset 7 must get both again."""
    hub = FeedHub()
    hub.publish("event", {"n": 1}, 7)
    hub.publish("audit", {"n": 2}, 7)
    hub.publish("event", {"n": 3}, 8)
    assert offsets(asyncio.run(drain(hub))) == [None, 7, 8]


def test_rows_published_while_a_page_waits_arrive() -> None:
    async def story() -> list[Frame]:
        hub = FeedHub()
        frames = hub.subscribe().frames()
        waiting = asyncio.create_task(take(frames, 3))
        await asyncio.sleep(0.01)
        for offset in range(3):
            hub.publish("audit", {}, offset)
        got = await waiting
        await frames.aclose()
        return got

    assert offsets(asyncio.run(story())) == [0, 1, 2]


def test_without_a_journal_a_gap_is_said_before_the_rows_that_remain() -> None:
    frames = asyncio.run(drain(filled(10, capacity=4)))
    assert (frames[0].kind, frames[0].offset) == ("gap", None)
    assert frames[0].data == {"after": -1, "resumes_after": 5, "reason": "not_kept"}
    assert offsets(frames[1:]) == [6, 7, 8, 9]


def test_the_journal_fills_what_the_ring_has_lost() -> None:
    history = journal(10)
    frames = asyncio.run(drain(filled(10, capacity=4, history=history), after=1))
    assert offsets(frames) == [2, 3, 4, 5, 6, 7, 8, 9]
    assert all(frame.kind == "event" for frame in frames)
    assert history.read == 5  # rows 2 to 5, and the one that shows that the ring has begun


def test_the_journal_is_not_asked_for_what_the_ring_holds() -> None:
    history = journal(10)
    asyncio.run(drain(filled(10, capacity=100, history=history), after=3))
    assert history.read == 0


def test_the_journal_groups_rows_of_one_offset_too() -> None:
    rows = [FeedRow(0, "event", {}), FeedRow(0, "audit", {}), FeedRow(1, "event", {}), FeedRow(1, "audit", {})]
    hub = FeedHub(history=History(rows), head=1)
    assert offsets(asyncio.run(drain(hub))) == [None, 0, None, 1]


def test_an_offset_half_evicted_is_sent_whole_from_the_journal() -> None:
    rows = [FeedRow(0, kind, {}) for kind in ("event", "audit", "partner")]
    hub = FeedHub(2, history=History(rows))
    for row in rows:
        hub.publish(row.kind, row.data, row.offset)
    frames = asyncio.run(drain(hub))
    assert [frame.kind for frame in frames] == ["event", "audit", "partner"]
    assert offsets(frames) == [None, None, 0]


def test_after_a_restart_the_numbering_goes_on_from_the_journal() -> None:
    hub = FeedHub(history=journal(10), head=9)
    hub.publish("event", {"n": 10}, 10)
    assert hub.last_offset == 10
    assert offsets(asyncio.run(drain(hub, after=6))) == [7, 8, 9, 10]


def test_a_page_that_knows_another_journal_is_told_and_starts_anew() -> None:
    frames = asyncio.run(drain(filled(2), after=5000))
    assert frames[0].kind == "gap"
    assert frames[0].data["reason"] == "restarted"
    assert offsets(frames[1:]) == [0, 1]


def test_a_slow_page_costs_no_memory_and_loses_nothing_that_the_journal_has() -> None:
    async def story() -> tuple[list[Frame], int]:
        hub = filled(3, capacity=4, history=journal(60))
        frames = hub.subscribe().frames()
        got = await take(frames, 2)
        for offset in range(3, 60):
            hub.publish("event", {"n": offset}, offset)
        kept = len(hub._ring)
        got += await take(frames, 58)
        await frames.aclose()
        return got, kept

    frames, kept = asyncio.run(story())
    assert offsets(frames) == list(range(60))
    assert kept == 4


def test_the_ring_is_bounded_in_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FEED_RING_BYTES", 1000)
    hub = FeedHub(history=journal(0))
    for offset in range(50):
        hub.publish("event", {"text": "x" * 200}, offset)
    assert sum(len(row.body) for row in hub._ring) <= 1000
    assert 0 < len(hub._ring) < 5


def test_a_row_larger_than_the_ring_is_a_gap_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FEED_RING_BYTES", 100)
    hub = FeedHub()
    hub.publish("event", {"text": "x" * 200}, 3)
    frames = asyncio.run(drain(hub))
    assert [frame.kind for frame in frames] == ["gap"]
    assert frames[0].data["resumes_after"] == 3


def test_tracks_are_conflated_to_the_latest_at_ten_hertz() -> None:
    async def story() -> tuple[list[Frame], float]:
        loop = asyncio.get_running_loop()
        hub = FeedHub()
        frames = hub.subscribe().frames()
        start_s = loop.time()
        waiting = asyncio.create_task(take(frames, 4))
        n = 0
        while not waiting.done():
            n += 1
            hub.publish("tracks", {"n": n})
            await asyncio.sleep(0.002)
        await frames.aclose()
        return waiting.result(), loop.time() - start_s

    frames, elapsed_s = asyncio.run(story())
    numbers = [int(str(frame.data["n"])) for frame in frames]
    assert numbers == sorted(numbers)
    assert numbers[-1] > 4
    assert elapsed_s >= 3 / limits.FEED_TRACKS_HZ - 0.01  # four pictures are three periods; 10 ms for the timer
    assert all(frame.offset is None for frame in frames)


def test_a_held_back_picture_is_sent_even_if_nothing_follows() -> None:
    async def story() -> list[Frame]:
        hub = FeedHub()
        frames = hub.subscribe().frames()
        hub.publish("tracks", {"n": 1})
        got = await take(frames, 1)
        hub.publish("tracks", {"n": 2})
        got += await take(frames, 1)
        await frames.aclose()
        return got

    assert [frame.data["n"] for frame in asyncio.run(story())] == [1, 2]


def test_a_new_page_gets_the_latest_clock_and_tracks_at_once() -> None:
    hub = FeedHub()
    for n in range(3):
        hub.publish("clock", {"n": n})
        hub.publish("tracks", {"n": n})
    frames = asyncio.run(drain(hub))
    assert [(frame.kind, frame.data["n"]) for frame in frames] == [("clock", 2), ("tracks", 2)]


def test_what_is_no_number_becomes_null_so_that_the_page_can_read_it() -> None:
    hub = FeedHub()
    hub.publish("event", {"bad": [float("nan"), float("inf")]}, 1)
    assert asyncio.run(drain(hub))[0].data == {"bad": [None, None]}


def test_a_closed_page_is_forgotten() -> None:
    async def story() -> tuple[int, int]:
        hub = filled(1)
        frames = hub.subscribe().frames()
        await take(frames, 1)
        open_pages = hub.subscribers
        await frames.aclose()
        return open_pages, hub.subscribers

    assert asyncio.run(story()) == (1, 0)


@pytest.mark.parametrize(
    ("kind", "offset"),
    [("event", None), ("event", 1), ("tracks", 9), ("surprise", None)],
    ids=["numbered without offset", "offset goes back", "offset where none belongs", "unknown kind"],
)
def test_a_programmers_mistake_is_an_assertion(kind: str, offset: int | None) -> None:
    hub = FeedHub(head=5)
    with pytest.raises(AssertionError):
        hub.publish(kind, {}, offset)


def test_the_feeds_document_and_the_hub_name_the_same_kinds() -> None:
    """docs/feed.md and the code can't drift: each JSON example parses, each kind is described."""
    text = (Path(__file__).parents[2] / "docs" / "feed.md").read_text(encoding="utf-8")
    examples = re.findall(r"```json\n(.*?)```", text, flags=re.DOTALL)
    assert len(examples) == 7
    assert all(isinstance(json.loads(example), dict) for example in examples)
    for kind in NUMBERED | set(LATEST) | {"gap"}:
        assert f"`{kind}`" in text
