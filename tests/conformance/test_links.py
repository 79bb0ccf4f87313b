"""Every vector of links through our own door and through a stranger's reader in another process: the same verdicts.

The reader holds nothing of ours (`reader.py`, at most 100 lines of code): what it can verify, a partner's own can.
"""

import ast
import base64
import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from beaconfire.kernel import wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.node import Send
from beaconfire.rehearse import read_scenario, simulate
from beaconfire.rehearse.network import genesis_rows, play
from beaconfire.share import Link, Stage, open_message
from beaconfire.shell.parcels import parcels
from tests.conformance import vectors
from tests.exchange import NOW_NS, key_pair
from tests.rehearse.played import SMALL

READER = Path(__file__).with_name("reader.py")
KEPT: dict[str, Any] = json.loads(vectors.FILE.read_text(encoding="utf-8"))
MAX_CODE_LINES = 100


def ours(signed: Iterable[bytes]) -> tuple[list[str], Link]:
    """What our door and our chain say of these, in order."""
    link = Link(nation="JPN", partner="KOR", realm=Realm.EXERCISE, epoch=1)
    verdicts = []
    for data in signed:
        try:
            opened = open_message(data, key=vectors.PINNED["KOR"], realm=Realm.EXERCISE, origins=vectors.PINNED)
            stages = [link.accept(one.unsigned, now_ns=NOW_NS).stage for one in opened]
            verdicts.append("equivocation" if Stage.EQUIVOCATION in stages else "ok")
        except Refused as refusal:
            verdicts.append(refusal.reason)
    return verdicts, link


def theirs(links: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the reader says, in a process of its own that finds nothing of ours."""
    lines = "".join(json.dumps(link) + "\n" for link in links)
    done = subprocess.run(
        [sys.executable, "-I", str(READER)], input=lines, capture_output=True, text=True, timeout=120, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def a_link(*signed: str) -> dict[str, Any]:
    return {name: KEPT[name] for name in ("me", "partner", "realm", "keys")} | {"signed": list(signed)}


def raw(signed: Iterable[str]) -> list[bytes]:
    return [base64.b64decode(one) for one in signed]


def test_the_file_is_what_the_code_makes() -> None:
    assert vectors.FILE.read_text(encoding="utf-8") == vectors.text(vectors.document())


@pytest.mark.parametrize("row", KEPT["vectors"], ids=lambda row: row["name"])
def test_our_door_gives_the_verdict(row: dict[str, str]) -> None:
    (verdict,), _ = ours(raw([row["signed"]]))
    assert verdict == row["verdict"] or (row["verdict"] == "refused" and verdict not in ("ok", "equivocation"))


def test_a_strangers_reader_gives_the_same_verdicts() -> None:
    rows = [row for row in KEPT["vectors"] if row["layer"] == "envelope"]
    answers = theirs([a_link(row["signed"]) for row in rows])
    assert {row["name"]: answer["verdicts"] for row, answer in zip(rows, answers, strict=True)} == {
        row["name"]: [row["verdict"]] for row in rows
    }
    assert len(rows) > 150


def test_both_end_every_chain_at_the_same_place() -> None:
    answers = theirs([a_link(*chain["signed"]) for chain in KEPT["chains"]])
    for chain, answer in zip(KEPT["chains"], answers, strict=True):
        verdicts, link = ours(raw(chain["signed"]))
        incoming = link.incoming.chain
        assert answer["verdicts"] == verdicts, chain["name"]
        assert answer["contiguous"] == incoming.contiguous, chain["name"]
        assert answer["head"] == (incoming.head.hex() if incoming.contiguous else ""), chain["name"]


def test_any_flipped_bit_is_refused_by_both() -> None:
    whole = raw(KEPT["chains"][0]["signed"])[0]
    flipped = []
    for place in range(0, len(whole), 7):
        changed = bytearray(whole)
        changed[place] ^= 1 << place % 8
        flipped.append(bytes(changed))
    verdicts, _ = ours(flipped)
    (answer,) = theirs([a_link(*(base64.b64encode(one).decode() for one in flipped))])
    assert "ok" not in verdicts
    assert "ok" not in answer["verdicts"]


def test_a_rehearsed_outbox_is_read_to_its_end() -> None:
    """Everything Korea sent Japan in a small exercise, signed as the shell signs it."""
    both = SMALL.replace("[[sensor]]", '[[nation]]\ncode = "JPN"\nlanguages = ["ja"]\n\n[[sensor]]', 1)
    scenario = read_scenario(both.encode(), where="small")
    private, public = key_pair(3)
    sent = [
        effect
        for happening in play(simulate(scenario), genesis_rows(scenario, seed=1))
        for effect in happening.effects
        if isinstance(effect, Send) and happening.nation == "KOR"
    ]
    outbox = [parcel.data for parcel in (*parcels(sent[:200], private.sign), *parcels(sent[200:], private.sign))]
    link = {
        "me": "JPN", "partner": "KOR", "realm": "EXERCISE", "keys": {"KOR": public.hex()},
        "signed": [base64.b64encode(one).decode() for one in outbox],
    }  # fmt: skip
    (answer,) = theirs([link])
    assert len(outbox) < len(sent)  # there are bundles in it
    assert set(answer["verdicts"]) == {"ok"}
    assert answer["contiguous"] == len(sent)
    assert answer["head"] == wire.chain_hash(sent[-1].unsigned).hex()


def test_the_reader_is_short_and_a_strangers() -> None:
    text = READER.read_text(encoding="utf-8")
    doc = ast.get_docstring(ast.parse(text), clean=False)
    assert doc is not None
    lines = [line for line in text.replace(doc, "").splitlines() if line.strip() and not line.strip().startswith("#")]
    assert len(lines) <= MAX_CODE_LINES
    imported = {
        name.name if isinstance(node, ast.Import) else str(node.module)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert {name.partition(".")[0] for name in imported} == {
        "base64", "hashlib", "json", "struct", "sys", "cryptography"
    }  # fmt: skip
