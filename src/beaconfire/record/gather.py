"""What a node detects and what its partners tell, gathered until it is a claim worth entering.

In: revisions of events and partners' bodies, as they come. Out: claims, when an event has ended, when a partner closed
or took back its own or fell silent about it, or, with `rest`, when the node ends. Pure, so that a journal that is
replayed gives the same claims again. The trap avoided: a claim a second, where one is meant.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from beaconfire.kernel import limits
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import ImpactBody, Kind, LaunchBody, WithdrawalBody
from beaconfire.kernel.records import EventRevision, EventStatus, PictureName
from beaconfire.kernel.time import from_seconds
from beaconfire.record.claims import Claim
from beaconfire.record.events import claim_of_partner, claims_of_event

QUIET_NS = from_seconds(600.0)  # a partner that says nothing new of an event for so long has said what it has to say
_ENDED = (EventStatus.CLOSED, EventStatus.RETRACTED)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a partner has said of one of its objects; `words` counts it, `entered` were counted when it was entered."""

    launch: LaunchBody | None
    impact: ImpactBody | None
    first_ns: int
    last_ns: int
    withdrawn: bool = False
    late: bool = False
    words: int = 0
    entered: int = 0


class Gatherer:
    """Gathers for one node; its own events make claims of "own sensors", partners' words make theirs."""

    def __init__(self, *, nation: str, realm: Realm) -> None:
        """Start with nothing gathered."""
        self._nation, self._realm = nation, realm
        self._events: dict[str, dict[PictureName, EventRevision]] = {}
        self._told: dict[tuple[str, str], _Told] = {}

    def event(self, revision: EventRevision) -> Iterator[Claim]:
        """Take a revision of either picture; yields the claim of an event that has ended.

        OWN speaks for own sensors. An event that only FUSED has is ours where our sensors contributed, else its
        partners' to tell.
        """
        held = self._events.setdefault(revision.event_id, {})
        held[revision.picture] = revision
        if revision.status not in _ENDED:
            return
        if revision.picture == "own" or "own" not in held:
            yield from self._own(held)
        if revision.picture == "fused" or "fused" not in held:
            del self._events[revision.event_id]

    def partner(
        self, nation: str, body: LaunchBody | ImpactBody | WithdrawalBody, *, now_ns: int, late: bool = False
    ) -> Iterator[Claim]:
        """Take a partner's word; yields the claim of what it closed or took back.

        `late`: it came too late for the picture; what came in time of the same object stands.
        """
        key = (nation, body.id if isinstance(body, WithdrawalBody) else body.event)
        known = self._told.pop(key, None) or _Told(None, None, now_ns, now_ns)
        if late and known.words and not known.late:
            self._told[key] = known
            return
        told = self._told[key] = replace(_joined(known, body), last_ns=now_ns, late=late, words=known.words + 1)
        if told.withdrawn or (isinstance(body, LaunchBody) and body.status in _ENDED):
            yield from self._enter(key)
        if len(self._told) > limits.MAX_PARTNER_EVENTS:
            yield from self._let_go(next(iter(self._told)))

    def quiet(self, now_ns: int) -> Iterator[Claim]:
        """Yield the claims of what partners have said nothing new of for a while, and forget it."""
        for key in [key for key, told in self._told.items() if now_ns - told.last_ns >= QUIET_NS]:
            yield from self._let_go(key)

    def rest(self) -> Iterator[Claim]:
        """Yield the claims of all that is still open, as far as it is known."""
        for held in self._events.values():
            if not any(revision.status in _ENDED for revision in held.values()):
                yield from self._own(held)
        for key in list(self._told):
            yield from self._enter(key)

    def _own(self, held: dict[PictureName, EventRevision]) -> Iterator[Claim]:
        revision = held.get("own") or held["fused"]
        if revision.picture == "own" or self._nation in revision.contributors:
            yield claims_of_event(revision, nation=self._nation, realm=self._realm)

    def _let_go(self, key: tuple[str, str]) -> Iterator[Claim]:
        yield from self._enter(key)
        del self._told[key]

    def _enter(self, key: tuple[str, str]) -> Iterator[Claim]:
        told = self._told[key]
        if told.entered == told.words or (told.launch is None and told.impact is None):
            return  # nothing new, or it took back what we never heard
        self._told[key] = replace(told, entered=told.words)
        nation, event = key
        yield claim_of_partner(
            told.launch, told.impact, nation=nation, told=self._nation, realm=self._realm, event=event,
            heard_ns=told.first_ns, edition=told.words, withdrawn=told.withdrawn,
        )  # fmt: skip


def _joined(told: _Told, body: LaunchBody | ImpactBody | WithdrawalBody) -> _Told:
    if isinstance(body, LaunchBody):
        return replace(told, launch=body, withdrawn=body.status is EventStatus.RETRACTED)
    if isinstance(body, ImpactBody):
        return replace(told, impact=body)
    if body.of is Kind.IMPACT:
        return replace(told, impact=None)
    return replace(told, withdrawn=told.withdrawn or body.of is Kind.LAUNCH)
