"""The time of the world: what is to happen, in order of time and, at one time, in order of asking."""

import heapq
from collections.abc import Callable
from typing import Any

from beaconfire.rehearse.world.plan import NS_PER_MS


class Queue:
    """Events to come; `now_ns` is nanoseconds since the world began and moves only in `run`."""

    def __init__(self) -> None:
        """Start at zero with nothing to come."""
        self.now_ns = 0
        self._heap: list[tuple[int, int, Callable[..., None], tuple[Any, ...]]] = []
        self._asked = 0

    def after(self, delay_ms: float, call: Callable[..., None], *arguments: Any) -> None:
        """Have something called so many milliseconds from now."""
        self._asked += 1
        heapq.heappush(self._heap, (self.now_ns + int(delay_ms * NS_PER_MS), self._asked, call, arguments))

    def run(self, until_ms: int) -> None:
        """Let everything happen that is due before `until_ms`."""
        heap, until_ns = self._heap, until_ms * NS_PER_MS
        while heap and heap[0][0] < until_ns:
            self.now_ns, _, call, arguments = heapq.heappop(heap)
            call(*arguments)
        self.now_ns = until_ns
