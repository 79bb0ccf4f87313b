"""The channels to the public: a folder, an HTTP end-point, an Atom feed; each of one realm, each with receipts."""

from beaconfire.shell.channels.alerts import ExerciseAlert, LiveAlert, SignedAlert, admit, signed_alert
from beaconfire.shell.channels.atom import FEED_FILE, AtomFeed
from beaconfire.shell.channels.channel import Channel, Health, Outlet, Pace, Receipt
from beaconfire.shell.channels.directory import Directory, file_name
from beaconfire.shell.channels.http import CAP_TYPE, HttpPost, check_url

__all__ = [
    "CAP_TYPE",
    "FEED_FILE",
    "AtomFeed",
    "Channel",
    "Directory",
    "ExerciseAlert",
    "Health",
    "HttpPost",
    "LiveAlert",
    "Outlet",
    "Pace",
    "Receipt",
    "SignedAlert",
    "admit",
    "check_url",
    "file_name",
    "signed_alert",
]
