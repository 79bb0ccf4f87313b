"""The simulated world: real nodes under seeded clocks, networks and disks, judged against the promises as they run."""

from beaconfire.rehearse.world.draw import draw
from beaconfire.rehearse.world.host import FLAWS
from beaconfire.rehearse.world.plan import Plan, script
from beaconfire.rehearse.world.senses import Senses, senses
from beaconfire.rehearse.world.shrink import shrink
from beaconfire.rehearse.world.watch import Broken
from beaconfire.rehearse.world.world import Outcome, run

__all__ = ["FLAWS", "Broken", "Outcome", "Plan", "Senses", "draw", "run", "script", "senses", "shrink"]
