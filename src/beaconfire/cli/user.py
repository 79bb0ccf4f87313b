"""`beaconfire user`: a person's keys, a place in the node's sealed list of people, and officers' words for such acts.

In LIVE the root names the first two officers alone; whoever comes later needs the words of two of them beside its seal.
They sign where the root is (`add --as`), or each where they are: `request`, `sign` twice, `seal`, within five minutes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from cyclopts import App, Parameter

from beaconfire.cli.init import ask_passphrase
from beaconfire.cli.signing import KeyFiles, Persons, new_passphrase, node_time_ns, own_key, shown, words_of

if TYPE_CHECKING:
    from beaconfire.kernel.person import Person
    from beaconfire.shell import NodeConfig

NodeFolder = Annotated[Path, Parameter(name="--node", help="the node's folder, or its node.toml")]
KeyFile = Annotated[Path | None, Parameter(name="--key", help="file of the person's own key")]
Roles = Annotated[tuple[Literal["author", "officer"], ...], Parameter(name="--role")]
Enrolled = Annotated[
    tuple[Path, ...], Parameter(name="--security-key", help="file of a security key, which the page handed out")
]
Who = Annotated[str, Parameter(name="--as", help="your id in people.toml")]


def register(app: App) -> None:
    """Add the `user` group."""
    group = App(name="user", help="People at a node: who may draft, who may approve, and who agrees to that.")
    for command in (add, request, sign, seal, word, page):
        group.command(command)
    app.command(group)


def add(
    name: str, *, role: Roles, node: NodeFolder, full_name: str = "", key: KeyFile = None,
    security_key: Enrolled = (), token: Annotated[bool, Parameter(negative="")] = False, persons: Persons = (),
    key_of: KeyFiles = (),
) -> None:  # fmt: skip
    """Make a person's key and add the person to people.toml, sealed with the nation's root key.

    The private key is the person's alone: hand over the file, or name another place with --key. With --security-key
    the person signs with that, and gets a key in a file only where --key asks for one. A running node takes the new
    list when it is asked to (beaconfire alert reload).

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
    from beaconfire.kernel.labels import Realm
    from beaconfire.kernel.people import act_of, approvals_needed
    from beaconfire.shell import keys, people

    config = node_config(node)
    if token and config.realm is Realm.LIVE:
        raise UsageError("--token: plain tokens are for exercises; a LIVE order needs a person's key")
    root = keys.load_root(Path(config.folder), passphrase=ask_passphrase(config.realm))
    known = people.read_people(config, root_public=root.public_key().public_bytes_raw())
    needs = approvals_needed(known, config.realm)
    if len(persons) < needs:
        raise UsageError(f"{name}: needs the words of {needs} officers: --as for each, or beaconfire user request")
    _check_name(name, known)
    plain, hashed = people.new_token() if token else ("", "")
    person = _person(config, name, role, full_name=full_name, key=key, security_key=security_key, token=hashed)
    words = words_of(config, act_of(person, realm=config.realm), persons=persons, keys=key_of)
    person = msgspec.structs.replace(person, approved=words)
    people.add_person(config, person, root=root, now_ns=node_time_ns(config))
    print(f"{config.nation} {config.realm}: {name} is {' and '.join(role)}")
    if token:
        print(f"  http://{config.console.host}:{config.console.port}/?token={plain}   the page as {name}")


def request(
    name: str, *, role: Roles, node: NodeFolder, out: Path, full_name: str = "", key: KeyFile = None,
    security_key: Enrolled = (),
) -> None:  # fmt: skip
    """Make a person's key and write down who is to be added: officers sign that file, then the root seals it.

    Parameters
    ----------
    name
        Short id of one human, such as kim; never given to two.
    role
        author drafts and submits; officer also approves, sends, corrects, cancels and clears. May be repeated.
    out
        The file to write: one entry of people.toml.
    full_name
        The human's name, in any script.
    """
    from beaconfire.kernel.people import person_table

    config = node_config(node)
    _check_name(name, {})
    person = _person(config, name, role, full_name=full_name, key=key, security_key=security_key)
    _write(out, person_table(person))
    print(f"  {out}   to be signed: beaconfire user sign {out} --node … --as OFFICER")


def sign(file: Path, *, node: NodeFolder, person: Who, key: KeyFile = None) -> None:
    """Sign, as an officer, that the person of a request is to be added; it is shown first. Valid five minutes.

    Parameters
    ----------
    file
        A file of `beaconfire user request`.
    """
    from beaconfire.kernel.people import act_of, person_table

    config, wanted = node_config(node), _requested(file)
    act = act_of(wanted, realm=config.realm)
    print(person_table(msgspec.structs.replace(wanted, approved=())), file=sys.stderr)
    words = words_of(config, act, persons=(person,), keys=() if key is None else (key,))
    approved = (*(each for each in wanted.approved if each.person != person), *words)
    _write(file, person_table(msgspec.structs.replace(wanted, approved=approved)))
    print(f"{person} signed {shown(act)}")


