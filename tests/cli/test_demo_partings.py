"""`partner-leaves` in a real demo, all of it: three processes and servers; Japan is put out, comes back, and has all.

What the summary says is held against the journals, which say it in signed rows.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from beaconfire.kernel import wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import RELEASED_KINDS, Kind
from beaconfire.kernel.time import NS_PER_S, parse_utc
from beaconfire.node import EnvelopeIn, Resume, Suspend, decode_input
from beaconfire.shell import Reader, verify_journal
from beaconfire.shell.store import decode_record

PATIENCE_S = 900.0  # the machine may be busy
RETURN_S = 10.0  # of scenario time, from the order to the last record of what was missed

pytestmark = [pytest.mark.long, pytest.mark.timeout(PATIENCE_S + 60.0)]


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("partings") / "out"
    command = [sys.executable, "-m", "beaconfire", "demo", "--scenario", "partner-leaves", "--headless"]
    subprocess.run([*command, "--out", str(folder)], check=True, timeout=PATIENCE_S)
    yield folder
    shutil.rmtree(folder)


def rows(out: Path, nation: str) -> Iterator[tuple[int, Any]]:
    """Node time and input of each row of a journal."""
    reader = Reader(out / nation / "journal.sqlite")
    try:
        for row in reader.rows():
            record = decode_record(row, where=nation)
            yield record.now_ns, decode_input(record.item)
    finally:
        reader.close()


def test_what_the_others_lost_and_when_it_came_back(out: Path) -> None:
    summary = json.loads((out / "summary.json").read_text())
    assert summary["failed"] == []
    (parting,) = summary["partings"]
    assert (parting["nation"], parting["partner"], parting["word"]) == ("KOR", "JPN", "suspended")
    assert parting["away_s"] == 180.0
    until_ns, again_ns = parse_utc(parting["until_utc"]), parse_utc(parting["caught_up_utc"])
    assert (again_ns - until_ns) / NS_PER_S < RETURN_S
    assert parting["records"] > 100
    assert None not in (parting["before_km2"], parting["alone_km2"], parting["after_km2"])
    page = (out / "report.html").read_text()
    assert "Who parted from whom" in page
    assert f"{parting['records']}</td>" in page


def test_the_journals_say_the_same(out: Path) -> None:
    orders = [(now_ns, item) for now_ns, item in rows(out, "KOR") if isinstance(item, Suspend | Resume)]
    assert [type(item) for _, item in orders] == [Suspend, Resume]
    parted_ns, back_ns = (now_ns for now_ns, _ in orders)
    seen: set[bytes] = set()
    heard: list[int] = []
    for now_ns, item in rows(out, "JPN"):
        if isinstance(item, EnvelopeIn) and item.partner == "KOR":
            envelope = wire.decode_envelope(item.envelope, realm=Realm.EXERCISE)
            heard.append(now_ns)
            if envelope.kind in RELEASED_KINDS and envelope.kind is not Kind.WITHDRAWAL:
                release = wire.decode_release(envelope)
                assert not (parted_ns + NS_PER_S < now_ns < back_ns), "nothing comes in between"
                seen.add(release.source_id)
    assert any(now_ns < parted_ns for now_ns in heard)
    assert any(now_ns > back_ns for now_ns in heard)
    told = [line for line in (out / "JPN" / "partners.jsonl").read_text().splitlines() if '"caught_up"' in line]
    assert len(told) == 1
    assert "complete" in told[0]
    assert len(seen) >= json.loads(told[0])["count"]


@pytest.mark.parametrize(("nation", "other"), [("KOR", "JPN"), ("JPN", "KOR"), ("USA", "KOR")])
def test_the_journals_hold(out: Path, nation: str, other: str) -> None:
    report = verify_journal(out / nation / "journal.sqlite", heads=out / other / "journal.sqlite")
    assert report.nation == nation
    assert report.heads_compared


def test_who_was_not_parted_from_lost_nothing(out: Path) -> None:
    """The United States kept both: nothing of the parting stands in its file but nothing at all."""
    assert not (out / "USA" / "partners.jsonl").exists()
