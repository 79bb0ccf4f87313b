"""A node that warns: approved bytes are signed and reach the channels, receipts come back, a restart loses nothing."""

import asyncio
import hashlib
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from beaconfire.kernel.alerts import AlertStatus, MessageKind
from beaconfire.kernel.errors import InvalidInput, Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.sealed import seal
from beaconfire.node import Command, Delivered, Input, WarningLoad, decode_input, encode_input
from beaconfire.shell import capsign, people
from beaconfire.shell.alerting import read_warning
from beaconfire.shell.control import AskAlerts, AskChannels, AskReload, ChannelsHealth, GiveOrder, Outcome
from beaconfire.shell.store import Reader, Record, decode_record
from beaconfire.shell.verify import verify_journal
from tests.shell.alarm import ALERT, WARNING, Duty, Station, make_station, on_duty
from tests.shell.support import until

HTTP = '\n[[channel]]\nname = "sirens"\nrealm = "EXERCISE"\nkind = "http"\nurl = "http://127.0.0.1:{port}/cap"\n'


def played(station: Station, story: Callable[[Duty], Awaitable[None]], *, tick: int = 0) -> None:
    async def run() -> None:
        async with on_duty(station, tick=tick) as duty:
            await story(duty)

    asyncio.run(run())


def files(station: Station, folder: str = "alerts") -> list[Path]:
    return sorted(Path(station.config.folder, folder).glob("*.xml"))


def inputs(station: Station) -> list[Input]:
    reader = Reader(station.config.path(station.config.data) / "journal.sqlite")
    try:
        return [decode_input(decode_record(row, where="").item) for row in reader.rows()]
    finally:
        reader.close()


def certificate(station: Station) -> bytes:
    return Path(station.config.folder, "keys", "cap.pem").read_bytes()


def test_what_two_people_approved_is_what_the_public_gets(tmp_path: Path) -> None:
    """The bytes under the signature are, hash for hash, those that were approved."""
    station = make_station(tmp_path)

    async def story(duty: Duty) -> None:
        digest = await duty.warned()
        (path,) = files(station)
        unsigned = capsign.verify(path.read_bytes(), certificate(station))
        assert hashlib.sha256(unsigned).digest() == digest
        assert [file.read_bytes() for file in files(station, "feed")] == [path.read_bytes()]
        assert (duty.view().status, duty.view().silent) == (AlertStatus.SENT, ())

    played(station, story)
    receipts = [item for item in inputs(station) if isinstance(item, Delivered)]
    assert [(item.channel, item.ok) for item in receipts] == [("feed", True), ("files", True)]
    assert sum(isinstance(item, Command) for item in inputs(station)) == 3


def test_receipts_of_a_turn_enter_the_next_one_in_order(tmp_path: Path) -> None:
    """Whatever the channels' pace, the journal of an exercise has them in the same places."""
    places = []
    for attempt in ("a", "b"):
        station = make_station(tmp_path / attempt)
        played(station, lambda duty: _ignore(duty.warned()))
        places.append([type(item).__name__ for item in inputs(station)])
    assert places[0] == places[1]


async def _ignore(made: Awaitable[bytes]) -> None:
    await made


def test_an_order_of_another_key_or_person_sends_nothing(tmp_path: Path) -> None:
    station = make_station(tmp_path)

    async def story(duty: Duty) -> None:
        await duty.turn(seen=True)
        draft = duty.view().draft
        assert draft is not None
        await duty.order("aoki", "submit", draft.digest)
        await duty.order("aoki", "approve", draft.digest)
        station.keys["chiba"] = station.keys["aoki"]  # aoki signs in chiba's name
        forged = await duty.order("chiba", "approve", draft.digest)
        again = await duty.order("aoki", "approve", draft.digest, session="another")
        same = await duty.order("baba", "approve", draft.digest, session="test:aoki")
        other = await duty.order("baba", "approve", hashlib.sha256(b"other bytes").digest())
        for outcome, word in ((forged, "signed"), (again, "already"), (same, "session"), (other, "as it is now")):
            assert outcome.rows == ()
            assert word in outcome.refused[0]
        await duty.turn()
        assert files(station) == []

    played(station, story)


def test_a_cancel_needs_one_officer_and_goes_by_the_same_channels(tmp_path: Path) -> None:
    station = make_station(tmp_path)

    async def story(duty: Duty) -> None:
        await duty.warned()
        cancel = next(ready for ready in duty.view().ready if ready.kind is MessageKind.CANCEL)
        outcome = await duty.order("chiba", "cancel", cancel.digest)
        assert outcome.refused == ()
        await duty.turn()
        assert duty.view().status is AlertStatus.CANCELLED
        for folder in ("alerts", "feed"):
            assert len(files(station, folder)) == 2

    played(station, story)


