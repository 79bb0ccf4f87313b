"""Release: what leaves to whom, in which form, and why; default deny, and the one maker of `Released`."""

from beaconfire.release.cedar import cedar_request, export_cedar
from beaconfire.release.compare import widened
from beaconfire.release.core import REASONS, Core, compile_core, finest_axis_m
from beaconfire.release.grants import Grant, Policy, Region
from beaconfire.release.policy import parse_policy
from beaconfire.release.presets import preset, preset_names
from beaconfire.release.preview import PartnerView, Would, preview_policy
from beaconfire.release.redact import Redactor
from beaconfire.release.releaser import Loaded, Releaser, Ticked
from beaconfire.release.signing import policy_act, signers, with_word

__all__ = [
    "REASONS",
    "Core",
    "Grant",
    "Loaded",
    "PartnerView",
    "Policy",
    "Redactor",
    "Region",
    "Releaser",
    "Ticked",
    "Would",
    "cedar_request",
    "compile_core",
    "export_cedar",
    "finest_axis_m",
    "parse_policy",
    "policy_act",
    "preset",
    "preset_names",
    "preview_policy",
    "signers",
    "widened",
    "with_word",
]
