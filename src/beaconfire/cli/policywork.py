"""What the `policy` commands do with files and nodes: check, sign, load, ask, replay."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from beaconfire.cli.signing import words_of
from beaconfire.cli.user import node_config
from beaconfire.kernel.errors import Fault, InvalidInput, Refused, RunFailed, UsageError, Violation
from beaconfire.kernel.labels import Realm, check_nation
from beaconfire.release import Policy, parse_policy, policy_act, signers, with_word
from beaconfire.shell.config import read_bounded
from beaconfire.shell.control import (
    AskPolicy,
    AskWould,
    LoadPolicy,
    Outcome,
    PolicyInForce,
    WouldGet,
    ask,
    expect,
    socket_of,
)

if TYPE_CHECKING:
    from beaconfire.node import NodeState
    from beaconfire.shell import NodeConfig


class Checked(NamedTuple):
    """A policy file that holds, and who signed it for the node it was checked for."""

    file: Path
    policy: Policy
    digest: bytes  # what officers sign
    signed_by: tuple[str, ...] | None


def checked(file: Path, *, node: Path | None) -> Checked:
    """Return a checked policy file.

    Raises `InvalidInput` with every fault; for a node also for another nation's policy or a version that does not
    rise, and `Violation` for a signature that does not hold.
    """
    data = read_bounded(file)
    policy = parse_policy(data, where=str(file))
    digest = policy_act(data, nation=policy.nation, realm=Realm.LIVE).digest  # of any realm the same
    if node is None:
        return Checked(file, policy, digest, None)
    config = node_config(node)
    _check_nation(policy, config, where=str(file))
    now = in_force(node)
    if policy.version < now.version:
        expected = f"more than {now.version}, the version in force"
        raise InvalidInput.single(f"{file}: version", f"is {policy.version}", expected)
    try:
        names = _signers(data, config, where=str(file))
    except Refused as error:
        raise Violation(f"{error}; or the file was changed after it was signed") from None
    return Checked(file, policy, digest, names)


def signed_file(
    file: Path, node: Path, *, persons: Sequence[str], keys: Sequence[Path], signed: Sequence[Path]
) -> tuple[str, ...]:
    """Add officers' words to a policy file and return all who signed it; raises `InvalidInput` or `UsageError`."""
    from beaconfire.cli.policywords import granted_lines
    from beaconfire.shell.channels.directory import write_atomically

    config = node_config(node)
    data = read_bounded(file)
    policy = parse_policy(data, where=str(file))
    _check_nation(policy, config, where=str(file))
    print("\n".join(granted_lines(policy, config.realm)), file=sys.stderr)
    act = policy_act(data, nation=config.nation, realm=config.realm)
    for word in words_of(config, act, persons=persons, keys=keys, signed=signed):
        data = with_word(data, word, realm=config.realm)
    names = _signers(data, config, where=str(file))  # before it is written: who may not sign, does not
    mode = file.stat().st_mode & 0o777
    write_atomically(file, data)
    file.chmod(mode)
    return names


def loaded(node: Path) -> Outcome:
    """Have a running node read its policy again; raises `InvalidInput` for a file it does not take."""
    config = node_config(node)
    path = config.path(config.policy)
    parse_policy(read_bounded(path), where=str(path))
    outcome = expect(ask(socket_of(config), LoadPolicy()), Outcome)
    if outcome.refused:
        raise InvalidInput([_fault(text) for text in outcome.refused])
    return outcome


def in_force(node: Path) -> PolicyInForce:
    """Return the policy in force at a node: a running one is asked, of a stopped one the journal is replayed."""
    from beaconfire.shell.policyfile import policy_in_force

    config = node_config(node)
    if _runs(config):
        return expect(ask(socket_of(config), AskPolicy()), PolicyInForce)
    return policy_in_force(_replayed(config))


def would_be_given(
    partner: str, *, node: Path | None, journal: Path | None, policy: Path | None
) -> WouldGet:  # fmt: skip
    """Return what a partner would be given at a node, or at the end of a journal, under a policy."""
    from beaconfire.shell.policyfile import would_get

    check_nation(partner, where="partner")
    if (node is None) == (journal is None):
        raise UsageError("name a node with --node or a journal with --journal, one of them")
    data = None if policy is None else read_bounded(policy)
    draft = None if data is None else parse_policy(data, where=str(policy))
    if node is not None:
        config = node_config(node)
        if _runs(config):
            return expect(ask(socket_of(config), AskWould(partner, (data or b"").decode())), WouldGet)
        return would_get(_replayed(config), partner, draft=draft)
    assert journal is not None, "one of the two"
    return would_get(_replay(journal), partner, draft=draft)


def _check_nation(policy: Policy, config: NodeConfig, *, where: str) -> None:
    if policy.nation != config.nation:
        raise InvalidInput.single(f"{where}: nation", f"is {policy.nation}", f"{config.nation}, the node's nation")


def _signers(data: bytes, config: NodeConfig, *, where: str) -> tuple[str, ...]:
    from beaconfire.shell.keys import KEYS_FOLDER, read_public_key
    from beaconfire.shell.people import read_people

    root_public = read_public_key(Path(config.folder) / KEYS_FOLDER / "root.pub")
    people = read_people(config, root_public=root_public)
    return signers(data, nation=config.nation, realm=config.realm, people=people, where=where)


def _runs(config: NodeConfig) -> bool:
    if not socket_of(config).exists():
        return False
    try:
        ask(socket_of(config), AskPolicy())
    except RunFailed as error:
        if "no node runs here" in str(error):
            return False
        raise
    return True


def _replayed(config: NodeConfig) -> NodeState:
    """Return a stopped node's state; of one that never ran, a state in which nothing is in force."""
    from beaconfire.kernel.time import NS_PER_S
    from beaconfire.node import Genesis, initial
    from beaconfire.shell.people import wall_ns

    path = config.path(config.data) / "journal.sqlite"
    if path.exists():
        return _replay(path)
    now_ns = wall_ns()
    genesis = Genesis(
        nation=config.nation, realm=config.realm, sensors_toml=b"", policy_toml=b"", partners=(),
        id_secret=bytes(32), epoch=now_ns // NS_PER_S, fingerprint="",
    )  # fmt: skip
    return initial(genesis, now_ns=now_ns)


def _replay(path: Path) -> NodeState:
    from beaconfire.node import step
    from beaconfire.shell.journal import resume

    resumed = resume(path, step, lambda record, effects: None)
    if resumed is None:
        raise InvalidInput.single(str(path), "holds no journal", "a node's journal.sqlite")
    return resumed[0]


def _fault(text: str) -> Fault:
    """Return a fault of the words in which the step refused a file: where: what; expected what."""
    told, _, expected = text.partition("; expected ")
    where, _, what = told.rpartition(": ")
    return Fault(where, what, expected)
