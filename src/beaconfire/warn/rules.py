"""Automatic rules: what may be sent without people, written down beforehand and signed by the nation's root.

    [rule]
    id = "overflight-exercise"
    nation = "JPN"
    realm = "EXERCISE"
    kinds = ["shelter", "update", "passed"]     # cancel and all_clear only at the end of their countdown
    min_probability = 0.5        # of some threatened area: the larger of hit and pass
    areas = ["JP-02"]            # left out: all that the node answers for
    pictures = ["own", "fused"]  # whose word counts
    single_source = false        # true: one sensor's word is enough
    while_boosting = true        # false: wait for the end of thrust
    takes_fused_shrink = false   # true: what FUSED no longer names may go although OWN does
    valid_from = "2025-01-01T00:00:00Z"         # these two may be left out
    valid_until = "2026-01-01T00:00:00Z"

A rule fires on a confirmed event that something measured within seconds; never on a suspected, lost or late one.
"""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from beaconfire.kernel.alerts import AreaThreat, MessageKind
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.labels import Realm, check_name
from beaconfire.kernel.records import EventStatus, PictureName
from beaconfire.kernel.sealed import open_sealed
from beaconfire.kernel.sensors import explain, parse_toml
from beaconfire.kernel.time import parse_utc
from beaconfire.warn.case import TAKE_SHELTER
from beaconfire.warn.outlook import Outlook
from beaconfire.warn.situation import FRESH_NS

_TIMES = ("valid_from", "valid_until")


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One automatic rule, key for key; times are TAI nanoseconds."""

    id: str
    nation: str
    realm: Realm
    kinds: tuple[MessageKind, ...]
    min_probability: Annotated[float, Meta(gt=0.0, le=1.0)]
    areas: tuple[str, ...] | None = None
    pictures: tuple[PictureName, ...] = ("own", "fused")
    single_source: bool = False
    while_boosting: bool = True
    takes_fused_shrink: bool = False
    valid_from: int | None = None
    valid_until: int | None = None

    def allows(self, kind: MessageKind, areas: tuple[AreaThreat, ...], *, now_ns: int) -> bool:
        """Say whether a message of this kind about these areas lies within the rule at this time."""
        if kind not in self.kinds or (self.valid_from is not None and now_ns < self.valid_from):
            return False
        if self.valid_until is not None and now_ns >= self.valid_until:
            return False
        return self.areas is None or all(area.area_id in self.areas for area in areas)

    def trusts(self, outlook: Outlook, *, now_ns: int) -> bool:
        """Say whether a picture's word on an event is good enough: confirmed, fresh, of enough sources."""
        return (
            outlook.picture in self.pictures
            and outlook.status is EventStatus.CONFIRMED
            and not outlook.lost
            and now_ns - outlook.measured_ns <= FRESH_NS
            and (self.single_source or outlook.sources > 1)
            and (self.while_boosting or outlook.reach != "boosting")
        )

    def fires(self, outlook: Outlook, *, now_ns: int) -> bool:
        """Say whether a picture's word is good enough to warn: trusted, and some area is threatened enough."""
        return self.trusts(outlook, now_ns=now_ns) and any(
            max(area.hit_p, area.pass_p) >= self.min_probability for area in outlook.threatened
        )


def load_rule(data: bytes, *, nation: str, realm: Realm, root: bytes, where: str) -> Rule:
    """Return the rule of a sealed file.

    Raises `Refused` for a file that the root did not sign for this realm, `InvalidInput` as `parse_rule`.
    """
    text = open_sealed(data, purpose="rule", realm=realm, key=root, where=where)
    return parse_rule(text, nation=nation, realm=realm, where=where)


def parse_rule(text: bytes, *, nation: str, realm: Realm, where: str) -> Rule:
    """Return the rule of a file's text; raises `InvalidInput` for a wrong one, or another nation's or realm's."""
    document = parse_toml(text, where=where)
    row = document.get("rule")
    if list(document) != ["rule"] or not isinstance(row, dict):
        raise InvalidInput.single(where, "holds no [rule]", "one [rule] table and nothing else")
    try:
        rule = msgspec.convert(_timed(row, where), Rule)
    except msgspec.ValidationError as error:
        raise InvalidInput([explain(error, where=where, known=Rule.__struct_fields__)]) from None
    check_name(rule.id, where=f"{where}: id")
    if (rule.nation, rule.realm) != (nation, realm):
        raise InvalidInput.single(where, f"is for {rule.nation}, {rule.realm}", f"a rule of {nation} for {realm}")
    return rule


def _timed(row: dict[str, Any], where: str) -> dict[str, Any]:
    times = {key: parse_utc(str(row[key]), where=f"{where}: {key}") for key in _TIMES if key in row}
    return {**row, **times}


def warrant(
    rules: Iterable[Rule], kind: MessageKind, areas: tuple[AreaThreat, ...], live: Sequence[Outlook], *, now_ns: int
) -> Rule | None:
    """Return the first rule under which such a message may go now without people, on what live pictures say.

    A call to shelter needs a picture that threatens enough, what follows it one that is trusted; that a track was lost
    needs no picture. Ends are not warranted here: they have a countdown.
    """
    for rule in rules:
        if not rule.allows(kind, areas, now_ns=now_ns):
            continue
        if kind is MessageKind.LOST:
            return rule
        judge = rule.fires if kind in TAKE_SHELTER else rule.trusts
        if any(judge(outlook, now_ns=now_ns) for outlook in live):
            return rule
    return None
