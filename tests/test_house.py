"""The style limits and the walls of the house that no linter knows, each with the place and what would be right.

Layers are import-linter's, docstrings and naive dates are ruff's (both in pyproject.toml); here stands the rest. Each
rule takes one file and yields its faults; `tests/test_house_rules.py` plants faults and sees that they are found.
"""

import ast
import importlib
import re
from collections.abc import Callable, Iterator

import pytest

from tests.house import (
    PACKAGE,
    ROOMS,
    ROOT,
    Source,
    assert_none,
    dotted,
    files_of_the_project,
    functions,
    imported_modules,
    package_sources,
    sources,
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
ALLOWED = {"kernel/jit.py": {"os", "pathlib"}}  # where compiled kernels are kept
# BLAS and LAPACK differ in the last bit between machines and thread counts, and replay is byte for byte.
FORBIDDEN_ALGEBRA = frozenset({"linalg", "dot", "vdot", "matmul", "tensordot"})
# The one reader of package data, and the compiler, which reads the sources it compiles.
DATA_READERS = {"kernel/data.py", "kernel/jit.py"}


def fits_on_a_screen(source: Source) -> Iterator[str]:
    """A function has at most 60 lines; a kernel may have 150 if it is listed by name."""
    for function in functions(source.tree):
        lines = (function.end_lineno or function.lineno) - function.lineno + 1
        name = f"{source.module}.{function.name}"
        is_kernel = any(dotted(item).split(".")[-1] in {"kernel", "njit"} for item in function.decorator_list)
        if not is_kernel and lines > MAX_FUNCTION_LINES:
            yield source.fault(function, f"{function.name} has {lines} lines; at most {MAX_FUNCTION_LINES}")
        elif is_kernel and lines > MAX_KERNEL_LINES:
            yield source.fault(function, f"kernel {function.name} has {lines} lines; at most {MAX_KERNEL_LINES}")
        elif is_kernel and lines > MAX_FUNCTION_LINES and name not in LONG_KERNELS:
            what = f"kernel {function.name} has {lines} lines; shorten it or name {name!r} in LONG_KERNELS"
            yield source.fault(function, what)


def core_imports_nothing_of_the_world(source: Source) -> Iterator[str]:
    """The core imports no clock, disk, network, process or chance."""
    forbidden = FORBIDDEN_MODULES - ALLOWED.get(source.in_package, set())
    for module, node in imported_modules(source.tree) if source.in_core else ():
        if module.split(".")[0] in forbidden:
            yield source.fault(node, f"imports {module}; the core gets it as an input or leaves it to the shell")


def core_calls_nothing_of_the_world(source: Source) -> Iterator[str]:
    """The core calls no clock, disk or chance."""
    for node in ast.walk(source.tree) if source.in_core else ():
        name = dotted(node.func) if isinstance(node, ast.Call) else ""
        if name in FORBIDDEN_CALLS or name.startswith(("np.random.", "numpy.random.")):
            yield source.fault(node, f"calls {name}; the core gets it as an input or leaves it to the shell")


def core_leaves_blas_alone(source: Source) -> Iterator[str]:
    """The core uses no BLAS or LAPACK call."""
    for node in ast.walk(source.tree) if source.in_core else ():
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(node.op, ast.MatMult):
            yield source.fault(node, "uses the @ operator; write the small loop in a kernel")
        elif isinstance(node, ast.Attribute) and node.attr in FORBIDDEN_ALGEBRA:
            yield source.fault(node, f"uses {dotted(node)}; write the small loop in a kernel")


def kernels_are_compiled_in_one_place(source: Source) -> Iterator[str]:
    """Numba is used through `kernel.jit` only, never parallel, never with the whole of fast-math."""
    if not source.in_package:
        return
    for module, node in imported_modules(source.tree):
        if module.split(".")[0] == "numba" and source.in_package != "kernel/jit.py":
            yield source.fault(node, "imports numba; use beaconfire.kernel.jit")
    for call in ast.walk(source.tree):
        if isinstance(call, ast.keyword) and call.arg in {"parallel", "fastmath"} and ast.unparse(call.value) == "True":
            yield source.fault(call.value, f"{call.arg}=True changes results between runs or deletes NaN guards")


def only_release_makes_released(source: Source) -> Iterator[str]:
    """Only the release room makes a `Released` value, so that nothing leaves unreleased."""
    if not source.in_package or source.package == "release":
        return
    for call in ast.walk(source.tree):
        if isinstance(call, ast.Call) and _makes(call, "Released"):
            yield source.fault(call, "makes a Released; only release/ may, so that nothing leaves unreleased")


def only_warn_makes_approved(source: Source) -> Iterator[str]:
    """Only the warning room makes an `Approved` message, so that nobody is warned without people or a written rule."""
    if not source.in_package or source.package == "warn":
        return
    for call in ast.walk(source.tree):
        if isinstance(call, ast.Call) and _makes(call, "Approved"):
            yield source.fault(call, "makes an Approved; only warn/ may, so that nothing goes out unapproved")


def _makes(call: ast.Call, what: str) -> bool:
    name = dotted(call.func).split(".")[-1]
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    decodes = name in {"convert", "decode", "Decoder", "cast"}
    return name == what or (decodes and any(dotted(item).split(".")[-1] == what for item in arguments))


def only_the_data_reader_reads_package_data(source: Source) -> Iterator[str]:
    """Package data are read by `kernel/data.py` alone."""
    if not source.in_package or source.in_package in DATA_READERS:
        return
    for module, node in imported_modules(source.tree):
        if module.startswith(("importlib.resources", "importlib_resources", "pkgutil")):
            yield source.fault(node, f"imports {module}; ask beaconfire.kernel.data")
    for name in ast.walk(source.tree):
        if isinstance(name, ast.Name) and name.id == "__file__":
            yield source.fault(name, "finds files by __file__; ask beaconfire.kernel.data")


def a_room_is_entered_by_its_door(source: Source) -> Iterator[str]:
    """Other packages import from `beaconfire.<room>`, never from a module behind it."""
    behind = re.compile(rf"^beaconfire\.({'|'.join((*ROOMS, 'node'))})\.\w+")
    for module, node in imported_modules(source.tree) if source.in_package else ():
        match = behind.match(module)
        if match and source.package != match[1]:
            yield source.fault(node, f"imports {module}; import from beaconfire.{match[1]}, its door")


def every_test_can_fail(source: Source) -> Iterator[str]:
    """A test asserts, expects an error, or calls a helper of its file that does."""
    if not source.name.startswith("tests/"):
        return
    judges = {
        function.name
        for function in functions(source.tree)
        if not function.name.startswith("test_")
        and (_can_fail(function, set()) or any(isinstance(node, ast.Raise) for node in ast.walk(function)))
    }
    for function in functions(source.tree):
        if function.name.startswith("test_") and not _can_fail(function, judges):
            yield source.fault(function, f"{function.name} asserts nothing; state what must hold")


def _can_fail(function: ast.AST, judges: set[str]) -> bool:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        if isinstance(node, ast.Call):
            name = dotted(node.func).split(".")[-1]
            if name in judges or name.startswith(("raises", "warns", "fail", "assert_", "expect", "check_")):
                return True
    return False


RULES: tuple[Callable[[Source], Iterator[str]], ...] = (
    fits_on_a_screen,
    core_imports_nothing_of_the_world,
    core_calls_nothing_of_the_world,
    core_leaves_blas_alone,
    kernels_are_compiled_in_one_place,
    only_release_makes_released,
    only_warn_makes_approved,
    only_the_data_reader_reads_package_data,
    a_room_is_entered_by_its_door,
    every_test_can_fail,
)


@pytest.mark.parametrize("rule", RULES)
def test_the_project_keeps_the_rule(rule: Callable[[Source], Iterator[str]]) -> None:
    assert_none([fault for source in sources() for fault in rule(source)])


def test_every_file_fits_in_400_lines() -> None:
    counted = {
        path: len(path.read_text(encoding="utf-8").splitlines())
        for path in files_of_the_project()
        if path.suffix in {".py", ".ts", ".tsx", ".css"}
    }
    assert_none(
        [
            f"{path.relative_to(ROOT)}:{lines}: at most {MAX_FILE_LINES} lines; split it by what its parts are for"
            for path, lines in counted.items()
            if lines > MAX_FILE_LINES
        ]
    )


def test_there_are_at_least_as_many_lines_of_tests_as_of_source() -> None:
    source = sum(len(item.text.splitlines()) for item in package_sources())
    tests = sum(len(item.text.splitlines()) for item in sources() if item.name.startswith("tests/"))
    assert tests >= source, f"{tests} lines of tests for {source} of source; at least as many are right"


def doors() -> list[Source]:
    return [source for source in package_sources() if source.name.endswith("/__init__.py")]


@pytest.mark.parametrize("door", doors(), ids=lambda door: door.module)
def test_a_package_offers_exactly_what_its_door_names(door: Source) -> None:
    offered = _imported_or_defined(door.tree)
    listed = _listed(door.tree)
    if not offered and listed is None:
        return  # a package of data, or one whose modules are its doors (kernel)
    assert listed is not None, door.fault(1, "no __all__; list what others may use")
    assert sorted(listed) == sorted(set(listed)), door.fault(1, "__all__ names something twice")
    module = importlib.import_module(door.module)
    assert [name for name in listed if not hasattr(module, name)] == [], door.fault(1, "named but not there")
    assert offered - set(listed) == set(), door.fault(1, "stand in the door but not in __all__")


def _imported_or_defined(tree: ast.Module) -> set[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
    return {name for name in names if not name.startswith("_")}


def _listed(tree: ast.Module) -> list[str] | None:
    for node in tree.body:
        if isinstance(node, ast.Assign) and [dotted(target) for target in node.targets] == ["__all__"]:
            return list(ast.literal_eval(node.value))
    return None


def test_every_package_is_a_room_of_the_architecture() -> None:
    known = {"cli", "kernel", "earth", *ROOMS, "node", "rehearse", "shell", "console", "data"}
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert folders <= known, f"{sorted(folders - known)}: on which floor does it stand?"
