"""Where messages are made: content for the moment, its exact bytes, and the hash that people sign.

Every message has an identifier of its own, never used again: nation, realm, the journal's epoch, alert and number.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import msgspec

from beaconfire.kernel.alerts import AlertStatus, Approved, AreaThreat, Message, MessageKind, Notice, Ready
from beaconfire.kernel.time import NS_PER_S, from_seconds
from beaconfire.warn.cap import reference, render
from beaconfire.warn.case import TAKE_SHELTER, Alert
from beaconfire.warn.outlook import Outlook, in_order
from beaconfire.warn.settings import Settings
from beaconfire.warn.situation import Situation


@dataclass(frozen=True, slots=True)
class Press:
    """Makes the messages of one node. `epoch` is the journal's, so that a new journal reuses no identifier."""

    settings: Settings
    epoch: int

    def write(
        self,
        alert: Alert,
        kind: MessageKind,
        areas: Collection[AreaThreat],
        situation: Situation,
        *,
        notices: Iterable[Notice],
        now_ns: int,
        author: str,
        words: str = "",
        after: Ready | None = None,
    ) -> Ready:
        """Return a message of an alert in its exact bytes, as a draft; it gets the alert's next number.

        `after` is a message that would be sent before this one, to be referenced as if it were.
        """
        alert.numbered += 1
        settings = self.settings
        named = in_order(areas)
        message = Message(
            realm=settings.realm,
            kind=kind,
            identifier=self._identifier(alert.alert_id, str(alert.numbered)),
            sender=settings.voice.sender,
            sent_ns=_whole(now_ns),
            expires_ns=self._expires_ns(named, now_ns),
            references=_references((*alert.sent, *((after,) if after else ())), named, notices, now_ns),
            incidents=tuple(alert.events),
            areas=named,
            count_at_least=situation.count_at_least,
            launch_ns=situation.launch_ns,
            launch_nation=situation.launch_nation,
            reach="lost" if kind is MessageKind.LOST else situation.reach,
            author=settings.author,
            languages=settings.languages,
            words=words,
        )
        unsigned = self._bytes(message)
        return Ready(
            kind=kind,
            identifier=message.identifier,
            digest=hashlib.sha256(unsigned).digest(),
            unsigned=unsigned,
            stage=AlertStatus.DRAFTED,
            author=author,
            approved_by=(),
            needs=self._needs(alert, kind),
            message=message,
        )

    def proposal(self, outlook: Outlook, number: int) -> bytes:
        """Return the hash of the alert that one picture alone would propose now, whatever others say."""
        message = Message(
            realm=self.settings.realm,
            kind=MessageKind.SHELTER,
            identifier=self._identifier(outlook.event_id, f"{outlook.picture}-{number}"),
            sender=self.settings.voice.sender,
            sent_ns=_whole(outlook.time_ns),
            expires_ns=self._expires_ns(outlook.threatened, outlook.time_ns),
            references=(),
            incidents=(outlook.event_id,),
            areas=outlook.threatened,
            count_at_least=max(outlook.count_at_least, 1),
            launch_ns=outlook.launch_ns,
            launch_nation=outlook.launch_nation,
            reach=outlook.reach,
            author=self.settings.author,
            languages=self.settings.languages,
        )
        return hashlib.sha256(self._bytes(message)).digest()

    def _bytes(self, message: Message) -> bytes:
        return render(message, authority=self.settings.voice)

    def _needs(self, alert: Alert, kind: MessageKind) -> int:
        """What calls people to shelter, or comes first, needs all; what mends, follows or ends it needs one officer."""
        first = kind is MessageKind.DEBRIS and not alert.sent
        return self.settings.approval.people if kind in TAKE_SHELTER or first else 1

    def _identifier(self, name: str, number: str) -> str:
        return f"{self.settings.nation}-{self.settings.realm}-{self.epoch}-{name}-{number}"

    def _expires_ns(self, areas: Collection[AreaThreat], now_ns: int) -> int:
        last_ns = max((area.last_ns for area in areas), default=now_ns)
        return _whole(max(now_ns, last_ns) + from_seconds(self.settings.times.valid_s))


def approve(ready: Ready, alert: Alert, approved_by: tuple[str, ...]) -> tuple[Ready, Approved]:
    """Return a message as approved, and what the shell may publish of it: the very bytes that were approved."""
    done = msgspec.structs.replace(ready, approved_by=approved_by, stage=AlertStatus.APPROVED)
    assert hashlib.sha256(done.unsigned).digest() == done.digest, "bytes and hash are made together"
    return done, Approved(
        alert_id=alert.alert_id,
        identifier=done.identifier,
        kind=done.kind,
        digest=done.digest,
        unsigned=done.unsigned,
        channels=alert.channels,
        approved_by=approved_by,
    )


def _references(
    sent: Collection[Ready], areas: Collection[AreaThreat], notices: Iterable[Notice], now_ns: int
) -> tuple[str, ...]:
    """All unexpired messages of this alert, then other authorities' about the same areas."""
    ours = [reference(item.message) for item in sent if item.message.expires_ns > now_ns]
    named = {area.area_id for area in areas}
    theirs = [item.reference for item in notices if not named.isdisjoint(item.areas)]
    return tuple(dict.fromkeys((*ours, *theirs)))


def _whole(time_ns: int) -> int:
    """CAP knows whole seconds: cut, so that nothing is said from the future."""
    return time_ns - time_ns % NS_PER_S
