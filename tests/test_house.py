"""The style limits and the walls of the house that no linter knows, each with the place and what would be right.

Layers are import-linter's, docstrings and naive dates are ruff's (both in pyproject.toml); here stands the rest.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import (
    PACKAGE,
    ROOMS,
    ROOT,
    assert_none,
    core_files,
    dotted,
    files_of_the_project,
    imported_modules,
    lines_of,
    name_in_package,
    place,
    python_files,
    tree_of,
)

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_KERNEL_LINES = 150

# Kernels longer than MAX_FUNCTION_LINES, by name: straight arithmetic that reads worse when it is cut.
LONG_KERNELS: frozenset[str] = frozenset()

# The core knows no clock, disk, network, process or chance (architecture, wall 5).
FORBIDDEN_MODULES = frozenset(
    "asyncio concurrent ctypes http httpx multiprocessing nats os pathlib random secrets select selectors shutil "
    "signal socket sqlite3 ssl starlette subprocess tempfile threading time urllib uuid uvicorn".split()
)
FORBIDDEN_CALLS = frozenset(
    "open input print datetime.now datetime.utcnow datetime.today date.today np.load np.save np.loadtxt np.savetxt "
    "np.fromfile np.genfromtxt".split()
)
# Files of the core that need one of them, with the reason.
FORBIDDEN_EXCEPT = {
    "kernel/jit.py": {"os", "pathlib"},  # where compiled kernels are kept
    "kernel/warm.py": {"print", "time"},  # a program of its own: compiles the kernels before the first run
}
# BLAS and LAPACK differ in the last bit between machines and thread counts, and replay is byte for byte.
FORBIDDEN_ALGEBRA = frozenset({"linalg", "dot", "vdot", "matmul", "tensordot"})

RELEASED = "Released"
DATA_READER = "kernel/data.py"


# --- size -------------------------------------------------------------------------------------------------------------


def test_every_file_fits_in_400_lines() -> None:
    sources = [path for path in files_of_the_project() if path.suffix in {".py", ".ts", ".tsx", ".css"}]
    assert_none(
        [
            f"{place(path, lines)}: {lines} lines; at most {MAX_FILE_LINES}, split it by what its parts are for"
            for path in sources
            if (lines := lines_of(path)) > MAX_FILE_LINES
        ]
    )


def test_every_function_fits_on_a_screen() -> None:
    assert_none(
        [
            fault
            for path in python_files(PACKAGE, ROOT / "tests", ROOT / "benchmarks")
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            if (fault := _too_long(path, node))
        ]
    )


def _too_long(path: Path, node: ast.FunctionDef | ast.AsyncFunctionDef) -> str | None:
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    is_kernel = any(dotted(item).split(".")[-1] in {"kernel", "njit"} for item in node.decorator_list)
    if not is_kernel:
        if lines <= MAX_FUNCTION_LINES:
            return None
        return f"{place(path, node)}: {node.name} has {lines} lines; at most {MAX_FUNCTION_LINES}"
    name = ".".join(path.relative_to(ROOT / "src").with_suffix("").parts) + f".{node.name}"
    if lines > MAX_KERNEL_LINES:
        return f"{place(path, node)}: kernel {node.name} has {lines} lines; at most {MAX_KERNEL_LINES}"
    if lines > MAX_FUNCTION_LINES and name not in LONG_KERNELS:
        return f"{place(path, node)}: kernel {node.name} has {lines} lines; shorten it or name {name!r} in LONG_KERNELS"
    return None


def test_there_are_at_least_as_many_lines_of_tests_as_of_source() -> None:
    source = sum(lines_of(path) for path in python_files(PACKAGE))
    tests = sum(lines_of(path) for path in python_files(ROOT / "tests"))
    assert tests >= source, f"{tests} lines of tests for {source} of source; at least as many are right"


# --- the walls --------------------------------------------------------------------------------------------------------


def test_the_core_imports_no_clock_disk_network_process_or_chance() -> None:
    assert_none(
        [
            f"{place(path, node)}: imports {module}; the core gets it as an input or leaves it to the shell"
            for path in core_files()
            for module, node in imported_modules(tree_of(path))
            if module.split(".")[0] in FORBIDDEN_MODULES - FORBIDDEN_EXCEPT.get(name_in_package(path), set())
        ]
    )


def test_the_core_calls_no_clock_disk_or_chance() -> None:
    assert_none(
        [
            f"{place(path, node)}: calls {name}; the core gets it as an input or leaves it to the shell"
            for path in core_files()
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.Call)
            if (name := dotted(node.func)) in FORBIDDEN_CALLS - FORBIDDEN_EXCEPT.get(name_in_package(path), set())
            or name.startswith(("np.random.", "numpy.random."))
        ]
    )


def test_the_core_leaves_blas_and_lapack_alone() -> None:
    assert_none(
        [
            f"{place(path, node)}: {what}; write the small loop in a kernel"
            for path in core_files()
            for node in ast.walk(tree_of(path))
            if (what := _algebra(node))
        ]
    )


def _algebra(node: ast.AST) -> str | None:
    if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult):
        return "uses the @ operator"
    if isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_ALGEBRA:
        return f"uses {dotted(node)}"
    return None


def test_kernels_are_compiled_in_one_place_and_never_parallel_or_fast_and_loose() -> None:
    assert_none([fault for path in python_files(PACKAGE) for fault in _compiler_use(path)])


def _compiler_use(path: Path) -> Iterator[str]:
    for module, node in imported_modules(tree_of(path)):
        if module.split(".")[0] == "numba" and name_in_package(path) != "kernel/jit.py":
            yield f"{place(path, node)}: imports numba; use beaconfire.kernel.jit"
    for call in ast.walk(tree_of(path)):
        if isinstance(call, ast.keyword) and call.arg in {"parallel", "fastmath"} and ast.unparse(call.value) == "True":
            yield f"{place(path, call)}: {call.arg}=True changes results between runs or deletes NaN guards"


def test_only_the_release_room_makes_a_released_value() -> None:
    assert_none(
        [
            f"{place(path, node)}: constructs {RELEASED}; only release/ may, so that nothing leaves unreleased"
            for path in python_files(PACKAGE)
            if not path.is_relative_to(PACKAGE / "release")
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.Call) and _makes_released(node)
        ]
    )


def _makes_released(call: ast.Call) -> bool:
    name = dotted(call.func).split(".")[-1]
    copies = name in {"replace", "convert", "decode"} and any(
        dotted(argument).split(".")[-1] == RELEASED
        for argument in [*call.args, *(keyword.value for keyword in call.keywords)]
    )
    return name == RELEASED or copies


def test_only_the_data_reader_reads_package_data() -> None:
    assert_none([fault for path in python_files(PACKAGE) for fault in _data_use(path)])


def _data_use(path: Path) -> Iterator[str]:
    if name_in_package(path) in {DATA_READER, "kernel/jit.py"}:  # jit reads the sources it compiles
        return
    for module, node in imported_modules(tree_of(path)):
        if module.startswith(("importlib.resources", "pkgutil", "importlib_resources")):
            yield f"{place(path, node)}: imports {module}; ask beaconfire.kernel.data"
    for name in ast.walk(tree_of(path)):
        if isinstance(name, ast.Name) and name.id == "__file__":
            yield f"{place(path, name)}: finds files by __file__; ask beaconfire.kernel.data"


# --- doors ------------------------------------------------------------------------------------------------------------


def packages() -> list[str]:
    return sorted(
        path.parent.relative_to(PACKAGE.parent).as_posix().replace("/", ".")
        for path in python_files(PACKAGE)
        if path.name == "__init__.py" and path.parent != PACKAGE
    )


@pytest.mark.parametrize("package", packages())
def test_a_package_offers_exactly_what_its_door_names(package: str) -> None:
    path = PACKAGE.parent / package.replace(".", "/") / "__init__.py"
    imported = {
        alias.asname or alias.name
        for node in tree_of(path).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if not (alias.asname or alias.name).startswith("_")
    }
    defined = {
        node.name
        for node in tree_of(path).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }
    listed = _listed(tree_of(path))
    if imported or defined or listed is not None:
        assert listed is not None, f"{place(path, 1)}: no __all__; list what others may use"
        assert sorted(listed) == sorted(set(listed)), f"{place(path, 1)}: __all__ names something twice"
        module = importlib.import_module(package)
        assert [name for name in listed if not hasattr(module, name)] == [], f"{place(path, 1)}: named but not there"
        missing = (imported | defined) - set(listed)
        assert not missing, f"{place(path, 1)}: {sorted(missing)} stand in the door but not in __all__"


def _listed(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [dotted(target) for target in node.targets] == ["__all__"]:
            return list(ast.literal_eval(node.value))
    return None


def test_a_room_is_entered_by_its_door() -> None:
    behind = re.compile(rf"^beaconfire\.({'|'.join((*ROOMS, 'node'))})\.\w+")
    assert_none(
        [
            f"{place(path, node)}: imports {module}; import from beaconfire.{match[1]}, its door"
            for path in python_files(PACKAGE)
            for module, node in imported_modules(tree_of(path))
            if (match := behind.match(module)) and path.relative_to(PACKAGE).parts[0] != match[1]
        ]
    )


# --- tests ------------------------------------------------------------------------------------------------------------


def test_every_test_can_fail() -> None:
    assert_none(
        [
            f"{place(path, node)}: {node.name} asserts nothing; state what must hold"
            for path in python_files(ROOT / "tests")
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_")
            if not _can_fail(node, _judges(tree_of(path)))
        ]
    )


def _judges(tree: ast.Module) -> set[str]:
    """Helpers that assert for their callers: those of the file, and by name those that others define."""
    return {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if any(isinstance(inner, ast.Assert | ast.Raise) for inner in ast.walk(node))
    }


def _can_fail(test: ast.AST, judges: set[str]) -> bool:
    for node in ast.walk(test):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = dotted(node.func).split(".")[-1]
            if name in judges or name.startswith(("raises", "warns", "fail", "assert_", "expect", "check_")):
                return True
    return False
