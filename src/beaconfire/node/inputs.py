"""Everything that can happen to a node, as records: the only way into `step`, and the rows of the journal.

One tagged union, encoded canonically, so that a journal holds exactly what the node was given and replay gives it
again. Times are the node's `now_ns`, handed to `step` beside the input and journaled with it.
"""

import msgspec

from beaconfire.kernel.alerts import Delivery, Notice, Order
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import Scan


class Partner(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A nation this node is joined with, and the Ed25519 public key (32 bytes) its envelopes verify under."""

    nation: str
    public_key: bytes


class _Input(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, tag=True):
    """Base of all inputs: an array whose first element names the type."""


class Genesis(_Input, frozen=True):
    """The first row of a journal: all a replay needs to start from nothing.

    `id_secret` keys the pseudonyms and source ids of this node; it never leaves the journal. `fingerprint` says
    which build and machine computed the decisions, so that replay knows whether bytes can be compared. Without
    `warning_toml` the node warns nobody; `people_toml` and `rules` are files signed by the root `root_public`.
    `classes_toml` are the classes that launches are held against, b"" for the package's.
    """

    nation: str
    realm: Realm
    sensors_toml: bytes
    policy_toml: bytes
    partners: tuple[Partner, ...]
    id_secret: bytes
    epoch: int
    fingerprint: str
    warning_toml: bytes = b""
    people_toml: bytes = b""
    rules: tuple[bytes, ...] = ()
    root_public: bytes = b""
    classes_toml: bytes = b""


class ScanIn(_Input, frozen=True):
    """One scan of one own sensor."""

    scan: Scan


class Tick(_Input, frozen=True):
    """Time has passed; nothing else happened."""


class PolicyLoad(_Input, frozen=True):
    """A new release policy, as the bytes of its file; its officers are in `people_toml`, else in the genesis."""

    policy_toml: bytes
    people_toml: bytes = b""


class EnvelopeIn(_Input, frozen=True):
    """A partner's envelope whose signature the intake has verified; `envelope` are its unsigned bytes.

    `origin_signature` is the originator's over the release inside, verified too, where the wire asks for one. One that
    came in a bundle has a `proof`: the signature is over the root that it leads to (`share.signed_words`).
    """

    partner: str
    envelope: bytes
    signature: bytes
    origin_signature: bytes = b""
    proof: bytes = b""


class ControlIn(_Input, frozen=True):
    """A partner's control (hello, beat, receipt, suspend) whose signature the intake has verified; unsigned bytes."""

    partner: str
    control: bytes
    signature: bytes


class Join(_Input, frozen=True):
    """A nation becomes a partner in mid-life, or comes back after it had left: under this key, in a new epoch."""

    partner: Partner
    by: tuple[str, ...]


class Suspend(_Input, frozen=True):
    """Nothing goes to a partner any more until `Resume`; `by` are the people who ordered it."""

    nation: str
    by: tuple[str, ...]
    reason: str


class Resume(_Input, frozen=True):
    """A suspended partner returns in a new epoch; `public_key` b"" keeps the key it had."""

    nation: str
    public_key: bytes
    by: tuple[str, ...]


class Leave(_Input, frozen=True):
    """The link with a partner ends at `effective_ns` (0: now), with its keys; a notice period is said ahead."""

    nation: str
    by: tuple[str, ...]
    reason: str
    effective_ns: int


class KeyChange(_Input, frozen=True):
    """A partner's envelopes are signed by another key from now on, which root and old key have signed."""

    nation: str
    public_key: bytes
    by: tuple[str, ...]


class Restart(_Input, frozen=True):
    """The node came up again on its journal: every link starts a new epoch and releases what no receipt covers."""


class ClockTrouble(_Input, frozen=True):
    """The wall clock stepped or lost discipline; timed grants count as expired until it is trusted again."""

    trusted: bool
    offset_s: float


class WarningLoad(_Input, frozen=True):
    """New warning settings, people and automatic rules, as the bytes of their files."""

    warning_toml: bytes
    people_toml: bytes
    rules: tuple[bytes, ...]


class Command(Order, frozen=True, tag=True):
    """A person's signed order about an alert."""


class Delivered(Delivery, frozen=True, tag=True):
    """What a channel's end-point did with a published message."""


class NoticeIn(Notice, frozen=True, tag=True):
    """Another authority's alert has become known, or has ended."""


Input = (
    Genesis
    | ScanIn
    | Tick
    | PolicyLoad
    | EnvelopeIn
    | ControlIn
    | ClockTrouble
    | Restart
    | WarningLoad
    | Command
    | Delivered
    | NoticeIn
    | Join
    | Suspend
    | Resume
    | Leave
    | KeyChange
)

_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[Input] = msgspec.msgpack.Decoder(Input)


def encode_input(item: Input) -> bytes:
    """Return the journal bytes of an input."""
    return _ENCODER.encode(item)


def decode_input(data: bytes) -> Input:
    """Return the input of journal bytes; raises `msgspec.DecodeError` for anything else."""
    return _DECODER.decode(data)
