"""A running node's local socket: whoever owns the node on this machine asks it, and orders it, in JSON lines.

    → {"ask": "alerts"}
    ← {"answer": "alerts", "nation": "KOR", "realm": "EXERCISE", "now_ns": …, "alerts": […]}
    → {"ask": "order", "order": ["kim", "", "approve", …]}
    ← {"answer": "outcome", "seq": 4711, "rows": […], "refused": [], "durable": true}

Only the node's own user may connect (file mode 0600, and the peer's user id as the kernel tells it). That says who may
knock, not who may warn: every order carries a person's signature, which the step judges. An order becomes an input of
the node's next turn and is answered when its row is on disk.
"""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AlertRow, AlertView, Order
from beaconfire.kernel.errors import BeaconfireError, RunFailed
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.person import Word
from beaconfire.node import Command, Effect, Input, ShowAlert, ShowAudit
from beaconfire.release import PartnerView, Would
from beaconfire.shell.channels import Health
from beaconfire.shell.config import NodeConfig
from beaconfire.shell.feed import peer_is_ours, peer_process

SOCKET = "control.sock"
_ANSWER_S = 30.0  # a lockstep node takes an order with its next turn; between runs there is none
_IDLE_S = 300.0


class _Ask(msgspec.Struct, frozen=True, tag_field="ask", forbid_unknown_fields=True):
    """Base of all requests."""


class AskAlerts(_Ask, frozen=True, tag="alerts"):
    """All alerts as they stand."""


class AskChannels(_Ask, frozen=True, tag="channels"):
    """How every end-point of every channel stands."""


class AskPage(_Ask, frozen=True, tag="page"):
    """An address that opens the page once."""


class AskReload(_Ask, frozen=True, tag="reload"):
    """Read `warning.toml`, `people.toml` and the automatic rules again."""


class AskPolicy(_Ask, frozen=True, tag="policy"):
    """The release policy in force."""


class AskWould(_Ask, frozen=True, tag="would"):
    """What a partner would be given of all that is true now: under the policy in force, or under a draft."""

    partner: str
    policy_toml: str = ""


class LoadPolicy(_Ask, frozen=True, tag="load_policy"):
    """Read `policy.toml` again."""


class AskPartners(_Ask, frozen=True, tag="partners"):
    """Every partner, how the link with it stands, and what it missed."""


class PartnerOrder(_Ask, frozen=True, tag="partner"):
    """Let a partner in, suspend it, let it return, or leave it; `words` are the officers' signatures of that act.

    `effective_ns` is the end of a notice period, node time (0: now).
    """

    action: Literal["partner", "suspend", "resume", "leave"]
    nation: str
    reason: str = ""
    effective_ns: int = 0
    words: tuple[Word, ...] = ()


class GiveOrder(_Ask, frozen=True, tag="order"):
    """Take a person's signed order."""

    order: Order


Ask = (
    AskAlerts
    | AskChannels
    | AskPage
    | AskReload
    | AskPolicy
    | AskWould
    | LoadPolicy
    | AskPartners
    | PartnerOrder
    | GiveOrder
)


class _Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="answer"):
    """Base of all answers."""


class Alerts(_Answer, frozen=True, kw_only=True, tag="alerts"):
    """The alerts of a node at its time."""

    nation: str
    realm: Realm
    now_ns: int
    alerts: tuple[AlertView, ...]
    context: dict[str, tuple[str, ...]] = {}  # by event: announced space launches that fit it, for people only


class ChannelsHealth(_Answer, frozen=True, kw_only=True, tag="channels"):
    """Every end-point."""

    channels: tuple[Health, ...]


class PageAddress(_Answer, frozen=True, kw_only=True, tag="page"):
    """Where a session of one's own begins."""

    address: str


class PolicyInForce(_Answer, frozen=True, kw_only=True, tag="policy"):
    """The release policy in force, and who signed it; version 0 is none."""

    nation: str
    realm: Realm
    now_ns: int
    version: int
    signed_by: tuple[str, ...]
    clock_trusted: bool
    partners: tuple[PartnerView, ...]


class WouldGet(_Answer, frozen=True, kw_only=True, tag="would"):
    """What a partner would be given now under a policy's version."""

    partner: str
    now_ns: int
    version: int
    products: tuple[Would, ...]


