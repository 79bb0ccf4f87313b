"""The vectors of wire version 1: records with their bytes, hash and signature, for any other implementation.

They are kept verbatim in `wire_v1.json`; a difference is a change of the wire and needs a new version. Running this
file as a program writes them anew.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from beaconfire.kernel import codec, products, wire
from beaconfire.kernel.alerts import MessageKind
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind
from tests.exchange import (
    NOW_NS,
    assessment_body,
    detection_body,
    envelope,
    impact_body,
    key_pair,
    launch_body,
    notice_body,
    release,
    sensor_status_body,
    sign,
    trajectory_body,
)

FILE = Path(__file__).with_name("wire_v1.json")
PRIVATE, PUBLIC = key_pair(7)
EMPTY_IMPACT = dict.fromkeys(("time_ns", "time_sigma_s", "latitude_deg", "longitude_deg", "covariance_m2"))
HEAD = {"format": 1, "sender": "KOR", "recipient": "JPN", "realm": Realm.EXERCISE, "epoch": 100, "counter": 9}


def records() -> Iterator[tuple[str, msgspec.Struct]]:
    """One of every type of the wire, and the odd ones."""
    yield "launch", launch_body()
    yield "launch, coarsened", launch_body(coarsened_m=10_000.0)
    yield "trajectory", trajectory_body()
    yield "trajectory, no event, no sensors", trajectory_body(event="", sensors=(), provenance=())
    yield "impact", impact_body()
    yield "impact, reachable set", impact_body(**EMPTY_IMPACT, reason="reachable_set")
    yield "detection", detection_body()
    yield "assessment", assessment_body()
    yield "assessment, nothing known", assessment_body(burnout_time_ns=None, apogee_m=None, lost=True)
    yield "sensor_status", sensor_status_body()
    yield "alert_notice", notice_body()
    yield "alert_notice, ended", notice_body(says=MessageKind.CANCEL, ended=True)
    yield "withdrawal", products.WithdrawalBody(of=Kind.LAUNCH, id="E1", reason="流星")
    yield "void", products.VoidBody(first=2, last=300, anchor=bytes(32), closing=b"\xff" * 32, reason="policy")
    yield "epoch_close", products.EpochCloseBody(reason="restart")
    yield "caught_up", products.CaughtUpBody(count=40_000, root=b"\x7f" * 32, up_to=NOW_NS)
    for realm in Realm:
        yield f"release, {realm}", release(realm=realm)
        yield f"envelope, {realm}", envelope(release(realm=realm))
    hello = {"floor": 1, "seen_epoch": 2**40, "seen_number": 70_000, "seen_head": bytes(32)}
    yield "hello", wire.Hello(**HEAD, **hello, time_ns=NOW_NS)  # type: ignore[arg-type]
    beat = {"number": 3, "head": bytes(32), "clock_error_s": 0.25, "clock_trusted": False}
    journal = {"journal_seq": 9, "journal_head": bytes(32)}
    yield "beat", wire.Beat(**HEAD, **beat, **journal, time_ns=NOW_NS)  # type: ignore[arg-type]
    receipt = {"of_epoch": 100, "contiguous": 3, "head": bytes(32), "ranges": ((5, 6), (9, 9))}
    yield "receipt", wire.Receipt(**HEAD, **receipt, time_ns=NOW_NS)  # type: ignore[arg-type]
    suspend = {"number": 300, "head": b"\xfe" * 32, "reason": "left", "effective_ns": NOW_NS}
    yield "suspend", wire.Suspend(**HEAD, **suspend, time_ns=NOW_NS)  # type: ignore[arg-type]


def vectors() -> dict[str, Any]:
    made = {}
    for name, record in records():
        data = codec.encode(record)
        made[name] = {
            "fields": json.loads(msgspec.json.encode(record)),
            "bytes": data.hex(),
            "sha256": wire.chain_hash(data).hex(),
            "signed": sign(data, PRIVATE).hex(),
        }
    return {"format": wire.FORMAT, "public_key": PUBLIC.hex(), "vectors": made}


@pytest.mark.parametrize("name", [name for name, _ in records()])
def test_the_wire_has_not_changed(name: str) -> None:
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    assert kept["format"] == wire.FORMAT
    assert kept["public_key"] == PUBLIC.hex()
    assert vectors()["vectors"][name] == kept["vectors"][name]


def test_every_type_has_a_vector() -> None:
    types = {type(record) for _, record in records()}
    assert types >= {*wire.BODY_TYPES.values(), wire.Release, *wire.ENVELOPE_TYPES.values()}
    assert types >= {wire.Hello, wire.Beat, wire.Receipt, wire.Suspend}


if __name__ == "__main__":
    FILE.write_text(json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
