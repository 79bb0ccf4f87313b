"""The report's part on partners that went away: since when, until when, what the other lost, when all was back."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from beaconfire.rehearse.partings import parting_lines
from beaconfire.rehearse.report.scene import Scene

_NOTHING = "–"
_HEADS = (
    "who", "from whom", "from", "known there", "until", "away", "all told again", "records",
    "area before", "area at the end of it", "area after",
)  # fmt: skip


def section(scene: Scene) -> Iterator[str]:
    """Yield the section's HTML; nothing where nobody parted."""
    rows = scene.summary["partings"]
    if not rows:
        return
    yield "<h2>Who parted from whom</h2><ul class=facts>"
    yield "".join(f"<li>{escape(line)}.</li>" for line in parting_lines(rows))
    yield '</ul><div class="scroll"><table><thead><tr>'
    yield "".join(f"<th>{head}</th>" for head in _HEADS)
    yield "</tr></thead><tbody>"
    for row in rows:
        cells = (
            row["nation"], row["partner"], _clock(row["from_utc"]), _clock(row["heard_utc"]), _clock(row["until_utc"]),
            _number(row["away_s"], "{:.0f} s"), _clock(row["caught_up_utc"]), _number(row["records"], "{}"),
            *(_number(row[f"{when}_km2"], "{:,.0f} km²") for when in ("before", "alone", "after")),
        )  # fmt: skip
        yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
    yield "</tbody></table></div><p>The area that may be hit is that of the shared picture of the nation "
    yield "that was left: in between it rested on its own sensors and its other partners.</p>"


def _clock(time_utc: str | None) -> str:
    return _NOTHING if time_utc is None else time_utc[11:21]


def _number(value: float | None, form: str) -> str:
    return _NOTHING if value is None else form.format(value)
