"""Products that partners miss while they are away: kept once for all of them, packed, in order, up to a limit.

In: products with the partners that miss them, and products that one partner alone must be told first. Out: the next
ones of a partner, to be decided under the policy of that moment. Nothing here decides or sends. Beyond the limit the
oldest go, and how many is counted for each partner they were kept for: never silently.
"""

import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, get_type_hints

import msgspec

from beaconfire.kernel import codec, limits, wire
from beaconfire.kernel.products import Product

_CHUNK = 256  # packed together: names, lists and probabilities repeat, the states do not
_NAMES = tuple(get_type_hints(Product))
_Kept: Any = msgspec.defstruct(
    "_Kept",
    [(name, bytes if name == "body" else hint) for name, hint in get_type_hints(Product).items()],
    array_like=True,
)
_ENCODER = msgspec.msgpack.Encoder()
_DECODER: msgspec.msgpack.Decoder[list[Any]] = msgspec.msgpack.Decoder(list[tuple[tuple[str, ...], bool, _Kept]])
_BODIES = {kind: msgspec.msgpack.Decoder(body) for kind, body in wire.BODY_TYPES.items()}


class _Chunk:
    """Some rows of the log: `first` is the position of the first, `partners` all that any of them is kept for."""

    __slots__ = ("count", "data", "first", "partners")

    def __init__(self, first: int, rows: list[Any]) -> None:
        """Pack rows."""
        self.first, self.count = first, len(rows)
        self.partners = frozenset(partner for partners, *_ in rows for partner in partners)
        self.data = zlib.compress(_ENCODER.encode(rows), 1)

    def rows(self) -> list[Any]:
        """Unpack them."""
        return _DECODER.decode(zlib.decompress(self.data))


class Backlog:
    """What is kept for all partners of a node; `lost` counts what was let go by partner."""

    def __init__(self) -> None:
        """Start with nothing kept."""
        self.lost: dict[str, int] = {}
        self._chunks: deque[_Chunk] = deque()
        self._open: list[Any] = []
        self._end = 0
        self._cursors: dict[str, int] = {}
        self._first: dict[str, deque[Product]] = {}
        self._left: dict[str, int] = {}

    def append(self, product: Product, partners: Iterable[str], *, again: bool = False) -> None:
        """Keep a product for partners that miss it; `again`: it had been released, so that no rate bears on it."""
        names = tuple(partners)
        for partner in names:
            self._cursors.setdefault(partner, self._end)
            self._left[partner] = self._left.get(partner, 0) + 1
        self._open.append((names, again, _packed(product)))
        self._end += 1
        if len(self._open) == _CHUNK:
            self._chunks.append(_Chunk(self._end - _CHUNK, self._open))
            self._open = []
            self._bound()

    def put_first(self, products: Iterable[Product], partner: str) -> None:
        """Keep products that one partner must be told before all else that is kept for it."""
        self._first[partner] = deque([*products, *self._first.get(partner, ())])

    def take(self, partner: str, count: int) -> list[tuple[Product, bool]]:
        """Return the next products of a partner with their `again`, at most `count`, and keep them for it no more."""
        first = self._first.get(partner, deque())
        found = [(first.popleft(), True) for _ in range(min(count, len(first)))]
        for position, product, again in self._after(partner):
            if len(found) == count:
                break
            found.append((product, again))
            self._cursors[partner] = position + 1
            self._left[partner] -= 1
        if not self.left(partner):
            self.forget(partner)
        return found

    def first(self, partner: str) -> tuple[Product, ...]:
        """Return what a partner must be told before all else."""
        return tuple(self._first.get(partner, ()))

    def left(self, partner: str) -> int:
        """Return how many products are kept for a partner."""
        return len(self._first.get(partner, ())) + self._left.get(partner, 0)

    def forget(self, partner: str) -> None:
        """Keep nothing for a partner any more."""
        for table in (self._cursors, self._first, self._left):
            table.pop(partner, None)
        self._trim()

    def size_bytes(self) -> int:
        """Return about how many bytes the packed part takes."""
        return sum(len(chunk.data) + 200 for chunk in self._chunks)

    def _after(self, partner: str) -> Iterator[tuple[int, Product, bool]]:
        cursor = self._cursors.get(partner, self._end)
        for chunk in [chunk for chunk in self._chunks if chunk.first + chunk.count > cursor]:
            if partner in chunk.partners:
                yield from _rows_for(partner, cursor, chunk.first, chunk.rows())
        yield from _rows_for(partner, cursor, self._end - len(self._open), self._open)

    def _bound(self) -> None:
        self._trim()
        while self._end - self._chunks[0].first > limits.MAX_BACKLOG:
            oldest = self._chunks.popleft()
            for number, (partners, *_) in enumerate(oldest.rows(), start=oldest.first):
                for partner in partners:
                    if self._cursors.get(partner, self._end) <= number:
                        self.lost[partner] = self.lost.get(partner, 0) + 1
                        self._left[partner] -= 1

    def _trim(self) -> None:
        """Drop what no partner waits for."""
        needed = min(self._cursors.values(), default=self._end)
        while self._chunks and self._chunks[0].first + self._chunks[0].count <= needed:
            self._chunks.popleft()
        if not self._cursors:
            self._open.clear()


def _rows_for(partner: str, cursor: int, first: int, rows: list[Any]) -> Iterator[tuple[int, Product, bool]]:
    for position, (partners, again, kept) in enumerate(list(rows), start=first):
        if position >= cursor and partner in partners:
            yield position, _product(kept), again


def _packed(product: Product) -> Any:
    values = {name: getattr(product, name) for name in _NAMES}
    return _Kept(**(values | {"body": codec.encode(product.body)}))


def _product(kept: Any) -> Product:
    values = {name: getattr(kept, name) for name in _NAMES}
    return Product(**(values | {"body": _BODIES[kept.kind].decode(kept.body)}))
