"""`beaconfire partner`: invite, accept, list, suspend, resume, leave; at a running node, or at a stopped one."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from beaconfire.cli.signing import KeyFiles, Persons, SignedFiles
from beaconfire.cli.user import NodeFolder

Json = Annotated[bool, Parameter(name="--json", negative="", help="print JSON")]
Reason = Annotated[str, Parameter(name="--reason", help="why, for the journal and the consoles")]


def register(app: App) -> None:
    """Add the `partner` group."""
    group = App(name="partner", help="Membership: who is joined with this nation, who is suspended, who returns.")
    for command in (invite, accept, list_, suspend, resume, leave):
        group.command(command, name=command.__name__.rstrip("_"))
    app.command(group)


def invite(nation: str, *, out: Annotated[Path, Parameter(name="--out")], node: NodeFolder) -> None:
    """Write an invitation for a nation: this node's keys, certificate and address, signed by the nation's root.

    It is valid for seven days and for that nation alone. Tell its people the twelve words over another channel than
    the file takes; they have to compare them. To be joined each of the two nations accepts the other's invitation.

    Parameters
    ----------
    nation
        ISO 3166 alpha-3 code of the nation invited.
    out
        The file to write.
    """
    from beaconfire.cli.partnerwork import invitation

    words = invitation(nation, node=node, out=out)
    print(f"{out}: an invitation for {nation}, valid for seven days")
    print(f"  tell them, over another channel: {words}")


def accept(
    file: Path, *, node: NodeFolder, fingerprint: Annotated[str, Parameter(name="--fingerprint")] = "",
    persons: Persons = (), key_of: KeyFiles = (), signed: SignedFiles = (),
) -> None:  # fmt: skip
    """Take a nation in as a partner from its invitation, after comparing its twelve words.

    In LIVE the words are never skipped, and two officers sign. A running node takes the partner in at once; nothing is
    released to it before the policy says so.

    Parameters
    ----------
    file
        The invitation.
    fingerprint
        The twelve words that the nation's people told over another channel.
    """
    from beaconfire.cli.partnerwork import Signing, taken_in

    found = taken_in(file, node=node, words=fingerprint, signing=Signing(persons, key_of, signed))
    print(f"{found.nation}: is a partner now{'' if found.running else ', from the next start on'}")
    if not fingerprint:
        print(f"  EXERCISE: not compared over another channel: {found.words}")
    print(f"  it has to accept an invitation of ours as well: beaconfire partner invite {found.nation} --out FILE")


def list_(*, node: NodeFolder, json: Json = False) -> None:
    """List every partner: its state and since when, its numbers, when it was last heard, what it missed."""
    import msgspec

    from beaconfire.cli.partnerwork import listed, partner_lines

    rows = listed(node)
    if json:
        print(dumps([msgspec.to_builtins(row) for row in rows.partners], indent=2))
        return
    print("\n".join(partner_lines(rows)))


def suspend(
    nation: str, *, node: NodeFolder, reason: Reason = "", persons: Persons = (), key_of: KeyFiles = (),
    signed: SignedFiles = (),
) -> None:  # fmt: skip
    """Let nothing more go to a partner, at once, and end its connection; what it has already it keeps.

    What it misses is kept for its return. In LIVE one officer signs.

    Parameters
    ----------
    nation
        The partner.
    """
    from beaconfire.cli.partnerwork import Signing, ordered

    outcome = ordered("suspend", nation, node=node, reason=reason, signing=Signing(persons, key_of, signed))
    print(f"{nation}: suspended, row {outcome.seq} of the journal")


def resume(
    nation: str, *, node: NodeFolder, persons: Persons = (), key_of: KeyFiles = (), signed: SignedFiles = ()
) -> None:  # fmt: skip
    """Let a suspended partner return, or take back a leave that was announced.

    It is told first what is true now, then what it missed, as far as today's policy allows. In LIVE two officers sign.

    Parameters
    ----------
    nation
        The partner.
    """
    from beaconfire.cli.partnerwork import Signing, ordered

    outcome = ordered("resume", nation, node=node, signing=Signing(persons, key_of, signed))
    print(f"{nation}: may return, row {outcome.seq} of the journal")


def leave(
    nation: str, *, node: NodeFolder, effective: Annotated[str, Parameter(name="--effective")] = "",
    reason: Reason = "", persons: Persons = (), key_of: KeyFiles = (), signed: SignedFiles = (),
) -> None:  # fmt: skip
    """End a partnership and destroy the keys of its link: at once, or after a notice period.

    To come back, both nations invite and accept anew. In LIVE one officer signs.

    Parameters
    ----------
    nation
        The partner.
    effective
        When, as a UTC date or time such as 2026-03-01 or 2026-03-01T00:00:00Z; at once if not given.
    """
    from beaconfire.cli.partnerwork import Signing, effective_ns, ordered

    when_ns = effective_ns(effective)
    signing = Signing(persons, key_of, signed)
    outcome = ordered("leave", nation, node=node, reason=reason, when_ns=when_ns, signing=signing)
    print(f"{nation}: {f'left from {effective} on' if effective else 'left'}, row {outcome.seq} of the journal")
