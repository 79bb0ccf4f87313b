"""Labels: the realm a record lives in, and what nations and sensors may be called.

The realm is a property of keys and processes; every file, line and message carries it.
"""

import re
from enum import StrEnum

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.limits import MAX_ID_LENGTH

_NATION = re.compile(r"[A-Z]{3}")
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.:-]{{0,{MAX_ID_LENGTH - 1}}}")


class Realm(StrEnum):
    """LIVE warns people; EXERCISE never can."""

    LIVE = "LIVE"
    EXERCISE = "EXERCISE"


def check_nation(code: str, *, where: str) -> str:
    """Return an ISO 3166 alpha-3 style code (three capitals), else raise `InvalidInput`."""
    if _NATION.fullmatch(code) is None:
        raise InvalidInput.single(where, f"is {code[:20]!r}", "an ISO 3166 alpha-3 code such as KOR")
    return code


def check_name(name: str, *, where: str) -> str:
    """Return an id fit for subjects, files and messages, else raise `InvalidInput`."""
    if _NAME.fullmatch(name) is None:
        raise InvalidInput.single(where, f"is {name[:20]!r}", f"1-{MAX_ID_LENGTH} of A-Z a-z 0-9 _ . : -")
    return name
