"""What the shell does for warning: approved bytes are signed and go to the channels, receipts and orders come back.

In: `publish` from the engine, after the commit of the row that approved the bytes; requests from the local socket and
the page. Out: orders and receipts as inputs of the next turn. After a restart the journal says what was approved and
what was delivered: what is missing goes out again, unless it has expired.

If the journal cannot be written (wall 3) a message goes out all the same when two people stand behind it, or when it
takes back or ends a warning, which asks no more of anyone than the warning did; it is marked UNRECORDED.
"""

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AlertView, Approved, MessageKind, Order
from beaconfire.kernel.errors import BeaconfireError, InvalidInput, RunFailed
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.people import load_people
from beaconfire.kernel.person import Person
from beaconfire.kernel.time import NS_PER_S, unix_utc_to_tai_ns
from beaconfire.node import Delivered, Effect, Input, NodeState, Publish, WarningLoad, decode_input
from beaconfire.shell import capsign
from beaconfire.shell.beside import Beside
from beaconfire.shell.channels import AtomFeed, Channel, Directory, Health, HttpPost, Pace, Receipt, signed_alert
from beaconfire.shell.channels.alerts import CAP, read_cap
from beaconfire.shell.channels.channel import Sink
from beaconfire.shell.config import NodeConfig, read_bounded
from beaconfire.shell.control import (
    Alerts,
    Answer,
    Ask,
    AskAlerts,
    AskChannels,
    AskPage,
    AskPartners,
    AskPolicy,
    AskWould,
    ChannelsHealth,
    Control,
    GiveOrder,
    LoadPolicy,
    Orders,
    Outcome,
    PageAddress,
    PartnerOrder,
    socket_of,
)
from beaconfire.shell.keys import Identity
from beaconfire.shell.noticestore import NoticeStore
from beaconfire.shell.partnerdesk import PartnerDesk
from beaconfire.shell.people import sealed_people
from beaconfire.shell.policyfile import PolicyDesk
from beaconfire.shell.tasks import woken
from beaconfire.warn import Channel as ChannelRow
from beaconfire.warn import Settings, parse_settings

_SETTLE_S = 1.0  # how long a turn waits for the first receipts of what it published
_FLUSH_S = 1.0
_TAGS, _TAG_BYTES = (b"Delivered", b"WarningLoad"), 16  # of inputs that `replayed` reads; the others are not decoded
_ENDS = frozenset({MessageKind.CANCEL, MessageKind.ALL_CLEAR})
_MENDS = _ENDS | {MessageKind.CORRECTION}


class WarningFiles(msgspec.Struct, frozen=True, kw_only=True):
    """The files that say how a node warns, as bytes; empty ones are not there."""

    warning_toml: bytes = b""
    people_toml: bytes = b""
    rules: tuple[bytes, ...] = ()

    @property
    def load(self) -> WarningLoad:
        """The input that brings them into a running node."""
        return WarningLoad(self.warning_toml, self.people_toml, self.rules)


