"""The console window: what a node shows becomes rows of the feed, with the sources, ages and figures of the moment."""

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import numpy as np
import pytest

from beaconfire.kernel.alerts import AlertView
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import Scan, TrackStatus
from beaconfire.kernel.sensors import parse_sensors
from beaconfire.kernel.time import format_utc
from beaconfire.node import Effect, ShowAudit, ShowEvent, ShowTrack
from beaconfire.sense import Sense
from beaconfire.share import Standing
from beaconfire.shell.config import BrokerConfig, ConsoleConfig, NodeConfig
from beaconfire.shell.console import ConsoleWindow
from beaconfire.shell.partnerstatus import PartnerStatus
from tests.node.test_words import NOW_NS, event, track

SENSORS = b"""
[[sensor]]
id = "KOR-R1"
nation = "KOR"
kind = "radar"
latitude_deg = 36.6
longitude_deg = 127.4
period_s = 2.0
[[sensor]]
id = "KOR-I1"
nation = "KOR"
kind = "infrared"
longitude_deg = 120.0
"""
UP = PartnerStatus("JPN", True, 0.2, 7, 12, 9, 9, 1)


class PretendNode:
    """Only what the window reads of a node."""

    def __init__(self, folder: Path, *, partners: tuple[str, ...] = ("JPN",)) -> None:
        (folder / "sensors.toml").write_bytes(SENSORS)
        self.config = NodeConfig(
            nation="KOR",
            realm=Realm.EXERCISE,
            broker=BrokerConfig(client_port=1, link_port=2, address="127.0.0.1:2"),
            console=ConsoleConfig(port=0, languages=("ko", "en"), scenario="2025-01-06", speed=10.0),
            folder=str(folder),
        )
        self.partners = [SimpleNamespace(nation=code) for code in partners]
        self.identity = SimpleNamespace(id_secret=b"i" * 32)
        self.state = SimpleNamespace(sense=Sense(parse_sensors(SENSORS, where="s")))
        self.status: dict[str, PartnerStatus] = {"JPN": UP} if partners else {}
        self.office = SimpleNamespace(
            realm=Realm.EXERCISE, now_ns=NOW_NS, views=lambda: self.views, people=dict, health=tuple
        )
        self.views: tuple[AlertView, ...] = ()
        self.scenario_over = False
        self.exchange = SimpleNamespace(beats=SimpleNamespace(clock_trusted=True, clock_offset_s=0.0))

    def partner_status(self) -> dict[str, PartnerStatus]:
        return self.status


async def rows_of(node: PretendNode, batches: list[list[Effect]], *, kinds: set[str]) -> list[tuple[str, Any]]:
    """Show batches of effects on a served window and return the rows of some kinds that a reader gets."""
    window: Any = ConsoleWindow(node)  # type: ignore[arg-type]
    address = await window.open()
    found: list[tuple[str, Any]] = []
    async with httpx.AsyncClient(follow_redirects=True) as client:
        await client.get(address)
        base = address.split("/?")[0]
        async with client.stream("GET", f"{base}/stream?from=-1") as answer:
            for seq, effects in enumerate(batches):
                window.show(seq=seq, now_ns=NOW_NS + seq * 10**9, effects=effects, durable=True)
            kind = ""
            async for line in answer.aiter_lines():
                if line.startswith("event: "):
                    kind = line.removeprefix("event: ")
                elif line.startswith("data: ") and kind in kinds:
                    found.append((kind, msgspec.json.decode(line.removeprefix("data: "))))
                if kinds <= {name for name, _ in found}:
                    break
    await window.shut()
    return found


def played(node: PretendNode, batches: list[list[Effect]], *kinds: str) -> dict[str, Any]:
    rows = asyncio.run(asyncio.wait_for(rows_of(node, batches, kinds=set(kinds)), 20))
    return dict(rows)


