"""`bulletins/<event_id>.<lang>.md`: what a node would tell people of each of its events, from its own result files."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from beaconfire.kernel.alerts import LANGUAGES, Language
from beaconfire.record import Launch, bulletin
from beaconfire.shell.export import EVENTS
from beaconfire.warn import areas

BULLETINS = "bulletins"
Row = dict[str, Any]


def write_bulletins(
    folder: Path, *, nation: str, languages: Sequence[Language], launches: Sequence[Launch]
) -> tuple[str, ...]:
    """Write a bulletin per event of a result folder and language; returns the files' names.

    `launches` is the record to answer from, `languages` those the node is set to (all three are written).
    """
    names = []
    for revisions in _events(folder / EVENTS):
        for language in LANGUAGES:
            text = bulletin(
                revisions, launches, language=language, nation=nation, languages=languages,
                areas=_areas_hit(revisions[-1], language),
            )  # fmt: skip
            name = f"{revisions[-1]['event_id']}.{language}.md"
            (folder / BULLETINS).mkdir(exist_ok=True)
            (folder / BULLETINS / name).write_text(text, encoding="utf-8")
            names.append(name)
    return tuple(names)


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
