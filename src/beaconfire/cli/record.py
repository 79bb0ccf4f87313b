"""`beaconfire record`: the launch record; import, list, show, ask, check, export."""

from __future__ import annotations

import sys
from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from beaconfire.kernel.labels import Realm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from beaconfire.record import Claim, Launch, Mapping

Json = Annotated[bool, Parameter(name="--json", negative="", help="print JSON")]
Pairs = Annotated[list[str] | None, Parameter(negative="")]
SHIPPED = "announced"


def register(app: App) -> None:
    """Add the `record` group."""
    group = App(name="record", help="The launch record: claims by source, what they answer, what physics says of them.")
    group.command(import_, name="import")
    group.command(list_, name="list")
    group.command(show)
    group.command(ask)
    group.command(check)
    group.command(export)
    app.command(group)


def import_(
    file: str,
    *,
    mapping: Path | None = None,
    map_: Annotated[Pairs, Parameter(name="--map")] = None,
    set_: Annotated[Pairs, Parameter(name="--set")] = None,
    unit: Pairs = None,
    ignore: Pairs = None,
    zone: str = "",
    time_format: str = "",
    own: str = "",
    partner: str = "",
    json: Json = False,
) -> None:
    """Take the claims of a file into the record; what is known already changes nothing.

    CSV or JSON in our own columns, another source's through a mapping, or a run's events. An unknown column is refused.

    Parameters
    ----------
    file
        The file, or the word announced for the shipped record.
    mapping
        A TOML file with tables columns, constants, units and values, and zone, time_format and ignore.
    map_
        field=column; several times for several, and several columns of one field are joined by a space.
    set_
        field=value: the same in every row, such as source=NTI.
    unit
        field=unit of a column: m, km, mi, nmi or ft; s, min or h.
    ignore
        A column that is left out; may be given several times.
    zone
        Offset of times that carry none, such as +09:00 or UTC.
    time_format
        Form of the times, as in %d.%m.%Y %H:%M.
    own
        The file holds events of this node of that nation (KOR): claims of "own sensors".
    partner
        The file holds events of a partner of that nation: its claims.
    json
        Print the counts as JSON.
    """
    from beaconfire.record import read_claims, shipped_claims
    from beaconfire.shell.recordstore import read_file

    if file == SHIPPED and not Path(file).exists():
        claims = shipped_claims()
    elif own or partner:
        claims = _events(Path(file), own=own, partner=partner)
    else:
        chosen = _mapping(mapping, map_, set_, unit, ignore, zone=zone, time_format=time_format)
        claims = read_claims(read_file(Path(file)), where=file, mapping=chosen)
    counts = _taken(claims)
    if json:
        _print_json({"file": file, **counts})
    else:
        print("{claims} claims, {new} of them new; the record has {total} of {launches} launches".format(**counts))


def list_(*, realm: Realm = Realm.LIVE, json: Json = False) -> None:
    """List the launches in order of time, with what sources say of each in short.

    Parameters
    ----------
    realm
        LIVE or EXERCISE; they are never mixed.
    json
        Print every launch with its claims as JSON.
    """
    from beaconfire.record import launch_row

    launches = _launches(_claims(), realm, unrated=True)
    if json:
        _print_json([launch_row(launch) for launch in launches])
        return
    for launch in launches:
        sources = ", ".join(dict.fromkeys(claim.source for claim in launch.claims)) or "withdrawn"
        standing = "" if launch.established else "  (not established)"
        classes = "/".join(launch.classes)
        print(f"{launch.id:13} {launch.clock:5}  {launch.count!s:11} {classes:12} {sources}{standing}")


