"""Labels: what realm a record lives in, who owns it, and to whom it may go.

The realm is a property of keys and processes; every file, line and message carries it.
"""

import re
from enum import StrEnum

import msgspec

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.limits import MAX_ID_LENGTH

_NATION = re.compile(r"[A-Z]{3}")
_NAME = re.compile(rf"[A-Za-z0-9][A-Za-z0-9_.:-]{{0,{MAX_ID_LENGTH - 1}}}")


class Realm(StrEnum):
    """LIVE warns people; EXERCISE never can."""

    LIVE = "LIVE"
    EXERCISE = "EXERCISE"


class Label(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Releasability as its originator set it: an empty list is nobody."""

    originator: str
    realm: Realm
    releasable_to: tuple[str, ...] = ()
    onward: tuple[str, ...] = ()


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
