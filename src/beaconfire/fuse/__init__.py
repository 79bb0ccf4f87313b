"""Fusion: which of theirs is which of ours; what ours tell them, so that nothing counts twice."""

from beaconfire.fuse.partners import PartnerTracks, Tracklet, prefix_of
from beaconfire.fuse.rules import (
    add_information,
    covariance_intersection,
    information_gained,
    information_sum,
    inverse_covariance_intersection,
)
from beaconfire.fuse.tracklets import Tracklets
from beaconfire.fuse.trust import NOTICED, Trust

__all__ = [
    "NOTICED",
    "PartnerTracks",
    "Tracklet",
    "Tracklets",
    "Trust",
    "add_information",
    "covariance_intersection",
    "information_gained",
    "information_sum",
    "inverse_covariance_intersection",
    "prefix_of",
]
