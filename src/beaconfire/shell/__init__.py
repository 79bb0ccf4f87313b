"""Doors and windows: loop, feeds, store, broker, links, gateway; the only room that touches the world."""

from beaconfire.shell.bundles import accept, exchange_bundles, load_partners, make_bundle
from beaconfire.shell.check import check_node
from beaconfire.shell.config import BrokerConfig, ConsoleConfig, NodeConfig, load_config
from beaconfire.shell.engine import Engine, Window
from beaconfire.shell.feed import (
    AlertOrder,
    Answer,
    ClockOrder,
    Conductor,
    LeaveOrder,
    PolicyOrder,
    ResumeOrder,
    SuspendOrder,
    Turn,
)
from beaconfire.shell.fleet import Child, Fleet
from beaconfire.shell.loop import Node
from beaconfire.shell.ports import free_ports
from beaconfire.shell.setup import init_node
from beaconfire.shell.store import Reader, Store
from beaconfire.shell.verify import Report, export_heads, verify_journal

__all__ = [
    "AlertOrder",
    "Answer",
    "BrokerConfig",
    "Child",
    "ClockOrder",
    "Conductor",
    "ConsoleConfig",
    "Engine",
    "Fleet",
    "LeaveOrder",
    "Node",
    "NodeConfig",
    "PolicyOrder",
    "Reader",
    "Report",
    "ResumeOrder",
    "Store",
    "SuspendOrder",
    "Turn",
    "Window",
    "accept",
    "check_node",
    "exchange_bundles",
    "export_heads",
    "free_ports",
    "init_node",
    "load_config",
    "load_partners",
    "make_bundle",
    "verify_journal",
]
