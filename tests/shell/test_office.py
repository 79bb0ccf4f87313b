"""The office without a node: what it may publish while the journal cannot be written, once, and how it answers."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import Approved, MessageKind
from beaconfire.kernel.labels import Realm
from beaconfire.node import Delivered, Input
from beaconfire.shell import keys
from beaconfire.shell.alerting import Office
from beaconfire.shell.channels import Pace, Receipt
from tests.shell.alarm import ALERT, START_NS, make_station, on_duty


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A real message, as the desk wrote it."""
    station = make_station(tmp_path_factory.mktemp("source"))

    async def run() -> bytes:
        async with on_duty(station) as duty:
            await duty.turn(seen=True)
            draft = duty.view().draft
            assert draft is not None
            return draft.unsigned

    return asyncio.run(run())


def approved(kind: MessageKind, by: tuple[str, ...], unsigned: bytes, identifier: str = "JPN-1") -> Approved:
    return Approved(
        alert_id=ALERT, identifier=identifier, kind=kind, digest=hashlib.sha256(unsigned).digest(), unsigned=unsigned,
        channels=("files", "nowhere"), approved_by=by,
    )  # fmt: skip


def alone(tmp_path: Path, story: Callable[[Office], Awaitable[None]], *, signed: bool = True) -> list[Input]:
    """Run a story on an office without a node and return the receipts."""
    station = make_station(tmp_path)
    identity = keys.load(Path(station.config.folder), "JPN", Realm.EXERCISE, passphrase=None)
    if not signed:
        object.__setattr__(identity, "alerts", None)
    taken: list[Input] = []

    async def run() -> None:
        office = Office(
            station.config, identity, state=lambda: None, now_ns=lambda: START_NS, news=lambda: None, pace=Pace()
        )
        await office.open()
        await story(office)
        await office.settled()
        taken.extend(office.take())
        await office.close()

    asyncio.run(run())
    return taken


@pytest.mark.parametrize(
    ("kind", "by", "goes"),
    [
        (MessageKind.SHELTER, ("aoki", "baba"), True), (MessageKind.SHELTER, ("aoki",), False),
        (MessageKind.SHELTER, ("rule:exercise",), False), (MessageKind.SHELTER, ("aoki", "aoki"), False),
        (MessageKind.UPDATE, ("aoki", "rule:exercise"), False), (MessageKind.CANCEL, ("aoki",), True),
        (MessageKind.ALL_CLEAR, ("rule:exercise",), False),
    ],
)  # fmt: skip
def test_without_a_journal_only_two_people_or_the_end_of_an_alert_get_through(
    tmp_path: Path, unsigned: bytes, kind: MessageKind, by: tuple[str, ...], goes: bool
) -> None:
    """Wall 3: what goes is marked UNRECORDED, and not sent again when the disk takes rows again."""

    async def story(office: Office) -> None:
        office.publish(approved(kind, by, unsigned), recorded=False)
        office.publish(approved(kind, by, unsigned), recorded=False)

    receipts = alone(tmp_path, story)
    files_told = [item for item in receipts if isinstance(item, Delivered) and item.channel == "files"]
    assert [item.ok for item in files_told] == ([True] if goes else [])


def test_a_channel_that_does_not_exist_and_a_missing_key_are_receipts(tmp_path: Path, unsigned: bytes) -> None:
    async def story(office: Office) -> None:
        office.publish(approved(MessageKind.SHELTER, ("aoki", "baba"), unsigned), recorded=True)

    told = {item.channel: item.detail for item in alone(tmp_path / "1", story) if isinstance(item, Delivered)}
    assert told == {"files": "", "nowhere": "is no channel of this node"}
    told = {
        item.channel: item.detail for item in alone(tmp_path / "2", story, signed=False) if isinstance(item, Delivered)
    }
    assert all("cannot be signed" in detail for detail in told.values())


def test_nothing_is_published_twice_and_memory_is_bounded(
    tmp_path: Path, unsigned: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_PUBLISHED", 2)

    async def story(office: Office) -> None:
        for name in ("A", "A", "B", "C"):
            office.publish(approved(MessageKind.SHELTER, ("x", "y"), unsigned, name), recorded=True)
        assert list(office._given) == ["B", "C"]

    receipts = [item for item in alone(tmp_path, story) if isinstance(item, Delivered) and item.channel == "files"]
    assert sorted(item.identifier for item in receipts) == ["A", "B", "C"]


def test_receipts_are_ordered_by_message_and_channel(tmp_path: Path) -> None:
    async def story(office: Office) -> None:
        for channel in ("b", "a"):
            for name in ("M2", "M1"):
                office._on_receipt(Receipt(ALERT, name, channel, "x", True, ""))

    order = [(item.identifier, item.channel) for item in alone(tmp_path, story) if isinstance(item, Delivered)]
    assert order == [("M1", "a"), ("M1", "b"), ("M2", "a"), ("M2", "b")]
