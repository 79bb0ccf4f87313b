"""Plots of the record as SVG: range against apogee by class, launches by year, how far sources differ."""

from collections import Counter
from collections.abc import Sequence

from beaconfire.record import svg
from beaconfire.record.answer import class_name
from beaconfire.record.compare import source_pairs
from beaconfire.record.launches import Launch

PLOTS = ("range-apogee", "by-year", "disagreement")
_MOST_SOURCES = 9  # a colour each; rarer ones are not drawn


def plot(launches: Sequence[Launch], name: str) -> str:
    """Return one of `PLOTS` as an SVG drawing."""
    return {"range-apogee": range_apogee, "by-year": by_year, "disagreement": disagreement}[name](launches)


def range_apogee(launches: Sequence[Launch]) -> str:
    """Return every claim that states both, a dot coloured by class; its title names launch and source."""
    stated = [
        (claim.missile_class, claim.range_m / 1e3, claim.apogee_m / 1e3, f"{launch.id} {claim.source}")
        for launch in launches
        for claim in launch.claims
        if claim.range_m is not None and claim.apogee_m is not None
    ]
    classes = sorted({row[0] for row in stated})
    across, up = (
        1.05 * max(values, default=1.0) for values in ([x for _, x, _, _ in stated], [y for _, _, y, _ in stated])
    )
    parts = [svg.grid_y(up, name="apogee, km"), svg.legend(classes)]
    for value in svg.ticks(across):
        parts.append(svg.text(f"{value:g}", x=svg.scale_x(value, across), y=svg.HEIGHT - 28.0, text_anchor="middle"))
    parts.append(svg.text("range, km", x=svg.scale_x(across / 2.0, across), y=svg.HEIGHT - 8.0, text_anchor="middle"))
    for name, x, y, label in stated:
        colour = svg.COLOURS[classes.index(name) % len(svg.COLOURS)]
        words = svg.element("title", f"{label}: {x:g} km, {y:g} km")
        place = {"cx": svg.scale_x(x, across), "cy": svg.scale_y(y, up)}
        parts.append(svg.element("circle", words, r=4.0, fill=colour, fill_opacity=0.7, **place))
    return svg.drawing(parts, title="Range and apogee as announced, by class")


def by_year(launches: Sequence[Launch]) -> str:
    """Return launches by year, stacked by class."""
    counts = Counter((launch.local_date[:4], class_name(launch)) for launch in launches)
    years = [str(year) for year in _years(launches)]
    classes = sorted({name for _, name in counts})
    top = 1.1 * max([sum(counts[year, name] for name in classes) for year in years], default=1)
    step = (svg.WIDTH - svg.LEFT - svg.RIGHT) / max(len(years), 1)
    parts = [svg.grid_y(top, name="launches"), svg.legend(classes)]
    for index, year in enumerate(years):
        x, done = svg.LEFT + step * index, 0
        for colour, name in enumerate(classes):
            number = counts[year, name]
            if number:
                y, height = svg.scale_y(done + number, top), svg.scale_y(0.0, top) - svg.scale_y(number, top)
                box = {"x": x + 0.15 * step, "y": y, "width": 0.7 * step, "height": height}
                words = svg.element("title", f"{year} {name}: {number}")
                parts.append(svg.element("rect", words, fill=svg.COLOURS[colour % len(svg.COLOURS)], **box))
            done += number
        parts.append(svg.text(year, x=x + 0.5 * step, y=svg.HEIGHT - 28.0, text_anchor="middle"))
    return svg.drawing(parts, title="Launches by year and class")


def disagreement(launches: Sequence[Launch]) -> str:
    """Return, for each source, how far its range is under the highest one that is claimed of the same launch."""
    rows = [
        (claim.source, 100.0 * (1.0 - claim.range_m / high.range_m), launch.id)
        for launch, _, high, _ in source_pairs(launches, quantity="range")
        for claim in launch.claims
        if claim.range_m is not None and high.range_m is not None
    ]
    sources = [name for name, _ in Counter(row[0] for row in rows).most_common(_MOST_SOURCES)]
    top = max(10.0, 1.1 * max([row[1] for row in rows], default=0.0))
    step = (svg.WIDTH - svg.LEFT - svg.RIGHT) / max(len(sources), 1)
    parts = [svg.grid_y(top, name="% under the highest range")]
    for index, source in enumerate(sources):
        x = svg.LEFT + step * (index + 0.5)
        parts.append(svg.text(source, x=x, y=svg.HEIGHT - 28.0, text_anchor="middle"))
        for name, percent, label in rows:
            if name == source:
                words = svg.element("title", f"{label}: {percent:.0f} %")
                place = {"cx": x, "cy": svg.scale_y(percent, top)}
                parts.append(svg.element("circle", words, r=4.0, fill=svg.COLOURS[index], fill_opacity=0.5, **place))
    return svg.drawing(parts, title="Where sources differ in range, by source")


def _years(launches: Sequence[Launch]) -> range:
    known = [int(launch.local_date[:4]) for launch in launches]
    return range(min(known), max(known) + 1) if known else range(0)
