"""One-time addresses and sessions of the page."""

import pytest
from starlette.requests import Request

from beaconfire.kernel import limits
from beaconfire.shell.sessions import Access, OneTimeTokens


def request(cookie: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", cookie.encode())]})


def test_each_token_opens_once() -> None:
    tokens = OneTimeTokens("first")
    second = tokens.new()
    assert tokens.take("first")
    assert not tokens.take("first")
    assert not tokens.take("")
    assert tokens.take(second)
    assert tokens.new() != tokens.new()


def test_unused_tokens_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_UNUSED_TOKENS", 2)
    tokens = OneTimeTokens()
    made = [tokens.new() for _ in range(3)]
    assert [tokens.take(token) for token in made] == [False, True, True]


def test_a_cookie_is_a_session_under_its_own_name_and_key() -> None:
    access = Access(cookie="bf-KOR-LIVE", tokens=OneTimeTokens("t"), key=b"k" * 32)
    value = access.exchange("t")
    assert value is not None
    assert access.exchange("t") is None
    session = value.partition(".")[0]
    assert access.session(request(f"bf-KOR-LIVE={value}")) == session
    assert access.session(request(f"bf-KOR-EXERCISE={value}")) is None
    assert access.session(request(f"bf-KOR-LIVE={session}.00")) is None
    assert Access(cookie="bf-KOR-LIVE", tokens=OneTimeTokens(), key=b"x" * 32).session(
        request(f"bf-KOR-LIVE={value}")
    ) is None  # fmt: skip
    assert access.csrf(session) not in value
