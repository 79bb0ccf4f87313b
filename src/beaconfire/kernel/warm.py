"""Compile before the first detection: runs the registered warmers one by one and says which.

Importing the rooms is the command line's business (`beaconfire warm`), since the kernel knows no upper room.
"""

from collections.abc import Iterator

from beaconfire.kernel.jit import warmers


def warm_registered() -> Iterator[tuple[str, int, int]]:
    """Run each registered warmer; yields `(name, number, total)` before each, for a progress line."""
    pending = warmers()
    for number, (name, run) in enumerate(pending.items(), start=1):
        yield name, number, len(pending)
        run()
