"""Loopback ports that nobody uses, for nodes that live for one exercise on one machine."""

import secrets
from contextlib import suppress

from beaconfire.kernel.errors import PortInUse, RunFailed
from beaconfire.shell.broker import check_port

_FIRST, _LAST = 15_000, 32_000  # below what Linux (32768), macOS and Windows (49152) lend to outgoing connections
_TRIES = 200


def free_ports(count: int, *, host: str = "127.0.0.1") -> list[int]:
    """Return so many different ports that nobody listens on now; a server that finds its port taken later says so.

    They lie below the range from which systems lend ports to outgoing connections, so that none of those can take one
    before its server does. Raises `RunFailed` if there are not enough.
    """
    found: dict[int, None] = {}
    for _ in range(_TRIES * count):
        port = _FIRST + secrets.randbelow(_LAST - _FIRST)
        with suppress(PortInUse):
            check_port(host, port)
            found[port] = None
        if len(found) == count:
            return list(found)
    raise RunFailed(f"no {count} free ports between {_FIRST} and {_LAST} on {host}")
