"""What stands beside a node's alerts for people: announced space launches that fit the events they are about.

A window of the node that keeps the last revision of each event, and holds the notices against it when somebody asks.
Nothing of it enters the step: an alert is the same with and without notices.
"""

from collections.abc import Iterable, Mapping, Sequence

from beaconfire.kernel import limits, results
from beaconfire.kernel.alerts import AlertView
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import EventRevision
from beaconfire.node import Effect, ShowEvent
from beaconfire.shell.noticestore import NoticeStore


class Beside:
    """The events that a node showed last, closed ones too, for their alerts stay on show for a while."""

    def __init__(self, notices: NoticeStore, *, realm: Realm) -> None:
        """Start with no event; `notices` is read anew at each question."""
        self._notices, self._realm = notices, realm
        self._last: dict[str, EventRevision] = {}

    def show(self, *, seq: int, now_ns: int, effects: Iterable[Effect], durable: bool) -> None:
        """Take the events of one journal row."""
        self.take(effects)

    def take(self, effects: Iterable[Effect]) -> None:
        """Keep the last word on each event, of those shown last."""
        for effect in effects:
            if isinstance(effect, ShowEvent):
                self._last.pop(effect.revision.event_id, None)
                self._last[effect.revision.event_id] = effect.revision
                if len(self._last) > limits.MAX_OPEN_EVENTS:
                    del self._last[next(iter(self._last))]

    def close(self) -> None:
        """End; nothing is open."""

    def context(self, alerts: Sequence[AlertView]) -> Mapping[str, tuple[str, ...]]:
        """Return by event id what the notices say of the events of these alerts, a line each; events without are left
        out."""
        known = {name: self._last[name] for view in alerts for name in view.event_ids if name in self._last}
        rows = {name: results.event_row(revision, realm=self._realm) for name, revision in known.items()}
        said = {name: tuple(self._notices.context(row)) for name, row in rows.items()}
        return {name: lines for name, lines in said.items() if lines}
