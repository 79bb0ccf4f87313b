"""Work for the disk that must neither stop nor slow a node: one thread, in order, again and again until it succeeds.

The trap avoided: a record on a full disk or a locked file that holds up the loop, or is given up in silence. What
fails is named once, with its reason, tried again, and named as done; it stops nothing else.
"""

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

from beaconfire.kernel import limits
from beaconfire.kernel.errors import BeaconfireError

Item = TypeVar("Item")
RETRY_S = 5.0
END_S = 15.0  # at the end of a node: longer than another writer holds the record


class Errands(Generic[Item]):
    """Carries out `work` on all that waits, together. A later item of the same key replaces one that still waits."""

    def __init__(
        self,
        work: Callable[[Sequence[Item]], object],
        *,
        what: str,
        told: Callable[[str], None],
        retry_s: float = RETRY_S,
    ) -> None:
        """Start; `told` is given a line, in the thread, when `what` begins to fail and when it succeeds again."""
        self.trouble = ""
        self._work, self._what, self._told, self._retry_s = work, what, told, retry_s
        self._waiting: dict[Hashable, Item] = {}
        self._dropped = 0
        self._ending = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=what, daemon=True)
        self._thread.start()

    def put(self, key: Hashable, item: Item) -> None:
        """Let an item wait; of too many the oldest is dropped, and counted where the trouble is told."""
        with self._changed:
            self._waiting.pop(key, None)
            self._waiting[key] = item
            if len(self._waiting) > limits.MAX_ERRANDS:
                del self._waiting[next(iter(self._waiting))]
                self._dropped += 1
            self._changed.notify()

    def close(self) -> None:
        """Try what waits once more and end."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join(END_S)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ending)
                batch, ending = dict(self._waiting), self._ending
            done = not batch or self._tried(list(batch.values()))
            with self._changed:
                if done:
                    self._waiting = {key: item for key, item in self._waiting.items() if batch.get(key) is not item}
                if ending and (not done or not self._waiting):
                    return
                if not done:
                    self._changed.wait_for(lambda: self._ending, self._retry_s)

    def _tried(self, items: list[Item]) -> bool:
        try:
            self._work(items)
        except (BeaconfireError, OSError) as error:
            if not self.trouble:
                self._told(f"{self._what}: {error}; tried again every {self._retry_s:g} s")
            self.trouble = str(error)
            return False
        if self.trouble:
            self._told(f"{self._what}: done again{f', {self._dropped} dropped' if self._dropped else ''}")
        self.trouble, self._dropped = "", 0
        return True