def test_the_journal_of_a_warning_replays_to_the_same_alert(tmp_path: Path) -> None:
    """A restart finds the alert as it was, sends nothing twice, and its cancel still lies ready."""
    station = make_station(tmp_path)
    played(station, lambda duty: _ignore(duty.warned()))
    first = {path: path.read_bytes() for path in files(station)}

    async def story(duty: Duty) -> None:
        view = duty.view()
        assert view.status is AlertStatus.SENT
        await duty.turn()
        cancel = next(ready for ready in view.ready if ready.kind is MessageKind.CANCEL)
        assert (await duty.order("chiba", "cancel", cancel.digest)).refused == ()
        await duty.turn()

    played(station, story, tick=100)
    assert {path: path.read_bytes() for path in first} == first
    assert len(files(station)) == 2


def test_what_was_approved_and_not_delivered_goes_out_after_a_restart(tmp_path: Path) -> None:
    """The node was killed between the commit and the channel: the journal knows both."""
    station = make_station(tmp_path)
    played(station, lambda duty: _ignore(duty.warned()))
    (lost,) = files(station)
    lost.unlink()
    _forget_receipts(station, "files")

    async def story(duty: Duty) -> None:
        await until(lambda: files(station) != [] and bool(duty.node.office._receipts))
        await duty.turn()

    played(station, story, tick=100)
    assert [path.name for path in files(station)] == [lost.name]
    receipts = [item for item in inputs(station) if isinstance(item, Delivered) and item.channel == "files"]
    assert [item.ok for item in receipts] == [False, True]


def test_what_has_expired_is_not_sent_after_a_restart(tmp_path: Path) -> None:
    station = make_station(tmp_path)

    async def warn_then_wait(duty: Duty) -> None:
        await duty.warned()
        await duty.turn(skip_s=7200.0)

    played(station, warn_then_wait)
    (lost,) = files(station)
    lost.unlink()
    _forget_receipts(station, "files")
    played(station, lambda duty: duty.turn(), tick=100_000)
    assert files(station) == []


def _forget_receipts(station: Station, channel: str) -> None:
    """Rewrite a channel's receipts in the journal as failures: what a kill before the receipt leaves, near enough."""
    key = people.personal_key(Path(station.config.folder, "keys", "journal.key"), passphrase=None)
    base = sqlite3.connect(station.config.path(station.config.data) / "journal.sqlite")
    previous: bytes | None = None
    for seq, data in base.execute("SELECT seq, record FROM journal ORDER BY seq").fetchall():
        record = msgspec.msgpack.decode(data, type=Record)
        item = decode_input(record.item)
        if isinstance(item, Delivered) and item.channel == channel:
            record = msgspec.structs.replace(record, item=encode_input(msgspec.structs.replace(item, ok=False)))
        record = msgspec.structs.replace(record, previous=record.previous if previous is None else previous)
        data = msgspec.msgpack.encode(record)
        base.execute("UPDATE journal SET record = ?, signature = ? WHERE seq = ?", (data, key.sign(data), seq))
        previous = hashlib.sha256(data).digest()
    base.commit()
    base.close()


def test_a_channel_that_is_down_is_named_and_retried(tmp_path: Path) -> None:
    """Nobody listens at first; the alert arrives when somebody does, and the log says both."""

    async def story(duty: Duty) -> None:
        await duty.warned()
        assert "sirens" in duty.view().silent
        health = {row.channel: row for row in duty.node.office.health()}
        assert health["sirens"].ok is False
        assert health["sirens"].waiting == 1
        taken: list[bytes] = []

        async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            taken.append(await reader.readexactly(length))
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(take, "127.0.0.1", port):
            await until(lambda: any(taken))
            await until(lambda: duty.node.office.health()[2].waiting == 0)
            await duty.turn()
        assert capsign.verify(next(filter(None, taken)), certificate(station))
        assert "sirens" not in duty.view().silent

    from tests.shell.support import free_port

    port = free_port()
    station = make_station(tmp_path, warning=WARNING + HTTP.format(port=port))
    played(station, story)


