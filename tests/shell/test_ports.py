"""Free ports: different, usable, and out of the way of outgoing connections."""

import socket
from pathlib import Path

import pytest

from beaconfire.kernel.errors import RunFailed
from beaconfire.shell import ports
from beaconfire.shell.ports import free_ports


def test_ports_are_different_and_usable() -> None:
    found = free_ports(12)
    assert len(set(found)) == 12
    for port in found:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", port))


def test_no_outgoing_connection_can_take_one() -> None:
    lent = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first = int(lent.read_text().split()[0]) if lent.exists() else 49_152
    assert all(1_024 < port < first for port in free_ports(50))


def test_a_port_in_use_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    taken, other = free_ports(2)
    monkeypatch.setattr(ports, "_FIRST", min(taken, other))
    monkeypatch.setattr(ports, "_LAST", min(taken, other) + 1)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", min(taken, other)))
        listener.listen()
        with pytest.raises(RunFailed, match="no 1 free ports"):
            free_ports(1)
    assert free_ports(1) == [min(taken, other)]
