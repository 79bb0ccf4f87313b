"""What ships: a wheel made twice has the same bytes and holds the source, the data, the built page and the licences."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from beaconfire import __version__
from tests.house import PACKAGE, ROOT, files_of_the_project


def build(folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_is_named_by_the_version_and_runs_everywhere(wheel: Path) -> None:
    assert wheel.name == f"beaconfire-{__version__}-py3-none-any.whl"


def test_the_wheel_holds_every_file_of_the_package(names: set[str]) -> None:
    package_files = [path for path in files_of_the_project() if path.is_relative_to(PACKAGE)]
    assert package_files
    assert {path.relative_to(PACKAGE.parent).as_posix() for path in package_files} <= names


def test_the_wheel_holds_the_built_page_though_git_ignores_it(names: set[str]) -> None:
    built = [path for path in (PACKAGE / "console" / "dist").rglob("*") if path.is_file()]
    assert built, "no page is built; run make test, or npm run build in web/"
    assert {path.relative_to(PACKAGE.parent).as_posix() for path in built} <= names


def test_the_wheel_holds_nothing_else_but_its_own_description(names: set[str]) -> None:
    description = f"beaconfire-{__version__}.dist-info/"
    strangers = {name for name in names if not name.startswith(("beaconfire/", description))}
    assert strangers == set()
    assert not any("__pycache__" in name or "node_modules" in name for name in names)


def test_the_wheel_carries_licence_and_notice(names: set[str]) -> None:
    licences = {name.rpartition("/")[2] for name in names if "/licenses/" in name}
    assert licences == {"LICENSE", "NOTICE"}


def test_the_wheel_offers_the_command_and_asks_for_what_requirements_in_names(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    description = f"beaconfire-{__version__}.dist-info"
    entry_points = archive.read(f"{description}/entry_points.txt").decode()
    assert "beaconfire = beaconfire.__main__:main" in entry_points
    metadata = archive.read(f"{description}/METADATA").decode()
    wanted = [line.partition("#")[0].strip() for line in (ROOT / "requirements.in").read_text().splitlines()]
    assert metadata.count("\nRequires-Dist: ") == len([line for line in wanted if line])


def test_a_wheel_built_again_has_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (wheel, build(tmp_path))}
    assert len(digests) == 1
