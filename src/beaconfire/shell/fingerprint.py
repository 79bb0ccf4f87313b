"""What a replay's bytes depend on: this build, its numeric libraries and this processor.

Threads would belong here too, if any kernel used more than one; none does (ARCHITECTURE, wall 5).
"""

import hashlib
import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from importlib.resources.abc import Traversable

from numba.core.registry import cpu_target

_PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "shapely", "msgspec", "geographiclib", "pyerfa")
_CHOICES = ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES")


@cache
def fingerprint() -> str:
    """Return a text that is equal where replay gives equal bytes: versions, a hash of the sources, the processor."""
    parts = [f"python {platform.python_version()}", f"beaconfire {_source_hash()}"]
    parts += [f"{name} {_version(name)}" for name in _PACKAGES]
    parts.append(f"cpu {_processor()}")
    parts += [f"{name}={os.environ[name]}" for name in _CHOICES if name in os.environ]
    return "; ".join(parts)


def _source_hash() -> str:
    digest = hashlib.sha256()
    for name, data in sorted(_sources(files("beaconfire"), "")):
        digest.update(name.encode() + b"\0" + data + b"\0")
    return digest.hexdigest()[:16]


def _sources(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found = []
    for item in folder.iterdir():
        if item.is_dir() and item.name not in ("__pycache__", "console"):
            found += _sources(item, f"{prefix}{item.name}/")
        elif item.name.endswith((".py", ".toml", ".csv", ".json")):
            found.append((prefix + item.name, item.read_bytes()))
    return found


def _processor() -> str:
    """What Numba compiles for: platform, processor name and a hash of its features."""
    triple, name, features = cpu_target.target_context.codegen().magic_tuple()
    return f"{triple} {name} {hashlib.sha256(str(features).encode()).hexdigest()[:16]}"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
