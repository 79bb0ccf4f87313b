"""The practice ground: scenarios, their truth, and simulated sensors that watch it.

It knows the rooms but never the shell: nothing here can open a door to the world. Truth has its own physics,
apart from the room `earth`, so that the engine is not graded against itself.
"""

from beaconfire.rehearse.objects import Facts, TruthObject, describe
from beaconfire.rehearse.reading import names, read_scenario, scenario_json, schema, shipped
from beaconfire.rehearse.scenario import Scenario
from beaconfire.rehearse.sensing import Bias, SensorScan
from beaconfire.rehearse.simulation import Simulation, simulate
from beaconfire.rehearse.staff import Prompter, Staff, make_staff
from beaconfire.rehearse.writing import FILES, check_folder, sensors_toml, truth_lines, write_simulation

__all__ = [
    "FILES",
    "Bias",
    "Facts",
    "Prompter",
    "Scenario",
    "SensorScan",
    "Simulation",
    "Staff",
    "TruthObject",
    "check_folder",
    "describe",
    "make_staff",
    "names",
    "read_scenario",
    "scenario_json",
    "schema",
    "sensors_toml",
    "shipped",
    "simulate",
    "truth_lines",
    "write_simulation",
]
