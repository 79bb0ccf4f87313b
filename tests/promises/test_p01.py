"""P1: a record acknowledged or sent is on stable storage first (one written exception: ARCHITECTURE wall 3)."""

import asyncio
from pathlib import Path

from beaconfire.kernel import wire
from beaconfire.kernel.labels import Realm
from beaconfire.node import EnvelopeIn, decode_input
from beaconfire.shell.link import LaneName
from beaconfire.shell.store import Reader, decode_record
from tests.shell.test_node import Play, new_nodes, running


def journaled(path: Path) -> list[EnvelopeIn]:
    """What another process reads in the journal at this moment: what is committed, and nothing else."""
    reader = Reader(path)
    try:
        items = [decode_input(decode_record(row, where="").item) for row in reader.rows()]
    finally:
        reader.close()
    return [item for item in items if isinstance(item, EnvelopeIn)]


def scans(path: Path) -> int:
    reader = Reader(path)
    try:
        names = [type(decode_input(decode_record(row, where="").item)).__name__ for row in reader.rows()]
    finally:
        reader.close()
    return names.count("ScanIn")


def test_an_envelope_reaches_the_partner_only_after_the_row_that_caused_it_is_committed(tmp_path: Path) -> None:
    configs = new_nodes(tmp_path, "JPN", "KOR")
    sender = configs[1].path("data") / "journal.sqlite"
    seen: list[tuple[int, int]] = []

    async def run() -> None:
        async with running(*configs) as (play, nodes):
            intake = nodes["JPN"]._joined._intakes["KOR"]
            link = nodes["JPN"]._joined.links["KOR"]

            def watch(lane: LaneName, data: bytes) -> None:
                if lane != "control":
                    envelope = wire.decode_envelope(wire.decode_signed(data).unsigned, realm=Realm.EXERCISE)
                    seen.append((envelope.number, scans(sender)))
                intake.take(lane, data)

            link._deliver = watch
            await turns(play)

    asyncio.run(run())
    assert {number for number, _ in seen} >= set(range(1, 15))
    assert all(committed >= number for number, committed in seen)


def test_a_receipt_is_given_only_for_what_the_receivers_journal_holds(tmp_path: Path) -> None:
    configs = new_nodes(tmp_path, "JPN", "KOR")
    receiver = configs[0].path("data") / "journal.sqlite"
    claims: list[tuple[int, int]] = []

    async def run() -> None:
        async with running(*configs) as (play, nodes):
            intake = nodes["KOR"]._joined._intakes["JPN"]

            def watch(lane: LaneName, data: bytes) -> None:
                if lane == "control":
                    control = wire.decode_control(wire.decode_signed(data).unsigned, realm=Realm.EXERCISE)
                    if isinstance(control, wire.Receipt):
                        claims.append((control.contiguous, len(journaled(receiver))))
                intake.take(lane, data)

            nodes["KOR"]._joined.links["JPN"]._deliver = watch
            for _ in range(4):
                await turns(play)
                await asyncio.sleep(0.6)

    asyncio.run(run())
    assert max(claimed for claimed, _ in claims) >= 15
    assert all(held >= claimed for claimed, held in claims)


async def turns(play: Play) -> None:
    for _ in range(15):
        await play.turn("KOR")
