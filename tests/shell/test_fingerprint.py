"""The fingerprint of a replay: equal here and now, other for another build, another library, another processor."""

import pytest

from beaconfire.kernel.labels import Realm
from beaconfire.shell import fingerprint as module
from beaconfire.shell.fingerprint import fingerprint


def again() -> str:
    fingerprint.cache_clear()
    return fingerprint()


@pytest.fixture(autouse=True)
def _forget() -> None:
    fingerprint.cache_clear()


def test_it_is_the_same_every_time_and_holds_no_realm() -> None:
    assert again() == again()
    assert all(str(realm) not in again() for realm in Realm)


@pytest.mark.parametrize(
    ("name", "other"),
    [("source_hash", lambda _package: "0" * 16), ("processor", lambda: "another"), ("version", lambda _name: "0.0")],
)
def test_it_follows_the_sources_the_processor_and_the_libraries(
    monkeypatch: pytest.MonkeyPatch, name: str, other: object
) -> None:
    before = again()
    monkeypatch.setattr(module, name, other)
    assert again() != before


def test_it_follows_what_numba_is_told_of_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NUMBA_CPU_NAME", raising=False)
    before = again()
    monkeypatch.setenv("NUMBA_CPU_NAME", "generic")
    assert "NUMBA_CPU_NAME=generic" in again()
    assert again() != before


def test_every_library_is_named_with_its_version() -> None:
    parts = dict(part.split(" ", 1) for part in again().split("; ") if "=" not in part)
    assert {"python", "beaconfire", "numpy", "numba", "llvmlite", "scipy", "shapely", "cpu"} <= parts.keys()
    assert "absent" not in parts.values()


def test_a_library_that_is_not_there_is_said_to_be_absent() -> None:
    assert module._version("no-such-package-anywhere") == "absent"