def test_a_reload_brings_people_and_channels_and_refuses_wrong_files(tmp_path: Path) -> None:
    station = make_station(tmp_path, persons=("aoki",))

    async def story(duty: Duty) -> None:
        office = duty.node.office
        path = station.config.path("warning.toml")
        path.write_text(WARNING.replace('path = "alerts"', 'path = "elsewhere"'))
        reloading = asyncio.create_task(office.meet(AskReload()))
        await asyncio.sleep(0)
        await duty.turn()
        outcome = await reloading
        assert isinstance(outcome, Outcome)
        assert outcome.refused == ()
        assert {Path(row.endpoint).name for row in office.health()} == {"alerts.atom", "elsewhere"}
        path.write_text(WARNING.replace('realm = "EXERCISE"\nkind = "atom"', 'realm = "LIVE"\nkind = "atom"'))
        with pytest.raises(InvalidInput, match="channel feed: realm: is LIVE"):
            await office.meet(AskReload())
        path.write_text(WARNING.replace('name = "files"', 'name = "other"'))
        station.config.path("people.toml").write_bytes(seal(b"", purpose="people", realm=Realm.LIVE, sign=bytes))
        reloading = asyncio.create_task(office.meet(AskReload()))
        await asyncio.sleep(0)
        await duty.turn()
        refused = await reloading
        assert isinstance(refused, Outcome)
        assert "not signed" in refused.refused[0]
        assert {row.channel for row in office.health()} == {"files", "feed"}  # nothing is taken in part
        assert list(office.people()) == ["aoki"]

    played(station, story)
    assert sum(isinstance(item, WarningLoad) for item in inputs(station)) == 2


def test_files_edited_while_the_node_was_down_are_loaded_and_journaled(tmp_path: Path) -> None:
    station = make_station(tmp_path)
    played(station, lambda duty: duty.turn())
    station.config.path("warning.toml").write_text(WARNING + "\n# another remark\n")
    for attempt in range(2):
        played(station, lambda duty: duty.turn(), tick=10 * (attempt + 1))
    assert sum(isinstance(item, WarningLoad) for item in inputs(station)) == 1
    assert verify_journal(station.config.path("data") / "journal.sqlite").replayed


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (('realm = "EXERCISE"\nkind = "dir', 'realm = "LIVE"\nkind = "dir'), "channel files: realm: is LIVE"),
        (('"directory"\npath = "alerts"', '"http"\nurl = "http://example.org/"'), "https, or http to this machine"),
        (('nation = "JPN"', 'nation = "KOR"'), "is for KOR"),
    ],
)  # fmt: skip
def test_wrong_settings_fail_before_anything_runs(tmp_path: Path, change: tuple[str, str], fault: str) -> None:
    station = make_station(tmp_path, warning=WARNING.replace(*change, 1))
    with pytest.raises(InvalidInput, match=fault):
        played(station, lambda duty: duty.turn())


def test_people_that_nobody_sealed_are_refused(tmp_path: Path) -> None:
    station = make_station(tmp_path)
    path = station.config.path("people.toml")
    text = path.read_text()
    path.write_text(text.replace('"chiba"', '"doi"'))
    with pytest.raises(Refused, match="is not signed by the nation's root"):
        played(station, lambda duty: duty.turn())
    path.write_text("\n".join(line for line in text.splitlines() if not line.startswith("# signature")))
    with pytest.raises(InvalidInput, match="has no signature"):
        read_warning(station.config)


def test_a_node_without_settings_warns_nobody(tmp_path: Path) -> None:
    station = make_station(tmp_path, warning="")

    async def story(duty: Duty) -> None:
        await duty.turn(seen=True)
        assert duty.node.office.views() == ()
        assert await duty.node.office.meet(AskChannels()) == ChannelsHealth(channels=())
        outcome = await duty.order("aoki", "cancel", bytes(32))
        assert "warns nobody" in outcome.refused[0]

    played(station, story)


def test_the_office_answers_what_it_is_asked(tmp_path: Path) -> None:
    station = make_station(tmp_path)

    async def story(duty: Duty) -> None:
        await duty.turn(seen=True)
        answer = await duty.node.office.meet(AskAlerts())
        assert [view.alert_id for view in answer.alerts] == [ALERT]  # type: ignore[union-attr]
        assert answer.now_ns == duty.now_ns  # type: ignore[union-attr]
        order = station.order("aoki", "submit", ALERT, duty.view().draft.digest, duty.now_ns)  # type: ignore[union-attr]
        giving = asyncio.create_task(duty.node.office.meet(GiveOrder(order)))
        await asyncio.sleep(0)
        await duty.turn()
        outcome = await giving
        assert isinstance(outcome, Outcome)
        assert [row.status for row in outcome.rows] == [AlertStatus.SUBMITTED]

    played(station, story)
