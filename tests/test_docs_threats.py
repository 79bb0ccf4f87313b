"""docs/threats.md names tests that exist, for every adversary, and nothing in it promises without one."""

import ast
import re

import pytest

from tests.house import ROOT

TEXT = (ROOT / "docs" / "threats.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", TEXT)
ADVERSARIES = ("The wire", "The impostor", "The partner", "The exercise", "The insider")


def functions(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


def rows(title: str) -> list[str]:
    match = re.search(rf"^## {title}\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert match is not None, title
    return [line for line in match[1].splitlines() if line.startswith("| ") and not line.startswith("| can")]


@pytest.mark.parametrize(("path", "name"), sorted(set(NAMED)))
def test_every_test_that_is_named_exists(path: str, name: str) -> None:
    assert (ROOT / path).is_file()
    assert not name or name in functions(path)


@pytest.mark.parametrize("title", ADVERSARIES)
def test_every_row_names_a_wall_and_a_test(title: str) -> None:
    found = rows(title)
    assert len(found) >= 4
    for row in found:
        can, wall, tried = (cell.strip() for cell in row.strip("|").split("|"))
        assert can
        assert wall
        assert re.search(r"`tests/[\w/]+\.py", tried), can


def test_what_is_not_covered_is_said() -> None:
    assert len(re.findall(r"^- \*\*", TEXT.partition("## Not covered")[2], re.MULTILINE)) >= 8


def test_every_adversary_of_the_wire_and_the_relay_is_named() -> None:
    """A new adversary among the tests must find its row here."""
    named = {name for path, name in NAMED if path == "tests/share/test_adversaries.py"}
    known = {name for name in functions("tests/share/test_adversaries.py") if name.startswith("test_")}
    unnamed = {"test_signed_again_by_a_stranger_is_refused", "test_a_body_of_another_kind_is_refused",
               "test_a_label_stripped_by_its_sender_gives_the_recipient_nothing"}  # fmt: skip
    assert known - named == unnamed
