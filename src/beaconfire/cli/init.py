"""`beaconfire init`: a new node's keys, certificates and configuration files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

if TYPE_CHECKING:
    from beaconfire.kernel.labels import Realm

VARIABLE = "BEACONFIRE_PASSPHRASE"


def register(app: App) -> None:
    """Add the `init` command."""
    app.command(init)


def init(
    nation: str,
    *,
    out: Annotated[Path, Parameter(name="--out")],
    realm: Annotated[Literal["LIVE", "EXERCISE"], Parameter(name="--realm")] = "EXERCISE",
) -> None:
    """Make a new node: nation root, keys, certificates, node.toml, policy.toml, people.toml, warning.toml.

    The policy tells nobody anything until a grant is written into it. LIVE keys are encrypted: the passphrase is asked
    for, or taken from BEACONFIRE_PASSPHRASE.

    Parameters
    ----------
    nation
        ISO 3166 alpha-3 code, such as KOR.
    out
        New or empty folder.
    realm
        LIVE warns people; EXERCISE never can.
    """
    from beaconfire.kernel.labels import Realm, check_nation
    from beaconfire.release import preset
    from beaconfire.shell.setup import init_node
    from beaconfire.warn import rule_preset, warning_preset

    chosen = Realm(realm)
    check_nation(nation, where="nation")
    policy = preset("closed", nation=nation, partners=(), realm=chosen)
    passphrase = ask_passphrase(chosen, new=True)
    config = init_node(
        out, nation, chosen, policy_toml=policy, warning_toml=warning_preset(nation, chosen),
        rules={"rules/automatic.toml": rule_preset(nation, chosen, rule_id="automatic")}, passphrase=passphrase,
    )  # fmt: skip
    print(f"{nation} {chosen}: a new node in {config.folder}")
    print("  keys/root.key   signs partners' bundles and new keys; keep it offline")
    print("  node.toml       addresses and files; put your sensors into sensors.toml beside it")
    print("  policy.toml     what leaves, and to whom: nothing yet (`beaconfire policy check`)")
    print("  people.toml     who may order and approve: nobody yet (`beaconfire user add`)")
    print("  warning.toml    whom it warns and by which channels; rules/ has a rule that is not in force")
    print(f"Next: beaconfire node check --config {out / 'node.toml'}")


def ask_passphrase(realm: Realm, *, new: bool = False) -> str | None:
    """Return the passphrase of LIVE keys from the environment or the terminal; EXERCISE keys have none."""
    from beaconfire.kernel.errors import UsageError
    from beaconfire.kernel.labels import Realm

    if realm is not Realm.LIVE:
        return None
    if given := os.environ.get(VARIABLE):
        return given
    if not sys.stdin.isatty():
        raise UsageError(f"LIVE keys need a passphrase: set {VARIABLE}, or run this in a terminal")
    from getpass import getpass

    typed = getpass("Passphrase of the LIVE keys: ", stream=sys.stderr)
    if new and getpass("Again: ", stream=sys.stderr) != typed:
        raise UsageError("the two passphrases differ")
    return typed
