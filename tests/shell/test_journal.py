"""From a journal back to a node: the same state, the same effects, and what is no journal of a node."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from beaconfire.kernel.errors import InvalidInput, Violation
from beaconfire.kernel.labels import Realm
from beaconfire.node.effects import Effect, digest
from beaconfire.node.inputs import Genesis, Tick, encode_input
from beaconfire.node.step import step
from beaconfire.release import preset
from beaconfire.shell import bundles, journal, keys
from beaconfire.shell.fingerprint import fingerprint
from beaconfire.shell.store import Record, Store
from tests.shell.support import make_nations
from tests.shell.test_verify import JOURNAL, START_NS, identification, write


def test_resuming_gives_every_row_its_effects_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    write(path)
    seen: list[tuple[int, bool]] = []

    def shown(record: Record, effects: Sequence[Effect]) -> None:
        seen.append((record.seq, digest(effects) == record.digest))

    resumed = journal.resume(path, step, shown)
    assert resumed is not None
    state, now_ns = resumed
    assert seen == [(seq, True) for seq in range(2, 21)]
    assert now_ns == START_NS + 19 * 100_000_000
    assert state.now_ns == now_ns
    assert state.links["KOR"].incoming.chain.contiguous == 2  # what the partner said is known again


def test_no_journal_and_an_empty_one_begin_anew(tmp_path: Path) -> None:
    assert journal.resume(tmp_path / "absent.sqlite", step, lambda record, effects: None) is None
    path = tmp_path / "journal.sqlite"
    Store(path, identification(), JOURNAL, committed=lambda seq: None, troubled=lambda error: None).close()
    assert journal.resume(path, step, lambda record, effects: None) is None


def test_a_journal_that_does_not_start_with_a_genesis_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    store = Store(path, identification(), JOURNAL, committed=lambda seq: None, troubled=lambda error: None)
    store.append(now_ns=1, item=encode_input(Tick()), digest=bytes(32))
    store.close()
    with pytest.raises(Violation, match="row 1: is a Tick"):
        journal.resume(path, step, lambda record, effects: None)


def test_a_genesis_that_cannot_begin_is_damage(tmp_path: Path) -> None:
    genesis = Genesis("JPN", Realm.EXERCISE, b"[[sensor]]\n", b"", (), bytes(32), 1, "")
    with pytest.raises(Violation, match="row 1"):
        journal.begin(genesis, now_ns=START_NS, where="journal.sqlite")


def test_a_genesis_holds_the_files_as_they_are(tmp_path: Path) -> None:
    (jpn, _) = make_nations(tmp_path, "JPN", "KOR")
    identity = keys.load(Path(jpn.folder), "JPN", jpn.realm, passphrase=None)
    policy = preset("default", nation="JPN", partners=("KOR",), realm=Realm.EXERCISE)
    (Path(jpn.folder) / "policy.toml").write_bytes(policy)
    genesis = journal.make_genesis(jpn, identity, bundles.load_partners(jpn), epoch=5)
    assert (genesis.policy_toml, genesis.sensors_toml, genesis.epoch) == (policy, b"", 5)
    assert [partner.nation for partner in genesis.partners] == ["KOR"]
    assert genesis.id_secret == identity.id_secret
    assert genesis.fingerprint == fingerprint()
    (Path(jpn.folder) / "policy.toml").write_bytes(b"version = []\n")
    with pytest.raises(InvalidInput, match=r"policy\.toml"):
        journal.make_genesis(jpn, identity, (), epoch=5)


def test_the_fingerprint_names_what_replay_depends_on() -> None:
    text = fingerprint()
    for word in ("python 3.", "beaconfire ", "numpy ", "numba ", "llvmlite ", "cpu "):
        assert word in text
    assert text == fingerprint()
