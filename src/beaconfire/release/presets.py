"""Policies that ship with the package, to start from: written for one nation and its partners as a policy file."""

from collections.abc import Sequence

from beaconfire.kernel import data
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.labels import Realm, check_nation

_PLACE = ("beaconfire", "data", "policies")
_GRANT = "[[grant]]"


def preset_names() -> tuple[str, ...]:
    """Return the names of the shipped presets, sorted."""
    return tuple(name.removesuffix(".toml") for name in data.names(*_PLACE, suffix=".toml"))


def preset(name: str, *, nation: str, partners: Sequence[str], realm: Realm) -> bytes:
    """Return a preset as the bytes of a policy file that grants to each partner what the preset says.

    Raises `InvalidInput` for an unknown preset or a code that is none.
    """
    if name not in preset_names():
        raise InvalidInput.single("preset", f"{name!r} is unknown", "one of " + ", ".join(preset_names()))
    for code in (nation, *partners):
        check_nation(code, where="preset")
    head, *grants = data.read_text(*_PLACE, f"{name}.toml").split(_GRANT)
    blocks = [head.replace("NATION", nation)]
    for partner in partners:
        blocks += [_GRANT + _fill(grant, nation, partner, realm) for grant in grants]
    return "".join(blocks).encode()


def _fill(grant: str, nation: str, partner: str, realm: Realm) -> str:
    return grant.replace('"NATION', f'"{nation}').replace('"PARTNER', f'"{partner}').replace('"REALM', f'"{realm}')
