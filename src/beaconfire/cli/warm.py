"""`beaconfire warm`: compile every kernel once, with a progress line, so that no node compiles inside its loop.

The demo and the tests run it before any node or link starts: a compile of seconds would miss the pings of a link.
"""

import importlib
from collections.abc import Iterator

from cyclopts import App


def register(app: App) -> None:
    """Add the hidden `warm` command."""
    app.command(warm, show=False)


def warm() -> None:
    """Compile all number kernels now; a second call only loads them from the cache."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("compiling number kernels, once per machine", total=None)
        for name, number, total in load_kernels():
            progress.update(bar, total=total, completed=number - 1, description=f"compiling {name.rpartition('.')[0]}")
        progress.update(bar, completed=progress.tasks[bar].total, description="number kernels are ready")


def load_kernels() -> Iterator[tuple[str, int, int]]:
    """Have every kernel ready to be called; yields `(name, number, total)` before each.

    A node does it before it says that it is ready: its first turn would have to wait for the machine code.
    """
    from beaconfire.kernel.jit import kernel_modules
    from beaconfire.kernel.warm import warm_registered

    for module in kernel_modules():
        importlib.import_module(module)
    yield from warm_registered()