class PartnerRow(msgspec.Struct, frozen=True, kw_only=True):
    """One partner: `state` is active, silent, suspended, suspended_by_partner, leaving or left, since `since_utc`.

    `last_number` is the last that had gone out (or had come) when it was closed, `missed` what is kept for its return,
    `lost` what only the journal has; numbers sent and received are of the present epoch.
    """

    nation: str
    state: str
    since_utc: str | None
    reason: str
    by: tuple[str, ...]
    effective_utc: str | None
    link: Literal["up", "down", "connecting", "out"]
    heard_s: float | None
    epoch: int
    sent_number: int
    received_number: int
    contiguous: int
    last_number: int
    missed: int
    lost: int
    catching_up: bool


class PartnerRows(_Answer, frozen=True, kw_only=True, tag="partners"):
    """All partners of a node at its time."""

    nation: str
    realm: Realm
    now_ns: int
    partners: tuple[PartnerRow, ...]


class Outcome(_Answer, frozen=True, kw_only=True, tag="outcome"):
    """What an order, or a reload, did: the transitions it made, and why it was refused where it was."""

    seq: int
    rows: tuple[AlertRow, ...]
    refused: tuple[str, ...]
    durable: bool


class Trouble(_Answer, frozen=True, kw_only=True, tag="error"):
    """The request was not understood or could not be met."""

    error: str


Answer = Alerts | ChannelsHealth | PageAddress | PolicyInForce | WouldGet | PartnerRows | Outcome | Trouble
Expected = TypeVar("Expected", Alerts, ChannelsHealth, PageAddress, PolicyInForce, WouldGet, PartnerRows, Outcome)

_ASKS: msgspec.json.Decoder[Ask] = msgspec.json.Decoder(Ask)
_ANSWERS: msgspec.json.Decoder[Answer] = msgspec.json.Decoder(Answer)
_ENCODER = msgspec.json.Encoder()


class Orders:
    """Orders on their way through the step, each with somebody waiting for what became of it.

    As a window of the node it sees the effects of every row.
    """

    def __init__(self, news: Callable[[], None]) -> None:
        """Start with none; `news` is called when one waits."""
        self._news = news
        self._waiting: deque[tuple[Input, asyncio.Future[Outcome]]] = deque()
        self._entering: dict[int, asyncio.Future[Outcome]] = {}
        self._entered: dict[int, asyncio.Future[Outcome]] = {}

    async def give(self, order: Order) -> Outcome:
        """Let a person's order go with the next turn and wait for its outcome; raises as `put`."""
        return await self.put(Command(**msgspec.structs.asdict(order)))

    async def put(self, item: Input) -> Outcome:
        """Let an input go with the next turn and wait for its outcome; raises `RunFailed` when no turn comes."""
        if len(self._waiting) >= limits.MAX_CONTROL_WAITING:
            raise RunFailed(f"{len(self._waiting)} orders wait already; the node is busy or stands still")
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        entry = (item, future)
        self._waiting.append(entry)
        self._news()
        try:
            async with asyncio.timeout(_ANSWER_S):
                return await future
        except TimeoutError:
            if entry in self._waiting:
                self._waiting.remove(entry)
                raise RunFailed(f"not taken: the node made no turn for {_ANSWER_S:g} s") from None
            raise RunFailed(f"taken, but not committed for {_ANSWER_S:g} s: look at `alert list`") from None

    def take(self) -> list[Input]:
        """Return the orders that wait; they are entering the step now."""
        items = []
        while self._waiting:
            item, future = self._waiting.popleft()
            self._entering[id(item)] = future
            items.append(item)
        return items

    def entered(self, item: Input, seq: int) -> None:
        """Note the journal row of an input; nothing for one that `take` did not give."""
        future = self._entering.pop(id(item), None)
        if future is not None:
            self._entered[seq] = future

    def show(self, *, seq: int, now_ns: int, effects: Sequence[Effect], durable: bool) -> None:
        """Tell whoever waits what became of the order of row `seq`."""
        future = self._entered.pop(seq, None)
        if future is None or future.done():
            return
        rows = tuple(effect.row for effect in effects if isinstance(effect, ShowAlert))
        refused = tuple(
            effect.reason for effect in effects if isinstance(effect, ShowAudit) and effect.verdict == "refused"
        )
        future.set_result(Outcome(seq=seq, rows=rows, refused=refused, durable=durable))

    def close(self) -> None:
        """Nobody waits any longer."""
        for future in (*self._entering.values(), *self._entered.values(), *(future for _, future in self._waiting)):
            if not future.done():
                future.set_exception(RunFailed("the node ended"))


