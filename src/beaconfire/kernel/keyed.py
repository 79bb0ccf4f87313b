"""Keyed names: ids and draws that only the owner of a secret can link to what they stand for.

Everything is HMAC-SHA-256 under the node's own secret. Each use has its purpose as the first part, and every part is
framed by its length, so that no two uses and no two splittings can meet in one digest.
"""

import hmac

SOURCE_ID_BYTES = 16
BATCH_ID_BYTES = 16
_UNIT = 2.0**-53


def keyed_digest(secret: bytes, purpose: str, *parts: str | bytes) -> bytes:
    """Return 32 bytes fixed by the secret, the purpose and the parts."""
    framed = bytearray()
    for part in (purpose, *parts):
        raw = part.encode() if isinstance(part, str) else part
        framed += len(raw).to_bytes(4, "little") + raw
    return hmac.digest(secret, framed, "sha256")


def source_id(secret: bytes, *, record_hash: bytes, kind: str) -> bytes:
    """Return the 16 bytes that name one record in one form, the same at every release of it (EXCHANGE part 2)."""
    return keyed_digest(secret, "source", record_hash, kind)[:SOURCE_ID_BYTES]


def batch_id(secret: bytes, *, track_id: str, number: int) -> bytes:
    """Return the 16 bytes that name one tracklet of one track, the same to every partner."""
    return keyed_digest(secret, "batch", track_id, number.to_bytes(8, "little"))[:BATCH_ID_BYTES]


def pseudonym(secret: bytes, *, prefix: str, partner: str, local_id: str) -> str:
    """Return the name under which `partner` knows `local_id`: the prefix and 16 hexadecimal digits."""
    return f"{prefix}{keyed_digest(secret, 'pseudonym', partner, prefix, local_id)[:8].hex()}"


def uniform_pair(secret: bytes, purpose: str, *parts: str | bytes) -> tuple[float, float]:
    """Return two independent numbers in [0, 1), fixed by the secret, the purpose and the parts."""
    digest = keyed_digest(secret, purpose, *parts)
    first, second = (int.from_bytes(digest[start : start + 8], "little") >> 11 for start in (0, 8))
    return first * _UNIT, second * _UNIT
