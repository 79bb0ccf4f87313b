"""Whether a sensor's clock can be right, judged by nothing but when its scans arrive.

A scan that arrives before its own time proves a clock that is ahead. One that arrives late proves nothing, for feeds
delay; but if the least delayed of many was late by more than any feed delays, the clock is behind. What is smaller than
these bounds cannot be told from a feed's delay: it belongs into the sensor's `bias_sigma.time_s`, which enlarges what
its measurements claim.
"""

from collections import deque

from beaconfire.kernel.limits import SENSOR_AHEAD_S, SENSOR_BEHIND_S, SENSOR_SCANS
from beaconfire.kernel.time import NS_PER_S


class SensorClocks:
    """Watches when the scans of sensors arrive."""

    def __init__(self) -> None:
        """Start with nothing heard."""
        self._ages_s: dict[str, deque[float]] = {}
        self._troubles: dict[str, str] = {}

    @property
    def troubles(self) -> dict[str, str]:
        """What is wrong with which sensor's clock now, in words."""
        return self._troubles.copy()

    def heard(self, sensor_id: str, *, time_ns: int, now_ns: int) -> str | None:
        """Note a scan; returns words when the sensor's trouble begins, "" when it ends, None while nothing changes."""
        ages_s = self._ages_s.setdefault(sensor_id, deque(maxlen=SENSOR_SCANS))
        ages_s.append((now_ns - time_ns) / NS_PER_S)
        least_s = min(ages_s)
        before = self._troubles.get(sensor_id)
        if least_s < -SENSOR_AHEAD_S:
            words = f"its clock is at least {-least_s:.2f} s ahead"
        elif least_s > SENSOR_BEHIND_S and len(ages_s) == SENSOR_SCANS:
            words = f"its clock is {least_s:.2f} s behind, or its feed as late"
        else:
            self._troubles.pop(sensor_id, None)
            return None if before is None else ""
        self._troubles[sensor_id] = words
        return words if before is None else None
