"""What partners are told of one picture that this nation made of its own sensors: what is new in it, said once.

In: the picture's updates and revisions. Out: products, with the sensors and compartments that are in them, and on
demand all that is true now, for a partner that returns and for people who ask what one would be given.
"""

from collections.abc import Iterable, Mapping, Sequence

from beaconfire.fuse import Tracklets
from beaconfire.kernel import limits
from beaconfire.kernel.products import Kind, Product
from beaconfire.kernel.records import EventRevision, EventStatus, ObjectAssessment, TrackStatus, TrackUpdate
from beaconfire.node.offers import assessment_offers, detection_offer, event_offers, trajectory_offer, withdrawal_offers

_SHARED = (EventStatus.SUSPECTED, EventStatus.CONFIRMED, EventStatus.LOST)


class Telling:
    """Keeps what was said of one picture. `compartments` says in which each sensor's information is kept."""

    def __init__(self, tracklets: Tracklets, *, compartments: Mapping[str, str]) -> None:
        """Start with nothing said."""
        self.kinds: frozenset[Kind] = frozenset()  # what anybody is granted, of what is made for that alone
        self.tracklets = tracklets
        self._compartments = compartments
        self._told: dict[str, ObjectAssessment] = {}
        self._status: dict[str, tuple[EventStatus, int]] = {}
        self._said: dict[tuple[Kind, str], Product] = {}
        self._sensors: dict[str, tuple[str, ...]] = {}  # by track, while it is in the picture
        self._behind: dict[str, dict[str, None]] = {}  # by event: every sensor that ever contributed

    def note(self, updates: Iterable[TrackUpdate]) -> None:
        """Note which sensors are behind each track, before what follows from it is assessed."""
        for update in updates:
            self._sensors[update.track_id] = update.sensors

    def event(self, revision: EventRevision) -> list[Product]:
        """Return what a revision says that was not said before, and tell partners of its tracks from now on."""
        status = (revision.status, revision.count_at_least)
        urgent = self._status.get(revision.event_id) != status
        self._status[revision.event_id] = status
        behind = self._behind.setdefault(revision.event_id, {})
        for assessed in revision.objects:
            for track_id in assessed.track_ids:
                behind.update(dict.fromkeys(self._sensors.get(track_id, ())))
                if revision.status in _SHARED:
                    self._told[track_id] = assessed
        offers = event_offers(revision, urgent=urgent, sensors=tuple(behind), compartments=self._kept_in(tuple(behind)))
        products = [product for product in offers if self._is_news(product)]
        if Kind.ASSESSMENT in self.kinds:
            told = assessment_offers(
                revision, urgent=urgent, sensors=tuple(behind), compartments=self._kept_in(tuple(behind))
            )
            products += [product for product in told if self._is_news(product)]
        if revision.status is EventStatus.RETRACTED and urgent:
            products += withdrawal_offers(revision)
        return products

    def track(self, update: TrackUpdate) -> list[Product]:
        """Return what a track of an event gained since the last tracklet, its detections before their sum."""
        if update.replaces in self._told:
            self._told[update.track_id] = self._told.pop(update.replaces)
            self.tracklets.forget(update.replaces)
        told = self._told.get(update.track_id)
        if update.status is TrackStatus.ENDED:
            self._forget(update.track_id)
            return []
        tracklet = None if told is None else self.tracklets.observe(update)
        if told is None or tracklet is None:
            return []
        product = trajectory_offer(tracklet, update, told, compartments=self._kept_in(update.sensors))
        self._keep(product)
        if Kind.DETECTION not in self.kinds or not 0 < len(tracklet.looks) <= limits.MAX_LOOKS:
            return [product]
        return [detection_offer(tracklet, product), product]

    def again(self) -> None:
        """Let everything be said anew: a wider grant may let go what is still true."""
        self._said = {key: product for key, product in self._said.items() if key[0] is Kind.TRAJECTORY}

    def live(self) -> tuple[Product, ...]:
        """Return the last product of every track and event that still goes on."""
        return tuple(product for product in self._said.values() if self._is_live(product))

    def _is_live(self, product: Product) -> bool:
        if product.kind is Kind.TRAJECTORY:
            return product.local_id in self._told
        return product.event_id in self._status and self._status[product.event_id][0] in _SHARED

    def _is_news(self, product: Product) -> bool:
        last = self._said.get((product.kind, product.local_id))
        self._keep(product)
        return last is None or last.body != product.body

    def _keep(self, product: Product) -> None:
        self._said[product.kind, product.local_id] = product
        if len(self._said) > limits.MAX_RELEASE_SUBJECTS:
            del self._said[next(iter(self._said))]

    def _forget(self, track_id: str) -> None:
        self.tracklets.forget(track_id)
        for table in (self._told, self._sensors):
            table.pop(track_id, None)
        self._said.pop((Kind.TRAJECTORY, track_id), None)

    def _kept_in(self, sensors: Sequence[str]) -> tuple[str, ...]:
        """Return the compartments of these sensors; of nobody knows which, all there are."""
        known = [self._compartments[sensor] for sensor in sensors if sensor in self._compartments]
        return tuple(sorted(set(known or self._compartments.values()))) or ("main",)
