"""What the house tests share: the project's files, their syntax trees, and how a fault names its place."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "beaconfire"

ROOMS = ("sense", "track", "assess", "fuse", "release", "share", "warn", "record")
PURE = ("kernel", "earth", *ROOMS, "node")


@cache
def files_of_the_project() -> tuple[Path, ...]:
    """Every file that git has or would take."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, check=True, text=True,
    )  # fmt: skip
    paths = (ROOT / name for name in listed.stdout.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def python_files(*folders: Path) -> tuple[Path, ...]:
    return tuple(
        path
        for path in files_of_the_project()
        if path.suffix == ".py" and any(path.is_relative_to(folder) for folder in folders)
    )


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def place(path: Path, node: ast.AST | int) -> str:
    line = node if isinstance(node, int) else getattr(node, "lineno", 1)
    return f"{path.relative_to(ROOT)}:{line}"


def core_files() -> tuple[Path, ...]:
    return python_files(*(PACKAGE / room for room in PURE))


def name_in_package(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def dotted(node: ast.AST) -> str:
    """The text of a name or attribute chain (`np.random.default_rng`), or nothing."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else node.attr
    return ""


def imported_modules(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node


def assert_none(faults: list[str]) -> None:
    assert not faults, f"{len(faults)} fault(s)\n" + "\n".join(faults)
