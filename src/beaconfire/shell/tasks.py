"""Waiting for an event and ending a task, so that a cancellation is never lost.

`asyncio.wait_for` of Python 3.11, which the NATS client uses in every request, swallows a cancellation that arrives in
the moment its future is done: a task that is cancelled once and then awaited may run on for ever.
"""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any

_ASK_AGAIN_S = 0.2


async def woken(event: asyncio.Event, timeout_s: float | None) -> None:
    """Wait for an event or so long (None: without end)."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()


async def ended(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks, again and again where one swallowed it, until they have ended; their results are not asked."""
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        done, left = await asyncio.wait(left, timeout=_ASK_AGAIN_S)
        for task in done:
            if not task.cancelled():
                task.exception()  # looked at, so that it is not reported as never retrieved