class Office:
    """One node's channels, its local socket, and orders on their way through the step.

    `state` is the node's state, None before its first turn; `now_ns` is node time; `news` wakes the node's loop.
    """

    def __init__(
        self,
        config: NodeConfig,
        identity: Identity,
        *,
        state: Callable[[], NodeState | None],
        now_ns: Callable[[], int],
        news: Callable[[], None],
        pace: Pace | None = None,
    ) -> None:
        """Read how this node warns; raises `InvalidInput` for files that are wrong. Nothing runs yet."""
        self._config, self._identity = config, identity
        self._state, self._clock_ns, self._news, self._pace = state, now_ns, news, pace
        self.orders = Orders(news)
        self.beside = Beside(NoticeStore(config.record_path), realm=config.realm)
        self._policy = PolicyDesk(config, state=state, orders=self.orders)
        self._loads: list[Input] = []  # a policy file that was changed while the node was down
        self._control = Control(socket_of(config), self.meet)
        self._receipts: list[Receipt] = []
        self._awaited: set[tuple[str, str]] = set()  # identifier and channel without any receipt yet
        self._told = asyncio.Event()
        self._given: dict[str, Approved] = {}
        self._done: set[tuple[str, str]] = set()  # delivered, by the journal: identifier and channel
        self._channels: dict[str, tuple[ChannelRow, Channel]] = {}
        self._files = read_warning(config)
        self._rows = _channel_rows(config, self._files)
        self._loaded: WarningLoad | None = None  # the last of the journal, beyond its first row
        self._changed = False  # the files are no longer what the journal has
        self.partners: PartnerDesk | None = None
        self.page: Callable[[], str] | None = None  # an address that opens the page once; None without a page

    async def open(self) -> None:
        """Start the channels and the socket; send again what the journal says was approved and not delivered."""
        for row in self._rows:
            self._channels[row.name] = (row, self._channel(row))
        for approved in tuple(self._given.values()):
            if _expires_ns(approved.unsigned) > self._clock_ns():
                missing = [name for name in approved.channels if (approved.identifier, name) not in self._done]
                self._give(approved, missing, recorded=True)
        self._done.clear()
        self._changed = self._is_changed()
        self._loads = self._policy.changed()
        await self._control.open()

    async def close(self) -> None:
        """Let what waits go out for a moment, then end everything."""
        await self._control.close()
        self.orders.close()
        await asyncio.gather(*(channel.close(timeout_s=_FLUSH_S) for _, channel in self._channels.values()))

    def replayed(self, row: bytes, effects: Sequence[Effect]) -> None:
        """Note what an input of the journal and its effects say of publishing, before `open`."""
        if any(tag in row[:_TAG_BYTES] for tag in _TAGS):
            item = decode_input(row)
            if isinstance(item, WarningLoad):
                self._loaded = item
            elif isinstance(item, Delivered) and item.ok:
                self._done.add((item.identifier, item.channel))
        self.beside.take(effects)
        for effect in effects:
            if isinstance(effect, Publish):
                self._note(effect.approved)

    def publish(self, approved: Approved, *, recorded: bool) -> None:
        """Sign and send what was approved, once. Not `recorded`: only what may go without the journal does."""
        if approved.identifier in self._given or not (recorded or _may_go_unrecorded(approved)):
            return
        self._note(approved)
        self._give(approved, approved.channels, recorded=recorded)

    def take(self) -> list[Input]:
        """Return what is to enter the step: receipts, then orders."""
        self._receipts.sort(key=lambda row: (row.identifier, row.channel, row.endpoint))
        receipts: list[Input] = [
            Delivered(
                alert_id=row.alert_id, identifier=row.identifier, channel=row.channel, endpoint=row.endpoint,
                ok=row.ok, detail=row.detail,
            )
            for row in self._receipts
        ]  # fmt: skip
        self._receipts.clear()
        loads: list[Input] = [self._files.load] if self._changed else []
        self._changed = False
        loads += self._loads
        self._loads = []
        return [*loads, *receipts, *self.orders.take()]

    async def settled(self) -> None:
        """Wait for the first receipt of everything just published, or a moment: so a turn's receipts enter the next."""
        loop = asyncio.get_running_loop()
        end_s = loop.time() + _SETTLE_S
        while self._awaited and loop.time() < end_s:
            self._told.clear()
            await woken(self._told, end_s - loop.time())
        self._awaited.clear()

    def health(self) -> tuple[Health, ...]:
        """How every end-point stands."""
        return tuple(health for _, channel in self._channels.values() for health in channel.health)

    def feed_folder(self) -> Path | None:
        """Where the node's Atom feed lies, None without one."""
        return next((self._config.path(row.path) for row in self._rows if row.kind == "atom"), None)

    @property
    def realm(self) -> Realm:
        """The node's realm."""
        return self._config.realm

    @property
    def now_ns(self) -> int:
        """Node time."""
        return self._clock_ns()

    def people(self) -> Mapping[str, Person]:
        """The people of the node by id."""
        where = self._config.people
        return load_people(
            self._files.people_toml, realm=self._config.realm, root=self._identity.root_public, where=where
        )

    async def give(self, order: Order) -> Outcome:
        """Let an order of the page enter the step with the next turn; raises as `Orders.give`."""
        return await self.orders.give(order)

    def views(self) -> tuple[AlertView, ...]:
        """Every alert as it stands."""
        state = self._state()
        return () if state is None else views_of(state)

    async def meet(self, ask: Ask) -> Answer:
        """Answer a request of the local socket; raises `BeaconfireError`."""
        if isinstance(ask, GiveOrder):
            return await self.orders.give(ask.order)
        if isinstance(ask, AskAlerts):
            config, views = self._config, self.views()
            context = dict(self.beside.context(views))
            return Alerts(
                nation=config.nation, realm=config.realm, now_ns=self._clock_ns(), alerts=views, context=context
            )
        if isinstance(ask, AskChannels):
            return ChannelsHealth(channels=self.health())
        if isinstance(ask, AskPolicy | AskWould | LoadPolicy):
            return await self._policy.meet(ask)
        if isinstance(ask, AskPartners | PartnerOrder):
            assert self.partners is not None, "a node whose socket is open has its partners"
            return await self.partners.meet(ask)
        if isinstance(ask, AskPage):
            if self.page is None:
                raise RunFailed("this node has no page: console.port in node.toml is 0")
            return PageAddress(address=self.page())
        return await self._reload()

    async def _reload(self) -> Outcome:
        """Let the files enter the step, and follow them once it took them; raises `InvalidInput` for wrong ones."""
        files = read_warning(self._config)
        rows = _channel_rows(self._config, files)
        outcome = await self.orders.put(files.load)
        if not outcome.refused:
            self._files, self._rows = files, rows
            await self._change_channels()
        return outcome

    def _is_changed(self) -> bool:
        """Say whether the files were edited while the node was down."""
        state = self._state()
        if state is None:
            return False
        genesis = state.genesis
        if not self._files.warning_toml and not genesis.warning_toml:  # people are there for the policy alone
            return False
        return self._files.load != (
            self._loaded or WarningLoad(genesis.warning_toml, genesis.people_toml, genesis.rules)
        )

    def _note(self, approved: Approved) -> None:
        self._given[approved.identifier] = approved
        if len(self._given) > limits.MAX_PUBLISHED:
            del self._given[next(iter(self._given))]

    def _give(self, approved: Approved, names: Sequence[str], *, recorded: bool) -> None:
        self._awaited |= {(approved.identifier, name) for name in names}
        try:
            alert = signed_alert(
                self._config.realm, alert_id=approved.alert_id, identifier=approved.identifier,
                kind=str(approved.kind), expires_ns=_expires_ns(approved.unsigned), ends=approved.kind in _ENDS,
                xml=self._sign(approved.unsigned), unrecorded=not recorded,
            )  # fmt: skip
        except BeaconfireError as error:
            for name in names:
                self._failed(approved, name, f"cannot be signed: {error}")
            return
        for name in names:
            if name in self._channels:
                self._channels[name][1].send(alert)
            else:
                self._failed(approved, name, "is no channel of this node")

    def _sign(self, unsigned: bytes) -> bytes:
        key = self._identity.alerts
        if key is None:
            raise RunFailed("this node's keys were made before alerts were signed; make a new node")
        return capsign.sign(unsigned, key.key_pem, key.certificate_pem)

    def _failed(self, approved: Approved, name: str, detail: str) -> None:
        self._on_receipt(Receipt(approved.alert_id, approved.identifier, name, "", False, detail))

    def _on_receipt(self, receipt: Receipt) -> None:
        self._receipts.append(receipt)
        self._awaited.discard((receipt.identifier, receipt.channel))
        self._told.set()
        self._news()

    def _channel(self, row: ChannelRow) -> Channel:
        key = self._identity.alerts
        trusted = b"" if key is None else key.certificate_pem
        channel = Channel(
            row.name, [self._sink(row)], realm=row.realm, verify=partial(_verify, trusted_pem=trusted),
            now_ns=self._clock_ns, receipt=self._on_receipt, pace=self._pace,
        )  # fmt: skip
        channel.start()
        return channel

    def _sink(self, row: ChannelRow) -> Sink:
        if row.kind == "http":
            return HttpPost(row.url)
        if row.kind == "atom":
            return AtomFeed(self._config.path(row.path), nation=self._config.nation, realm=row.realm)
        return Directory(self._config.path(row.path))

    async def _change_channels(self) -> None:
        """End channels that are no longer configured, or otherwise, and start new ones; the others go on."""
        wanted = {row.name: row for row in self._rows}
        gone = [name for name, (row, _) in self._channels.items() if wanted.get(name) != row]
        await asyncio.gather(*(self._channels.pop(name)[1].close(timeout_s=_FLUSH_S) for name in gone))
        for name in wanted.keys() - self._channels.keys():
            self._channels[name] = (wanted[name], self._channel(wanted[name]))


