"""Trust: what a sensor says becomes a measurement with honest errors, or is held back with a reason."""

from beaconfire.sense.sense import MAX_AHEAD_S, Quarantined, Sense

__all__ = ["MAX_AHEAD_S", "Quarantined", "Sense"]
