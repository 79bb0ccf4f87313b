"""What every test shares: one Hypothesis profile, and a launch record that is nobody's."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No deadline: the first call of a kernel may compile it, and the machine is shared. Derandomised: a red test is red
# again for whoever looks at it.
settings.register_profile(
    "house", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")


@pytest.fixture(autouse=True, scope="session")
def no_users_record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Processes and commands of tests keep per-user state in a folder of this run, never in the user's."""
    before, folder = os.environ.get("BEACONFIRE_HOME"), tmp_path_factory.mktemp("beaconfire-home")
    os.environ["BEACONFIRE_HOME"] = str(folder)
    yield folder
    os.environ.pop("BEACONFIRE_HOME")
    if before is not None:
        os.environ["BEACONFIRE_HOME"] = before
