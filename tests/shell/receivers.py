"""Receivers of alerts as a nation has them: one that answers at once, one that answers late, one that is down once."""

import http.server
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

SLOW_S = 0.5
_IDENTIFIER = re.compile(rb"<identifier>([^<]+)</identifier>")
_KIND = re.compile(rb"<msgType>([^<]+)</msgType>")
CHANNELS = """
[[channel]]
name = "prompt"
realm = "EXERCISE"
kind = "http"
url = "http://127.0.0.1:{port}/prompt"

[[channel]]
name = "slow"
realm = "EXERCISE"
kind = "http"
url = "http://127.0.0.1:{port}/slow"

[[channel]]
name = "down"
realm = "EXERCISE"
kind = "http"
url = "http://127.0.0.1:{port}/down"
"""


@dataclass(frozen=True)
class Post:
    """One message that came: when its last byte was here (monotonic), and what was answered."""

    at_s: float
    path: str
    identifier: str
    kind: str
    status: int


@dataclass
class Receivers:
    """Everything that was posted, in order."""

    port: int
    posts: list[Post] = field(default_factory=list)

    def taken(self, name: str) -> list[Post]:
        """What one receiver took."""
        return [post for post in list(self.posts) if post.path == f"/{name}" and post.status == 200]

    def tries(self, name: str, identifier: str) -> int:
        return sum(post.path == f"/{name}" and post.identifier == identifier for post in list(self.posts))

    @property
    def channels(self) -> str:
        """Their rows of `warning.toml`."""
        return CHANNELS.format(port=self.port)


@contextmanager
def receivers() -> Iterator[Receivers]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Receiver)
    found = _Receiver.all[server.server_port] = Receivers(server.server_port)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Receiver(http.server.BaseHTTPRequestHandler):
    """`/down` answers 503 to the first try of every message, `/slow` answers late."""

    all: ClassVar[dict[int, Receivers]] = {}  # by port, for a handler is made anew for each request
    log_message: Callable[..., None] = staticmethod(lambda *_: None)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        at_s, here = time.monotonic(), self.all[self.server.server_port]  # type: ignore[attr-defined]
        identifier, kind = (pattern.findall(body)[0].decode() for pattern in (_IDENTIFIER, _KIND))
        status = 503 if self.path == "/down" and not here.tries("down", identifier) else 200
        here.posts.append(Post(at_s, self.path, identifier, kind, status))
        if self.path == "/slow":
            time.sleep(SLOW_S)
        self._answer(status)

    def do_HEAD(self) -> None:
        self._answer(200)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()
