"""Package data: read whole, listed sorted, missing ones named; a hash that follows every source and data file."""

from pathlib import Path

import pytest

from beaconfire.kernel import data
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.jit import processor

PACKAGE = "a_package"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package on disk: two sources, one data file, a page and byte code, which do not count."""
    for name, text in {
        "__init__.py": "",
        "track/filter.py": "X = 1\n",
        "data/classes.toml": "a = 1\n",
        "console/dist/index.html": "<html>",
        "track/__pycache__/filter.pyc": "old",
        "notes.txt": "nobody reads this",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(data, "files", lambda _name: tmp_path)
    data.source_hash.cache_clear()
    data.read_bytes.cache_clear()
    data.names.cache_clear()
    return tmp_path


def fresh_hash() -> str:
    data.source_hash.cache_clear()
    return data.source_hash(PACKAGE)


@pytest.mark.parametrize("name", ["track/filter.py", "data/classes.toml"])
def test_the_hash_follows_sources_and_data(package: Path, name: str) -> None:
    before = fresh_hash()
    (package / name).write_text("X = 2\n")
    assert fresh_hash() != before


def test_the_hash_follows_names(package: Path) -> None:
    before = fresh_hash()
    (package / "track" / "filter.py").rename(package / "track" / "sieve.py")
    assert fresh_hash() != before


@pytest.mark.parametrize("name", ["console/dist/index.html", "track/__pycache__/filter.pyc", "notes.txt"])
def test_the_hash_leaves_out_the_page_byte_code_and_notes(package: Path, name: str) -> None:
    before = fresh_hash()
    (package / name).write_text("something else")
    assert fresh_hash() == before


@pytest.mark.usefixtures("package")
def test_the_hash_is_the_same_on_every_reading() -> None:
    assert fresh_hash() == fresh_hash()
    assert len(fresh_hash()) == 16


def test_a_boundary_between_files_is_part_of_the_hash(package: Path) -> None:
    before = fresh_hash()
    (package / "track" / "filter.py").write_text("X = ")
    (package / "track" / "filter2.py").write_text("1\n")
    assert fresh_hash() != before


def test_files_are_read_listed_and_missed_by_name(package: Path) -> None:
    assert data.read_text(PACKAGE, "track", "filter.py") == "X = 1\n"
    (package / "data" / "b.toml").write_text("")
    assert data.names(PACKAGE, "data", suffix=".toml") == ("b.toml", "classes.toml")
    with pytest.raises(InvalidInput) as caught:
        data.read_bytes(PACKAGE, "data", "none.toml")
    assert str(caught.value) == f"{PACKAGE}/data/none.toml: is not in the package; expected a shipped file"


@pytest.mark.usefixtures("package")
def test_a_folder_is_no_file() -> None:
    with pytest.raises(InvalidInput):
        data.read_bytes(PACKAGE, "data")


def test_leap_seconds_ascend_and_end_at_37_or_later() -> None:
    rows = data.leap_seconds()
    assert rows[0] == (41_317, 10)  # 1972-01-01
    assert list(rows) == sorted(rows)
    assert rows[-1][1] >= 37


def test_the_processor_names_platform_and_features() -> None:
    words = processor().split()
    assert len(words) == 3
    assert words[0].count("-") >= 2  # a target triple, such as x86_64-unknown-linux-gnu
    assert len(words[2]) == 16
    assert processor() == processor()
