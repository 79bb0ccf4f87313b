"""`beaconfire policy`: check a release policy, sign it, load it, see what it gives to whom and why the rest stays."""

from __future__ import annotations

import sys
from json import dumps
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from beaconfire.cli.signing import KeyFiles, Persons, SignedFiles
from beaconfire.cli.user import NodeFolder

Json = Annotated[bool, Parameter(name="--json", negative="", help="print JSON")]
MaybeNode = Annotated[
    Path | None, Parameter(name="--node", help="a node: its people's signatures and its version are checked too")
]
Journal = Annotated[Path | None, Parameter(name="--journal", help="a journal instead of a node, as a demo leaves one")]
Draft = Annotated[Path | None, Parameter(name="--policy", help="a policy file instead of the policy in force")]


def register(app: App) -> None:
    """Add the `policy` group."""
    group = App(name="policy", help="What leaves, and to whom: the release policy.")
    for command in (check, sign, load, show, would, export):
        group.command(command)
    app.command(group)


def check(file: Path, *, node: MaybeNode = None, json: Json = False) -> int:
    """Check a policy file: words and bounds, grants that cannot be ordered, kinds that give back what others withhold.

    Exit 3 with one line per fault. With --node also whose policy it is, whether the version rises and who signed it;
    exit 4 for a signature that does not hold.

    Parameters
    ----------
    file
        A policy as docs/policy.md describes it.
    """
    from beaconfire.cli.policywords import faults_json, print_checked
    from beaconfire.cli.policywork import checked
    from beaconfire.kernel.errors import InvalidInput, Violation

    try:
        found = checked(file, node=node)
    except (InvalidInput, Violation) as error:
        if not json:
            raise
        print(faults_json(error))
        return error.exit_code
    print_checked(found, json=json)
    return 0


def sign(
    file: Path, *, node: NodeFolder, persons: Persons = (), key_of: KeyFiles = (), signed: SignedFiles = ()
) -> None:  # fmt: skip
    """Sign a policy file as an officer of a node: what it grants is shown first, the signature becomes its last line.

    In LIVE a policy that gives anything which the one in force does not needs two officers, any other change one.

    Parameters
    ----------
    file
        The policy file; a signature of the same officer is replaced.
    """
    from beaconfire.cli.policywork import signed_file
    from beaconfire.kernel.errors import UsageError

    if not persons and not signed:
        raise UsageError("nobody signs: name an officer with --as, or a file of `beaconfire user word` with --signed")
    names = signed_file(file, node, persons=persons, keys=key_of, signed=signed)
    print(f"{file}: signed by {', '.join(names)}")


def load(*, node: NodeFolder, json: Json = False) -> None:
    """Have a running node read its policy.toml again. A file that is wrong leaves the old policy in force: exit 3."""
    from beaconfire.cli.policywork import loaded

    outcome = loaded(node)
    print(dumps({"seq": outcome.seq, "durable": outcome.durable}) if json else f"in force from row {outcome.seq} on")


def show(*, node: NodeFolder, json: Json = False) -> None:
    """Show the policy in force at a node, for each partner, with the hash that the partner sees of its own part.

    A running node is asked, of a stopped one the journal is replayed.
    """
    from beaconfire.cli.policywords import print_in_force
    from beaconfire.cli.policywork import in_force

    print_in_force(in_force(node), json=json)


def would(
    partner: str, *, node: MaybeNode = None, journal: Journal = None, policy: Draft = None, json: Json = False
) -> None:  # fmt: skip
    """Show what a partner would be given now, by which rule and in which form, and why not the rest.

    Parameters
    ----------
    partner
        The nation, as JPN.
    """
    from beaconfire.cli.policywords import print_would
    from beaconfire.cli.policywork import would_be_given

    print_would(would_be_given(partner, node=node, journal=journal, policy=policy), json=json)


def export(
    file: Path, *, realm: Literal["LIVE", "EXERCISE"] = "EXERCISE",
    format: Annotated[Literal["cedar"], Parameter(name="--format")] = "cedar",
) -> None:  # fmt: skip
    """Print a policy file in another policy engine's language, for a second opinion of what it allows.

    Parameters
    ----------
    file
        A policy as docs/policy.md describes it.
    realm
        Whose grants.
    format
        cedar is Cedar's policy language.
    """
    from beaconfire.kernel.labels import Realm
    from beaconfire.release import export_cedar, parse_policy
    from beaconfire.shell.config import read_bounded

    assert format == "cedar", "the only one there is"
    sys.stdout.write(export_cedar(parse_policy(read_bounded(file), where=str(file)), Realm(realm)))
