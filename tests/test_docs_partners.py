"""docs/partners.md names the states, limits and promises of membership as the code has them."""

import re
from typing import get_args

from beaconfire.kernel.approval import officers_needed
from beaconfire.kernel.labels import Realm
from beaconfire.share import StandingName
from beaconfire.shell import bundles
from beaconfire.shell.partners import NOTICE_S
from beaconfire.shell.partnerstatus import SILENCE_S
from tests.house import ROOT

TEXT = (ROOT / "docs" / "partners.md").read_text(encoding="utf-8")


def test_the_table_has_every_state() -> None:
    states = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)
    assert set(states) == {*get_args(StandingName), "silent"}
    assert f"not heard for {SILENCE_S:g} s" in TEXT


def test_the_numbers_of_officers_are_those_that_are_asked_for() -> None:
    assert "one to suspend or leave, two different\nones to take a partner in or to let one return" in TEXT
    needed = {action: officers_needed(action, Realm.LIVE) for action in ("suspend", "leave", "partner", "resume")}
    assert needed == {"suspend": 1, "leave": 1, "partner": 2, "resume": 2}
    assert officers_needed("suspend", Realm.EXERCISE) == 0


def test_the_words_shown_are_as_many_as_a_fingerprint_has() -> None:
    shown = re.search(r'--fingerprint "([a-z-]+)"', TEXT)
    assert shown is not None
    assert len(shown[1].split("-")) == bundles.FINGERPRINT_WORDS == 12
    assert "seven days" in TEXT


def test_what_is_said_of_the_cut_holds() -> None:
    assert "a tenth of a second" in TEXT
    assert NOTICE_S <= 0.05
