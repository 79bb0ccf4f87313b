"""What can go wrong, as one tree; what comes in from outside meets one of these, never an assertion.

    BeaconfireError
    ├── UsageError       the command was used wrongly                        exit 2
    ├── InvalidInput     bytes from a file, a partner or a browser: faults   exit 3
    │   └── Refused      a partner's or feed's bytes, with a countable reason
    ├── RunFailed        the run could not be finished                       exit 1
    │   ├── PortInUse    another program has the port                        exit 1
    │   └── ChannelDown  an alert channel did not take a message             exit 1
    └── Violation        a check found one                                   exit 4

A programmer's error is an `assert` and stays outside this tree.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with an input: where, what is wrong, and what would be right."""

    where: str
    what: str
    expected: str

    def __str__(self) -> str:
        """One line for people."""
        return f"{self.where}: {self.what}; expected {self.expected}"


class BeaconfireError(Exception):
    """Base of every error that a user of Beaconfire can meet."""

    exit_code = 1


class UsageError(BeaconfireError):
    """A command or function was called with arguments that do not go together."""

    exit_code = 2


class InvalidInput(BeaconfireError):
    """Input from outside is wrong; `faults` holds one entry per fault."""

    exit_code = 3

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Keep the faults; the message is one line each."""
        assert faults, "an InvalidInput needs at least one fault"
        self.faults = tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))

    @classmethod
    def single(cls, where: str, what: str, expected: str) -> "InvalidInput":
        """Build an error of one fault."""
        return cls([Fault(where, what, expected)])


class Refused(InvalidInput):
    """Bytes from a partner or a feed were refused; `reason` is a short word to count by."""

    def __init__(self, reason: str, *, where: str, what: str, expected: str) -> None:
        """Keep the countable reason beside the one fault."""
        self.reason = reason
        super().__init__([Fault(where, what, expected)])


class RunFailed(BeaconfireError):
    """The work was well formed but could not be finished (a node died, a port is in use, …)."""

    exit_code = 1


class PortInUse(RunFailed):
    """A listener could not take its port; `host`, `port` and `why` say which and why."""

    def __init__(self, host: str, port: int, why: str) -> None:
        """Keep the address."""
        self.host, self.port, self.why = host, port, why
        super().__init__(f"port {port} on {host} cannot be used: {why}; choose another port or stop what has it")


class ChannelDown(RunFailed):
    """An alert channel did not take a message; `final` if asking again cannot help."""

    def __init__(self, why: str, *, final: bool = False) -> None:
        """Keep whether it is final."""
        self.final = final
        super().__init__(why)


class Violation(BeaconfireError):
    """A check found what must not be: a changed journal, a broken chain, a failed certification."""

    exit_code = 4
