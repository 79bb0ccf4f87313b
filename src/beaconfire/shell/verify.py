"""Prove a journal: the file, the chain, every signature, what partners heard of its end, and that replay agrees.

In: a journal file, and optionally heads that partners kept. Out: a report of what was compared and what could not be;
damage of any kind raises `Violation` naming the row.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from beaconfire.kernel import limits, wire
from beaconfire.kernel.errors import InvalidInput, Refused, Violation
from beaconfire.kernel.labels import Realm
from beaconfire.node import ControlIn, EnvelopeIn, Genesis, Input, Join, KeyChange, NodeState, Resume, digest, step
from beaconfire.share import check_origin, signed_words
from beaconfire.shell import journal, keys
from beaconfire.shell.fingerprint import fingerprint
from beaconfire.shell.store import Chain, Head, Reader, Record, Row

_NO_EFFECTS = digest(())


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What `verify` found in order: rows, their end, and how far it could be compared."""

    journal: str
    nation: str
    realm: str
    root: str
    rows: int
    head: str
    heads_compared: int | None  # None: no heads were given
    replayed: bool
    why_not_replayed: str = ""


def verify_journal(
    path: Path, *, heads: Path | None = None, progress: Callable[[int], None] = lambda seq: None
) -> Report:
    """Check a journal and return the report.

    Raises `InvalidInput` if the file is no journal or the heads cannot be read, `Violation` for damage: a changed or
    missing row, a wrong signature, an end that contradicts what a partner heard, a replay that decides otherwise.
    """
    reader = Reader(path)
    try:
        told = read_heads(heads, reader.identification.nation) if heads else None
        reader.check_pages()
        _check_owner(reader, where=str(path))
        checker = _Checker(reader, str(path), told or [])
        for row in reader.rows():
            checker.take(row)
            progress(row.seq)
        reader.heads()
        checker.check_end()
    finally:
        reader.close()
    return Report(
        journal=str(path), nation=reader.identification.nation, realm=reader.identification.realm,
        root=reader.identification.root_public.hex(), rows=checker.seq, head=checker.head.hex(),
        heads_compared=None if told is None else len(told), replayed=checker.state is not None,
        why_not_replayed=checker.why_not_replayed,
    )  # fmt: skip


def read_heads(path: Path, nation: str) -> list[Head]:
    """Return what a file tells of the ends of `nation`'s journal: a partner's journal, or JSON lines of an export.

    A line is `{"nation": "KOR", "seq": 17, "head": "<hex>"}`. Raises `InvalidInput`.
    """
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise InvalidInput.single(str(path), error.strerror or "cannot be read", "a file of heads") from None
    if start == b"SQLite format 3\0":
        reader = Reader(path)
        try:
            return [head for head in reader.heads() if head.nation == nation]
        finally:
            reader.close()
    heads = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if line.strip():
            heads.append(_head(line, where=f"{path}:{number}"))
    return [head for head in heads if head.nation == nation]


def export_heads(path: Path) -> bytes:
    """Return the heads that a journal's node heard of its partners, as JSON lines to give away."""
    reader = Reader(path)
    try:
        rows = [{"nation": head.nation, "seq": head.seq, "head": head.head.hex()} for head in reader.heads()]
    finally:
        reader.close()
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


