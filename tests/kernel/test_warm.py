"""Warming runs every registered warmer once and says which before it starts."""

import pytest

from beaconfire.kernel import jit
from beaconfire.kernel.warm import warm_registered


def test_each_warmer_is_named_before_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    monkeypatch.setattr(jit, "_warmers", {"a": lambda: ran.append("a"), "b": lambda: ran.append("b")})
    seen = []
    for name, number, total in warm_registered():
        seen.append((name, number, total, tuple(ran)))
    assert seen == [("a", 1, 2, ()), ("b", 2, 2, ("a",))]
    assert ran == ["a", "b"]


def test_nothing_registered_is_nothing_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "_warmers", {})
    assert list(warm_registered()) == []
