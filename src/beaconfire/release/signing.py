"""Who stands behind a policy file: officers' signatures as comments at its end, over the bytes above them.

    # signed by kim for LIVE: 9604a36b696d…

A line holds one person's word (`kernel.approval`) that this nation's policy shall be these bytes. It stays good however
old it is: the version rises with every load, so that an old file cannot come back. In LIVE a file that gives anything
which the one in force does not needs two officers, any other change one; an exercise needs none, but a word that is
given must hold.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from beaconfire.kernel import codec
from beaconfire.kernel.approval import Act, check_word, officers_needed
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.person import Person, Word

GRANT_ACT, POLICY_ACT = "grant", "policy"  # a wider policy; any other change of it
_LINE = re.compile(rb"^# signed by (\S+) for (LIVE|EXERCISE): ([0-9a-f]+)$")
_MARK = re.compile(rb"^# signed by ", re.MULTILINE)


class _Signature(NamedTuple):
    realm: Realm
    word: Word
    line: bytes


def policy_act(data: bytes, *, nation: str, realm: Realm) -> Act:
    """Return the act that officers sign: that this nation's policy shall be these bytes, whoever signed them before."""
    body, _ = _opened(data, where="policy")
    digest = hashlib.sha256(body.rstrip(b"\n") + b"\n").digest()
    return Act(realm=realm, action=POLICY_ACT, subject=nation, digest=digest)


def with_word(data: bytes, word: Word, *, realm: Realm) -> bytes:
    """Return a policy file with a person's word under it, in place of one of that person for that realm."""
    body, signatures = _opened(data, where="policy")
    kept = [item.line for item in signatures if (item.realm, item.word.person) != (realm, word.person)]
    line = f"# signed by {word.person} for {realm}: {codec.encode(word).hex()}".encode()
    return b"\n".join([body.rstrip(b"\n"), *kept, line]) + b"\n"


def signers(data: bytes, *, nation: str, realm: Realm, people: Mapping[str, Person], where: str) -> tuple[str, ...]:
    """Return the ids of the officers whose signatures for this realm stand under a policy file, each once.

    Raises `Refused`: "malformed" for what is no signature or text below one, else as `kernel.approval.check_word`.
    """
    act = policy_act(data, nation=nation, realm=realm)
    _, signatures = _opened(data, where=where)
    names: dict[str, None] = {}
    for item in signatures:
        if item.realm is realm:
            check_word(act, item.word, people=people, where=f"{where}: signature of {item.word.person}")
            names[item.word.person] = None
    return tuple(names)


def needed(*, widens: bool, changes: bool, realm: Realm) -> int:
    """Return how many officers must sign a policy; one that leaves all as it is, such as a first one, needs none."""
    return officers_needed(GRANT_ACT if widens else POLICY_ACT, realm) if widens or changes else 0


def _opened(data: bytes, *, where: str) -> tuple[bytes, list[_Signature]]:
    """Return the signed bytes and the signatures below them."""
    start = _MARK.search(data)
    if start is None:
        return data, []
    lines = data[start.start() :].splitlines()
    return data[: start.start()], [_signature(line, where) for line in lines if line.strip()]


def _signature(line: bytes, where: str) -> _Signature:
    found = _LINE.match(line)
    try:
        if found is None:
            raise ValueError
        word = codec.decode(bytes.fromhex(found[3].decode()), Word, where=where, limit=len(line))
        if word.person != found[1].decode():
            raise ValueError
    except (ValueError, msgspec.DecodeError, Refused):
        what = f"holds {line[:40].decode(errors='replace')!r} below the policy"
        raise Refused("malformed", where=where, what=what, expected="lines that `policy sign` wrote, last") from None
    return _Signature(Realm(found[2].decode()), word, line)
