"""Share: envelopes, numbering, chains, voids, receipts; the pure state of a link between two nations."""

from beaconfire.share.backlog import Backlog
from beaconfire.share.bundle import Opened, bundle_words, is_bundle, open_message, signed_words
from beaconfire.share.chain import Chain
from beaconfire.share.evidence import Contradiction, Evidence, check_evidence, contradictions, encode_evidence
from beaconfire.share.incoming import Arrival, CaughtUp, Incoming, Outcome, Proof, Stage
from beaconfire.share.link import ControlOut, Heard, Link, next_epoch
from beaconfire.share.outgoing import Numbered, Outgoing, Settled
from beaconfire.share.seen import Seen
from beaconfire.share.standing import Notice, Standing, StandingName
from beaconfire.share.tally import Tally
from beaconfire.share.verify import check_origin, open_control, open_envelope, verify

__all__ = [
    "Arrival",
    "Backlog",
    "CaughtUp",
    "Chain",
    "Contradiction",
    "ControlOut",
    "Evidence",
    "Heard",
    "Incoming",
    "Link",
    "Notice",
    "Numbered",
    "Opened",
    "Outcome",
    "Outgoing",
    "Proof",
    "Seen",
    "Settled",
    "Stage",
    "Standing",
    "StandingName",
    "Tally",
    "bundle_words",
    "check_evidence",
    "check_origin",
    "contradictions",
    "encode_evidence",
    "is_bundle",
    "next_epoch",
    "open_control",
    "open_envelope",
    "open_message",
    "signed_words",
    "verify",
]
