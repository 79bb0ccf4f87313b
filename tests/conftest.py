"""What every test shares: one Hypothesis profile, and no user state outside the test's own folder."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# No deadline: the first call of a kernel may compile it, and the machine is shared. Derandomised: a red test is red
# again for whoever looks at it.
settings.register_profile(
    "house", deadline=None, derandomize=True, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("house")


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the launch record and other per-user state of a test in its temporary folder."""
    monkeypatch.setenv("BEACONFIRE_HOME", str(tmp_path / "home"))
