"""`beaconfire user add`: a person's key, and a place in the node's sealed list of people."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from beaconfire.cli.init import ask_passphrase

if TYPE_CHECKING:
    from beaconfire.kernel.labels import Realm
    from beaconfire.shell import NodeConfig

VARIABLE = "BEACONFIRE_KEY_PASSPHRASE"
NodeFolder = Annotated[Path, Parameter(name="--node", help="the node's folder, or its node.toml")]
KeyFile = Annotated[Path | None, Parameter(name="--key", help="file of the person's own key")]


def register(app: App) -> None:
    """Add the `user` group."""
    group = App(name="user", help="People at a node: who may draft, who may approve.")
    group.command(add)
    app.command(group)


def add(
    name: str,
    *,
    role: Annotated[tuple[Literal["author", "officer"], ...], Parameter(name="--role")],
    node: NodeFolder,
    full_name: str = "",
    key: KeyFile = None,
    token: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Make a person's key and add the person to people.toml, sealed with the nation's root key.

    The private key is the person's alone: hand over the file, or name another place with --key. A running node takes
    the new list when it is asked to (beaconfire alert reload).

    Parameters
    ----------
    name
        Short id of one human, such as kim; never given to two.
    role
        author drafts and submits; officer also approves, sends, corrects, cancels and clears. May be repeated.
    full_name
        The human's name, in any script.
    token
        EXERCISE only: also make a plain token with which the page can be opened as this person.
    """
    from beaconfire.kernel.errors import UsageError
    from beaconfire.kernel.labels import Realm, check_name
    from beaconfire.kernel.person import Person
    from beaconfire.shell import keys, people
    from beaconfire.shell.recordstore import home

    config = node_config(node)
    if token and config.realm is Realm.LIVE:
        raise UsageError("--token: plain tokens are for exercises; a LIVE order needs a person's key")
    check_name(name, where="name")
    root = keys.load_root(Path(config.folder), passphrase=ask_passphrase(config.realm))
    known = people.read_people(config, root_public=root.public_key().public_bytes_raw())
    if name in known:
        raise UsageError(f"{name}: is known at this node already; one id per human")
    path = key or people.personal_key_path(home(), nation=config.nation, realm=config.realm, person=name)
    public = people.make_personal_key(path, realm=config.realm, passphrase=new_passphrase(config.realm))
    plain, hashed = people.new_token() if token else ("", "")
    person = Person(
        id=name, name=full_name or name, roles=role, keys=(public,), tokens=(hashed,) if token else ()
    )  # fmt: skip
    people.add_person(config, person, root=root)
    print(f"{config.nation} {config.realm}: {name} is {' and '.join(role)}")
    print(f"  {path}   the private key: give it to {name} and to nobody else")
    if token:
        print(f"  http://{config.console.host}:{config.console.port}/?token={plain}   the page as {name}")


def node_config(node: Path) -> NodeConfig:
    """Return the configuration of a node named by its folder or by its node.toml."""
    from beaconfire.shell import load_config
    from beaconfire.shell.config import NODE_FILE

    return load_config(node / NODE_FILE if node.is_dir() else node)


def new_passphrase(realm: Realm) -> str | None:
    """Return the passphrase of a new personal key; an EXERCISE key may go without where nobody can type one."""
    from beaconfire.kernel.errors import UsageError
    from beaconfire.kernel.labels import Realm

    if given := os.environ.get(VARIABLE):
        return given
    if not sys.stdin.isatty():
        if realm is Realm.LIVE:
            raise UsageError(f"a person's LIVE key needs a passphrase: set {VARIABLE}, or run this in a terminal")
        return None
    from getpass import getpass

    typed = getpass("Passphrase of this person's key: ", stream=sys.stderr)
    if getpass("Again: ", stream=sys.stderr) != typed:
        raise UsageError("the two passphrases differ")
    return typed or None
