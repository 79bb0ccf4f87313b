"""Fusion: which of theirs is which of ours; what ours tell them, so that nothing counts twice."""

from beaconfire.fuse.partners import PartnerTracks, Tracklet
from beaconfire.fuse.tracklets import Tracklets

__all__ = ["PartnerTracks", "Tracklet", "Tracklets"]
