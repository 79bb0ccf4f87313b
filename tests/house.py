"""What the tests of the house share: the project's files, their syntax trees, and how a fault names its place."""

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "src" / "beaconfire"

ROOMS = ("sense", "track", "assess", "fuse", "release", "share", "warn", "record")
CORE = ("kernel", "earth", *ROOMS, "node")


@dataclass(frozen=True)
class Source:
    """One Python file: its path from the project's root, its text and its tree."""

    name: str
    text: str
    tree: ast.Module

    @classmethod
    def of(cls, name: str, text: str) -> "Source":
        return cls(name, text, ast.parse(text, filename=name))

    @property
    def in_package(self) -> str:
        """The path inside the package (`kernel/data.py`), or nothing for a file outside it."""
        return self.name.removeprefix("src/beaconfire/") if self.name.startswith("src/beaconfire/") else ""

    @property
    def package(self) -> str:
        return self.in_package.partition("/")[0]

    @property
    def module(self) -> str:
        return self.name.removeprefix("src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def in_core(self) -> bool:
        return self.package in CORE

    def fault(self, node: ast.AST | int, what: str) -> str:
        return f"{self.name}:{node if isinstance(node, int) else getattr(node, 'lineno', 1)}: {what}"


@cache
def files_of_the_project() -> tuple[Path, ...]:
    """Every file that git has or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout
    paths = (ROOT / name for name in listed.split("\0") if name)
    return tuple(path for path in paths if path.is_file())


@cache
def sources() -> tuple[Source, ...]:
    """Every Python file of the project."""
    return tuple(
        Source.of(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))
        for path in files_of_the_project()
        if path.suffix == ".py"
    )


def package_sources() -> tuple[Source, ...]:
    return tuple(source for source in sources() if source.in_package)


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


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def assert_none(faults: list[str]) -> None:
    assert not faults, f"{len(faults)} fault(s)\n" + "\n".join(faults)
