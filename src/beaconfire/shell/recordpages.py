"""The launch record in the console: questions, plots, the launches, and a page for each; to look at, with a session.

The record is read from disk when it has changed, in a worker thread: the node's own loop never waits for it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from html import escape
from pathlib import Path
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from beaconfire.kernel.errors import BeaconfireError
from beaconfire.kernel.labels import Realm
from beaconfire.record import PLOTS, Launch, ask, associate, launch_html, plot, told
from beaconfire.shell.recordstore import RecordStore

STYLE = """body{font:15px/1.5 sans-serif;margin:2em;max-width:80em}img{max-width:640px;width:100%}
table{border-collapse:collapse}td,th{border:1px solid #d1d5db;padding:.3em .6em;text-align:left;vertical-align:top}
pre{white-space:pre-wrap;background:#f3f4f6;padding:1em}input[type=search]{width:30em;max-width:100%}
.EXERCISE{background:repeating-linear-gradient(45deg,#dbeafe 0 8px,#fff 8px 16px)}"""


def record_routes(signed_in: Callable[[Request], bool], *, path: Path | None = None) -> list[Route]:
    """Return the routes under `/record`; `signed_in` says whether a request has a session.

    `path` is the record's file, by default the user's.
    """

    def guarded(answer: Callable[[Request, Sequence[Launch]], Response]) -> Callable[[Request], Response]:
        def endpoint(request: Request) -> Response:
            if not signed_in(request):
                return PlainTextResponse("No session. Open the console first.\n", 403)
            try:
                return answer(request, _launches(path, _realm(request.query_params)))
            except BeaconfireError as error:
                return PlainTextResponse(f"{error}\n", 400)

        return endpoint

    return [
        Route("/record", guarded(_page)),
        Route("/record/style.css", lambda request: Response(STYLE, media_type="text/css")),
        Route("/record/plots/{name}.svg", guarded(_plot)),
        Route("/record/launches/{name}", guarded(_launch)),
    ]


def _page(request: Request, launches: Sequence[Launch]) -> Response:
    realm, question = _realm(request.query_params), request.query_params.get("q", "")
    established = [launch for launch in launches if launch.established]
    plots = "".join(f'<img alt="{name}" src="/record/plots/{name}.svg?realm={realm}">' for name in PLOTS)
    rows = "".join(_row(launch, realm) for launch in reversed(launches))
    body = (
        f'<h1>The launch record ({realm})</h1><form><input type="hidden" name="realm" value="{realm}">'
        f'<input type="search" name="q" aria-label="question" value="{escape(question, quote=True)}" '
        f'placeholder="first since 2025-01-06"> <button>Ask</button></form>'
        f"{_answer(established, question)}{plots}<table>{rows}</table>"
    )
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>The launch record</title>'
        f'<link rel="stylesheet" href="/record/style.css"></head><body class="{realm}">{body}</body></html>'
    )


def _answer(launches: Sequence[Launch], question: str) -> str:
    """What the record says to a question, with its claims; what is understood, if it is none."""
    if not question:
        return ""
    try:
        answer = ask(launches, question)
    except BeaconfireError as error:
        return f"<pre>{escape(str(error))}</pre>"
    claims = "".join(f"<li>{escape(told(claim))}</li>" for claim in answer.claims)
    return f"<pre>{escape(answer.text)}</pre><ul>{claims}</ul>"


def _row(launch: Launch, realm: Realm) -> str:
    sources = ", ".join(dict.fromkeys(claim.source for claim in launch.claims)) or "withdrawn"
    standing = "" if launch.established else " (not established)"
    link = f'<a href="/record/launches/{quote(launch.id)}?realm={realm}">{escape(launch.id)}</a>'
    cells = (link, launch.clock, str(launch.count), "/".join(launch.classes), escape(sources + standing))
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _plot(request: Request, launches: Sequence[Launch]) -> Response:
    name = request.path_params["name"]
    if name not in PLOTS:
        return PlainTextResponse(f"no such plot; one of {', '.join(PLOTS)}\n", 404)
    drawn = plot([launch for launch in launches if launch.established], name)
    return Response(drawn, media_type="image/svg+xml")


def _launch(request: Request, launches: Sequence[Launch]) -> Response:
    found = [launch for launch in launches if launch.id == request.path_params["name"]]
    if not found:
        return PlainTextResponse("no such launch\n", 404)
    return HTMLResponse(launch_html(found[0], launches))


def _realm(query: Mapping[str, str]) -> Realm:
    return Realm.EXERCISE if query.get("realm") == Realm.EXERCISE else Realm.LIVE


def _launches(path: Path | None, realm: Realm) -> tuple[Launch, ...]:
    """The launches of the record as it is now; with the shipped ones before any announcement was imported."""
    store = RecordStore(path)
    changed_ns = store.path.stat().st_mtime_ns if store.exists() else 0
    return _associated(store.path, changed_ns, realm)


@lru_cache(maxsize=4)
def _associated(path: Path, changed_ns: int, realm: Realm) -> tuple[Launch, ...]:
    """Kept until the file, told by its path and time, has changed."""
    claims, _ = RecordStore(path).known()
    return associate((claim for claim in claims if claim.realm is realm), unrated=True)
