"""Release: what leaves to whom, in which form, and why; default deny, and the one maker of `Released`."""

from beaconfire.release.core import REASONS, Core, compile_core, finest_axis_m
from beaconfire.release.grants import Grant, Policy, Region
from beaconfire.release.policy import parse_policy
from beaconfire.release.presets import preset, preset_names
from beaconfire.release.redact import Redactor
from beaconfire.release.releaser import Loaded, Releaser, Ticked

__all__ = [
    "REASONS",
    "Core",
    "Grant",
    "Loaded",
    "Policy",
    "Redactor",
    "Region",
    "Releaser",
    "Ticked",
    "compile_core",
    "finest_axis_m",
    "parse_policy",
    "preset",
    "preset_names",
]
