"""A bad line between two nations: a forwarder on loopback that delays, slows, swallows and resets what crosses it.

It carries bytes and understands none, so that what it does to a link is what a network does. It runs in a thread of its
own and ends with the test; a delay shapes both directions alike.
"""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

_CHUNK = 1400  # bytes that cross together, about a packet


class Wire:
    """Listens on `port` and forwards to `target`, both on loopback; its condition may be changed at any time."""

    def __init__(self, *, port: int, target: int) -> None:
        self._port, self._target = port, target
        self.one_way_s = 0.0
        self.bytes_per_s = 0.0  # 0 is no limit
        self.swallows_out = self.swallows_back = False  # what the dialer sends; what it would hear
        self._loop = asyncio.new_event_loop()
        self._pairs: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._loop.run_forever, name="wire", daemon=True)

    def open(self) -> None:
        """Begin to listen."""
        self._thread.start()
        opening = asyncio.start_server(self._carry, "127.0.0.1", self._port, limit=_CHUNK)
        self._server = asyncio.run_coroutine_threadsafe(opening, self._loop).result()

    def close(self) -> None:
        """Hang up and end the thread."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def reset(self) -> None:
        """Break every connection at once; new ones are taken."""
        self._loop.call_soon_threadsafe(self._break)

    def cut(self, *, out: bool = True, back: bool = True) -> None:
        """Swallow everything in these directions from now on; nobody is told."""
        self.swallows_out, self.swallows_back = out, back

    def heal(self) -> None:
        """Carry again; what was swallowed stays lost, so the connections that lost it break."""
        self.swallows_out = self.swallows_back = False
        self.reset()

    def _break(self) -> None:
        for writer in self._pairs:
            writer.transport.abort()

    async def _end(self) -> None:
        self._server.close()
        self._break()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target, limit=_CHUNK)
        except OSError:
            writer.transport.abort()
            return
        self._pairs |= {writer, far_writer}
        try:
            await asyncio.gather(self._pass(reader, far_writer, out=True), self._pass(far_reader, writer, out=False))
        finally:
            for end in (writer, far_writer):
                self._pairs.discard(end)
                end.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, out: bool) -> None:
        late: set[asyncio.Task[None]] = set()
        free_s = 0.0
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(_CHUNK):
                if self.swallows_out if out else self.swallows_back:
                    continue
                if self.bytes_per_s:
                    free_s = max(free_s, self._loop.time()) + len(data) / self.bytes_per_s
                    await asyncio.sleep(free_s - self._loop.time())
                task = self._loop.create_task(self._deliver(writer, data, self._loop.time() + self.one_way_s))
                late.add(task)
                task.add_done_callback(late.discard)
        await asyncio.gather(*late, return_exceptions=True)
        writer.transport.abort()

    async def _deliver(self, writer: asyncio.StreamWriter, data: bytes, due_s: float) -> None:
        await asyncio.sleep(max(due_s - self._loop.time(), 0.0))  # equal delays keep the order: timers fire in order
        writer.write(data)


@contextlib.contextmanager
def wired(*wires: Wire) -> Iterator[None]:
    """Have wires open for a while."""
    for wire in wires:
        wire.open()
    try:
        yield
    finally:
        for wire in wires:
            wire.close()
