"""The command line: parses, calls, prints. One file per command group."""

from beaconfire.cli.app import app, run

__all__ = ["app", "run"]
