"""What a replay's bytes depend on: this build, its numeric libraries and this processor.

Threads would belong here too, if any kernel used more than one; none does (ARCHITECTURE, wall 5).
"""

import os
import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from beaconfire.kernel.data import source_hash
from beaconfire.kernel.jit import PACKAGE, processor

_PACKAGES = ("numpy", "numba", "llvmlite", "scipy", "shapely", "msgspec", "geographiclib", "lxml")
_CHOICES = ("NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES")


@cache
def fingerprint() -> str:
    """Return a text that is equal where replay gives equal bytes: versions, a hash of the sources, the processor."""
    parts = [f"python {platform.python_version()}", f"beaconfire {source_hash(PACKAGE)}"]
    parts += [f"{name} {_version(name)}" for name in _PACKAGES]
    parts.append(f"cpu {processor()}")
    parts += [f"{name}={os.environ[name]}" for name in _CHOICES if name in os.environ]
    return "; ".join(parts)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