class _Checker:
    """Walks the rows once: chain, signatures, heads and, where it can be compared, the replay."""

    def __init__(self, reader: Reader, where: str, told: list[Head]) -> None:
        self._where = where
        self._told: dict[int, set[bytes]] = {}
        for head in told:
            self._told.setdefault(head.seq, set()).add(head.head)
        self._key = reader.identification.credential.public_key
        self._realm = Realm(reader.identification.realm)
        self._partners: dict[str, bytes] = {}
        self._chain = Chain(where=where)
        self.state: NodeState | None = None
        self.why_not_replayed = "it is empty"

    @property
    def seq(self) -> int:
        """The last row's number."""
        return self._chain.seq

    @property
    def head(self) -> bytes:
        """The last row's hash."""
        return self._chain.head

    def take(self, row: Row) -> None:
        record = self._chain.take(row)
        if not keys.signature_holds(self._key, row.signature, row.record):
            raise self._damage(row.seq, "has a wrong signature")
        if not self._told.get(row.seq, {self.head}) <= {self.head}:
            raise self._damage(row.seq, "is not the row whose hash a partner was told")
        item = journal.read_input(record, where=self._where)
        self._check_partner(item, row.seq)
        self._replay(item, record)
        if self.state is not None:
            self._partners = dict(self.state.keys)  # an order that the step refused changed no key

    def check_end(self) -> None:
        """Raise if a partner heard of rows beyond the last one."""
        beyond = max(self._told, default=0)
        if beyond > self.seq:
            raise Violation(f"{self._where}: ends at row {self.seq}, but a partner was told of row {beyond}: cut off")

    def _check_partner(self, item: Input, seq: int) -> None:
        """A partner's words in the journal still verify under the key that was in force when they came."""
        if isinstance(item, Genesis):
            self._partners = {partner.nation: partner.public_key for partner in item.partners}
        elif isinstance(item, Join):
            self._partners[item.partner.nation] = item.partner.public_key
        elif isinstance(item, KeyChange | Resume) and item.public_key:
            self._partners[item.nation] = item.public_key
        elif isinstance(item, EnvelopeIn | ControlIn):
            words = self._words(item, seq)
            if not keys.signature_holds(self._partners.get(item.partner, b""), item.signature, words):
                raise self._damage(seq, f"holds words of {item.partner} that it did not sign")
            if isinstance(item, EnvelopeIn):
                self._check_origin(item, seq)

    def _words(self, item: EnvelopeIn | ControlIn, seq: int) -> bytes:
        """What the kept signature is over: the words themselves, or the root of the bundle they came in."""
        if isinstance(item, ControlIn):
            return item.control
        try:
            return signed_words(item.envelope, item.proof)
        except Refused as refusal:
            raise self._damage(seq, f"holds words of {item.partner}: {refusal}") from None

    def _check_origin(self, item: EnvelopeIn, seq: int) -> None:
        """What a partner passed on still verifies as its originator's words."""
        try:
            envelope = wire.decode_envelope(item.envelope, realm=self._realm)
            key = self._partners[item.partner]
            check_origin(envelope, item.origin_signature, key=key, origins=self._partners)
        except Refused as refusal:
            raise self._damage(seq, f"holds words passed on by {item.partner}: {refusal}") from None

    def _replay(self, item: Input, record: Record) -> None:
        if self.seq == 1:
            self._begin(item, record)
        elif self.state is not None:
            self.state, effects = step(self.state, item, now_ns=record.now_ns)
            if digest(effects) != record.digest:
                raise self._damage(record.seq, "decided otherwise than the replay: the code or the record was changed")

    def _begin(self, item: Input, record: Record) -> None:
        if not isinstance(item, Genesis):
            raise self._damage(1, f"is a {type(item).__name__}, not the genesis")
        if record.digest != _NO_EFFECTS:
            raise self._damage(1, "claims effects")
        if item.fingerprint != fingerprint():
            self.why_not_replayed = "it was written by another build or on another kind of machine"
            return
        self.state = journal.begin(item, now_ns=record.now_ns, where=self._where)
        self.why_not_replayed = ""

    def _damage(self, seq: int, what: str) -> Violation:
        return Violation(f"{self._where}: row {seq}: {what}")


def _check_owner(reader: Reader, *, where: str) -> None:
    owner = reader.identification
    credential = owner.credential
    if (credential.nation, str(credential.realm), credential.role) != (owner.nation, owner.realm, "journal"):
        raise Violation(f"{where}: the journal's key was made for {credential.nation} {credential.realm}")
    if not keys.credential_holds(credential, owner.root_public):
        raise Violation(f"{where}: the journal's key is not signed by the nation's root")


class _HeadLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    nation: str
    seq: int
    head: str


def _head(line: bytes, *, where: str) -> Head:
    try:
        row = msgspec.json.decode(line[: limits.MAX_LINE_BYTES], type=_HeadLine)
        head = bytes.fromhex(row.head)
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidInput.single(where, str(error), '{"nation": "KOR", "seq": 17, "head": "<hex>"}') from None
    return Head(row.nation, row.seq, head)
