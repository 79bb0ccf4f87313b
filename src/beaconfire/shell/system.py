"""The node's word with its own server, by the system account: load the configuration, end a partner's connection."""

import asyncio
from pathlib import Path

import msgspec
import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError

from beaconfire.kernel.errors import RunFailed
from beaconfire.shell.config import NodeConfig
from beaconfire.shell.keys import TLS_FOLDER
from beaconfire.shell.link import AT_ONCE, client_context

_ANSWER_S = 2.0
_GONE_S = 0.002  # between two looks whether a connection has ended


class _Failure(msgspec.Struct):
    description: str = "unknown"


class _Leaf(msgspec.Struct):
    id: int
    account: str


class _Leafs(msgspec.Struct):
    leafs: tuple[_Leaf, ...] = ()


class _Server(msgspec.Struct):
    id: str


class _Reply(msgspec.Struct):
    """What the server answers to any request of the system account."""

    error: _Failure | None = None


class _LeafsReply(_Reply):
    data: _Leafs = msgspec.field(default_factory=_Leafs)


class SystemDesk:
    """Connects when it is first asked, and anew when the connection was lost."""

    def __init__(self, config: NodeConfig) -> None:
        """Prepare; the client certificate `system` of the nation's authority opens the account."""
        self._config = config
        self._client: Client | None = None
        self._server = ""

    async def reload(self) -> None:
        """Let the server load its configuration file; raises `RunFailed` if it refuses it or does not answer."""
        await self._ask("RELOAD", b"")

    async def kick(self, account: str) -> int:
        """End every leaf connection of an account, and return how many; returns when they are gone."""
        ended: set[int] = set()
        while leafs := [leaf for leaf in await self._leafs() if leaf.account == account]:
            for leaf in leafs:
                if leaf.id not in ended:
                    ended.add(leaf.id)
                    await self._ask("KICK", msgspec.json.encode({"cid": leaf.id}))
            await asyncio.sleep(_GONE_S)
        return len(ended)

    async def connected(self) -> frozenset[str]:
        """Return the accounts that have a leaf connection."""
        return frozenset(leaf.account for leaf in await self._leafs())

    async def close(self) -> None:
        """Hang up."""
        client, self._client = self._client, None
        if client is not None and not client.is_closed:
            await client.close()

    async def _leafs(self) -> tuple[_Leaf, ...]:
        data = await self._ask("LEAFZ", b"{}")
        return msgspec.json.decode(data, type=_LeafsReply).data.leafs

    async def _ask(self, what: str, payload: bytes) -> bytes:
        """Ask the server; once more with a new connection, for the first may have been lost with a former server."""
        for attempt in (1, 2):
            try:
                client = await self._connected()
                subject = f"$SYS.REQ.SERVER.{self._server}.{what}"
                data = (await client.request(subject, payload, timeout=_ANSWER_S)).data
                break
            except (OSError, NatsError, TimeoutError) as error:
                await self.close()
                if attempt == 2:
                    raise RunFailed(f"the NATS server does not answer {what}: {error}") from None
        if failure := msgspec.json.decode(data, type=_Reply).error:
            raise RunFailed(f"the NATS server refused {what}: {failure.description}")
        return data

    async def _connected(self) -> Client:
        if self._client is None or not self._client.is_connected:
            await self.close()
            broker = self._config.broker
            self._client = await nats.connect(
                f"tls://{broker.host}:{broker.client_port}",
                tls=client_context(str(Path(self._config.folder) / TLS_FOLDER), "system"), tls_hostname="localhost",
                allow_reconnect=False, connect_timeout=2, error_cb=_quiet, **AT_ONCE,
            )  # fmt: skip
            reply = await self._client.request("$SYS.REQ.SERVER.PING.IDZ", b"", timeout=_ANSWER_S)
            self._server = msgspec.json.decode(reply.data, type=_Server).id
        return self._client


async def _quiet(error: Exception) -> None:
    """A lost connection is made anew by the next question."""
