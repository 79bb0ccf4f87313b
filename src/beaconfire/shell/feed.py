"""The lockstep feed of an EXERCISE node: a local socket on which a conductor gives one turn of scenario time after
another, as JSON lines, and hears when the node has done it.

    → {"tick": 17, "time_ns": …, "scans": [[time_ns, sensor, [detections]], …], "await": {"USA": 17},
       "epochs": {"USA": 1737}, "orders": […]}
    ← {"tick": 17, "sent": {"JPN": 18}, "taken": {"USA": 17}, "missing": {}, "epochs": {"JPN": 1737}}

`await` names the last envelope of each partner that has to be taken in before this turn, and `epochs` in which epoch of
that partner it counts: what the partner reported as sent in the turn before. Only the node's own user may connect, one
conductor at a time; a LIVE node has no such socket.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from beaconfire.kernel import alerts, limits
from beaconfire.kernel.errors import InvalidInput, RunFailed, UsageError
from beaconfire.kernel.records import Scan
from beaconfire.node import ClockTrouble, Command, Input, Leave, PolicyLoad, Resume, Suspend


class PolicyOrder(msgspec.Struct, frozen=True, tag="policy", tag_field="order", forbid_unknown_fields=True):
    """Load a release policy."""

    toml: str


class ClockOrder(msgspec.Struct, frozen=True, tag="clock", tag_field="order", forbid_unknown_fields=True):
    """The wall clock stepped, or may be trusted again."""

    trusted: bool
    offset_s: float


class AlertOrder(msgspec.Struct, frozen=True, tag="alert", tag_field="order", forbid_unknown_fields=True):
    """A person of the exercise orders something of an alert; the node's gate judges it like any other order."""

    signed: alerts.Order


class SuspendOrder(msgspec.Struct, frozen=True, tag="suspend", tag_field="order", forbid_unknown_fields=True):
    """The exercise suspends a partner."""

    partner: str
    reason: str = ""


class ResumeOrder(msgspec.Struct, frozen=True, tag="resume", tag_field="order", forbid_unknown_fields=True):
    """The exercise lets a suspended partner return."""

    partner: str


class LeaveOrder(msgspec.Struct, frozen=True, tag="leave", tag_field="order", forbid_unknown_fields=True):
    """The exercise ends a partnership, at once or at a node time."""

    partner: str
    reason: str = ""
    effective_ns: int = 0


Order = PolicyOrder | ClockOrder | AlertOrder | SuspendOrder | ResumeOrder | LeaveOrder
EXERCISE_ORDERS = ("exercise",)  # by whom what a conductor orders of partners is ordered


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One turn of scenario time."""

    tick: int
    time_ns: int
    scans: tuple[Scan, ...] = ()
    awaited: dict[str, int] = msgspec.field(name="await", default_factory=dict)
    epochs: dict[str, int] = {}
    orders: tuple[Order, ...] = ()
    last: bool = False  # the scenario ends with it; the node stays until it is stopped


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The node has done a turn; its last rows may still be on their way to the disk.

    `sent` and `taken` are the last envelope numbered for and taken from each partner, `missing` what did not come;
    `epochs` are those in which `sent` counts.
    """

    tick: int
    sent: dict[str, int]
    taken: dict[str, int]
    missing: dict[str, int]
    epochs: dict[str, int] = {}


_TURNS = msgspec.json.Decoder(Turn)
_ANSWERS = msgspec.json.Decoder(Answer)
_ENCODER = msgspec.json.Encoder()


