"""What each picture alone would propose, logged when it changes: probability by area and the thresholds used.

A picture's rows hang on nothing but that picture, so that the OWN ones are the same bytes with partners and without.
"""

from dataclasses import dataclass, field

from beaconfire.kernel.alerts import AlertRow, AlertStatus, MessageKind
from beaconfire.kernel.records import EventStatus, PictureName
from beaconfire.warn.office import DESK, Office
from beaconfire.warn.outlook import Outlook, ids


@dataclass(slots=True)
class Ledger:
    """Remembers of each event and picture which areas were named, whether it was confirmed, and how often it spoke."""

    said: dict[tuple[str, PictureName], tuple[tuple[str, ...], bool, int]] = field(default_factory=dict)

    def note(self, outlook: Outlook, office: Office) -> list[AlertRow]:
        """Return the row that is due: the areas named changed, or the event is confirmed; a lost track says nothing."""
        key = (outlook.event_id, outlook.picture)
        before, was_confirmed, number = self.said.get(key, ((), False, 0))
        named = ids(outlook.threatened)
        confirmed = was_confirmed or outlook.status is EventStatus.CONFIRMED
        if outlook.lost or (named == before and confirmed is was_confirmed):
            return []
        self.said[key] = (named, confirmed, number + 1)
        return [
            AlertRow(
                alert_id=outlook.event_id,
                event_ids=(outlook.event_id,),
                time_ns=outlook.time_ns,
                status=AlertStatus.PROPOSED if named else AlertStatus.WITHDRAWN,
                previous=AlertStatus.PROPOSED if before else None,
                who=DESK,
                why="areas reach a threshold" if named else "no area reaches a threshold",
                kind=MessageKind.SHELTER if named else None,
                digest=office.press.proposal(outlook, number + 1) if named else b"",
                areas=outlook.threats,
                count_at_least=outlook.count_at_least,
                picture=outlook.picture,
                regime=office.settings.regime.preset,
                p_hit=office.regime.p_hit,
                p_pass=office.regime.p_pass,
                nations=outlook.nations,
            )
        ]

    def forget(self, event_id: str) -> None:
        """Drop an event that is closed in every picture."""
        for key in [key for key in self.said if key[0] == event_id]:
            del self.said[key]
