"""The few words of SVG that the record's plots need. Coordinates are pixels, y downward.

Looks are attributes, not a style sheet: the console's content policy allows none within a drawing.
"""

import math
from collections.abc import Iterable, Sequence
from html import escape

WIDTH, HEIGHT = 640.0, 400.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 150.0, 34.0, 46.0
COLOURS = ("#0b6e99", "#c2410c", "#4d7c0f", "#7e22ce", "#b45309", "#0f766e", "#be123c", "#475569", "#a16207")
_TICKS = 6


def element(name: str, body: str = "", /, **attributes: str | float) -> str:
    """Return one element; `class_` and `stroke_width` become `class` and `stroke-width`."""
    told = "".join(f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items())
    return f"<{name}{told}>{body}</{name}>" if body else f"<{name}{told}/>"


def text(words: str, **attributes: str | float) -> str:
    """Return a line of text."""
    return element("text", escape(words), **attributes)


def drawing(parts: Iterable[str], *, title: str) -> str:
    """Return a whole drawing with its title, which is also read aloud where it cannot be seen."""
    body = text(title, x=LEFT, y=20.0, font_weight="bold", font_size=14.0) + "".join(parts)
    return element(
        "svg",
        element("title", escape(title))
        + element("rect", width=WIDTH, height=HEIGHT, fill="#ffffff")
        + element("g", body, font_family="sans-serif", font_size=12.0, fill="#1f2937"),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {WIDTH:g} {HEIGHT:g}",
        role="img",
    )


def scale_x(value: float, top: float) -> float:
    """Return the pixel of a value between 0 and `top`, from left to right."""
    return LEFT + value / top * (WIDTH - LEFT - RIGHT)


def scale_y(value: float, top: float) -> float:
    """Return the pixel of a value between 0 and `top`, from the bottom up."""
    return HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)


def ticks(top: float) -> list[float]:
    """Return about six round numbers from 0 to `top`."""
    power = 10.0 ** math.floor(math.log10(top / _TICKS))
    step = next(unit for unit in (1.0, 2.0, 5.0, 10.0) if unit * power >= top / _TICKS) * power
    return [round(step * number, 9) for number in range(math.floor(top / step) + 1)]


def grid_y(top: float, *, name: str) -> str:
    """Return the horizontal lines, their numbers, and the name of the upward axis."""
    parts = [text(name, x=8.0, y=TOP - 2.0)]
    for value in ticks(top):
        y = scale_y(value, top)
        parts.append(element("path", d=f"M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}", stroke="#d1d5db"))
        parts.append(text(f"{value:g}", x=LEFT - 6.0, y=y + 4.0, text_anchor="end"))
    return "".join(parts)


def legend(names: Sequence[str]) -> str:
    """Return the names with their colours, at the right."""
    parts = []
    for index, name in enumerate(names):
        y = TOP + 8.0 + 18.0 * index
        parts.append(element("circle", cx=WIDTH - RIGHT + 16.0, cy=y, r=5.0, fill=COLOURS[index % len(COLOURS)]))
        parts.append(text(name, x=WIDTH - RIGHT + 28.0, y=y + 4.0))
    return "".join(parts)


def _value(value: str | float) -> str:
    return escape(value, quote=True) if isinstance(value, str) else f"{round(value, 1):g}"
