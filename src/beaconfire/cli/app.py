"""The command tree and the one place where an outcome becomes an exit code.

Each group of commands lives in a file of its own beside this one and offers `register(app)`, which adds its commands.
A group imports the rooms inside its commands, not at its top, so that `--help` stays quick. A command returns None (or
an exit code), prints results to standard output and progress to standard error, and raises the errors of
`beaconfire.kernel.errors`; nobody but this file exits.
"""

import os
import sys
from collections.abc import Sequence
from types import ModuleType

from cyclopts import App, CycloptsError

from beaconfire import __version__
from beaconfire.cli import (
    alert,
    bench,
    demo,
    doctor,
    init,
    node,
    notice,
    partner,
    policy,
    record,
    scenario,
    track,
    user,
    verify,
    warm,
)
from beaconfire.kernel.errors import BeaconfireError

GROUPS: tuple[ModuleType, ...] = (
    demo,
    doctor,
    track,
    init,
    node,
    partner,
    user,
    policy,
    alert,
    notice,
    scenario,
    warm,
    verify,
    record,
    bench,
)

EXIT_DONE = 0
EXIT_RUN_FAILED = 1
EXIT_WRONG_USAGE = 2
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as shells count

app = App(
    name="beaconfire",
    version=__version__,
    help="Federated missile warning: detect, assess, share, fuse, warn, rehearse. Warning, never weapons.",
    help_format="plaintext",
    suppress_keyboard_interrupt=False,
)

for _group in GROUPS:
    _group.register(app)


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code; what went wrong is said on standard error, one line per fault."""
    try:
        outcome = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
        sys.stdout.flush()
    except CycloptsError as error:
        return _say(f"{error}\nTry: beaconfire {' '.join(error.command_chain or ())} --help", EXIT_WRONG_USAGE)
    except BeaconfireError as error:
        return _say(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _say("interrupted", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader (head, less) has seen enough; keep Python from complaining at exit about the closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_DONE
    except Exception as error:
        if os.environ.get("BEACONFIRE_DEBUG"):
            raise
        return _say(f"internal error, please report it: {type(error).__name__}: {error}", EXIT_RUN_FAILED)
    return outcome if isinstance(outcome, int) else EXIT_DONE


def _say(message: str, exit_code: int) -> int:
    print(message, file=sys.stderr)
    return exit_code
