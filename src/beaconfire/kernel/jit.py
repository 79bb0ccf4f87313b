"""The one way to compile: `@kernel` turns a plain scalar function into machine code and keeps its type.

Flags: no `fastmath=True`, which deletes NaN guards; the four flags below keep the meaning of NaN and infinity. Not
`reassoc` either: with it the process that compiled a kernel and the one that loaded it from the cache differed in the
last bit (a callee's copy is optimised in its caller's context), and a journal would not replay to the same bytes.

The trap avoided: Numba keys its disk cache by the content of the *one* file a kernel stands in, so that editing a
callee or a constant in another file leaves stale machine code in the callers. Here each module's cache folder ends in
a hash of that module's source and of every module of the package it imports, directly or not. Setting
`NUMBA_CACHE_DIR` switches this off and leaves the folder to the caller.
"""

import hashlib
import os
import re
import sys
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

import numba
from numba.core import config
from numba.core.registry import cpu_target

P = ParamSpec("P")
R = TypeVar("R")

FAST_FLAGS = {"nsz", "arcp", "contract", "afn"}
PACKAGE = "beaconfire"

_IMPORT = re.compile(rf"^\s*(?:from|import)\s+({PACKAGE}(?:\.\w+)*)", re.MULTILINE)
_warmers: dict[str, Callable[[], None]] = {}


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a function of scalars and small C-contiguous float64 arrays on its first call, cached on disk."""
    if not os.environ.get("NUMBA_CACHE_DIR"):
        vars(config)["CACHE_DIR"] = _remembered_folder(function.__module__)  # read when the decorator runs
    return cast(Callable[P, R], numba.njit(cache=True, error_model="numpy", fastmath=FAST_FLAGS)(function))


def warmer(function: Callable[[], None]) -> Callable[[], None]:
    """Register a function that calls its module's kernels once with tiny inputs, so that warming compiles them."""
    _warmers[f"{function.__module__}.{function.__qualname__}"] = function
    return function


def warmers() -> dict[str, Callable[[], None]]:
    """Return the registered warmers by name, in order of registration."""
    return dict(_warmers)


def kernel_modules() -> tuple[str, ...]:
    """Name the modules of the package that register a warmer, lower rooms as well as upper ones, sorted."""
    return tuple(name for name, text in sorted(_sources().items()) if "\n@warmer\n" in text)


def cache_folder(module: str) -> Path:
    """Return the machine-code folder of one module: it changes with the module, all it imports, and Numba.

    A module outside the package (a test, a notebook) depends on every source of the package.
    """
    digest = hashlib.sha256(numba.__version__.encode())
    sources = _sources()
    for name in sorted(_reachable(module) or sources):
        digest.update(name.encode() + b"\0" + sources[name].encode() + b"\0")
    return _home() / "cache" / "numba" / digest.hexdigest()[:16]


def processor() -> str:
    """Name what machine code is made for here: platform, processor and a hash of the processor's features."""
    triple, name, features = cpu_target.target_context.codegen().magic_tuple()
    return f"{triple} {name} {hashlib.sha256(str(features).encode()).hexdigest()[:16]}"


@cache
def _remembered_folder(module: str) -> str:
    return str(cache_folder(module))


def _home() -> Path:
    if chosen := os.environ.get("BEACONFIRE_HOME"):
        return Path(chosen)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / PACKAGE
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / PACKAGE
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / PACKAGE


def _reachable(module: str) -> set[str]:
    """Follow the package's own imports; naming a package counts as importing every module in it."""
    sources, seen, queue = _sources(), set[str](), [module]
    while queue:
        name = queue.pop()
        if name in seen or name not in sources:
            continue
        seen.add(name)
        for target in _IMPORT.findall(sources[name]):
            queue.append(target)
            if target != PACKAGE and name != target and f"{target}.__init__" in sources:
                queue.extend(other for other in sources if other.rpartition(".")[0] == target)
    return seen


@cache
def _sources() -> dict[str, str]:
    """Read every source of the package once; a package's `__init__` stands under `name.__init__`."""
    found: dict[str, str] = {}
    _collect(files(PACKAGE), PACKAGE, found)
    return found


def _collect(folder: Traversable, prefix: str, found: dict[str, str]) -> None:
    for item in folder.iterdir():
        if item.name.endswith(".py"):
            found[f"{prefix}.{item.name.removesuffix('.py')}"] = item.read_text(encoding="utf-8")
        elif item.is_dir() and not item.name.startswith(("_", ".")):
            _collect(item, f"{prefix}.{item.name}", found)
