"""Room 7: who must be warned, in which words, by whose word; nothing here sends anything.

Forecasts come in, alerts take their course (`desk`), messages become exact CAP bytes (`cap`), people or a written rule
approve these bytes, and only then is there something that the shell may sign and publish. The traps avoided are the
real ones: an alert without its cancel ready, one person and one screen, a lost track that "passed", a shelter text
after the fact, two voices for one area.
"""

from beaconfire.warn.approvals import signed_bytes
from beaconfire.warn.areas import Area, areas
from beaconfire.warn.authority import Action, Authority
from beaconfire.warn.cap import reference, render
from beaconfire.warn.capcheck import check_cap
from beaconfire.warn.capxml import parse_cap
from beaconfire.warn.desk import Desk
from beaconfire.warn.outlook import ENDED, Outlook
from beaconfire.warn.preset import rule_preset, warning_preset
from beaconfire.warn.rules import Rule, parse_rule
from beaconfire.warn.settings import Channel, Settings, parse_settings

__all__ = [
    "ENDED",
    "Action",
    "Area",
    "Authority",
    "Channel",
    "Desk",
    "Outlook",
    "Rule",
    "Settings",
    "areas",
    "check_cap",
    "parse_cap",
    "parse_rule",
    "parse_settings",
    "reference",
    "render",
    "rule_preset",
    "signed_bytes",
    "warning_preset",
]
