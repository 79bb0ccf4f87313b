"""Errands: done in order, together, again after a failure that is named once, and never in the caller's way."""

import threading
import time
from collections.abc import Sequence

from beaconfire.kernel import limits
from beaconfire.kernel.errors import RunFailed
from beaconfire.shell.errands import Errands


class Desk:
    """Work that fails so often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures, self.done, self.said = failures, [], []  # type: ignore[var-annotated]
        self.open = threading.Event()
        self.open.set()

    def work(self, items: Sequence[str]) -> None:
        self.open.wait(10.0)
        if self.failures:
            self.failures -= 1
            raise RunFailed("no room")
        self.done.append(list(items))

    def errands(self) -> Errands[str]:
        return Errands(self.work, what="the record", told=self.said.append, retry_s=0.01)


def test_what_is_put_is_done_by_the_end() -> None:
    desk = Desk()
    errands = desk.errands()
    for word in ("a", "b", "c"):
        errands.put(word, word)
    errands.close()
    assert [word for batch in desk.done for word in batch] == ["a", "b", "c"]
    assert (errands.trouble, desk.said) == ("", [])


def test_a_failure_is_named_once_and_tried_until_it_is_done() -> None:
    desk = Desk(failures=3)
    errands = desk.errands()
    errands.put("a", "a")
    deadline = time.monotonic() + 10.0
    while not desk.done and time.monotonic() < deadline:
        time.sleep(0.01)
    errands.close()
    assert desk.done == [["a"]]
    assert desk.said == ["the record: no room; tried again every 0.01 s", "the record: done again"]


def test_while_it_waits_a_later_word_of_the_same_replaces_the_earlier() -> None:
    desk = Desk()
    desk.open.clear()
    errands = desk.errands()
    errands.put("first", "first")
    time.sleep(0.05)  # it is being worked on, or will be together with the others
    errands.put("event", "early")
    errands.put("event", "late")
    desk.open.set()
    errands.close()
    assert [word for batch in desk.done for word in batch] == ["first", "late"]


def test_the_caller_does_not_wait_and_too_many_are_counted(monkeypatch: object) -> None:
    desk = Desk(failures=1)
    desk.open.clear()
    errands = desk.errands()
    started = time.monotonic()
    for number in range(limits.MAX_ERRANDS + 5):
        errands.put(number, str(number))
    assert time.monotonic() - started < 5.0
    desk.open.set()
    deadline = time.monotonic() + 10.0
    while not desk.done and time.monotonic() < deadline:
        time.sleep(0.01)
    errands.close()
    assert desk.done[0][-1] == str(limits.MAX_ERRANDS + 4)
    assert desk.said[-1] == "the record: done again, 5 dropped"


def test_an_end_tries_once_more_and_does_not_hang_on_what_fails() -> None:
    desk = Desk(failures=1_000_000)
    errands = Errands(desk.work, what="the record", told=desk.said.append, retry_s=3600.0)
    errands.put("a", "a")
    started = time.monotonic()
    errands.close()
    assert time.monotonic() - started < 5.0
    assert errands.trouble == "no room"
    assert len(desk.said) == 1
