"""A library of classes: the package's, and one that somebody brings."""

import math

import pytest

from beaconfire.assess.classes import ClassEvidence, class_probabilities
from beaconfire.assess.library import library, parse_library
from beaconfire.kernel.data import read_bytes
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.records import CLASSES

PACKAGED = read_bytes("beaconfire", "data", "classes.toml")
TWO = b"""
[[entry]]
name = "short"
class = "SRBM"
prior = 3.0
most_range_m = 1e6
stages = [[42.0, 34.0, 2400.0]]

[[entry]]
name = "long"
class = "IRBM"
prior = 1
most_range_m = 5500e3
stages = [[62.0, 22.0, 2500.0], [58.0, 26.0, 2700.0]]
"""


def test_priors_are_ratios() -> None:
    short, long = parse_library(TWO, where="mine.toml")
    assert (short.prior, long.prior) == (0.75, 0.25)
    assert (short.burn_s, long.burn_s) == (42.0, 120.0)
    assert CLASSES[long.class_index] == "IRBM"


def test_the_packages_own_file_is_of_the_same_form() -> None:
    assert [entry.name for entry in parse_library(PACKAGED, where="")] == [entry.name for entry in library()]
    assert math.fsum(entry.prior for entry in library()) == pytest.approx(1.0)


def test_a_class_that_is_taken_out_moves_the_answer_to_unknown() -> None:
    """185 s of burn is an intercontinental class; without it nothing of the library burns so long or so short."""
    known = ClassEvidence(burn_s=185.0, burn_sigma_s=2.0, reach_m=3000e3)
    assert CLASSES[max(range(len(CLASSES)), key=class_probabilities(known).__getitem__)] == "ICBM"
    text = PACKAGED.decode()
    rows = text.split("[[entry]]")
    fewer = "[[entry]]".join([rows[0], *(row for row in rows[1:] if '"ICBM"' not in row)])
    without = ClassEvidence(
        burn_s=185.0, burn_sigma_s=2.0, reach_m=3000e3, classes=parse_library(fewer.encode(), where="")
    )
    vector = class_probabilities(without)
    assert CLASSES[max(range(len(CLASSES)), key=vector.__getitem__)] == "unknown"
    assert vector[CLASSES.index("ICBM")] == 0.0


def test_priors_move_the_answer_where_the_evidence_does_not() -> None:
    evidence = ClassEvidence(reach_m=100e3, classes=parse_library(TWO, where=""))
    other = parse_library(TWO.replace(b"prior = 3.0", b"prior = 0.01"), where="")
    first, second = class_probabilities(evidence), class_probabilities(ClassEvidence(reach_m=100e3, classes=other))
    assert first[CLASSES.index("SRBM")] > 0.6 > 0.1 > second[CLASSES.index("SRBM")]


@pytest.mark.parametrize(
    ("change", "where", "words"),
    [
        ((b'"SRBM"', b'"MEDIUM"'), "entry 1: class", "one of SRBM"),
        ((b"prior = 3.0", b"prior = -1.0"), "entry 1: prior", "0 or more"),
        ((b"prior = 3.0", b'prior = "much"'), "entry 1", "prior"),
        ((b"most_range_m = 1e6", b"most_range_m = 1.0"), "entry 1: most_range_m", "1e3"),
        ((b"[[42.0, 34.0, 2400.0]]", b"[[42.0, -34.0, 2400.0]]"), "entry 1: stages", "above 0"),
        ((b"[[42.0, 34.0, 2400.0]]", b"[]"), "entry 1: stages", "one or more"),
        ((b"[[42.0, 34.0, 2400.0]]", b"[[42.0, 34.0]]"), "entry 1", "length"),
        ((b'name = "short"', b'label = "short"'), "entry 1", "label"),
        ((b'class = "SRBM"\n', b""), "entry 1", "class"),
        ((b"[[entry]]", b"[[class]]"), "mine.toml", "[[entry]] tables"),
        ((b"prior = 3.0", b"prior = "), "mine.toml", "line"),
    ],
)
def test_faults_are_named(change: tuple[bytes, bytes], where: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_library(TWO.replace(*change), where="mine.toml")
    assert where in str(caught.value)
    assert words in str(caught.value)


def test_every_fault_is_told_at_once() -> None:
    data = TWO.replace(b'"SRBM"', b'"x"').replace(b"most_range_m = 5500e3", b"most_range_m = 0.0")
    with pytest.raises(InvalidInput) as caught:
        parse_library(data, where="mine.toml")
    assert len(caught.value.faults) == 2


@pytest.mark.parametrize("data", [b"", b"# nothing\n"])
def test_an_empty_library_is_none(data: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"no \[\[entry\]\]"):
        parse_library(data, where="mine.toml")


def test_priors_that_are_all_nothing_are_refused() -> None:
    with pytest.raises(InvalidInput, match="0 in every entry"):
        parse_library(TWO.replace(b"prior = 3.0", b"prior = 0").replace(b"prior = 1", b"prior = 0"), where="")
