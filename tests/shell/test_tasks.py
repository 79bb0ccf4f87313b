"""A task ends when it is told to, even one that swallows a cancellation as `wait_for` can."""

import asyncio

import pytest

from beaconfire.shell.tasks import ended, woken


def test_a_task_that_swallows_cancellations_is_asked_again() -> None:
    swallowed: list[int] = []

    async def stubborn() -> None:
        while len(swallowed) < 3:
            try:
                await asyncio.sleep(3600)
            except asyncio.CancelledError:
                swallowed.append(1)
        await asyncio.sleep(3600)

    async def story() -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(stubborn())
        await asyncio.sleep(0)
        await ended([task])
        return task

    assert asyncio.run(story()).cancelled()
    assert len(swallowed) == 3


def test_tasks_that_failed_or_returned_are_let_be() -> None:
    async def fails() -> None:
        raise ValueError("its own trouble")

    async def story() -> list[asyncio.Task[None]]:
        tasks = [asyncio.get_running_loop().create_task(work) for work in (fails(), asyncio.sleep(0))]
        await asyncio.sleep(0.01)
        await ended(tasks)
        await ended([])
        return tasks

    failed, returned = asyncio.run(story())
    assert isinstance(failed.exception(), ValueError)
    assert returned.result() is None


@pytest.mark.parametrize("timeout_s", [None, 60.0])
def test_an_event_ends_the_wait(timeout_s: float | None) -> None:
    async def story() -> bool:
        event = asyncio.Event()
        asyncio.get_running_loop().call_soon(event.set)
        await woken(event, timeout_s)
        return event.is_set()

    assert asyncio.run(story())


def test_the_wait_ends_without_the_event_and_keeps_a_cancellation() -> None:
    async def story() -> bool:
        event = asyncio.Event()
        await woken(event, 0.001)
        waiting = asyncio.get_running_loop().create_task(woken(event, None))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        return waiting.cancelled()

    assert asyncio.run(story())
