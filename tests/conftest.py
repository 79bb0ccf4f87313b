"""What every test shares: one Hypothesis profile, and a launch record that is nobody's."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from beaconfire.shell.recordstore import HOME, home

# No deadline: the first call of a kernel may compile it, and the machine is shared. Derandomised: a red test is red
# again for whoever looks at it.
settings.register_profile(
    "house", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")


@pytest.fixture(autouse=True, scope="session")
def no_users_record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Processes and commands of tests keep per-user state in a folder of this run, never in the user's.

    The compiled kernels alone are shared with it: they are the same for everybody, and take minutes to make.
    """
    before, real, folder = os.environ.get(HOME), home(), tmp_path_factory.mktemp("beaconfire-home")
    (real / "cache").mkdir(parents=True, exist_ok=True)
    (folder / "cache").symlink_to(real / "cache", target_is_directory=True)
    os.environ[HOME] = str(folder)
    yield folder
    os.environ.pop(HOME)
    if before is not None:
        os.environ[HOME] = before
