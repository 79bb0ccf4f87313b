"""`/metrics`, `/health` and `/health.json` of a node: how it stands, for machines and for people.

They stand under the gateway's guard (loopback, our host name, our origin) and ask for no session, so that a collector
on the same machine can read them; what they tell is bounded by `metrics`: counts and states, no content.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Protocol

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from beaconfire.shell.openmetrics import CONTENT_TYPE

_NO_STORE = {"cache-control": "no-store"}
_HEAD = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<h1>{title}</h1>
"""


class Source(Protocol):
    """Whatever knows how the node stands."""

    def text(self) -> str:
        """Return the OpenMetrics text."""

    def report(self) -> Mapping[str, object]:
        """Return the same by subject, with `trouble` in words."""


def health_routes(source: Source) -> list[Route]:
    """Return the routes that tell how a node stands."""

    async def metrics(request: Request) -> Response:
        return Response(source.text(), headers={**_NO_STORE, "content-type": CONTENT_TYPE})

    async def health_json(request: Request) -> Response:
        return _json(source)

    async def health(request: Request) -> Response:
        accepted = request.headers.get("accept", "")
        if "application/json" in accepted and "text/html" not in accepted:
            return _json(source)
        return HTMLResponse(page(source.report()), headers=_NO_STORE)

    return [Route("/metrics", metrics), Route("/health.json", health_json), Route("/health", health)]


def page(report: Mapping[str, object]) -> str:
    """Return the health page: what is wrong first, then every subject as a table; no script, no style."""
    title = escape(f"{report.get('nation', '')} {report.get('realm', '')}: health")
    trouble = report.get("trouble")
    assert isinstance(trouble, list), "every report says what is wrong"
    parts = [_HEAD.format(title=title)]
    if trouble:
        parts.append("<h2>What is wrong</h2>\n<ul>" + "".join(f"<li>{escape(str(words))}</li>" for words in trouble))
        parts.append("</ul>\n")
    else:
        parts.append("<p>Nothing is wrong.</p>\n")
    parts += [_section(name, value) for name, value in report.items() if name != "trouble"]
    return "".join([*parts, "</html>\n"])


def _section(name: str, value: object) -> str:
    if not isinstance(value, Mapping):
        return f"<p>{escape(name)}: {_words(value)}</p>\n"
    rows = "".join(f"<tr><th>{escape(key)}</th><td>{_words(item)}</td></tr>\n" for key, item in value.items())
    return f"<h2>{escape(name)}</h2>\n<table>\n{rows}</table>\n"


def _words(value: object) -> str:
    if isinstance(value, Mapping):
        return "; ".join(f"{escape(str(key))}: {_words(item)}" for key, item in value.items()) or "none"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_words(item) for item in value) or "none"
    return "unknown" if value is None else escape(str(value))


def _json(source: Source) -> Response:
    return Response(msgspec.json.encode(source.report()), media_type="application/json", headers=_NO_STORE)
