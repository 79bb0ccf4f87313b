"""Tracks: gating and association, the model bank, the life of a track, late data by replay.

`MeasurementScan` in, `TrackUpdate` out (`kernel.records`). One `Tracker` per picture; it trusts what `sense` and
`fuse` hand it. The trap avoided: nothing here assumes that a scan's detections are of one object, in time, or true.
"""

from beaconfire.track.associate import association_weights
from beaconfire.track.single import ModelFilter, ModelName
from beaconfire.track.tracker import Tracker

__all__ = ["ModelFilter", "ModelName", "Tracker", "association_weights"]