def read_warning(config: NodeConfig) -> WarningFiles:
    """Return the files that say how a node warns; raises `InvalidInput` for one that cannot be read."""
    path = config.path(config.warning)
    if not path.exists():
        return WarningFiles()
    warning_toml = read_bounded(path)
    settings = _parse(config, warning_toml)
    return WarningFiles(
        warning_toml=warning_toml,
        people_toml=sealed_people(config.path(config.people), realm=config.realm),
        rules=tuple(read_bounded(config.path(name)) for name in settings.rules),
    )


def channels(config: NodeConfig) -> tuple[ChannelRow, ...]:
    """Return the channels that a node would warn by; raises `InvalidInput` for settings that are wrong."""
    return _channel_rows(config, read_warning(config))


def views_of(state: NodeState) -> tuple[AlertView, ...]:
    """Return every alert of a node's state as it stands."""
    return () if state.desk is None else state.desk.alerts()


def _channel_rows(config: NodeConfig, files: WarningFiles) -> tuple[ChannelRow, ...]:
    """The channels of the warning settings; an address that must not be posted to is refused before anything runs."""
    if not files.warning_toml:
        return ()
    rows = _parse(config, files.warning_toml).channel
    for row in rows:
        if row.kind == "http":
            HttpPost(row.url)
    return rows


def _parse(config: NodeConfig, warning_toml: bytes) -> Settings:
    where = str(config.path(config.warning))
    return parse_settings(warning_toml, nation=config.nation, realm=config.realm, where=where)


def _verify(xml: bytes, *, trusted_pem: bytes) -> None:
    if not trusted_pem:
        raise InvalidInput.single("signature", "cannot be checked", "keys of `beaconfire init`")
    capsign.verify(xml, trusted_pem)


def _may_go_unrecorded(approved: Approved) -> bool:
    people = {who for who in approved.approved_by if not who.startswith("rule:")}
    return len(people) >= (1 if approved.kind in _MENDS else 2)


def _expires_ns(xml: bytes) -> int:
    """Return when the last part of a message expires, node time; our own bytes always say it."""
    times = [dt.datetime.fromisoformat(text) for text in read_cap(xml).itertext(f"{CAP}expires")]
    return unix_utc_to_tai_ns(round(max(times).timestamp()) * NS_PER_S)
