"""An Atom feed (RFC 4287) as a channel: a folder with `alerts.atom` and the CAP files it points to.

The folder is the truth: the feed is written anew from the CAP files in it, so a restart, or a file lost from the feed,
mends itself. The node's gateway serves the folder; any other web server can, too.
"""

import asyncio
import uuid
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from beaconfire.kernel import limits
from beaconfire.kernel.errors import ChannelDown, Refused
from beaconfire.kernel.labels import Realm
from beaconfire.shell.channels.alerts import CAP, SignedAlert, read_cap
from beaconfire.shell.channels.directory import file_name, write_atomically
from beaconfire.shell.channels.http import CAP_TYPE

FEED_FILE = "alerts.atom"
_ATOM = "http://www.w3.org/2005/Atom"
_NEVER = "1970-01-01T00:00:00+00:00"


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the feed says of one CAP file."""

    sent: str
    identifier: str
    name: str
    title: str
    sender: str


class AtomFeed:
    """Delivers into one folder and keeps its feed."""

    def __init__(self, folder: Path, *, nation: str, realm: Realm) -> None:
        """Take the folder; the feed's name says nation and realm."""
        self._folder, self._nation, self._realm = folder, nation, realm
        self.endpoint = str(folder / FEED_FILE)

    @property
    def folder(self) -> Path:
        """Where the feed and its CAP files lie."""
        return self._folder

    async def deliver(self, alert: SignedAlert) -> None:
        """Write the message and then the feed; raises `ChannelDown` when the folder cannot be written."""
        await asyncio.to_thread(self._deliver, alert)

    async def probe(self) -> None:
        """Write the feed anew; raises `ChannelDown` when that fails."""
        await asyncio.to_thread(self._write_feed)

    def _deliver(self, alert: SignedAlert) -> None:
        path = self._folder / file_name(alert.identifier)
        try:
            if not path.exists():
                write_atomically(path, alert.xml)
        except OSError as error:
            raise ChannelDown(error.strerror or str(error)) from None
        self._write_feed()

    def _write_feed(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self._folder / FEED_FILE, self._render(_entries(self._folder)))
        except OSError as error:
            raise ChannelDown(error.strerror or str(error)) from None

    def _render(self, entries: list[_Entry]) -> bytes:
        feed = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
        mark = "" if self._realm is Realm.LIVE else "EXERCISE · [훈련] · 【訓練】 "
        _add(feed, "id", _urn(f"{self._nation}/{self._realm}"))
        _add(feed, "title", f"{mark}{self._nation} alerts")
        _add(feed, "updated", entries[0].sent if entries else _NEVER)
        _add(_add(feed, "author"), "name", self._nation)
        _add(feed, "link", rel="self", href=FEED_FILE)
        for item in entries:
            entry = _add(feed, "entry")
            _add(entry, "id", _urn(f"{self._nation}/{self._realm}/{item.identifier}"))
            _add(entry, "title", item.title)
            _add(entry, "updated", item.sent)
            _add(_add(entry, "author"), "name", item.sender)
            _add(entry, "link", rel="alternate", type=CAP_TYPE, href=item.name)
        return etree.tostring(feed, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _entries(folder: Path) -> list[_Entry]:
    """The newest messages of a folder, newest first; a file that is no CAP message is passed over."""
    found = []
    for path in folder.glob("[!.]*.xml"):
        try:
            root = read_cap(path.read_bytes())
        except (OSError, Refused):
            continue
        sent = root.findtext(f"{CAP}sent") or _NEVER
        title = root.findtext(f"{CAP}info/{CAP}headline") or root.findtext(f"{CAP}msgType") or path.stem
        identifier = root.findtext(f"{CAP}identifier") or path.stem
        sender = root.findtext(f"{CAP}info/{CAP}senderName") or root.findtext(f"{CAP}sender") or ""
        found.append(_Entry(sent, identifier, path.name, title, sender))
    found.sort(key=lambda entry: (entry.sent, entry.identifier), reverse=True)
    return found[: limits.MAX_FEED_ENTRIES]


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    child = etree.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    child.text = text
    return child


def _urn(name: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_OID, f"beaconfire/{name}").urn
