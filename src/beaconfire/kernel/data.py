"""The one reader of package data: leap seconds, and files shipped inside the wheel.

Everything goes through `importlib.resources`, is read once, and never downloads.
"""

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from beaconfire.kernel.errors import InvalidInput


@cache
def read_bytes(package: str, *parts: str) -> bytes:
    """Return one packaged file's bytes; raises `InvalidInput` naming it if it is not there."""
    place = _place(package, parts)
    if not place.is_file():
        raise InvalidInput.single("/".join((package, *parts)), "is not in the package", "a shipped file")
    return place.read_bytes()


def read_text(package: str, *parts: str) -> str:
    """Return one packaged file as UTF-8 text."""
    return read_bytes(package, *parts).decode("utf-8")


@cache
def names(package: str, *parts: str, suffix: str = "") -> tuple[str, ...]:
    """List the file names of one packaged folder that end in `suffix`, sorted."""
    place = _place(package, parts)
    return tuple(sorted(item.name for item in place.iterdir() if item.name.endswith(suffix)))


@cache
def source_hash(package: str) -> str:
    """Return a short hash of a package's sources and data; byte code, and the built page in `console`, do not count."""
    digest = hashlib.sha256()
    for name, content in sorted(_sources(files(package), "")):
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()[:16]


@cache
def leap_seconds() -> tuple[tuple[int, int], ...]:
    """Return `(modified_julian_date, tai_minus_utc_s)` rows, ascending, from the IERS list."""
    rows = []
    for line in read_text("astropy_iers_data", "data", "Leap_Second.dat").splitlines():
        if line.strip() and not line.startswith("#"):
            mjd, _day, _month, _year, offset_s = line.split()
            rows.append((int(float(mjd)), int(offset_s)))
    return tuple(rows)


def _sources(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found = []
    for item in folder.iterdir():
        if item.is_dir() and item.name not in ("__pycache__", "console"):
            found += _sources(item, f"{prefix}{item.name}/")
        elif item.name.endswith((".py", ".toml", ".csv", ".json")):
            found.append((prefix + item.name, item.read_bytes()))
    return found


def _place(package: str, parts: tuple[str, ...]) -> Traversable:
    place = files(package)
    for part in parts:
        place = place / part
    return place
