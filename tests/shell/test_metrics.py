"""What a node says of itself: real nodes, a real scrape over HTTP, and the document that names every metric."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.limits import METRIC_SERIES
from beaconfire.kernel.time import parse_utc
from beaconfire.node import ShowAudit
from beaconfire.shell import metrics
from beaconfire.shell.clock import UNKNOWN, ClockQuality
from beaconfire.shell.console import ConsoleWindow
from beaconfire.shell.healthpages import page
from beaconfire.shell.loop import Node
from beaconfire.shell.metrics import FAMILIES, Metrics
from beaconfire.shell.openmetrics import CONTENT_TYPE
from tests.house import ROOT
from tests.shell.support import until
from tests.shell.test_console import SENSORS
from tests.shell.test_node import START_NS, new_nodes, running
from tests.shell.test_openmetrics import parsed

Samples = dict[tuple[str, tuple[str, ...]], float]
NOW_NS = parse_utc("2025-01-06T03:02:00Z")


def samples(text: str) -> Samples:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in parsed(text)
        for sample in family.samples
    }


def of_partner(found: Samples, partner: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    return (key for key in found if key[1][:1] == (partner,))


async def played(root: Path) -> tuple[Samples, dict[str, Any], dict[str, Any]]:
    """Let KOR release to JPN and USA for some turns; returns KOR's samples and report, and JPN's report."""
    configs = new_nodes(root, "JPN", "KOR", "USA")
    async with running(*configs) as (play, nodes):
        watching = {nation: Metrics(node) for nation, node in nodes.items()}
        for nation, node in nodes.items():
            node._windows = [watching[nation]]
        for _ in range(8):
            await play.turn("KOR")
        nodes["JPN"].exchange.traffic()["KOR"].intake.take("direct", b"not an envelope")
        await until(lambda: beats_heard(nodes), timeout_s=10)
        for _ in range(2):
            await play.turn()
        return samples(watching["KOR"].text()), watching["KOR"].report(), watching["JPN"].report()


def beats_heard(nodes: dict[str, Node]) -> bool:
    return all(status.silent_s is not None for node in nodes.values() for status in node.partner_status().values())


def test_a_scrape_of_a_node_that_shares(tmp_path: Path) -> None:
    found, report, others = asyncio.run(played(tmp_path))
    assert found["beaconfire_sent_number", ("JPN",)] == 8.0
    assert found["beaconfire_link_up", ("JPN",)] == 1.0
    assert found["beaconfire_journal_durable", ()] == 1.0
    assert found["beaconfire_journal_rows_total", ()] > 10.0
    assert found["beaconfire_journal_sync_seconds_count", ()] > 0.0
    assert START_NS / 1e9 - 60.0 < found["beaconfire_node_time_seconds", ()] < START_NS / 1e9 + 60.0
    released = [
        value for (name, labels), value in found.items() if name == "beaconfire_decisions_total" and labels[0] == "JPN"
    ]
    assert sum(released) == 8.0
    assert report["partners"]["JPN"]["link"] == "up" and report["partners"]["JPN"]["missing"] == 0
    assert others["partners"]["KOR"]["contiguous"] == 8
    assert others["partners"]["KOR"]["lanes"]["direct"]["number"] <= 8
    assert max(lane["number"] for lane in others["partners"]["KOR"]["lanes"].values()) == 8
    assert sum(others["refused"]["KOR"].values()) == 1  # the bytes that are no envelope


def test_every_metric_stands_in_the_document_with_its_type_and_labels() -> None:
    text = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(beaconfire_\w+)` \| (\w+) \| ([\w, ]*) ?\|", text, re.MULTILINE)
    documented = {name: (kind, tuple(re.findall(r"\w+", labels))) for name, kind, labels in rows}
    assert documented == {family.name: (family.kind, family.labels) for family in FAMILIES}
    assert str(METRIC_SERIES) in text.replace(",", "")


def test_names_end_in_their_unit_and_say_what_they_count() -> None:
    for family in FAMILIES:
        assert family.name.endswith(family.unit), family
        assert not family.name.endswith("_total") and family.words, family


class PretendNode:
    """A node that has not begun: enough for a scrape, and for what is counted of effects."""

    def __init__(self) -> None:
        self.config = SimpleNamespace(nation="KOR", realm=Realm.EXERCISE)
        self.engine = self.store = self.trouble = self.state = None
        self.exchange = SimpleNamespace(
            beats=SimpleNamespace(clock_trusted=True, clock_offset_s=0.0), traffic=dict, cuts={}
        )
        self.partner_status = dict


def counted(*audits: ShowAudit) -> Samples:
    window: Any = Metrics(PretendNode())  # type: ignore[arg-type]
    window.show(seq=1, now_ns=NOW_NS, effects=audits, durable=True)
    return samples(window.text())


def audit(
    partner: str, verdict: str, rule: str = "", reason: str = "", *, subject: str = "X", count: int = 1
) -> ShowAudit:
    return ShowAudit(NOW_NS, partner, "launch", subject, verdict, rule, reason, count)


def test_a_node_before_its_first_turn_can_be_scraped() -> None:
    found = counted()
    assert found["beaconfire_build_info", ("KOR", "EXERCISE", *next(iter(found))[1][2:])] == 1.0
    assert ("beaconfire_journal_rows_total", ()) not in found


def test_decisions_are_told_by_partner_verdict_and_rule() -> None:
    found = counted(
        audit("JPN", "released", "jpn-all"), audit("JPN", "released", "jpn-all", "launch point coarsened"),
        audit("JPN", "withheld", "", "no_grant", count=7), audit("USA", "released", "usa-secret-deal"),
        audit("", "quarantined", "", "time is 3.141 s in the future", subject="R9"),
        audit("JPN", "refused", "signature"),
        audit("USA", "equivocation"),
    )  # fmt: skip
    assert found["beaconfire_decisions_total", ("JPN", "released", "jpn-all")] == 1.0
    assert found["beaconfire_decisions_total", ("JPN", "redacted", "jpn-all")] == 1.0
    assert found["beaconfire_decisions_total", ("JPN", "withheld", "no_grant")] == 7.0
    assert found["beaconfire_refused_total", ("JPN", "signature")] == 1.0
    assert found["beaconfire_refused_total", ("USA", "equivocation")] == 1.0
    assert found["beaconfire_quarantined_total", ("unknown",)] == 1.0
    assert not any("usa-secret-deal" in labels for _, labels in of_partner(found, "JPN"))


def test_a_flood_of_reasons_stays_bounded() -> None:
    found = counted(*(audit("JPN", "refused", f"made up {number}") for number in range(3 * METRIC_SERIES)))
    refused = {labels: value for (name, labels), value in found.items() if name == "beaconfire_refused_total"}
    assert len(refused) == METRIC_SERIES + 1
    assert sum(refused.values()) == 3 * METRIC_SERIES


def test_the_pages_are_served_beside_the_console_under_its_guard(tmp_path: Path) -> None:
    (config,) = new_nodes(tmp_path, "KOR")
    (tmp_path / "KOR" / "sensors.toml").write_bytes(SENSORS)

    async def run() -> None:
        node = Node(config, passphrase=None)
        window = ConsoleWindow(node)
        address = (await window.open()).split("/?")[0]
        async with httpx.AsyncClient(base_url=address) as client:
            scraped = await client.get("/metrics")
            assert scraped.headers["content-type"] == CONTENT_TYPE
            assert samples(scraped.text)["beaconfire_journal_durable", ()] == 1.0
            for path, accept in (("/health.json", "*/*"), ("/health", "application/json")):
                answer = await client.get(path, headers={"accept": accept})
                assert msgspec.json.decode(answer.content)["nation"] == "KOR"
            people = await client.get("/health", headers={"accept": "text/html"})
            assert people.headers["content-type"].startswith("text/html") and "KOR EXERCISE: health" in people.text
            assert (await client.get("/healthz")).text == "ok\n"
            assert (await client.get("/metrics", headers={"host": "evil.example"})).status_code == 403
            assert (await client.get("/health", headers={"origin": "http://evil.example"})).status_code == 403
            secret = node.identity.id_secret
            assert secret.hex() not in scraped.text and str(tmp_path) not in scraped.text + people.text
        await window.shut()

    asyncio.run(run())


def test_an_undisciplined_clock_and_a_wrong_one_are_said_first(monkeypatch: Any) -> None:
    node: Any = PretendNode()
    monkeypatch.setattr(metrics, "read_quality", lambda: UNKNOWN)
    assert Metrics(node).report()["trouble"] == [f"clock {UNKNOWN.words}"]
    monkeypatch.setattr(metrics, "read_quality", lambda: ClockQuality(True, 0.2, 0.3, "insert"))
    node.exchange.beats.clock_trusted, node.exchange.beats.clock_offset_s = False, -18.0
    assert Metrics(node).report()["trouble"] == [
        "the clock's estimated error is 0.2 s", "the wall clock stepped by -18.000 s",
    ]  # fmt: skip
    found = samples(Metrics(node).text())
    assert (found["beaconfire_clock_trusted", ()], found["beaconfire_clock_step_seconds", ()]) == (0.0, -18.0)
    assert found["beaconfire_clock_leap", ("insert",)] == 1.0
    node.trouble = OSError("disk full")
    assert "the journal is not durable: disk full" in str(Metrics(node).report()["trouble"])


def test_the_page_escapes_what_it_shows() -> None:
    text = page({"nation": "<b>", "realm": "LIVE", "trouble": ["<script>"], "journal": {"a": None, "b": {"c": [1, 2]}}})
    assert "<script>" not in text and "&lt;script&gt;" in text and "<b>" not in text
    assert "<th>a</th><td>unknown</td>" in text and "<td>c: 1, 2</td>" in text
    assert "Nothing is wrong." in page({"nation": "KOR", "realm": "LIVE", "trouble": []})
