"""Who has a session at the page: a token is taken once, a cookie is an id with its keyed hash."""

import hmac
import secrets
from collections import Counter

from starlette.requests import Request

from beaconfire.kernel import limits


class OneTimeTokens:
    """Addresses that open one session each; the oldest unused one is forgotten when there are too many."""

    def __init__(self, *tokens: str) -> None:
        """Start with those that are given."""
        self._unused = list(tokens)

    def new(self) -> str:
        """Return a token that nobody has used."""
        self._unused = [*self._unused, secrets.token_urlsafe(16)][-limits.MAX_UNUSED_TOKENS :]
        return self._unused[-1]

    def take(self, token: str) -> bool:
        """Use a token up; False for one that is none, or was used."""
        found = [item for item in self._unused if hmac.compare_digest(item.encode(), token.encode())]
        self._unused = [item for item in self._unused if item not in found]
        return bool(found)


class Access:
    """Tells sessions from strangers. `cookie` is its name; `streams` counts each session's open streams."""

    def __init__(self, *, cookie: str, tokens: OneTimeTokens, key: bytes) -> None:
        """Take the tokens that open a session, and the key under which cookies are signed."""
        self.cookie = cookie
        self.streams: Counter[str] = Counter()
        self._tokens = tokens
        self._key = key

    def exchange(self, token: str) -> str | None:
        """Return a new cookie value for an unused token, else None."""
        return self.begin()[1] if self._tokens.take(token) else None

    def begin(self) -> tuple[str, str]:
        """Return the id of a new session and its cookie's value."""
        session = secrets.token_urlsafe(16)
        return session, f"{session}.{self._sign(session)}"

    def csrf(self, session: str) -> str:
        """Return what a page of this session, and no foreign page, can put beside what it posts."""
        return self._sign(f"csrf|{session}")

    def session(self, request: Request) -> str | None:
        """Return the session id of a request with a valid cookie, else None."""
        session, _, signature = request.cookies.get(self.cookie, "").partition(".")
        return session if session and hmac.compare_digest(signature.encode(), self._sign(session).encode()) else None

    def _sign(self, session: str) -> str:
        return hmac.new(self._key, f"{self.cookie}|{session}".encode(), "sha256").hexdigest()
