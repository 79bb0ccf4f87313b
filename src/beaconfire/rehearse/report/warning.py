"""The report's part on warning: what each picture would have warned of, what was sent, by whose word, and what arrived.

The plot holds the highest probability that any area of a nation had, as its node logged it, against the threshold; the
table has every step of every alert.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np

from beaconfire.rehearse.lines import Account, AlertLine, Picture
from beaconfire.rehearse.report.plots import Axes
from beaconfire.rehearse.report.scene import Scene
from beaconfire.rehearse.warnings import deliveries, transitions, warning_values

MOST_ROWS = 400  # of one nation: more belongs into a program, and stands in alerts.jsonl
_AREAS_SHOWN = 6
_PICTURES: tuple[Picture, ...] = ("own", "fused")
_HEADS = ("time", "nation", "alert", "step", "by", "why", "areas: P(impact), P(passage)", "thresholds", "arrived")


def section(scene: Scene) -> Iterator[str]:
    """Yield the section as HTML; nothing if no node has a desk that said anything."""
    told = {nation: account for nation, account in scene.accounts.items() if account.alerts}
    if not told:
        return
    yield "<h2>Warning the public</h2><ul>"
    for nation, account in told.items():
        yield f"<li><b>{escape(nation)}</b>: {escape(_summary(account))}.</li>"
    yield "</ul>"
    yield (
        f'<div class="two"><figure>{probabilities(scene)}<figcaption>EXERCISE · Highest probability of any area as '
        "logged: alone "
        "(dashed), shared; marks are messages that went out. Grey is the lowest threshold.</figcaption></figure></div>"
    )
    heads = "".join(f"<th>{escape(head)}</th>" for head in _HEADS)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        for nation, account in told.items()
        for cells in _rows(scene, nation, account)
    )
    yield f'<div class="scroll alerts"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def probabilities(scene: Scene) -> str:
    """Return the plot of the highest logged probability over time with the messages that went out."""
    axes = Axes("Highest probability that an area is hit or passed over", x=(0.0, scene.end_s), y=(0.0, 1.05))
    lowest = 1.0
    for nation, account in scene.accounts.items():
        for picture in _PICTURES:
            rows = [row for row in account.alerts if row.picture == picture]
            if rows:
                times = np.array([*(scene.seconds(row.time_ns) for row in rows), scene.end_s])
                values = np.array([*map(_highest, rows), _highest(rows[-1])])
                style = "alone" if picture == "own" else "shared"
                axes.steps(times, values, class_=f"size {style}", stroke=scene.colours[nation])
                lowest = min(lowest, *(min(row.p_hit, row.p_pass) for row in rows))
        for row in transitions(account):
            if row.picture is None and row.previous == "approved":
                at = scene.seconds(row.time_ns)
                axes.line(np.array([at, at]), np.array([0.0, 1.05]), stroke=scene.colours[nation], stroke_width=2.5)
    axes.line(np.array([0.0, scene.end_s]), np.array([lowest, lowest]), class_="grid")
    return axes.drawing()


def _summary(account: Account) -> str:
    values = warning_values(account)
    if not values["messages"]:
        return f"nothing was sent; {_counted(values['drafted_alerts'], 'draft')} proposed"
    said = "; ".join(
        f"{message['kind']} for {', '.join(message['areas'][:_AREAS_SHOWN]) or 'no area'} by {message['by']}"
        + ("" if message["after_s"] is None else f" {message['after_s']:.1f} s after the first confirmed event")
        for message in values["messages"]
    )
    return f"{_counted(len(values['messages']), 'message')} sent: {said}"


def _rows(scene: Scene, nation: str, account: Account) -> Iterator[tuple[str, ...]]:
    shown = list(transitions(account))
    for row in shown[:MOST_ROWS]:
        yield (
            f"{row.time_utc[11:21]} ({scene.seconds(row.time_ns):+.1f} s)", nation, row.alert_id, _step(row), row.who,
            row.why, _areas(row), f"{row.p_hit:g}, {row.p_pass:g}", _arrived(account, row),
        )  # fmt: skip
    if len(shown) > MOST_ROWS:
        yield ("", nation, "", f"{len(shown) - MOST_ROWS} more in alerts.jsonl", *[""] * (len(_HEADS) - 4))


def _step(row: AlertLine) -> str:
    if row.picture is not None:
        word = "would warn" if row.status == "proposed" else "would not warn"
        return f"{'alone' if row.picture == 'own' else 'shared'}: {word}"
    return f"{row.status} {row.kind or ''}".strip()


def _areas(row: AlertLine) -> str:
    said = [f"{area.area_id} {area.hit_p:.3f}, {area.pass_p:.3f}" for area in row.areas[:_AREAS_SHOWN]]
    more = len(row.areas) - _AREAS_SHOWN
    return "; ".join([*said, *([f"{more} more"] if more > 0 else [])])


def _arrived(account: Account, row: AlertLine) -> str:
    if row.picture is not None or row.previous != "approved":
        return ""
    return "; ".join(f"{name} {told.time_utc[11:21]}" for name, told in deliveries(account, row.identifier).items())


def _highest(row: AlertLine) -> float:
    return max((max(area.hit_p, area.pass_p) for area in row.areas), default=0.0)


def _counted(number: int, one: str) -> str:
    return f"{number} {one}" if number == 1 else f"{number} {one}s"
