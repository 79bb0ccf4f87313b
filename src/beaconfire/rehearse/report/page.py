"""The report's one page: what happened, maps, plots, who knew what when, and how well each nation did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any

from beaconfire import __version__
from beaconfire.kernel import data
from beaconfire.kernel.time import format_utc, parse_utc
from beaconfire.rehearse.lines import Account
from beaconfire.rehearse.report import map as maps
from beaconfire.rehearse.report import partings, plots, warning
from beaconfire.rehearse.report.scene import Scene, build
from beaconfire.rehearse.simulation import Simulation

_NOTHING = "–"
_PARTS = (("alone", "alone"), ("shared", "shared"))
_MOMENTS = (
    ("first_detection_utc", "first detection"),
    ("first_track_utc", "first track"),
    ("suspected_utc", "event suspected"),
    ("confirmed_utc", "event confirmed"),
)


def render(simulation: Simulation, accounts: Mapping[str, Account], summary: Mapping[str, Any]) -> str:
    """Return the page as HTML text; `summary` is what `review` returned for the same simulation and accounts."""
    scene = build(simulation, accounts, summary)
    title = f"EXERCISE {simulation.scenario.name}: review"
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{data.read_text('beaconfire.rehearse', 'report', 'page.css')}</style>"
    )
    parts = (*_heading(scene), *_figures(scene), *warning.section(scene), *partings.section(scene), *_tables(scene))
    body = "".join((_banner(), *parts, _footing(scene), _banner()))
    return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>{body}</body></html>\n'


def _banner() -> str:
    return '<p class="realm">EXERCISE · EXERCISE · EXERCISE</p>'


def _heading(scene: Scene) -> Iterator[str]:
    scenario, summary = scene.simulation.scenario, scene.summary
    yield f"<header><h1>{escape(scenario.title)}</h1>"
    yield (
        f"<p>Scenario <b>{escape(scenario.name)}</b>, realm <b>EXERCISE</b>, seed {scene.simulation.seed}, "
        f"{summary['start_utc']} to {summary['end_utc']}. <i>Alone</i> is what a nation knew from its own sensors, "
        "<i>shared</i> what it knew with what its partners released.</p>"
    )
    if summary["failed"]:
        yield f'<p class="failed">Did not live to the end: {escape(", ".join(summary["failed"]))}.</p>'
    yield f"<ul class=facts>{''.join(f'<li>{line}</li>' for line in _findings(scene))}</ul></header>"


def _findings(scene: Scene) -> Iterator[str]:
    """The few sentences that the run comes down to."""
    if not scene.truths:
        yield "Nothing was launched."
    for nation, values in scene.summary["nations"].items():
        events = len(values["shared"]["events"]) or len(values["alone"]["events"])
        words = f"<b>{nation}</b>: {events or 'no'} event{'s' if events > 1 else ''}"
        warned = [(part, values[part]["warning_s"]) for part, _ in _PARTS if values[part]["warning_s"] is not None]
        words += "".join(f", {part} confirmed {warning_s:.0f} s before the end" for part, warning_s in warned)
        comparison = values["comparison"]
        if comparison is not None:
            words += (
                f"; at {comparison['time_utc'][11:19]} UTC the area that may be hit was "
                f"{_km2(comparison['own_km2'])} alone and {_km2(comparison['shared_km2'])} shared "
                f"({_ratio(comparison['ratio'])})"
            )
        yield words + "."


def _figures(scene: Scene) -> Iterator[str]:
    keys = "".join(f'<span style="--c:{colour}">{nation}</span>' for nation, colour in scene.colours.items())
    yield (
        f'<p class="legend">{keys}<span class="k-truth">truth</span><span class="k-alone">alone</span>'
        '<span class="k-shared">shared</span><em>△ launch, × impact as they were; squares are sensors; '
        "ellipses and areas hold 95 %</em></p>"
    )
    yield _figure(maps.overview(scene), "Truth, ground sensors, every nation's shared tracks, last ellipses.")
    yield '<div class="three">'
    for nation in scene.accounts:
        time_ns, words = _telling_time(scene, nation)
        yield _figure(maps.of_nation(scene, nation, time_ns), f"{nation}, {words}: area that may be hit and ellipses.")
    yield '</div><div class="two">'
    yield _figure(plots.altitude(scene), "Altitude: truth (black), shared estimates.")
    yield _figure(plots.speed(scene), "Speed: truth (black), shared estimates.")
    yield _figure(plots.footprints(scene), "Area that may be hit at equal times.")
    yield _figure(plots.launch_ellipses(scene), "Area of the launch point's ellipse.")
    yield "</div>"


def _telling_time(scene: Scene, nation: str) -> tuple[int, str]:
    comparison = scene.summary["nations"][nation]["comparison"]
    if comparison is not None:
        return parse_utc(comparison["time_utc"]), f"at {comparison['time_utc'][11:19]} UTC"
    last = max((row.issued_ns for row in scene.accounts[nation].events if row.status != "closed"), default=None)
    if last is None:
        return scene.start_ns, "no event"
    return last, f"at {format_utc(last, decimals=0)[11:19]} UTC"


def _tables(scene: Scene) -> Iterator[str]:
    yield "<h2>Who knew what, when</h2>"
    nations = scene.summary["nations"]
    columns = [(nation, part) for nation in nations for part, _ in _PARTS]
    rows = [(name, *(_moment(scene, nations[nation][part][key]) for nation, part in columns)) for key, name in _MOMENTS]
    warnings = (nations[nation][part]["warning_s"] for nation, part in columns)
    rows.append(("warning before the first end", *(_number(value, "{:.0f} s") for value in warnings)))
    yield _table(("", *(f"{nation} {part}" for nation, part in columns)), rows)
    yield "<h2>How well</h2>"
    yield _table(
        (
            "nation", "picture", "event", "status", "at least", "class", "kind", "object", "launch off by",
            "its ellipse", "impact off by", "its ellipse",
        ),
        [row for nation in nations for row in _outcomes(nation, nations[nation])],
    )  # fmt: skip
    yield "<h2>What was launched</h2>"
    yield _table(
        ("object", "launch", "where", "burnout", "impact", "where"),
        [
            (
                launch["object_id"], launch["launch"]["time_utc"], _where(launch["launch"]),
                launch["burnout_utc"] or _NOTHING, (launch["impact"] or {}).get("time_utc", _NOTHING),
                _where(launch["impact"]),
            )
            for launch in scene.summary["launches"]
        ],
    )  # fmt: skip


def _outcomes(nation: str, values: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for part, _ in _PARTS:
        for event in values[part]["events"]:
            for item in event["objects"]:
                yield (
                    nation, part, event["event_id"], event["status"], str(event["count_at_least"]), event["class"],
                    event["kind"], item["truth"] or _NOTHING, *_errors(item, "launch"), *_errors(item, "impact"),
                )  # fmt: skip


def _errors(item: Mapping[str, Any], what: str) -> tuple[str, str]:
    """How far an estimate is from the truth in place and time, and how wide it said it was."""
    if item[f"{what}_error_m"] is None:
        return _NOTHING, _NOTHING
    off = f"{_km(item[f'{what}_error_m'])}, {_number(item[f'{what}_time_error_s'], '{:+.1f} s')}"
    if item[f"{what}_inside_95"] is None:
        return off, _NOTHING
    return off, f"{_km(item[f'{what}_semi_major_m'])}, {'holds it' if item[f'{what}_inside_95'] else 'misses it'}"


def _moment(scene: Scene, time_utc: str | None) -> str:
    if time_utc is None:
        return _NOTHING
    return f"{time_utc[11:21]} ({scene.seconds(parse_utc(time_utc)):+.1f} s)"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    if not lines:
        return "<p>None.</p>"
    top = "".join(f"<th>{escape(head)}</th>" for head in heads)
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _figure(drawing: str, words: str) -> str:
    return f"<figure>{drawing}<figcaption>EXERCISE · {escape(words)}</figcaption></figure>"


def _footing(scene: Scene) -> str:
    return (
        f"<footer>Made by Beaconfire {__version__} from the scenario's truth and each nation's own files. Coasts: "
        "Natural Earth, public domain. Times are UTC; in brackets seconds after the first launch. Ellipses hold 95 % "
        f"in two dimensions. {sum(row['tracks'] for row in scene.summary['nations'].values()):,} track updates, "
        f"{sum(row['revisions'] for row in scene.summary['nations'].values()):,} event revisions.</footer>"
    )


def _where(place: Mapping[str, Any] | None) -> str:
    return _NOTHING if place is None else f"{place['latitude_deg']:.3f}, {place['longitude_deg']:.3f}"


def _ratio(value: float) -> str:
    return f"{value:.0%}" if value < 1.0 else f"{value:,.1f} times as large"


def _km2(value: float) -> str:
    return f"{value:,.0f} km²"


def _km(value_m: float | None) -> str:
    return _number(None if value_m is None else value_m / 1e3, "{:.1f} km")


def _number(value: float | None, form: str) -> str:
    return _NOTHING if value is None else form.format(value)
