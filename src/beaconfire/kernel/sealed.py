"""Files that one key signs as a whole: who the people are, and what may be sent without them.

Such a file is TOML text and, as its last line, the signature in a comment. The signed bytes begin with what the file
is for and the realm, so that no file passes for another kind, nor an exercise's for a live one.
"""

from collections.abc import Callable
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.limits import MAX_CONFIG_BYTES

Purpose = Literal["people", "rule"]

_MARK = b"# signature: "


def seal(text: bytes, *, purpose: Purpose, realm: Realm, sign: Callable[[bytes], bytes]) -> bytes:
    """Return the file of a text: the text and the signature that `sign` (Ed25519, 64 bytes) makes of it."""
    body = text.rstrip(b"\n") + b"\n"
    return body + _MARK + sign(_signed(body, purpose, realm)).hex().encode() + b"\n"


def open_sealed(data: bytes, *, purpose: Purpose, realm: Realm, key: bytes, where: str) -> bytes:
    """Return the text of a sealed file, verified under the 32 bytes of `key`.

    Raises `Refused`: "too_large", "unsigned", or "signature" for another key, purpose, realm or text.
    """
    if len(data) > MAX_CONFIG_BYTES:
        what = f"is {len(data)} bytes"
        raise Refused("too_large", where=where, what=what, expected=f"at most {MAX_CONFIG_BYTES}")
    body, mark, signature = data.rpartition(_MARK)
    if not mark:
        raise Refused("unsigned", where=where, what="has no signature", expected="a last line of '# signature: …'")
    try:
        signed = bytes.fromhex(signature.decode("ascii").strip())
    except ValueError:
        signed = b""
    if not verifies(key, signed, _signed(body, purpose, realm)):
        raise Refused(
            "signature", where=where, what="is not signed by the nation's root", expected=f"a {realm} {purpose} file"
        )
    return body


def verifies(key: bytes, signature: bytes, data: bytes) -> bool:
    """Say whether an Ed25519 signature of `data` holds under a public key; what is malformed does not."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, data)
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed(body: bytes, purpose: Purpose, realm: Realm) -> bytes:
    return f"beaconfire/{purpose}/{realm}\n".encode() + body
