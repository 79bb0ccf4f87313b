"""The corridor: one value (`state`) and one function (`step`); the only place where the rooms meet."""

from beaconfire.node.effects import Effect, Purge, Send, ShowAudit, ShowEvent, ShowTrack, digest
from beaconfire.node.inputs import (
    ClockTrouble,
    ControlIn,
    EnvelopeIn,
    Genesis,
    Input,
    Partner,
    PolicyLoad,
    Restart,
    ScanIn,
    Tick,
    decode_input,
    encode_input,
)
from beaconfire.node.offers import covariance_of, event_offers, received_tracklet, trajectory_offer
from beaconfire.node.state import NodeState, checkpoint, initial
from beaconfire.node.step import step

__all__ = [
    "ClockTrouble",
    "ControlIn",
    "Effect",
    "EnvelopeIn",
    "Genesis",
    "Input",
    "NodeState",
    "Partner",
    "PolicyLoad",
    "Purge",
    "Restart",
    "ScanIn",
    "Send",
    "ShowAudit",
    "ShowEvent",
    "ShowTrack",
    "Tick",
    "checkpoint",
    "covariance_of",
    "decode_input",
    "digest",
    "encode_input",
    "event_offers",
    "initial",
    "received_tracklet",
    "step",
    "trajectory_offer",
]
