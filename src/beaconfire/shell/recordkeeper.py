"""The launch record as a window of the node: it enters what the node's sensors detected and what partners told.

Written after the commit like everything that is shown, in a thread of its own. A claim's id is its content, so that
a journal that is replayed at the next start enters nothing twice; what could not be entered comes by it again.
"""

from collections.abc import Callable, Iterator, Sequence

from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import ImpactBody, Kind, LaunchBody, WithdrawalBody
from beaconfire.kernel.time import from_seconds
from beaconfire.kernel.wire import decode_body
from beaconfire.node import Effect, ShowEvent, ShowLate, ShowPartner
from beaconfire.record import Claim, Gatherer
from beaconfire.shell.errands import RETRY_S, Errands
from beaconfire.shell.recordstore import RecordStore

_LOOK_NS = from_seconds(10.0)  # between looks whether a partner has fallen silent


class RecordKeeper:
    """Keeps one node's part of a launch record."""

    def __init__(
        self, store: RecordStore, *, nation: str, realm: Realm, told: Callable[[str], None], retry_s: float = RETRY_S
    ) -> None:
        """Start; `told` is given a line when the record cannot be written, and when it can again."""
        self._gatherer = Gatherer(nation=nation, realm=realm)
        self._errands: Errands[Claim] = Errands(
            store.add, what=f"launch record {store.path}", told=told, retry_s=retry_s
        )
        self._looked_ns = 0

    @property
    def trouble(self) -> str:
        """Why the record cannot be written, or nothing."""
        return self._errands.trouble

    def show(self, *, seq: int, now_ns: int, effects: Sequence[Effect], durable: bool) -> None:
        """Take what the effects of one journal row say of launches."""
        for effect in effects:
            self._enter(self._claims(effect))
        if now_ns - self._looked_ns >= _LOOK_NS:
            self._looked_ns = now_ns
            self._enter(self._gatherer.quiet(now_ns))

    def close(self) -> None:
        """Enter what is known of everything that is still open, and end."""
        self._enter(self._gatherer.rest())
        self._errands.close()

    def _claims(self, effect: Effect) -> Iterator[Claim]:
        if isinstance(effect, ShowEvent):
            yield from self._gatherer.event(effect.revision)
        elif isinstance(effect, ShowPartner):
            yield from self._gatherer.partner(effect.partner, effect.body, now_ns=effect.now_ns)
        elif isinstance(effect, ShowLate):
            body = _body(effect)
            if body is not None:
                yield from self._gatherer.partner(effect.partner, body, now_ns=effect.now_ns, late=True)

    def _enter(self, claims: Iterator[Claim]) -> None:
        for claim in claims:
            self._errands.put((claim.source, claim.statement, claim.edition), claim)


def _body(effect: ShowLate) -> LaunchBody | ImpactBody | WithdrawalBody | None:
    """The launch, impact or withdrawal that came late; a trajectory is no claim."""
    try:
        body = decode_body(Kind(effect.kind), effect.body)
    except (Refused, ValueError):
        return None
    return body if isinstance(body, LaunchBody | ImpactBody | WithdrawalBody) else None