def show(launch: str, *, html: Annotated[bool, Parameter(negative="")] = False, json: Json = False) -> None:
    """Print the page of one launch: every claim, what came before, where sources differ, what physics says.

    Parameters
    ----------
    launch
        A launch of `record list`, or a local date that has one only.
    html
        Print one self-contained HTML page instead of Markdown.
    json
        Print the launch with its claims as JSON.
    """
    from beaconfire.record import launch_html, launch_page, launch_row

    claims = _claims()
    realm = Realm.EXERCISE if launch.startswith(Realm.EXERCISE) else Realm.LIVE
    launches = _launches(claims, realm, unrated=True)
    chosen = _one(launches, launch)
    if json:
        _print_json(launch_row(chosen))
    else:
        page = launch_html if html else launch_page
        sys.stdout.write(page(chosen, launches))


def ask(*question: str, realm: Realm = Realm.LIVE, json: Json = False) -> None:
    """Answer a question, with the claims that support the answer.

    Such as: first since 2025-01-06; how many SRBM in 2024; first time range over 1000 km; by year and class;
    differences > 20 %; last ICBM before 2023-07-12; list Hwasong-18. Dates are local.

    Parameters
    ----------
    question
        The question, in one or several words.
    realm
        LIVE or EXERCISE; they are never mixed.
    json
        Print the answer, its value and its claims as JSON.
    """
    from beaconfire.record import ask as answer_of
    from beaconfire.record import claim_row, told

    words = " ".join(question)
    answer = answer_of(_launches(_claims(), realm), words)
    if json:
        claims = [{"claim_id": claim.id, **claim_row(claim)} for claim in answer.claims]
        row = {"question": words, "understood": answer.question, "text": answer.text, "value": answer.value}
        _print_json({**row, "launches": list(answer.launches), "claims": claims})
        return
    print(answer.text)
    if answer.claims:
        print("\nThe claims:")
    for claim in answer.claims:
        print(f"  {told(claim)}")


def check(*, realm: Realm = Realm.LIVE, json: Json = False) -> None:
    """Judge every claim by physics and by what else is said: fine, irregular, inconsistent or suspect_entry.

    Parameters
    ----------
    realm
        LIVE or EXERCISE; they are never mixed.
    json
        Print one finding per claim that states enough to judge.
    """
    from beaconfire.record import check as judge
    from beaconfire.record import report

    findings = judge(_launches(_claims(), realm, unrated=True))
    if json:
        _print_json([finding.row() for finding in findings])
    else:
        sys.stdout.write(report(findings))


def export(
    *,
    format: Literal["csv", "json", "geojson", "svg", "html"] = "csv",
    plot: Literal["range-apogee", "by-year", "disagreement"] = "range-apogee",
    out: Path | None = None,
    realm: Realm = Realm.LIVE,
) -> None:
    """Write the record for other programs: CSV (imports again), JSON, GeoJSON, a plot (SVG), or a page per launch.

    Parameters
    ----------
    format
        csv, json, geojson, svg or html.
    plot
        Which plot, for svg.
    out
        A file (for html a folder, made if it is not there); standard output if not given.
    realm
        LIVE or EXERCISE; they are never mixed.
    """
    from beaconfire.kernel.errors import UsageError
    from beaconfire.record import launch_html, launch_row, to_csv, to_geojson
    from beaconfire.record import plot as drawn

    claims = [claim for claim in _claims() if claim.realm is realm]
    launches = _launches(claims, realm, unrated=True)
    if format == "html":
        if out is None:
            raise UsageError("--format html writes a page per launch: name a folder with --out")
        _write_pages(out, {launch.id: launch_html(launch, launches) for launch in launches})
        return
    if format == "csv":
        text = to_csv(claims)
    elif format == "svg":
        text = drawn([launch for launch in launches if launch.established], plot) + "\n"
    else:
        rows = to_geojson(launches) if format == "geojson" else [launch_row(launch) for launch in launches]
        text = dumps(rows, ensure_ascii=False, indent=2) + "\n"
    _put(out, text)


