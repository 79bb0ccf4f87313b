"""A page per launch, in Markdown or HTML: who says what, where they differ, what physics says, what was replaced."""

from collections.abc import Sequence
from html import escape

from beaconfire.record.answer import class_name, figure_words, first_since, long_date, told
from beaconfire.record.check import Finding, check_launch
from beaconfire.record.claims import Claim
from beaconfire.record.compare import differences
from beaconfire.record.launches import Launch

_COLUMNS = ("source", "time", "count", "class", "type", "site", "range", "apogee", "flight time", "said", "published")
_NOTHING = "—"


def launch_page(launch: Launch, launches: Sequence[Launch]) -> str:
    """Return the page of a launch as Markdown; `launches` is the whole record, for what came before."""
    head, notes = _head(launch), _notes(launch, launches)
    rows = [_cells(claim) for claim in launch.claims]
    table = ["| " + " | ".join(_COLUMNS) + " |", "|" + "---|" * len(_COLUMNS)]
    table += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    parts = [f"# {head}", "\n".join(table)]
    parts += [f"## {title}\n\n" + "\n".join(f"- {line}" for line in lines) for title, lines in notes if lines]
    return "\n\n".join(parts) + "\n"


def launch_html(launch: Launch, launches: Sequence[Launch]) -> str:
    """Return the same page as one self-contained HTML file."""
    head, notes = escape(_head(launch)), _notes(launch, launches)
    header = "".join(f"<th>{name}</th>" for name in _COLUMNS)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in _cells(claim)) + "</tr>" for claim in launch.claims
    )
    sections = "".join(
        f"<h2>{title}</h2><ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
        for title, lines in notes
        if lines
    )
    style = "body{font:15px/1.5 sans-serif;margin:2em;max-width:80em}table{border-collapse:collapse}"
    style += "td,th{border:1px solid #d1d5db;padding:.3em .6em;text-align:left;vertical-align:top}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{head}</title><style>{style}</style></head>'
        f"<body><h1>{head}</h1><table><tr>{header}</tr>{rows}</table>{sections}</body></html>\n"
    )


def _head(launch: Launch) -> str:
    clock = f", {launch.clock} local time" if launch.clock else ""
    standing = "" if launch.established else " (one unrated source: not established)"
    return f"{launch.id}: {launch.count} {class_name(launch)}, {long_date(launch.local_date)}{clock}{standing}"


def _cells(claim: Claim) -> tuple[str, ...]:
    bound = "" if claim.count is None else f"{claim.count_bound}".replace("_", " ").replace("exact", "")
    cells = (
        f"{claim.source} ({claim.source_class}{', ' + claim.confidence if claim.confidence else ', unrated'})",
        f"{claim.local_date} {claim.local_time}".strip() + f" ({claim.reported})",
        "" if claim.count is None else f"{bound} {claim.count}".strip(),
        claim.missile_class,
        claim.designation,
        claim.site,
        figure_words(claim, "range").removeprefix("range "),
        figure_words(claim, "apogee").removeprefix("apogee "),
        figure_words(claim, "flight time").removeprefix("flight time "),
        claim.remark,
        claim.via,
    )
    return tuple(cell or _NOTHING for cell in cells)


def _notes(launch: Launch, launches: Sequence[Launch]) -> list[tuple[str, list[str]]]:
    """The sections under the table, those without lines among them."""
    since = first_since(launches, before_ns=launch.time_ns).text
    differ = differences([launch], percent=10.0)
    findings = check_launch(launch, launches)
    return [
        ("Before it", [since]),
        ("Where sources differ by more than 10 %", differ.text.splitlines()[1:]),
        ("Against physics", [_judged(finding) for finding in findings]),
        ("Replaced or withdrawn", [_replaced(claim) for claim in launch.history]),
    ]


def _judged(finding: Finding) -> str:
    return f"{finding.claim.source}: {finding.verdict}, {finding.reason}"


def _replaced(claim: Claim) -> str:
    return f"{'withdrawn' if claim.withdrawn else f'edition {claim.edition}'}: {told(claim)}"
