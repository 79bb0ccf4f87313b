"""Planted faults: every rule of the house finds what it is there to find, and lets pass what is right."""

from collections.abc import Callable, Iterator

import pytest

from tests import test_house as house
from tests.house import Source

Rule = Callable[[Source], Iterator[str]]

TRACK = "src/beaconfire/track/filters.py"
SHELL = "src/beaconfire/shell/loop.py"
LONG = "def advance():\n" + "    step()\n" * 60

PLANTED: list[tuple[Rule, str, str]] = [
    (house.fits_on_a_screen, TRACK, LONG),
    (house.fits_on_a_screen, TRACK, "@kernel\n" + LONG),
    (house.fits_on_a_screen, TRACK, "@kernel\ndef advance():\n" + "    step()\n" * 150),
    (house.fits_on_a_screen, "tests/test_x.py", "async " + LONG),
    (house.core_imports_nothing_of_the_world, TRACK, "import time"),
    (house.core_imports_nothing_of_the_world, TRACK, "def later():\n    from os.path import join"),
    (house.core_imports_nothing_of_the_world, "src/beaconfire/node/step.py", "import random as chance"),
    (house.core_imports_nothing_of_the_world, "src/beaconfire/kernel/jit.py", "import socket"),
    (house.core_calls_nothing_of_the_world, TRACK, "open('policy.toml')"),
    (house.core_calls_nothing_of_the_world, TRACK, "now = datetime.now(tz=UTC)"),
    (house.core_calls_nothing_of_the_world, "src/beaconfire/earth/air.py", "np.random.default_rng(1)"),
    (house.core_leaves_blas_alone, TRACK, "predicted = transition @ state"),
    (house.core_leaves_blas_alone, TRACK, "state @= transition"),
    (house.core_leaves_blas_alone, "src/beaconfire/fuse/intersection.py", "np.linalg.inv(covariance)"),
    (house.core_leaves_blas_alone, "src/beaconfire/fuse/intersection.py", "a.dot(b)"),
    (house.kernels_are_compiled_in_one_place, TRACK, "from numba import njit"),
    (house.kernels_are_compiled_in_one_place, SHELL, "import numba.core"),
    (house.kernels_are_compiled_in_one_place, "src/beaconfire/kernel/jit.py", "njit(fastmath=True)"),
    (house.only_release_makes_released, SHELL, "Released(form, obligations, rule)"),
    (house.only_release_makes_released, "src/beaconfire/node/step.py", "records.Released(form=form)"),
    (house.only_release_makes_released, "src/beaconfire/share/send.py", "msgspec.convert(row, type=Released)"),
    (house.only_warn_makes_approved, SHELL, "Approved(alert_id=alert_id, unsigned=data)"),
    (house.only_warn_makes_approved, "src/beaconfire/node/warning.py", "alerts.Approved(unsigned=data)"),
    (house.only_warn_makes_approved, "src/beaconfire/cli/alert.py", "msgspec.json.decode(data, type=Approved)"),
    (house.only_the_data_reader_reads_package_data, SHELL, "from importlib.resources import files"),
    (house.only_the_data_reader_reads_package_data, SHELL, "page = Path(__file__).parent / 'dist'"),
    (house.a_room_is_entered_by_its_door, "src/beaconfire/node/step.py", "from beaconfire.track.filters import gate"),
    (house.a_room_is_entered_by_its_door, SHELL, "import beaconfire.node.state"),
    (house.every_test_can_fail, "tests/test_x.py", "def test_it_runs():\n    run()"),
    (house.every_test_can_fail, "tests/test_x.py", "def help():\n    return 1\n\ndef test_it():\n    help()"),
]

RIGHT: list[tuple[Rule, str, str]] = [
    (house.fits_on_a_screen, TRACK, "def advance():\n" + "    step()\n" * 59),
    (house.core_imports_nothing_of_the_world, SHELL, "import time"),
    (house.core_imports_nothing_of_the_world, TRACK, "from beaconfire.kernel import time"),
    (house.core_imports_nothing_of_the_world, "src/beaconfire/kernel/jit.py", "import os"),
    (house.core_calls_nothing_of_the_world, SHELL, "open('policy.toml')"),
    (house.core_calls_nothing_of_the_world, TRACK, "gate.open(track)"),
    (house.core_leaves_blas_alone, TRACK, "product = a * b"),
    (house.core_leaves_blas_alone, "src/beaconfire/rehearse/truth.py", "a @ b"),
    (house.kernels_are_compiled_in_one_place, TRACK, "from beaconfire.kernel.jit import kernel"),
    (house.kernels_are_compiled_in_one_place, "src/beaconfire/kernel/jit.py", "import numba"),
    (house.only_release_makes_released, "src/beaconfire/release/decide.py", "Released(form, obligations, rule)"),
    (house.only_release_makes_released, SHELL, "def send(item: Released) -> None:\n    publish(item.form)"),
    (house.only_warn_makes_approved, "src/beaconfire/warn/press.py", "Approved(unsigned=data)"),
    (house.only_warn_makes_approved, SHELL, "def publish(item: Approved) -> None:\n    post(item.unsigned)"),
    (house.only_the_data_reader_reads_package_data, "src/beaconfire/kernel/data.py", "import importlib.resources"),
    (house.a_room_is_entered_by_its_door, "src/beaconfire/track/bank.py", "from beaconfire.track.filters import gate"),
    (house.a_room_is_entered_by_its_door, "src/beaconfire/node/step.py", "from beaconfire.track import gate"),
    (house.every_test_can_fail, "tests/test_x.py", "def test_it():\n    with pytest.raises(E):\n        run()"),
    (house.every_test_can_fail, "tests/test_x.py", "def judge():\n    assert 1\n\ndef test_it():\n    judge()"),
    (
        house.every_test_can_fail,
        "tests/test_x.py",
        "def same(a):\n    np.testing.assert_allclose(a, 1)\n\ndef test_it():\n    same(2)",
    ),
]


def name_of(row: tuple[Rule, str, str]) -> str:
    return f"{row[0].__name__}-{row[2].splitlines()[-1].strip()[:40]}"


@pytest.mark.parametrize("row", PLANTED, ids=name_of)
def test_a_planted_fault_is_found_with_its_place(row: tuple[Rule, str, str]) -> None:
    rule, name, text = row
    faults = list(rule(Source.of(name, text)))
    assert len(faults) == 1
    assert faults[0].startswith(f"{name}:")


@pytest.mark.parametrize("row", RIGHT, ids=name_of)
def test_what_is_right_passes(row: tuple[Rule, str, str]) -> None:
    rule, name, text = row
    assert list(rule(Source.of(name, text))) == []


def test_every_rule_has_a_planted_fault_and_a_right_example() -> None:
    assert {rule for rule, _, _ in PLANTED} == set(house.RULES)
    assert {rule for rule, _, _ in RIGHT} == set(house.RULES)


def test_a_fault_names_file_line_and_what_would_be_right() -> None:
    source = Source.of(TRACK, "x = 1\n\nimport time\n")
    (fault,) = house.core_imports_nothing_of_the_world(source)
    assert fault == f"{TRACK}:3: imports time; the core gets it as an input or leaves it to the shell"


def test_a_long_kernel_passes_when_it_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(house, "LONG_KERNELS", frozenset({"beaconfire.track.filters.advance"}))
    assert list(house.fits_on_a_screen(Source.of(TRACK, "@kernel\n" + LONG))) == []