class Control:
    """The node's end of the socket; `meet` answers a request."""

    def __init__(self, path: Path, meet: Callable[[Ask], Awaitable[Answer]]) -> None:
        """Prepare; `open` makes the socket."""
        self._path, self._meet = path, meet
        self._server: asyncio.Server | None = None
        self._callers: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Make the socket; raises `RunFailed` if that is not possible."""
        try:
            self._path.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(self._accept, self._path, limit=limits.MAX_CONTROL_BYTES)
            self._path.chmod(0o600)
        except OSError as error:
            raise RunFailed(f"{self._path}: the local socket cannot be made: {error}") from error

    async def close(self) -> None:
        """Hang up on everybody and remove the socket."""
        if self._server is None:
            return
        self._server.close()
        for task in tuple(self._callers):
            task.cancel()
        await asyncio.gather(*self._callers, return_exceptions=True)
        self._path.unlink(missing_ok=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        session = session_of(peer_process(writer))
        assert task is not None, "a server calls this in a task"
        if not peer_is_ours(writer) or len(self._callers) >= limits.MAX_CONTROL_CALLERS:
            writer.close()
            return
        self._callers.add(task)
        try:
            await self._serve(reader, writer, session)
        except (ConnectionError, TimeoutError, asyncio.CancelledError):
            pass  # the caller, or the node, hung up
        finally:
            self._callers.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, session: str) -> None:
        while True:
            try:
                async with asyncio.timeout(_IDLE_S):
                    line = await reader.readline()
            except ValueError:  # longer than the stream's limit
                writer.write(_line(Trouble(error=f"a request has at most {limits.MAX_CONTROL_BYTES} bytes")))
                await writer.drain()
                return
            if not line:
                return
            writer.write(_line(await self._answer(line, session)))
            await writer.drain()

    async def _answer(self, line: bytes, session: str) -> Answer:
        try:
            request = _ASKS.decode(line)
            if isinstance(request, GiveOrder):  # which session it came from is our word, not the caller's
                request = GiveOrder(msgspec.structs.replace(request.order, session=session))
            return await self._meet(request)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return Trouble(error=f"request: {error}; expected one JSON object with a known 'ask'")
        except BeaconfireError as error:
            return Trouble(error=str(error))


def ask(path: Path, request: Ask, *, timeout_s: float = _ANSWER_S + 5.0) -> Answer:
    """Ask a running node over its socket; raises `RunFailed` if none runs there or it does not answer in time."""
    try:
        with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as line:
            line.settimeout(timeout_s)
            line.connect(str(path))
            line.sendall(_ENCODER.encode(request) + b"\n")
            with line.makefile("rb") as reader:
                answer = reader.readline()
    except (FileNotFoundError, ConnectionRefusedError):
        raise RunFailed(f"{path}: no node runs here") from None
    except OSError as error:
        raise RunFailed(f"{path}: the node cannot be asked: {error}") from None
    try:
        return _ANSWERS.decode(answer)
    except msgspec.DecodeError:
        raise RunFailed(f"{path}: the node hung up without an answer") from None


def socket_of(config: NodeConfig) -> Path:
    """Return where a node's local socket lies."""
    return Path(config.folder) / SOCKET


def expect(answer: object, kind: type[Expected]) -> Expected:
    """Return an answer of the wanted kind; raises `RunFailed` with the node's words for trouble."""
    if isinstance(answer, Trouble):
        raise RunFailed(f"the node says: {answer.error}")
    if not isinstance(answer, kind):
        raise RunFailed(f"the node answered something else: {type(answer).__name__}")
    return answer


def session_of(pid: int) -> str:
    """Return what tells one caller from another: its terminal's session, or for one without a terminal the process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        session, terminal = int(fields[3]), int(fields[4])  # after the name: state, parent, group, session, terminal
    except (OSError, IndexError, ValueError):
        return f"process:{pid}"
    return f"terminal:{session}" if terminal else f"process:{pid}"


def _line(answer: Answer) -> bytes:
    return _ENCODER.encode(answer) + b"\n"
