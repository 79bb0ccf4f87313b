"""Signing on the command line: whose key lies where, what is to be signed shown first, words brought in files."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from beaconfire.kernel.errors import InvalidInput, UsageError
from beaconfire.kernel.labels import Realm

if TYPE_CHECKING:
    from beaconfire.kernel.approval import Act
    from beaconfire.kernel.person import Word
    from beaconfire.shell import NodeConfig

VARIABLE = "BEACONFIRE_KEY_PASSPHRASE"
Persons = Annotated[tuple[str, ...], Parameter(name="--as", help="an officer who signs here; may be repeated")]
KeyFiles = Annotated[tuple[Path, ...], Parameter(name="--key-of", help="file of that officer's key, in the same order")]
SignedFiles = Annotated[tuple[Path, ...], Parameter(name="--signed", help="an officer's word, of beaconfire user word")]


def words_of(
    config: NodeConfig, act: Act, *, persons: Sequence[str], keys: Sequence[Path] = (), signed: Sequence[Path] = ()
) -> tuple[Word, ...]:
    """Return the words of those who sign here and of those who brought theirs; what is signed is shown first.

    Raises `UsageError` for more key files than persons, `InvalidInput` for a key or a file that cannot be read.
    """
    from beaconfire.shell.people import personal_key, sign_act

    if len(keys) > len(persons):
        raise UsageError(f"--key-of: {len(keys)} files for {len(persons)} officers; expected one for each --as")
    if persons:
        print(shown(act), file=sys.stderr)
    words = [*read_words(signed)]
    for number, person in enumerate(persons):
        path = keys[number] if number < len(keys) else own_key(config, person)
        key = personal_key(path, passphrase=passphrase_of(path))
        words.append(sign_act(key, act, person=person, issued_ns=node_time_ns(config)))
    return tuple(words)


def read_words(paths: Sequence[Path]) -> tuple[Word, ...]:
    """Return the words that files of `beaconfire user word` hold; raises `InvalidInput` for another file."""
    from beaconfire.kernel.person import Word
    from beaconfire.shell.config import read_bounded

    words = []
    for path in paths:
        try:
            words.append(msgspec.json.decode(read_bounded(path), type=Word))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InvalidInput.single(str(path), str(error), "a file of `beaconfire user word`") from None
    return tuple(words)


def shown(act: Act) -> str:
    """Return one line that says what an act is, with the hash of it in words."""
    from beaconfire.shell.alertrows import hash_words

    return f"{act.realm}: {act.action} {act.subject}, SHA-256 {act.digest.hex()} ({hash_words(act.digest)})"


def own_key(config: NodeConfig, person: str) -> Path:
    """Return where a person's own key lies by default."""
    from beaconfire.shell.people import personal_key_path
    from beaconfire.shell.recordstore import home

    return personal_key_path(home(), nation=config.nation, realm=config.realm, person=person)


def node_time_ns(config: NodeConfig) -> int:
    """Return the time that a word's five minutes run by: a running node's, else this machine's clock."""
    from beaconfire.cli.orders import running
    from beaconfire.shell.people import wall_ns

    answer = running(config)
    return wall_ns() if answer is None else answer.now_ns


def passphrase_of(path: Path) -> str | None:
    """Return the passphrase of a personal key, from the environment, or typed when the key is locked."""
    if given := os.environ.get(VARIABLE):
        return given
    locked = path.exists() and b"ENCRYPTED" in path.read_bytes()[:100]
    if not locked or not sys.stdin.isatty():
        return None
    from getpass import getpass

    return getpass(f"Passphrase of {path.name}: ", stream=sys.stderr) or None


def new_passphrase(realm: Realm) -> str | None:
    """Return the passphrase of a new personal key; an EXERCISE key may go without where nobody can type one."""
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
