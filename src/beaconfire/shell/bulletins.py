"""`bulletins/<event_id>.<lang>.md`: what a node would tell people of each of its events.

`write_bulletins` makes them of a folder's result files when a run is over; `BulletinWriter` is a window of a running
node, which writes each anew when its event is confirmed, lost or over, in a thread of its own.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from beaconfire.kernel.alerts import LANGUAGES, Language
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import EventRevision, EventStatus, PictureName
from beaconfire.kernel.results import event_row
from beaconfire.node import Effect, ShowEvent
from beaconfire.record import SENSED, Launch, LaunchNotice, associate, bulletin
from beaconfire.shell.errands import RETRY_S, Errands
from beaconfire.shell.export import EVENTS
from beaconfire.shell.noticestore import NoticeStore
from beaconfire.shell.recordstore import RecordStore
from beaconfire.warn import ENDED, areas

BULLETINS = "bulletins"
_TOLD = (EventStatus.CONFIRMED, EventStatus.LOST, *ENDED)
Row = dict[str, Any]


class BulletinWriter:
    """Writes the bulletins of one running node's events; as a window it takes the effects of each row."""

    def __init__(
        self,
        folder: Path,
        store: RecordStore,
        *,
        nation: str,
        realm: Realm,
        languages: Sequence[Language],
        told: Callable[[str], None],
        retry_s: float = RETRY_S,
    ) -> None:
        """Start; `store` is the record to answer from. `told` is given a line when a file cannot be written."""
        self._folder, self._store, self._notices = folder, store, NoticeStore(store.path)
        self._nation, self._realm, self._languages = nation, realm, tuple(languages)
        self._events: dict[str, tuple[EventRevision, dict[PictureName, EventRevision]]] = {}
        self._errands: Errands[list[EventRevision]] = Errands(
            self._write, what=f"bulletins in {folder}", told=told, retry_s=retry_s
        )

    def show(self, *, seq: int, now_ns: int, effects: Sequence[Effect], durable: bool) -> None:
        """Take the events of one journal row."""
        for effect in effects:
            if isinstance(effect, ShowEvent):
                self._take(effect.revision)

    def close(self) -> None:
        """Write what is known of events that are still open, and end."""
        for event_id in self._events:
            self._put(event_id)
        self._errands.close()

    def _take(self, revision: EventRevision) -> None:
        event_id, picture = revision.event_id, revision.picture
        _, last = self._events.setdefault(event_id, (revision, {}))
        before = last.get(picture)
        last[picture] = revision
        if revision.status in _TOLD and (before is None or before.status is not revision.status):
            self._put(event_id)
        if all(item.status in ENDED for item in last.values()):
            del self._events[event_id]

    def _put(self, event_id: str) -> None:
        first, last = self._events[event_id]
        self._errands.put(event_id, [first, *sorted(last.values(), key=lambda item: item.revision)])

    def _write(self, events: Sequence[list[EventRevision]]) -> None:
        launches = launches_of(self._store, self._realm)
        for revisions in events:
            rows = [event_row(revision, realm=self._realm) for revision in revisions]
            _write(
                self._folder, rows, nation=self._nation, languages=self._languages, launches=launches,
                notices=self._notices.notices(),
            )  # fmt: skip


def launches_of(store: RecordStore, realm: Realm) -> tuple[Launch, ...]:
    """Return the launches that a bulletin of a realm answers from.

    What is announced of reality is known in an exercise too, and what is announced in the exercise; never the reverse.
    What sensors saw in other exercises tells nothing.
    """
    claims, _ = store.known()
    return associate(
        claim
        for claim in claims
        if claim.realm is Realm.LIVE or (realm is Realm.EXERCISE and claim.source_class not in SENSED)
    )


def write_bulletins(
    folder: Path,
    *,
    nation: str,
    languages: Sequence[Language],
    launches: Sequence[Launch],
    notices: Sequence[LaunchNotice] = (),
) -> tuple[str, ...]:
    """Write a bulletin per event of a result folder and language; returns the files' names.

    `launches` is the record to answer from, `notices` the space launches announced in advance, `languages` those the
    node is set to (all three are written).
    """
    names = []
    for revisions in _events(folder / EVENTS):
        names += _write(folder, revisions, nation=nation, languages=languages, launches=launches, notices=notices)
    return tuple(names)


def _write(
    folder: Path,
    revisions: Sequence[Row],
    *,
    nation: str,
    languages: Sequence[Language],
    launches: Sequence[Launch],
    notices: Sequence[LaunchNotice],
) -> list[str]:
    names = []
    (folder / BULLETINS).mkdir(exist_ok=True)
    for language in LANGUAGES:
        text = bulletin(
            revisions, launches, language=language, nation=nation, languages=languages,
            areas=_areas_hit(revisions[-1], language), notices=notices,
        )  # fmt: skip
        name = f"{revisions[-1]['event_id']}.{language}.md"
        (folder / BULLETINS / name).write_text(text, encoding="utf-8")
        names.append(name)
    return names


def _events(path: Path) -> Iterator[list[Row]]:
    """The first revision of each event and the last of each picture, in order."""
    first: dict[str, Row] = {}
    last: dict[str, dict[str, Row]] = {}
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):  # a killed node may leave half a line
                row = msgspec.json.decode(line)
                first.setdefault(row["event_id"], row)
                last.setdefault(row["event_id"], {})[row["picture"]] = row
    for event_id, opened in first.items():
        yield [opened, *sorted(last[event_id].values(), key=lambda row: int(row["revision"]))]


def _areas_hit(row: Row, language: Language) -> tuple[str, ...]:
    """The name of the area in which a stated point of impact lies."""
    impact = row["impact"]
    if impact is None or impact["latitude_deg"] is None or impact["longitude_deg"] is None:
        return ()
    found = areas().at(impact["latitude_deg"], impact["longitude_deg"])
    return () if found is None else (found.names[language],)
