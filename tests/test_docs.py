"""Documents cannot drift from the code: commands exist, links lead somewhere, cheap examples run."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclopts import App, CycloptsError

from beaconfire.cli import app
from beaconfire.kernel import errors
from tests.house import PACKAGE, ROOT, assert_none, files_of_the_project

DOCUMENTS = [path for path in files_of_the_project() if path.suffix == ".md" and "node_modules" not in path.parts]
FENCE = re.compile(r"^```(\w+)?([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
COMMANDS = ROOT / "docs" / "commands.md"


def shown_commands() -> Iterator[tuple[str, bool, list[str]]]:
    """Every command line of a `console` block: where it stands, whether it is cheap enough to run, its words."""
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            if match[1] not in {"console", "sh", "shell", "bash"}:
                continue
            first = text[: match.start(3)].count("\n") + 1
            for offset, line in enumerate(match[3].replace("\\\n", " ").splitlines()):
                words = shlex.split(line.removeprefix("$ "), comments=True)
                if words:
                    yield f"{path.relative_to(ROOT)}:{first + offset}", "run" in match[2], words


def arguments_of(words: list[str]) -> list[str] | None:
    return words[1:] if words[0] in {"beaconfire", ".venv/bin/beaconfire"} else None


def leaves(tree: App, prefix: str = "beaconfire") -> Iterator[tuple[str, App]]:
    """Every command that does something, by its full name."""
    for name in tree:
        if not name.startswith("-"):
            child = tree[name]
            if child.default_command is not None:
                yield f"{prefix} {name}", child
            yield from leaves(child, f"{prefix} {name}")


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_the_documents_are_found() -> None:
    assert {"README.md", "architecture.md", "promises.md", "commands.md"} <= {path.name for path in DOCUMENTS}


def test_every_beaconfire_command_shown_is_accepted_by_the_command_line() -> None:
    faults = []
    for where, _, words in shown_commands():
        arguments = arguments_of(words)
        if arguments is not None and not {"--help", "--version"} & set(arguments):
            try:
                app.parse_args(arguments, exit_on_error=False, print_error=False)
            except CycloptsError as error:
                faults.append(f"{where}: {shlex.join(words)}: {error}")
    assert_none(faults)


def test_every_make_target_shown_exists() -> None:
    assert_none(
        [
            f"{where}: {shlex.join(words)}; the Makefile has no such target"
            for where, _, words in shown_commands()
            if words[0] == "make" and not {word for word in words[1:] if "=" not in word} <= make_targets()
        ]
    )


def test_every_other_command_shown_is_one_that_a_reader_has() -> None:
    common = {"beaconfire", ".venv/bin/beaconfire", "make", "git", "cd", "curl", "sqlite3", "ls", "kill"}
    assert_none([f"{where}: {words[0]}?" for where, _, words in shown_commands() if words[0] not in common])


@pytest.mark.parametrize(
    ("where", "words"), [pytest.param(where, words, id=where) for where, cheap, words in shown_commands() if cheap]
)
def test_examples_marked_run_do_run(where: str, words: list[str], tmp_path: Path) -> None:
    arguments = arguments_of(words)
    assert arguments is not None, f"{where}: only beaconfire commands are run"
    process = subprocess.run(
        [sys.executable, "-m", "beaconfire", *arguments], cwd=tmp_path, capture_output=True, text=True
    )
    assert process.returncode == 0, f"{where}: {process.stderr}"
    assert process.stdout


def test_commands_md_names_every_command_and_no_other() -> None:
    text = COMMANDS.read_text(encoding="utf-8")
    named = {
        re.sub(r"\s+[\[A-Z\-].*", "", name) for name in re.findall(r"^\| `(beaconfire [^`]+)`", text, re.MULTILINE)
    }
    assert named == {name for name, _ in leaves(app)}


def test_commands_md_names_every_make_target() -> None:
    text = COMMANDS.read_text(encoding="utf-8")
    public = set(re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[0].split())
    assert set(re.findall(r"^\| `make ([a-z-]+)", text, re.MULTILINE)) == public


@pytest.mark.parametrize(("name", "command"), [pytest.param(*leaf, id=leaf[0]) for leaf in leaves(app)])
def test_every_command_and_every_option_of_it_explains_itself(name: str, command: App) -> None:
    assert command.help.strip(), f"{name}: no help; write a docstring"
    silent = [
        argument.names
        for argument in command.assemble_argument_collection(parse_docstring=True)
        if argument.show and not (argument.parameter.help or "").strip()
    ]
    assert silent == [], f"{name}: say in the docstring what these are"


def test_every_exit_code_of_the_error_tree_is_documented() -> None:
    codes = {
        kind.exit_code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.BeaconfireError)
    }
    text = " ".join(COMMANDS.read_text(encoding="utf-8").split())
    assert codes == {1, 2, 3, 4}
    for code in codes | {0}:
        assert re.search(rf"[:;,] {code} [a-z]", text), f"docs/commands.md: says nothing of exit code {code}"


def test_every_link_in_a_document_leads_to_a_file_of_the_project() -> None:
    known = set(files_of_the_project())
    assert_none(
        [
            f"{path.relative_to(ROOT)}: link to {target}, which is not there"
            for path in DOCUMENTS
            for target in LINK.findall(path.read_text(encoding="utf-8"))
            if not target.startswith(("https:", "#"))
            and (path.parent / target.partition("#")[0]).resolve() not in known
        ]
    )


def test_every_source_path_named_in_a_document_exists() -> None:
    named = re.compile(r"`((?:src|tests|docs|web|benchmarks|kernel|earth|node|shell|cli)/[\w./-]+)`")
    assert_none(
        [
            f"{path.relative_to(ROOT)}: names {name}, which is not there"
            for path in DOCUMENTS
            for name in named.findall(path.read_text(encoding="utf-8"))
            if not (ROOT / name).exists() and not (PACKAGE / name).exists()
        ]
    )


def test_every_decision_is_numbered_and_listed_once() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [name[:4] for name in records] == [f"{number:04d}" for number in range(1, len(records) + 1)]
    listed = re.findall(r"\]\((\d{4}[\w.-]+)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert listed == records
    for name in records:
        text = (folder / name).read_text(encoding="utf-8")
        assert text.startswith(f"# {name[:4]}: "), f"{name}: its title starts with its number"
        assert "**Decision.**" in text, f"{name}: says no decision"


def test_promises_md_has_all_twelve_and_names_tests_that_exist() -> None:
    rows = re.findall(r"^\| (P\d+) \|.*\| (.*) \|$", (ROOT / "docs" / "promises.md").read_text(), re.MULTILINE)
    assert [name for name, _ in rows] == [f"P{number}" for number in range(1, 13)]
    assert_none(
        [
            f"docs/promises.md: {name} must say 'not yet' or name the test that keeps it"
            for name, today in rows
            if "not yet" not in today and not re.search(r"`tests/[\w/]+\.py`", today)
        ]
    )
