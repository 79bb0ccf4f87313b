"""Room 7: who must be warned, in which words, by whose word; nothing here sends anything.

Forecasts come in, alerts take their course (`desk`), messages become exact CAP bytes (`cap`), people or a written rule
approve these bytes, and only then is there something that the shell may sign and publish. The traps avoided are the
real ones: an alert without its cancel ready, one person and one screen, a lost track that "passed", a shelter text
after the fact, two voices for one area.
"""

from beaconfire.warn.approvals import signed_bytes
from beaconfire.warn.authority import Authority
from beaconfire.warn.people import Person, load_people, parse_people
from beaconfire.warn.sealed import open_sealed, seal
from beaconfire.warn.settings import Channel, Settings, parse_settings

__all__ = [
    "Authority",
    "Channel",
    "Person",
    "Settings",
    "load_people",
    "open_sealed",
    "parse_people",
    "parse_settings",
    "seal",
    "signed_bytes",
]
