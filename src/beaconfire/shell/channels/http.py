"""An HTTP end-point as a channel: one POST per message, by the event loop's own streams.

Nothing but the status line of the answer is believed or read: 2xx is a receipt, a refusal that asking again cannot mend
(4xx but 408, 425, 429) is final, everything else may be tried again. Redirects are not followed: whoever may warn the
public is written in the configuration. The caller bounds the time of an attempt; its end is the connection's, too.
"""

import asyncio
import contextlib
import re
import ssl
from urllib.parse import SplitResult, urlsplit

import beaconfire
from beaconfire.kernel.errors import ChannelDown, InvalidInput
from beaconfire.shell.channels.alerts import SignedAlert

CAP_TYPE = "application/cap+xml"
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})[ \r\n]")
_LINE_BYTES = 1024
_TRY_AGAIN = frozenset({408, 425, 429})
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class HttpPost:
    """Delivers to one address; over TLS 1.2 or newer with the system's authorities when it is https."""

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None) -> None:
        """Take the address; raises `InvalidInput` if it is none. `tls` replaces the system's authorities."""
        self._url = check_url(url, where="channel")
        self.endpoint = url
        self._tls = tls or (_default_tls() if self._url.scheme == "https" else None)

    async def deliver(self, alert: SignedAlert) -> None:
        """Post the message; raises `ChannelDown`, final when the other side will never take it."""
        headers = {"content-type": CAP_TYPE, "x-cap-identifier": alert.identifier}
        if alert.unrecorded:
            headers["x-beaconfire-unrecorded"] = "true"
        status = await self._ask("POST", headers, alert.xml)
        if not 200 <= status < 300:
            final = 300 <= status < 500 and status not in _TRY_AGAIN
            raise ChannelDown(f"answered {status}", final=final)

    async def probe(self) -> None:
        """Ask whether somebody answers there, without posting anything; raises `ChannelDown`."""
        status = await self._ask("HEAD", {}, b"")
        if status >= 500:
            raise ChannelDown(f"answered {status}")

    async def _ask(self, method: str, headers: dict[str, str], body: bytes) -> int:
        try:
            reader, writer = await asyncio.open_connection(
                self._url.hostname, self._url.port or (443 if self._tls else 80), ssl=self._tls, limit=_LINE_BYTES
            )
        except (OSError, ssl.SSLError) as error:
            raise ChannelDown(str(error)) from None
        try:
            writer.write(self._head(method, headers, len(body)) + body)
            await writer.drain()
            return await _read_status(reader)
        except (OSError, ssl.SSLError) as error:
            raise ChannelDown(str(error)) from None
        finally:
            writer.close()
            with contextlib.suppress(OSError, ssl.SSLError):
                await writer.wait_closed()

    def _head(self, method: str, headers: dict[str, str], length: int) -> bytes:
        target = (self._url.path or "/") + (f"?{self._url.query}" if self._url.query else "")
        lines = {
            "host": self._url.netloc.rpartition("@")[2],
            "user-agent": f"beaconfire/{beaconfire.__version__}",
            "connection": "close",
            "content-length": str(length),
            **headers,
        }
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"{method} {target} HTTP/1.1\r\n{text}\r\n".encode("ascii", "replace")


def check_url(url: str, *, where: str) -> SplitResult:
    """Return the parts of an address that a channel may post to; raises `InvalidInput` for any other.

    Without TLS only this machine may be posted to: a warning in clear text can be changed on its way.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable or not url.isascii() or any(sign.isspace() for sign in url) or parts.username is not None:
        raise InvalidInput.single(where, f"has address {url[:100]!r}", "an address such as https://example.org/cap")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise InvalidInput.single(where, f"has address {url[:100]!r}", "https, or http to this machine")
    return parts


async def _read_status(reader: asyncio.StreamReader) -> int:
    """Return the status of the answer, past any interim one (1xx)."""
    while True:
        try:
            line = await reader.readline()
            found = _STATUS.match(line)
            status = int(found[1]) if found else 0
            while 100 <= status < 200 and (await reader.readline()).strip():
                pass
        except ValueError:  # a longer line than the reader's limit
            raise ChannelDown("answered something that is no HTTP") from None
        if status == 0:
            raise ChannelDown("hung up without an answer" if not line else "answered something that is no HTTP")
        if status >= 200:
            return status


def _default_tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
