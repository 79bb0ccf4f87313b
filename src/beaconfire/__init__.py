"""Beaconfire: a federated missile-warning network of sovereign nodes.

The rooms are described in docs/architecture.md; `beaconfire --help` lists the commands.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