class Feed:
    """The node's end of the socket."""

    def __init__(self, path: Path) -> None:
        """Prepare; `open` makes the socket."""
        self._path = path
        self._server: asyncio.Server | None = None
        self._conductors: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue(maxsize=1)
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> None:
        """Make the socket; raises `RunFailed` if that is not possible."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._accept, self._path, limit=limits.MAX_TURN_BYTES)
            self._path.chmod(0o600)
        except OSError as error:
            raise RunFailed(f"{self._path}: the feed's socket cannot be made: {error}") from error

    async def turns(self) -> AsyncIterator[Turn]:
        """Yield turns, one conductor after another, until the task is cancelled."""
        while True:
            reader, self._writer = await self._conductors.get()
            try:
                while line := await reader.readline():
                    yield decode_turn(line)
            except (ConnectionError, ValueError) as error:
                self._refuse(error)
            except InvalidInput as error:
                self._refuse(error)
            self._writer.close()

    def answer(self, answer: Answer) -> None:
        """Answer the turn that was yielded last."""
        if self._writer is not None and not self._writer.is_closing():
            self._writer.write(_ENCODER.encode(answer) + b"\n")

    async def close(self) -> None:
        """Close the socket and remove it."""
        if self._server is not None:
            self._server.close()
        if self._writer is not None:
            self._writer.close()
        self._path.unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not peer_is_ours(writer) or self._conductors.full():
            writer.close()
            return
        await self._conductors.put((reader, writer))

    def _refuse(self, error: Exception) -> None:
        if self._writer is not None and not self._writer.is_closing():
            with contextlib.suppress(ConnectionError):
                self._writer.write(_ENCODER.encode({"error": str(error)}) + b"\n")


class Conductor:
    """The other end: gives turns and waits for answers."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take an open connection; see `connect`."""
        self._reader, self._writer = reader, writer

    @classmethod
    async def connect(cls, path: Path) -> "Conductor":
        """Connect to a node's feed; raises `RunFailed` if there is none."""
        try:
            return cls(*await asyncio.open_unix_connection(path, limit=limits.MAX_TURN_BYTES))
        except OSError as error:
            raise RunFailed(f"{path}: the node's feed cannot be reached: {error}") from error

    def give(self, turn: Turn) -> None:
        """Send one turn."""
        self._writer.write(_ENCODER.encode(turn) + b"\n")

    async def answer(self) -> Answer:
        """Wait for the answer; raises `RunFailed` if the node is gone, `UsageError` if it refused the turn."""
        try:
            line = await self._reader.readline()
        except (ConnectionError, ValueError) as error:
            raise RunFailed(f"the node's feed broke: {error}") from error
        if not line:
            raise RunFailed("the node ended")
        try:
            return _ANSWERS.decode(line)
        except msgspec.DecodeError:
            raise UsageError(f"the node refused a turn: {line.decode(errors='replace').strip()[:500]}") from None

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


def order_input(order: Order) -> Input:
    """Return an order of a turn as an input of the node; a person's session is the exercise's one for that person."""
    if isinstance(order, PolicyOrder):
        return PolicyLoad(order.toml.encode())
    if isinstance(order, ClockOrder):
        return ClockTrouble(order.trusted, order.offset_s)
    if isinstance(order, SuspendOrder):
        return Suspend(order.partner, EXERCISE_ORDERS, order.reason)
    if isinstance(order, ResumeOrder):
        return Resume(order.partner, b"", EXERCISE_ORDERS)
    if isinstance(order, LeaveOrder):
        return Leave(order.partner, EXERCISE_ORDERS, order.reason, order.effective_ns)
    return Command(**{**msgspec.structs.asdict(order.signed), "session": f"exercise:{order.signed.person}"})


def decode_turn(line: bytes) -> Turn:
    """Return the turn of one line, else raise `InvalidInput`."""
    try:
        return _TURNS.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput.single("feed", str(error), "one turn as a JSON line") from None


def peer_is_ours(writer: asyncio.StreamWriter) -> bool:
    """Say whether the process at the other end of a local socket is of this process's user, where that can be told."""
    _, user = _peer(writer)
    return user in (None, os.getuid())


def peer_process(writer: asyncio.StreamWriter) -> int:
    """Return the id of the process at the other end of a local socket, 0 where that cannot be told."""
    process, _ = _peer(writer)
    return process


def _peer(writer: asyncio.StreamWriter) -> tuple[int, int | None]:
    """Return the other end's process and user as the kernel tells them; no user where it does not."""
    if not hasattr(socket, "SO_PEERCRED"):
        return 0, None
    peer: socket.socket = writer.get_extra_info("socket")
    process, user, _ = struct.unpack(
        "3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    )
    return int(process), int(user)
