"""Pictures made of some compartments alone, for partners that are granted no others.

A sensor's `compartment` says where its information is kept. A partner that is granted all of a node's compartments is
told of the OWN picture. One that is granted less is told of a picture of its own sort, made as OWN is, but of the scans
of the granted compartments alone: its tracks, events, counts and contributors cannot speak of the others, not even by
what is missing. Partners with the same compartments share one. A node whose sensors all lie in one compartment, as by
default, has none of this.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from beaconfire.assess import Assessor
from beaconfire.fuse import Tracklets
from beaconfire.kernel.products import Product
from beaconfire.kernel.records import EventRevision, MeasurementScan, TrackUpdate
from beaconfire.node.telling import Telling
from beaconfire.track import Tracker


@dataclass(slots=True)
class View:
    """One such picture, and the partners that are told of it."""

    compartments: frozenset[str]
    partners: tuple[str, ...]
    tracker: Tracker
    assessor: Assessor
    telling: Telling

    def scan(self, scan: MeasurementScan, *, compartment: str, now_ns: int) -> list[Product]:
        """Take in a scan if it is of this picture's compartments; returns what partners may be told."""
        if compartment not in self.compartments:
            return []
        return self._follow(self.tracker.scan(scan), now_ns)

    def advance(self, now_ns: int) -> list[Product]:
        """Let time pass; returns what partners may be told."""
        products = self._follow(self.tracker.advance(now_ns), now_ns)
        return products + self._events(self.assessor.tick(now_ns))

    def _follow(self, updates: list[TrackUpdate], now_ns: int) -> list[Product]:
        self.telling.note(updates)
        products = self._events(self.assessor.update(updates, now_ns=now_ns))
        return [*products, *(product for update in updates for product in self.telling.track(update))]

    def _events(self, revisions: Iterable[EventRevision]) -> list[Product]:
        return [product for revision in revisions for product in self.telling.event(revision)]


def make_views(
    granted: Mapping[str, frozenset[str]],
    known: Mapping[frozenset[str], View],
    *,
    nation: str,
    secret: bytes,
    interval_ns: int,
    compartments: Mapping[str, str],
) -> dict[frozenset[str], View]:
    """Return the pictures that partners need who are granted some compartments only; those that exist already go on.

    `granted` are each partner's compartments, `compartments` those of the sensors.
    """
    everything = frozenset(compartments.values())
    needed: dict[frozenset[str], list[str]] = {}
    for partner, some in granted.items():
        if everything & some and not everything <= some:
            needed.setdefault(everything & some, []).append(partner)
    views: dict[frozenset[str], View] = {}
    for some, partners in needed.items():
        view = known.get(some) or _make(some, nation, secret, interval_ns, compartments)
        view.partners = tuple(partners)
        views[some] = view
    return views


def _make(
    some: frozenset[str], nation: str, secret: bytes, interval_ns: int, compartments: Mapping[str, str]
) -> View:  # fmt: skip
    name = hashlib.sha256("\0".join(sorted(some)).encode()).hexdigest()[:6]
    inside = {sensor: kept_in for sensor, kept_in in compartments.items() if kept_in in some}
    return View(
        compartments=some,
        partners=(),
        tracker=Tracker("own", id_prefix=f"{nation}-v{name}-"),
        assessor=Assessor(nation=nation, id_prefix=f"{nation}-v{name}-E"),
        telling=Telling(Tracklets(nation, secret, interval_ns=interval_ns), compartments=inside),
    )