def test_tracks_come_in_columns_with_kind_event_and_source(tmp_path: Path) -> None:
    fused = track(picture="fused", track_id="KOR-T1", nations=("JPN", "KOR"))
    young = track(picture="fused", track_id="KOR-T9", status=TrackStatus.TENTATIVE)
    own = track(picture="own", track_id="KOR-T7")
    batch: list[Effect] = [ShowTrack(fused), ShowTrack(young), ShowTrack(own), ShowEvent(event(picture="fused"))]
    columns = played(PretendNode(tmp_path), [batch], "tracks")["tracks"]
    assert (columns["n"], columns["id"], columns["source"]) == (1, ["KOR-T1"], ["fused"])
    assert (columns["kind"], columns["event_id"], columns["phase"]) == (["ballistic"], ["KOR-E1"], ["ballistic"])
    assert columns["speed_m_s"] == [pytest.approx(np.linalg.norm(fused.mean[3:6]), abs=0.1)]
    assert len({len(column) for name, column in columns.items() if name not in ("time_utc", "n")}) == 1


def test_a_track_that_ended_or_was_merged_is_gone(tmp_path: Path) -> None:
    first = [ShowTrack(track(picture="fused", track_id=name)) for name in ("A", "B", "C")]
    second = [
        ShowTrack(track(picture="fused", track_id="A", status=TrackStatus.ENDED)),
        ShowTrack(track(picture="fused", track_id="C", replaces="B")),
    ]
    columns = played(PretendNode(tmp_path), [list(first), list(second)], "tracks")["tracks"]
    assert columns["id"] == ["C"]


def test_a_page_that_is_open_before_the_first_turn_harms_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        window: Any = ConsoleWindow(PretendNode(tmp_path))  # type: ignore[arg-type]
        window._publish_tracks()
        window._publish_clock()
        assert set(window._hub._latest) == {"clock"}
        assert b'"time_utc":null' in window._hub._latest["clock"][1]

    asyncio.run(run())


def test_without_partners_the_own_picture_is_shown(tmp_path: Path) -> None:
    columns = played(PretendNode(tmp_path, partners=()), [[ShowTrack(track())]], "tracks")["tracks"]
    assert (columns["id"], columns["source"]) == (["KOR-T1"], ["own"])


def test_an_event_carries_rings_and_what_sharing_changed(tmp_path: Path) -> None:
    batches: list[list[Effect]] = [[ShowEvent(event())], [ShowEvent(event(picture="fused", revision=5))]]
    window: Any = ConsoleWindow(PretendNode(tmp_path))  # type: ignore[arg-type]
    published: list[tuple[str, Any, int | None]] = []
    window._hub.publish = lambda kind, data, offset=None: published.append((kind, data, offset))
    for seq, batch in enumerate(batches):
        window.show(seq=seq, now_ns=NOW_NS, effects=batch, durable=True)
    first, second = [(data, offset) for kind, data, offset in published if kind == "event"]
    assert (first[1], second[1]) == (0, 1)
    assert first[0]["realm"] == "EXERCISE"
    assert first[0]["shared"] is None
    assert second[0]["alone"] == second[0]["shared"] == {"launch_semi_major_m": 20e3, "footprint_km2": 4000.0}
    assert second[0]["rings"]["launch_own"][0] == second[0]["rings"]["launch_own"][-1]


def test_partners_and_audit_are_told_when_they_change(tmp_path: Path) -> None:
    node = PretendNode(tmp_path)
    row = ShowAudit(NOW_NS, "JPN", "launch", "KOR-E1-1", "released", "JPN-warning", "", 3)
    found = played(node, [[row]], "partner", "audit", "clock")
    assert found["partner"]["link"] == "up"
    assert (found["partner"]["released"], found["partner"]["rejected"], found["partner"]["contiguous"]) == (3, 1, 9)
    assert (found["audit"]["rule"], found["audit"]["count"]) == ("JPN-warning", 3)
    assert (found["clock"]["state"], found["clock"]["durable"], found["clock"]["speed"]) == ("running", True, 10.0)


def test_the_clock_says_when_the_scenario_has_ended(tmp_path: Path) -> None:
    node = PretendNode(tmp_path)
    node.scenario_over = True
    assert played(node, [[]], "clock")["clock"]["state"] == "ended"


def test_what_was_announced_stands_beside_the_event_and_changes_nothing_of_it(tmp_path: Path) -> None:
    node = PretendNode(tmp_path)
    node.config = msgspec.structs.replace(node.config, record="record.sqlite")
    plain = played(node, [[ShowEvent(event())]], "event")["event"]
    assert plain.pop("context") == []
    table = '[[notice]]\nid = "{}"\nsource = "Coast guard"\nfrom_utc = "{}"\nuntil_utc = "{}"\n'
    then = table.format("M", format_utc(NOW_NS - 10**12), format_utc(NOW_NS + 10**12))
    long_ago = table.format("N", "2000-01-01T00:00Z", "2000-02-01T00:00Z")
    (tmp_path / "notices.toml").write_text(long_ago + then)
    told = played(node, [[ShowEvent(event())]], "event")["event"]
    (line,) = told.pop("context")
    assert "source Coast guard" in line
    assert told == plain


