"""The few words of SVG that the report needs, as text. Coordinates are pixels, y downward."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

XY = tuple[float, float]


def element(name: str, body: str = "", /, **attributes: str | float) -> str:
    """Return one element; `class_` and `stroke_width` become `class` and `stroke-width`, numbers lose their noise."""
    told = "".join(f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"' for key, value in attributes.items())
    return f"<{name}{told}>{body}</{name}>" if body else f"<{name}{told}/>"


def drawing(body: Iterable[str], *, width: float, height: float, label: str) -> str:
    """Return a whole drawing that scales with the page; `label` is read aloud where it cannot be seen."""
    return element(
        "svg", element("title", escape(label)) + "".join(body), viewBox=f"0 0 {width:g} {height:g}", role="img"
    )


def path(points: Sequence[XY], *, closed: bool = False) -> str:
    """Return path data through the points, a tenth of a pixel fine; points that fall together are left out."""
    words: list[str] = []
    last = ""
    for x, y in points:
        word = f"{x:.1f},{y:.1f}"
        if word != last:
            words.append(word)
        last = word
    return f"M{'L'.join(words)}{'Z' if closed else ''}" if words else ""


def text(at: XY, words: str, **attributes: str | float) -> str:
    """Return a line of text at a point."""
    return element("text", escape(words), x=at[0], y=at[1], **attributes)


def _value(value: str | float) -> str:
    return escape(value, quote=True) if isinstance(value, str) else f"{round(value, 1):g}"
