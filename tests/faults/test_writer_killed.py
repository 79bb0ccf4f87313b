"""`kill -9` of the journal's writer in mid-stream: nothing told to be durable is lost, and the chain is whole."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from beaconfire.shell.store import Reader, decode_record
from tests.shell.support import open_store

_WRITER = """
import sys, threading
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.shell import support

class Loud(support.Told):
    def committed(self, seq):
        sys.stdout.write(f"{{seq}}\\n")
        sys.stdout.flush()

support.Told = Loud
store, told = support.open_store(Path({path!r}))
while True:
    store.append(now_ns=store.seq, item=b"x" * 300, digest=bytes(32))
    if store.seq - store.durable_seq > 50:
        threading.Event().wait(0.001)
"""


@pytest.mark.parametrize("lines", [3, 40, 150])
def test_what_was_told_is_there(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "journal.sqlite"
    root = str(Path(__file__).resolve().parents[2])
    program = _WRITER.format(root=root, path=str(path))
    writer = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    told = [int(writer.stdout.readline()) for _ in range(lines)]
    writer.send_signal(signal.SIGKILL)
    told += [int(line) for line in writer.stdout.read().splitlines() if line.isdigit()]
    writer.wait()
    writer.stdout.close()
    reader = Reader(path)  # SQLite recovers from its write-ahead log
    reader.check_pages()
    seqs = [decode_record(row, where="").seq for row in reader.rows()]
    reader.close()
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(seqs) >= max(told[:-1])  # the last line may have been cut
    store, _ = open_store(path)
    assert store.seq == len(seqs)
    store.append(now_ns=1, item=b"goes on", digest=bytes(32))
    store.close()
