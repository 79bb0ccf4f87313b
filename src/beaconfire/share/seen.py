"""Which records took effect here: by originator and source id, over all links, so that no detour counts one twice.

Kept by the partner that brought a record: one that floods forgets its own, and never what others brought.
"""

from beaconfire.kernel import limits

_Key = tuple[str, bytes]


class Seen:
    """One for all links of a node."""

    def __init__(self) -> None:
        """Start with nothing seen."""
        self._by: dict[str, dict[_Key, None]] = {}

    def first(self, *, originator: str, source_id: bytes, brought_by: str) -> bool:
        """Note a record; False if it was seen before, whoever brought it."""
        key = (originator, source_id)
        if any(key in known for known in self._by.values()):
            return False
        mine = self._by.setdefault(brought_by, {})
        mine[key] = None
        if len(mine) > limits.MAX_SEEN:
            del mine[next(iter(mine))]
        return True