def _events(path: Path, *, own: str, partner: str) -> tuple[Claim, ...]:
    """The claims of a run's events."""
    from beaconfire.kernel.errors import UsageError
    from beaconfire.record import read_events
    from beaconfire.shell.recordstore import read_file

    if own and partner:
        raise UsageError("--own and --partner: events are of one nation")
    return read_events(read_file(path), where=str(path), nation=own or partner, own=bool(own))


def _taken(claims: tuple[Claim, ...]) -> dict[str, Any]:
    """Take claims into the record; what that came to."""
    from beaconfire.record import associate
    from beaconfire.shell.recordstore import RecordStore

    store = RecordStore()
    added = store.add(claims)
    launches = len(associate(store.claims(), unrated=True))
    counts = {"claims": len(claims), "new": added.new, "known": added.known, "total": added.total}
    return {**counts, "launches": launches, "record": str(store.path)}


def _mapping(
    file: Path | None,
    columns: list[str] | None,
    constants: list[str] | None,
    units: list[str] | None,
    ignore: list[str] | None,
    *,
    zone: str,
    time_format: str,
) -> Mapping:
    """The mapping of the file, with what the options say on top."""
    from msgspec.structs import replace

    from beaconfire.record import Mapping, checked, parse_mapping
    from beaconfire.shell.config import read_bounded

    base = Mapping() if file is None else parse_mapping(read_bounded(file), where=str(file))
    given = replace(
        base,
        columns={**base.columns, **_together(columns)},
        constants={**base.constants, **_pairs(constants, "--set")},
        units={**base.units, **_pairs(units, "--unit")},
        ignore=[*base.ignore, *(ignore or [])],
        zone=zone or base.zone,
        time_format=time_format or base.time_format,
    )
    return checked(given, where="the options" if file is None else str(file))


def _together(columns: list[str] | None) -> dict[str, str | list[str]]:
    """The columns of each field, in the order in which they were named."""
    out: dict[str, str | list[str]] = {}
    for text in columns or []:
        for name, column in _pairs([text], "--map").items():
            out[name] = [*out.get(name, []), column]
    return out


def _pairs(given: list[str] | None, option: str) -> dict[str, str]:
    from beaconfire.kernel.errors import UsageError

    pairs = [text.partition("=") for text in given or []]
    if wrong := [name for name, sign, _ in pairs if not sign]:
        raise UsageError(f"{option} {wrong[0]!r}: say field=…")
    return {name.strip(): value for name, _, value in pairs}


def _claims() -> tuple[Claim, ...]:
    """The claims of the record; with the shipped ones, and a word of that, before any announcement was imported."""
    from beaconfire.shell.recordstore import RecordStore

    claims, imported = RecordStore().known()
    if not imported:
        print("nothing is imported yet: the shipped announcements are used (record import announced)", file=sys.stderr)
    return claims


def _launches(claims: Sequence[Claim], realm: Realm, *, unrated: bool = False) -> tuple[Launch, ...]:
    from beaconfire.record import associate

    return associate((claim for claim in claims if claim.realm is realm), unrated=unrated)


def _one(launches: Sequence[Launch], name: str) -> Launch:
    from beaconfire.kernel.errors import InvalidInput

    found = [launch for launch in launches if name in (launch.id, launch.local_date)]
    if len(found) == 1:
        return found[0]
    expected = "one of " + ", ".join(launch.id for launch in found) if found else "a launch of `record list`"
    raise InvalidInput.single(name, f"is {len(found)} launches" if found else "is not in the record", expected)


def _write_pages(folder: Path, pages: dict[str, str]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error) from None
    for name, page in pages.items():
        _put(folder / f"{name}.html", page)


def _put(out: Path | None, text: str) -> None:
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise _unwritable(out, error) from None
    print(f"{out}: written", file=sys.stderr)


def _unwritable(path: Path, error: OSError) -> Exception:
    from beaconfire.kernel.errors import RunFailed

    return RunFailed(f"{path}: {error.strerror or error}")


def _print_json(value: Any) -> None:
    print(dumps(value, ensure_ascii=False, indent=2))
