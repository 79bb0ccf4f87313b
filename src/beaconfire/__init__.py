"""Beaconfire: a federated missile-warning network of sovereign nodes.

The rooms are described in docs/architecture.md; `beaconfire --help` lists the commands. The engine is a library as
well (docs/library.md): what `__all__` names is loaded when it is first asked for, so that an import costs nothing.
"""

import importlib
import typing

if typing.TYPE_CHECKING:
    from beaconfire.earth import positions_ecef, positions_geodetic
    from beaconfire.fuse import (
        add_information,
        covariance_intersection,
        information_gained,
        information_sum,
        inverse_covariance_intersection,
    )
    from beaconfire.kernel.errors import BeaconfireError, InvalidInput
    from beaconfire.kernel.records import (
        CLASSES,
        KINDS,
        PHASES,
        BiasSigma,
        Detection,
        EventRevision,
        Measurement,
        Sensor,
    )
    from beaconfire.shell.library import (
        Picture,
        Track,
        detections_from_arrays,
        measurements_of,
        read_detections,
        read_sensors,
        times_from_utc,
        times_to_utc,
        watch,
    )
    from beaconfire.track import ModelFilter

__all__ = [
    "CLASSES",
    "KINDS",
    "PHASES",
    "BeaconfireError",
    "BiasSigma",
    "Detection",
    "EventRevision",
    "InvalidInput",
    "Measurement",
    "ModelFilter",
    "Picture",
    "Sensor",
    "Track",
    "__version__",
    "add_information",
    "covariance_intersection",
    "detections_from_arrays",
    "information_gained",
    "information_sum",
    "inverse_covariance_intersection",
    "measurements_of",
    "positions_ecef",
    "positions_geodetic",
    "read_detections",
    "read_sensors",
    "times_from_utc",
    "times_to_utc",
    "watch",
]

__version__ = "0.1.0"

_FROM = {
    "kernel.records": "CLASSES KINDS PHASES BiasSigma Detection EventRevision Measurement Sensor",
    "kernel.errors": "BeaconfireError InvalidInput",
    "earth": "positions_ecef positions_geodetic",
    "track": "ModelFilter",
    "fuse": "add_information covariance_intersection information_gained information_sum "
    "inverse_covariance_intersection",
    "shell.library": "Picture Track detections_from_arrays measurements_of read_detections read_sensors "
    "times_from_utc times_to_utc watch",
}
_MODULE_OF = {name: module for module, names in _FROM.items() for name in names.split()}


def __getattr__(name: str) -> object:
    """Load a name of the library at its first use."""
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'beaconfire' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(f"beaconfire.{_MODULE_OF[name]}"), name)
    return value


def __dir__() -> list[str]:
    return __all__