def seal(file: Path, *, node: NodeFolder) -> None:
    """Add the person of a signed request to people.toml, sealed with the nation's root key.

    Parameters
    ----------
    file
        A file of `beaconfire user request` that two officers signed.
    """
    from beaconfire.shell import keys, people

    config, wanted = node_config(node), _requested(file)
    root = keys.load_root(Path(config.folder), passphrase=ask_passphrase(config.realm))
    people.add_person(config, wanted, root=root, now_ns=node_time_ns(config))
    print(f"{config.nation} {config.realm}: {wanted.id} is {' and '.join(wanted.roles)}")


def word(
    action: str, subject: str, sha256: str, *, node: NodeFolder, person: Who, key: KeyFile = None,
    out: Path | None = None,
) -> None:  # fmt: skip
    """Sign an act that needs officers, and print your word: one line, to be handed over with --signed.

    Parameters
    ----------
    action
        suspend, leave, resume, partner or policy, as the command that asked for it says.
    subject
        Whom it is about.
    sha256
        The hash of what exactly, as that command says.
    out
        The file to write the word to, in place of standard output.
    """
    from beaconfire.kernel.approval import Act
    from beaconfire.kernel.errors import UsageError

    config = node_config(node)
    try:
        digest = bytes.fromhex(sha256)
    except ValueError:
        digest = b""
    if len(digest) != 32:
        raise UsageError(f"{sha256[:80]}: is no SHA-256; expected 64 hexadecimal digits")
    act = Act(realm=config.realm, action=action, subject=subject, digest=digest)
    (given,) = words_of(config, act, persons=(person,), keys=() if key is None else (key,))
    line = msgspec.json.encode(given).decode()
    if out is None:
        print(line)
    else:
        _write(out, f"{line}\n")


def page(*, node: NodeFolder) -> None:
    """Print an address that opens the page of a running node once: each officer needs a session of their own."""
    from beaconfire.shell.control import AskPage, PageAddress, ask, expect, socket_of

    print(expect(ask(socket_of(node_config(node)), AskPage()), PageAddress).address)


def node_config(node: Path) -> NodeConfig:
    """Return the configuration of a node named by its folder or by its node.toml."""
    from beaconfire.shell import load_config
    from beaconfire.shell.config import NODE_FILE

    return load_config(node / NODE_FILE if node.is_dir() else node)


def _person(
    config: NodeConfig, name: str, roles: tuple[Literal["author", "officer"], ...], *, full_name: str,
    key: Path | None, security_key: tuple[Path, ...], token: str = "",
) -> Person:  # fmt: skip
    """A new person with what was enrolled, and a key of the person's own where there is nothing else to sign with."""
    from beaconfire.kernel.person import Person
    from beaconfire.shell import people
    from beaconfire.shell.alertrows import hash_words
    from beaconfire.shell.securitykeys import read_enrolment

    enrolled = [read_enrolment(path, config, person=name) for path in security_key]
    public = []
    if key is not None or not enrolled:
        path = key or own_key(config, name)
        public.append(
            people.make_personal_key(path, realm=config.realm, passphrase=new_passphrase(config.realm))
        )  # fmt: skip
        print(f"  {path}   the private key: give it to {name} and to nobody else")
    for _, digest in enrolled:
        print(f"  security key {hash_words(digest)}: compare these words with what {name} was shown")
    return Person(
        id=name, name=full_name or name, roles=roles, keys=tuple(public), tokens=(token,) if token else (),
        security_keys=tuple(each for each, _ in enrolled),
    )  # fmt: skip


def _check_name(name: str, known: dict[str, Person]) -> None:
    from beaconfire.kernel.errors import UsageError
    from beaconfire.kernel.labels import check_name

    check_name(name, where="name")
    if name in known:
        raise UsageError(f"{name}: is known at this node already; one id per human")


def _requested(file: Path) -> Person:
    """Return the person of a request; raises `InvalidInput` for a file that holds no such entry."""
    from beaconfire.kernel.people import read_request
    from beaconfire.shell.config import read_bounded

    return read_request(read_bounded(file), where=str(file))


def _write(path: Path, text: str) -> None:
    from beaconfire.kernel.errors import UsageError
    from beaconfire.shell.channels.directory import write_atomically

    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}; expected a file that can be written") from None
