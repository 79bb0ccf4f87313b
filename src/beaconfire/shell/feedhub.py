"""The feed of one node's console: what was published last, and what a page missed while it was away.

In: `publish(kind, data, offset)` from the node, after commit. Out: one `Subscription` of server-sent-event frames per
open page. Numbered kinds lie in one ring that all pages read with a cursor, so a slow page costs no memory: when the
ring has run past it, the journal (`history`) is asked, and where that cannot help the page is told of the gap.
`tracks` and `clock` keep only their latest value.

Trap: several rows may carry one journal offset. Only the last of them carries the `id:`, so a page cut off among them
is sent all of them again and never loses one. Rows of one offset must be published without an `await` between them.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from beaconfire.kernel import limits
from beaconfire.shell.tasks import woken

NUMBERED = frozenset({"event", "alert", "partner", "audit"})
LATEST = ("clock", "tracks")  # in the order in which they are sent
_EVERYTHING = -1
_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class FeedRow:
    """One numbered row of the feed: `data` is what its JSON will say."""

    offset: int
    kind: str
    data: Mapping[str, object]


History = Callable[[int], Iterable[FeedRow]]


@dataclass(frozen=True, slots=True)
class _Encoded:
    offset: int
    kind: str
    body: bytes


class FeedHub:
    """Collects what a console shows and hands it to every open page.

    `history(after)` yields the journal's rows with an offset above `after`, in order; it is read lazily and dropped
    once the ring takes over. `head` is the last offset already in the journal when the process starts.
    """

    def __init__(self, capacity: int = limits.FEED_RING, *, history: History | None = None, head: int = -1) -> None:
        """Start empty; `capacity` bounds the numbered rows kept in memory."""
        assert capacity > 0, "a ring needs room"
        self._capacity = capacity
        self._history = history
        self._ring: deque[_Encoded] = deque()
        self._ring_bytes = 0
        self._first_index = 0  # of the oldest row in the ring, counted since the start of the process
        self._last_offset = head
        self._evicted_offset = head  # rows up to here are not in the ring, or not all of them
        self._latest: dict[str, tuple[int, bytes]] = {}
        self._wakers: set[asyncio.Event] = set()
        self._closed = False

    @property
    def last_offset(self) -> int:
        """Offset of the newest numbered row, -1 when there is none."""
        return self._last_offset

    @property
    def subscribers(self) -> int:
        """How many pages are being served."""
        return len(self._wakers)

    def publish(self, kind: str, data: Mapping[str, object], offset: int | None = None) -> None:
        """Show `data` on every page; numbered kinds need the journal offset, which never goes back.

        Not a number becomes `null`. Call it in the loop that serves the pages, after the row is committed.
        """
        body = _ENCODER.encode(data)
        if kind in NUMBERED:
            assert offset is not None, f"{kind} is numbered: it needs the journal offset"
            assert offset >= self._last_offset, f"offset {offset} after {self._last_offset}: the journal only grows"
            self._append(_Encoded(offset, kind, body))
        else:
            assert kind in LATEST, f"unknown kind {kind!r}"
            assert offset is None, f"{kind} is not numbered"
            version = self._latest.get(kind, (0, b""))[0] + 1
            self._latest[kind] = (version, _frame(kind, body))
        self._wake()

    def close(self) -> None:
        """End every stream once it has sent what is here."""
        self._closed = True
        self._wake()

    def subscribe(self, *, after: int = _EVERYTHING) -> "Subscription":
        """Return a subscription whose numbered rows have offsets above `after`."""
        return Subscription(self, after=after)

    def _append(self, row: _Encoded) -> None:
        self._ring.append(row)
        self._ring_bytes += len(row.body)
        self._last_offset = row.offset
        while len(self._ring) > self._capacity or self._ring_bytes > limits.FEED_RING_BYTES:
            oldest = self._ring.popleft()
            self._ring_bytes -= len(oldest.body)
            self._first_index += 1
            self._evicted_offset = oldest.offset

    def _wake(self) -> None:
        for waker in self._wakers:
            waker.set()


class Subscription:
    """The frames of one page: numbered rows in order, then the latest clock and tracks, until the hub closes."""

    def __init__(self, hub: FeedHub, *, after: int) -> None:
        """Begin after the numbered offset `after`."""
        self._hub = hub
        self._after = after  # offset of the last complete group sent
        self._index = hub._first_index  # of the next row to look at
        self._sent = dict.fromkeys(LATEST, 0)
        self._tracks_due_s = 0.0

    async def frames(self) -> AsyncGenerator[bytes]:
        """Yield server-sent-event frames as bytes, each ended by an empty line."""
        waker = asyncio.Event()
        self._hub._wakers.add(waker)
        try:
            yield b"retry: 1000\n\n"
            if self._after > self._hub._last_offset:  # the page knows another journal
                yield _gap(after=self._after, resumes=_EVERYTHING, reason="restarted")
                self._after = _EVERYTHING
            while True:
                waker.clear()
                async for frame in self._numbered():
                    yield frame
                for frame in self._fresh():
                    yield frame
                if self._hub._closed:
                    return
                await self._wait(waker)
        finally:
            self._hub._wakers.discard(waker)

    async def _numbered(self) -> AsyncIterator[bytes]:
        hub = self._hub
        while True:
            if self._after < hub._evicted_offset and self._index <= hub._first_index:
                async for frame in self._older(hub._evicted_offset):
                    yield frame
                continue
            self._index = max(self._index, hub._first_index)
            if self._index == hub._first_index + len(hub._ring):
                return
            row = self._next_row()
            if row is not None:
                yield row

    def _next_row(self) -> bytes | None:
        """Take one row from the ring; None if the page has it already."""
        hub = self._hub
        place = self._index - hub._first_index
        row = hub._ring[place]
        self._index += 1
        if row.offset <= self._after:
            return None
        complete = place + 1 == len(hub._ring) or hub._ring[place + 1].offset != row.offset
        if complete:
            self._after = row.offset
        return _frame(row.kind, row.body, row.offset if complete else None)

    async def _older(self, upto: int) -> AsyncIterator[bytes]:
        """Send what the ring no longer holds, up to and with offset `upto`, or say that it is missing."""
        after, self._after = self._after, upto
        if self._hub._history is None:
            yield _gap(after=after, resumes=upto, reason="not_kept")
            return
        rows = (row for row in self._hub._history(after) if row.offset > after)
        for count, (row, complete) in enumerate(_groups(rows, upto), start=1):
            yield _frame(row.kind, _ENCODER.encode(row.data), row.offset if complete else None)
            if count % limits.FEED_HISTORY_CHUNK == 0:
                await asyncio.sleep(0)

    def _fresh(self) -> Iterator[bytes]:
        for kind in LATEST:
            version, frame = self._hub._latest.get(kind, (0, b""))
            if version == self._sent[kind] or (kind == "tracks" and not self._tracks_are_due()):
                continue
            self._sent[kind] = version
            yield frame

    def _tracks_are_due(self) -> bool:
        now_s = asyncio.get_running_loop().time()
        if now_s < self._tracks_due_s:
            return False
        self._tracks_due_s = now_s + 1.0 / limits.FEED_TRACKS_HZ
        return True

    async def _wait(self, waker: asyncio.Event) -> None:
        """Sleep until something is published, or until held-back tracks may go."""
        held_back = self._hub._latest.get("tracks", (0, b""))[0] != self._sent["tracks"]
        timeout_s = max(0.0, self._tracks_due_s - asyncio.get_running_loop().time()) if held_back else None
        await woken(waker, timeout_s)


def _groups(rows: Iterable[FeedRow], upto: int) -> Iterator[tuple[FeedRow, bool]]:
    """Pair each row up to offset `upto` with whether it is the last of its offset."""
    held: FeedRow | None = None
    for row in rows:
        if row.offset > upto:
            break
        if held is not None:
            yield held, row.offset != held.offset
        held = row
    if held is not None:
        yield held, True


def _frame(kind: str, body: bytes, offset: int | None = None) -> bytes:
    number = b"" if offset is None else b"id: %d\n" % offset
    return b"event: %s\n%sdata: %s\n\n" % (kind.encode(), number, body)


def _gap(*, after: int, resumes: int, reason: str) -> bytes:
    return _frame("gap", _ENCODER.encode({"after": after, "resumes_after": resumes, "reason": reason}))
