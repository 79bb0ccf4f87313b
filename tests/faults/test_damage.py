"""What may happen to a journal between two runs: damage is named and the node does not start on it; an old copy and
no journal at all are noticed by what partners hold, and a new epoch goes above everything they have seen."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from beaconfire.kernel import wire
from beaconfire.node import EnvelopeIn
from beaconfire.shell.config import NodeConfig
from tests.faults import chatty
from tests.faults import machines as hurt

_CATCH_UP_S = 60.0


def journal_of(config: NodeConfig) -> Path:
    return config.path(config.data) / "journal.sqlite"


def cut_tail(path: Path) -> None:
    """The last third of the file is gone, as after a torn write."""
    data = path.read_bytes()
    path.write_bytes(data[: 2 * len(data) // 3])


def flip_bit(path: Path) -> None:
    """One bit of one row, in the middle."""
    with sqlite3.connect(path) as base:
        seq, record = base.execute("SELECT seq, record FROM journal WHERE seq = 40").fetchone()
        changed = bytearray(record)
        changed[len(changed) // 2] ^= 4
        base.execute("UPDATE journal SET record = ? WHERE seq = ?", (bytes(changed), seq))


def lose_row(path: Path) -> None:
    """One row in the middle is gone."""
    with sqlite3.connect(path) as base:
        base.execute("DELETE FROM journal WHERE seq = 40")


def no_database(path: Path) -> None:
    """Something else under that name."""
    path.write_bytes(b"\0" * 100_000)


@pytest.fixture(scope="module")
def talked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, NodeConfig]:
    """Two nations that talked for a few seconds and ended in order."""
    configs = hurt.make_nations(tmp_path_factory.mktemp("talked"), "JPN", "KOR")
    with hurt.running(configs, talk_s=6.0) as nodes:
        assert hurt.eventually(lambda: len(chatty.received(configs["JPN"], "KOR")) > 30, timeout_s=_CATCH_UP_S)
        assert hurt.all_there(nodes, timeout_s=_CATCH_UP_S)
    return configs


@pytest.mark.parametrize("harm", [cut_tail, flip_bit, lose_row, no_database])
def test_a_damaged_journal_is_named_and_not_gone_on_with(
    talked: dict[str, NodeConfig], harm: Callable[[Path], None]
) -> None:
    config = talked["KOR"]
    kept = journal_of(config).read_bytes()
    try:
        harm(journal_of(config))
        harmed = journal_of(config).read_bytes()
        assert "journal.sqlite" in hurt.refused(config).rpartition("beaconfire.kernel.errors")[2]
        assert journal_of(config).read_bytes() == harmed, "a damaged journal was written to"
    finally:
        journal_of(config).write_bytes(kept)


def another_nations_journal(configs: dict[str, NodeConfig]) -> None:
    shutil.copy(journal_of(configs["JPN"]), journal_of(configs["KOR"]))


def test_another_nations_journal_is_refused(talked: dict[str, NodeConfig]) -> None:
    kept = journal_of(talked["KOR"]).read_bytes()
    try:
        another_nations_journal(talked)
        assert "is another node's" in hurt.refused(talked["KOR"])
    finally:
        journal_of(talked["KOR"]).write_bytes(kept)


@pytest.mark.parametrize("lost", ["all of it", "what came after a backup"])
def test_a_lost_disk_begins_a_new_epoch_above_all_that_partners_saw(tmp_path: Path, lost: str) -> None:
    configs = hurt.make_nations(tmp_path, "JPN", "KOR")
    backup = tmp_path / "backup"
    with hurt.running(configs, talk_s=4.0) as nodes:
        assert hurt.all_there(nodes, timeout_s=_CATCH_UP_S)
    shutil.copytree(configs["KOR"].path("data"), backup)
    with hurt.running(configs, talk_s=4.0) as nodes:
        assert hurt.all_there(nodes, timeout_s=_CATCH_UP_S)
    before = epochs(configs["JPN"], "KOR")
    shutil.rmtree(configs["KOR"].path("data"))
    if lost != "all of it":
        shutil.copytree(backup, configs["KOR"].path("data"))
    had = len(chatty.received(configs["JPN"], "KOR"))
    with hurt.running(configs, talk_s=4.0) as nodes:
        assert hurt.eventually(lambda: len(chatty.received(configs["JPN"], "KOR")) > had + 20, timeout_s=_CATCH_UP_S)
        assert hurt.eventually(lambda: not hurt.missing(nodes)["KOR", "JPN"], timeout_s=_CATCH_UP_S)
    numbers = numbered(configs["JPN"], "KOR")
    assert len(numbers) == len(set(numbers)), "a number of an epoch was used twice"
    assert max(epochs(configs["JPN"], "KOR")) > max(before)


def epochs(config: NodeConfig, partner: str) -> set[int]:
    return {epoch for epoch, _ in numbered(config, partner)}


def numbered(config: NodeConfig, partner: str) -> list[tuple[int, int]]:
    """Epoch and number of every envelope of a partner, copies left out."""
    found: dict[bytes, tuple[int, int]] = {}
    for _, item in chatty.rows(config):
        if isinstance(item, EnvelopeIn) and item.partner == partner:
            envelope = wire.decode_envelope(item.envelope, realm=config.realm)
            found[item.envelope] = (envelope.epoch, envelope.number)
    return list(found.values())
