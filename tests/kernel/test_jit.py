"""Kernels are compiled one way, keep NaN's meaning, and never run machine code older than their sources."""

import math
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from beaconfire.kernel import jit
from beaconfire.kernel.jit import cache_folder, kernel, kernel_modules, warmer, warmers


@kernel
def _mean_without_gaps(values: np.ndarray) -> float:
    total, count = 0.0, 0
    for value in values:
        if not math.isnan(value):
            total += value
            count += 1
    return total / count


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A package of four modules: track uses earth's door, earth.flight uses earth.wgs84, kernel.words stands apart."""
    sources = {
        "beaconfire.__init__": "",
        "beaconfire.kernel.words": "X = 1",
        "beaconfire.earth.__init__": "from beaconfire.earth.flight import fly",
        "beaconfire.earth.wgs84": "A = 6378137.0",
        "beaconfire.earth.flight": "from beaconfire.earth.wgs84 import A\n\n\n@warmer\ndef warm(): ...",
        "beaconfire.earth.gravity": "GM = 1.0",
        "beaconfire.track.filter": "def f():\n    import beaconfire.earth\n",
    }
    monkeypatch.setattr(jit, "_sources", lambda: sources)
    return sources


def test_a_kernel_keeps_its_name_its_type_and_its_answer() -> None:
    assert _mean_without_gaps.__name__ == "_mean_without_gaps"
    assert _mean_without_gaps(np.array([1.0, 2.0, 6.0])) == 3.0


def test_nan_guards_survive_the_fast_flags() -> None:
    assert _mean_without_gaps(np.array([1.0, math.nan, 3.0])) == 2.0


def test_division_by_zero_gives_infinity_or_nan_and_never_raises() -> None:
    assert math.isnan(_mean_without_gaps(np.array([math.nan])))


def test_the_fast_flags_leave_out_those_that_deny_nan_and_infinity() -> None:
    assert {"nnan", "ninf", "fast", "reassoc"}.isdisjoint(jit.FAST_FLAGS)


def test_the_folder_changes_with_the_module_itself(package: dict[str, str]) -> None:
    before = cache_folder("beaconfire.earth.wgs84")
    package["beaconfire.earth.wgs84"] = "A = 6378136.3"
    assert cache_folder("beaconfire.earth.wgs84") != before


def test_the_folder_changes_with_a_callee_in_another_file(package: dict[str, str]) -> None:
    direct, through_the_door = cache_folder("beaconfire.earth.flight"), cache_folder("beaconfire.track.filter")
    package["beaconfire.earth.wgs84"] = "A = 6378136.3"
    assert cache_folder("beaconfire.earth.flight") != direct
    assert cache_folder("beaconfire.track.filter") != through_the_door


def test_the_folder_stays_when_something_unrelated_changes(package: dict[str, str]) -> None:
    before = cache_folder("beaconfire.earth.flight")
    package["beaconfire.kernel.words"] = "X = 2"
    package["beaconfire.track.filter"] += "\n"
    assert cache_folder("beaconfire.earth.flight") == before


def test_naming_a_package_counts_as_using_every_module_in_it(package: dict[str, str]) -> None:
    before = cache_folder("beaconfire.track.filter")
    package["beaconfire.earth.gravity"] = "GM = 2.0"
    assert cache_folder("beaconfire.track.filter") != before


def test_a_module_outside_the_package_depends_on_all_of_it(package: dict[str, str]) -> None:
    before = cache_folder("a_notebook")
    package["beaconfire.kernel.words"] = "X = 2"
    assert cache_folder("a_notebook") != before


def test_the_folder_changes_with_numba(package: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert package
    before = cache_folder("beaconfire.earth.wgs84")
    monkeypatch.setattr(numba, "__version__", "0.0.0")
    assert cache_folder("beaconfire.earth.wgs84") != before


def test_only_modules_with_a_warmer_are_named(package: dict[str, str]) -> None:
    assert package
    assert kernel_modules() == ("beaconfire.earth.flight",)


def test_the_package_itself_names_the_ground() -> None:
    assert {"beaconfire.earth.wgs84", "beaconfire.earth.arc"} <= set(kernel_modules())


def test_the_home_is_the_chosen_one_or_the_platforms(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BEACONFIRE_HOME", str(tmp_path))
    assert cache_folder("beaconfire.earth.wgs84").is_relative_to(tmp_path / "cache" / "numba")
    monkeypatch.delenv("BEACONFIRE_HOME")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert cache_folder("beaconfire.earth.wgs84").is_relative_to(tmp_path / "data" / "beaconfire")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "Application Support" in cache_folder("beaconfire.earth.wgs84").parts
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert cache_folder("beaconfire.earth.wgs84").is_relative_to(tmp_path / "local")


def test_a_warmer_is_registered_under_its_full_name_and_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jit, "_warmers", {})

    def warm_me() -> None:
        """Nothing to warm."""

    assert warmer(warm_me) is warm_me
    (name,) = warmers()
    assert name.startswith(f"{__name__}.")
    assert name.endswith(".warm_me")


COMPILE_ONE = "from beaconfire.earth.wgs84 import enu_axes; print(enu_axes(0.0, 0.0)[2, 0])"


@pytest.mark.parametrize("own_folder", [False, True])
def test_machine_code_lands_in_the_right_folder(tmp_path: Path, own_folder: bool) -> None:
    environment = {"BEACONFIRE_HOME": str(tmp_path / "home"), "PATH": ""}
    if own_folder:
        environment["NUMBA_CACHE_DIR"] = str(tmp_path / "own")
    done = subprocess.run(
        [sys.executable, "-c", COMPILE_ONE], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stdout.strip() == "1.0"
    filled = tmp_path / ("own" if own_folder else "home/cache/numba")
    assert list(filled.rglob("*enu_axes*.nbi"))
    assert (tmp_path / "home").exists() != own_folder