@pytest.mark.parametrize(
    ("connected", "silent_s", "word"), [(True, None, "connecting"), (False, 0.1, "connecting"), (True, 9.0, "down")]
)
def test_a_silent_link_is_said_to_be_down(tmp_path: Path, connected: bool, silent_s: float | None, word: str) -> None:
    node = PretendNode(tmp_path)
    node.status = {"JPN": PartnerStatus("JPN", connected, silent_s, 7, 12, 9, 9, 1)}
    assert played(node, [[]], "partner")["partner"]["link"] == word


def test_what_was_decided_of_a_partner_is_told(tmp_path: Path) -> None:
    node = PretendNode(tmp_path)
    standing = Standing("suspended", NOW_NS, "a drill", ("kim",), number=82, effective_ns=0)
    node.status = {"JPN": PartnerStatus("JPN", True, 40.0, 7, 82, 97, 97, 1, standing=standing, missed=286)}
    told = played(node, [[]], "partner")["partner"]
    assert (told["state"], told["link"], told["since_utc"]) == ("suspended", "out", format_utc(NOW_NS))
    assert (told["reason"], told["by"], told["effective_utc"]) == ("a drill", ["kim"], None)
    assert (told["last_number"], told["missed"], told["catching_up"]) == (82, 286, False)


def test_a_partner_is_told_again_when_its_standing_changes_and_heard_when_it_spoke(tmp_path: Path) -> None:
    node = PretendNode(tmp_path)
    window: Any = ConsoleWindow(node)  # type: ignore[arg-type]
    told: list[dict[str, Any]] = []
    window._hub.publish = lambda kind, row, seq=0: told.append(row) if kind == "partner" else None
    away, here = Standing("suspended_by_partner", NOW_NS), Standing("active", NOW_NS)
    for second, silent_s, standing in ((0, 0.2, here), (1, 1.2, here), (2, 2.2, away)):
        node.status = {"JPN": PartnerStatus("JPN", True, silent_s, 7, 12, 9, 9, 1, standing=standing)}
        window.show(seq=second, now_ns=NOW_NS + second * 10**10, effects=[], durable=True)
    assert [row["state"] for row in told] == ["active", "suspended_by_partner"]
    assert {row["last_heard_utc"] for row in told} == {format_utc(NOW_NS)}, "its data age, at the scenario's speed"


def test_the_configuration_names_sensors_and_says_which_fell_silent(tmp_path: Path) -> None:
    node = PretendNode(tmp_path)
    node.state.sense.accept(Scan(NOW_NS, "KOR-R1", ()), now_ns=NOW_NS)
    window: Any = ConsoleWindow(node)  # type: ignore[arg-type]
    window.show(seq=0, now_ns=NOW_NS + 5 * 10**9, effects=[], durable=True)
    now = window._configuration()
    assert (now["nation"], now["realm"], now["scenario"], now["languages"]) == (
        "KOR",
        "EXERCISE",
        "2025-01-06",
        ("ko", "en"),
    )
    assert [(row["id"], row["status"]) for row in now["sensors"]] == [("KOR-R1", "up"), ("KOR-I1", "up")]
    window.show(seq=1, now_ns=NOW_NS + 11 * 10**9, effects=[], durable=True)
    assert [row["status"] for row in window._configuration()["sensors"]] == ["down", "up"]


def test_a_fault_in_drawing_is_raised_and_not_an_empty_picture(tmp_path: Path) -> None:
    async def fail() -> None:
        window: Any = ConsoleWindow(PretendNode(tmp_path))  # type: ignore[arg-type]

        async def broken() -> None:
            raise ZeroDivisionError

        window._tasks = [asyncio.create_task(broken())]
        await asyncio.sleep(0)
        window.show(seq=0, now_ns=NOW_NS, effects=[], durable=True)

    with pytest.raises(ZeroDivisionError):
        asyncio.run(fail())
