"""Share: envelopes, numbering, chains, voids, receipts; the pure state of a link between two nations."""

from beaconfire.share.chain import Chain
from beaconfire.share.incoming import Arrival, Incoming, Outcome, Proof, Stage
from beaconfire.share.link import ControlOut, Heard, Link, next_epoch
from beaconfire.share.outgoing import Numbered, Outgoing, Settled
from beaconfire.share.verify import open_control, open_envelope, verify

__all__ = [
    "Arrival",
    "Chain",
    "ControlOut",
    "Heard",
    "Incoming",
    "Link",
    "Numbered",
    "Outcome",
    "Outgoing",
    "Proof",
    "Settled",
    "Stage",
    "next_epoch",
    "open_control",
    "open_envelope",
    "verify",
]
