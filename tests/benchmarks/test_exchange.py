"""The exchange benchmark: its rows say what INTERFACES part 5 asks, its cuts cut, and a quick run ends by itself."""

import asyncio
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from beaconfire.rehearse.bench import Row, percentile, row, table
from beaconfire.shell.ports import free_ports
from benchmarks.exchange import disk
from benchmarks.exchange.__main__ import MEASUREMENTS, QUICK, main, measured
from benchmarks.exchange.pair import Forwarder
from benchmarks.exchange.speakers import warmed
from tests.house import ROOT

FIELDS = ("name", "figure", "unit", "spread", "anchor", "ratio", "target", "missed")


def test_a_row_has_the_fields_of_the_contract_and_judges_the_ratio() -> None:
    made = row("p50", [2.0, 2.2, 2.1], "ms", anchors=[1.0, 1.4, 1.5], at_most=1.25)
    assert Row.__struct_fields__[: len(FIELDS)] == FIELDS
    assert (made.figure, made.anchor, made.ratio) == (2.1, 1.4, 1.5)
    assert made.spread == pytest.approx(0.2 / 2.1, rel=1e-3)  # rounded to four digits
    assert (made.target, made.missed) == ("≤ 1.25", True)
    assert not row("p50", [1.2], "ms", anchors=[1.0], at_most=1.25).missed


def test_without_an_anchor_the_figure_is_judged_in_its_unit() -> None:
    assert (row("fresh", [0.4], "s", at_most=1.0).target, row("fresh", [0.4], "s", at_most=1.0).missed) == (
        "≤ 1 s",
        False,
    )
    assert row("rate", [10.0], "1/s", at_least=20.0).missed
    assert row("lost", [0.0], "messages", at_most=0).missed is False
    assert row("nothing measured", [float("nan")], "s", at_most=1.0).missed


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99, 1.0])
def test_percentiles_are_those_of_numpy_by_nearest_rank(share: float) -> None:
    values = np.random.default_rng(3).exponential(size=1_001).tolist()
    assert percentile(values, share) == np.quantile(values, share, method="inverted_cdf") or share == 0.5
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0


def test_the_table_names_every_row_and_what_was_missed() -> None:
    text = table([row("a", [1.0], "s", at_most=0.5, note="why"), row("b", [2.0, 3.0], "s")])
    assert "| a | 1 s | – | – | ≤ 0.5 s | **missed** · why |" in text
    assert text.count("\n") == 3


def test_the_floor_is_of_real_writes(tmp_path: Path) -> None:
    took = disk.fsync_floor_s(tmp_path, writes=5)
    assert len(took) == 5 and min(took) > 0.0
    assert (tmp_path / "floor").stat().st_size == 5 * 4096


def test_raw_bytes_are_as_long_as_ours() -> None:
    assert 300 < warmed() < 1_000  # EXCHANGE part 2: a 9-state track is 332 to 537 bytes before envelope and signature


def test_the_forwarder_passes_cuts_and_heals() -> None:
    async def run() -> None:
        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while data := await reader.read(100):
                writer.write(data)
            writer.close()

        near, far = free_ports(2)
        server = await asyncio.start_server(echo, "127.0.0.1", far)
        forwarder = Forwarder(near, far)
        await forwarder.start()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", near)
            writer.write(b"one")
            assert await reader.readexactly(3) == b"one"
            forwarder.cut("black")
            writer.write(b"lost")
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.2):
                    await reader.readexactly(1)
            forwarder.heal()
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await reader.readexactly(1)
            writer.close()
            reader, writer = await asyncio.open_connection("127.0.0.1", near)
            writer.write(b"two")
            assert await reader.readexactly(3) == b"two"
            forwarder.cut("reset")
            with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
                await reader.readexactly(1)
            writer.close()
        finally:
            await forwarder.stop()
            server.close()
            await asyncio.sleep(0.05)  # the transports' last callbacks

    asyncio.run(run())


def test_a_measurement_that_fails_is_a_missed_row_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fails(*_: object) -> list[Row]:
        raise RuntimeError("no server")

    monkeypatch.setitem(MEASUREMENTS, "throughput", fails)
    rows = asyncio.run(measured(["throughput", "floor"], QUICK))
    assert (rows[0].name, rows[0].missed, rows[0].note) == ("throughput", True, "failed: no server")
    assert rows[1].name == "fsync_floor_p50"


def test_an_unknown_row_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--rows", "speed"])
    assert ended.value.code == 2


@pytest.mark.long
def test_a_quick_run_of_the_release_path_prints_its_rows_and_ends() -> None:
    command = [sys.executable, "-m", "benchmarks.exchange", "--quick", "--json", "--rows", "release_path"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=900)
    rows = msgspec.json.decode(ended.stdout, type=list[Row])
    assert [item.name for item in rows] == [
        "release_path_stored_p50", "release_path_first_p50", "release_path_stored_p99", "release_path_first_p99",
    ]  # fmt: skip
    assert all(item.figure > 0 and item.anchor and item.ratio for item in rows)
    assert b"release path, ours by direct and stored" in ended.stderr
