"""The product of record kind, label, limit and version, with the verdict of each; and chains, as they arrive.

Run as a program it writes `links_v1.json` anew. `JPN` receives from `KOR`; `USA` is a partner of both, `CAN` of nobody.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from beaconfire.kernel import codec, limits, wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind, ReleasedBody
from beaconfire.share import Link, bundle_words
from tests.exchange import (
    NOW_NS,
    RELEASED_BODIES,
    envelope,
    key_pair,
    look,
    open_releaser,
    product,
    release,
    send_all,
)

FILE = Path(__file__).with_name("links_v1.json")
KEYS = {nation: key_pair(number) for number, nation in enumerate(("KOR", "JPN", "USA", "CAN"), start=11)}
PINNED = {nation: KEYS[nation][1] for nation in ("KOR", "USA")}
REALM = Realm.EXERCISE
LONGEST = "x" * limits.MAX_ID_LENGTH
RING = codec.pack_rings(
    [[(float(step), 40.0 + step % 2) for step in range(limits.MAX_FOOTPRINT_POINTS - 1)] + [(0.0, 40.0)]]
)
LARGEST: dict[Kind, dict[str, Any]] = {
    Kind.LAUNCH: {"event": LONGEST, "count_at_least": limits.MAX_COUNT, "coarsened_m": limits.MAX_COARSENED_M},
    Kind.TRAJECTORY: {
        "track": LONGEST, "provenance": tuple(bytes([number]) * 32 for number in range(limits.MAX_PROVENANCE)),
        "sensors": (LONGEST,) * limits.MAX_SENSORS_NAMED, "event": LONGEST,
    },
    Kind.IMPACT: {"event": LONGEST, "footprint": RING},
    Kind.DETECTION: {"track": LONGEST, "looks": (look(),) * limits.MAX_LOOKS},
    Kind.ASSESSMENT: {"event": LONGEST, "apogee_m": limits.MAX_POSITION_M},
    Kind.SENSOR_STATUS: {"sensor": LONGEST},
    Kind.ALERT_NOTICE: {"alert": LONGEST, "areas": tuple(f"US-{place:03}" for place in range(limits.MAX_ALERT_AREAS))},
    Kind.WITHDRAWAL: {"id": LONGEST, "reason": "r" * 200},
}  # fmt: skip
BEYOND: dict[Kind, dict[str, Any]] = {
    Kind.LAUNCH: {"covariance_m2": (4e6, 6e6, 9e6)},
    Kind.TRAJECTORY: {"factor": bytes(84)},
    Kind.IMPACT: {"latitude_deg": None},
    Kind.DETECTION: {"looks": (look(),) * (limits.MAX_LOOKS + 1)},
    Kind.ASSESSMENT: {"count_probability": 1.5},
    Kind.SENSOR_STATUS: {"sensor": LONGEST + "x"},
    Kind.ALERT_NOTICE: {"areas": ()},
    Kind.WITHDRAWAL: {"of": Kind.VOID},
}


class Label(NamedTuple):
    """Whose words, for whom, signed by whom a second time, and what becomes of it."""

    originator: str
    releasable_to: Sequence[str]
    onward: Sequence[str]
    second: str
    verdict: str


LABELS = {
    "own": Label("KOR", ("JPN",), (), "", "ok"),
    "several": Label("KOR", ("JPN", "USA"), (), "", "ok"),
    "onward": Label("KOR", ("JPN",), ("USA",), "KOR", "ok"),
    "relayed": Label("USA", ("KOR",), ("JPN",), "USA", "ok"),
    "nobody": Label("KOR", (), (), "", "label"),
    "another's": Label("KOR", ("USA",), (), "", "label"),
    "relayed, unlisted": Label("USA", ("KOR", "JPN"), (), "USA", "label"),
    "relayed, by its sender's word": Label("USA", ("KOR",), ("JPN",), "KOR", "origin"),
    "onward, once signed": Label("KOR", ("JPN",), ("USA",), "", "origin"),
    "own, twice signed": Label("KOR", ("JPN",), (), "KOR", "origin"),
    "of a stranger": Label("CAN", ("KOR",), ("JPN",), "CAN", "unpinned"),
    "our own": Label("JPN", ("KOR",), ("JPN",), "JPN", "unpinned"),
}
THEIR_OWN = Label("USA", ("JPN",), (), "", "ok")


def rows() -> Iterator[dict[str, str]]:
    """Every vector: its name, the bytes of what travels, the verdict, and which layer gives it."""
    for kind, build in RELEASED_BODIES.items():
        plain = build()
        for name, label in LABELS.items():
            yield _row(f"{kind}, {name}", _sealed(plain, label), label.verdict)
        own = LABELS["own"]
        yield _row(f"{kind}, largest", _sealed(build(**LARGEST[kind]), own), "ok")
        yield _row(f"{kind}, beyond", _sealed(build(**BEYOND[kind]), own), "refused", layer="body")
        for version in (2, 255):
            yield _row(f"{kind}, version {version}", _sealed(plain, own, format=version), "format")
        yield _row(f"{kind}, LIVE", _sealed(plain, own, realm=Realm.LIVE), "realm")
        yield _row(f"{kind}, to another", _sealed(plain, own, recipient="USA"), "recipient")
        yield _row(f"{kind}, by another", _sealed(plain, THEIR_OWN, sender="USA"), "sender")
        yield _row(f"{kind}, of another kind", _sealed(plain, own, kind=_other(kind)), "kind")
        yield _row(f"{kind}, another's signature", _sealed(plain, own, signer="USA"), "signature")


def chains() -> Iterator[dict[str, Any]]:
    """One link's envelopes in order of arrival, and what its receiver holds after them."""
    link = Link(nation="KOR", partner="JPN", realm=REALM, epoch=100)
    sent = send_all(link, open_releaser(), [product(number=number) for number in range(6)])
    whole = [numbered.unsigned for numbered in sent]
    void, _ = link.void_unreceipted(generation=1, now_ns=NOW_NS)
    assert void is not None
    after = send_all(link, open_releaser(), [product(number=9)])
    yield _chain("whole", whole)
    yield _chain("turned round", whole[::-1])
    yield _chain("with a gap", [*whole[:2], *whole[3:]])
    yield _chain("twice", [*whole, *whole])
    yield _chain("voided", [*whole[:3], void.unsigned, after[0].unsigned])
    yield _chain("voided from the start", [void.unsigned, after[0].unsigned])
    forked = codec.encode(envelope(release(source_id=b"f" * 16), number=2, previous=wire.chain_hash(whole[0])))
    yield _chain("two histories", [*whole[:2], forked])


def bundles() -> Iterator[dict[str, str]]:
    """Bundles of several sizes and labels, and what is wrong with one."""
    link = Link(nation="KOR", partner="JPN", realm=REALM, epoch=100)
    sent = send_all(link, open_releaser(), [product(number=number) for number in range(limits.MAX_BUNDLE)])
    unsigned = [numbered.unsigned for numbered in sent]
    for count in (2, 3, 7, limits.MAX_BUNDLE):
        yield _row(f"bundle of {count}", _bundled(unsigned[:count]), "ok")
    relayed = LABELS["relayed"]
    travelling = release(originator="USA", releasable_to=relayed.releasable_to, onward=("JPN",))
    inner = envelope(travelling, number=3, previous=wire.chain_hash(unsigned[1]))
    mixed, second = [*unsigned[:2], codec.encode(inner)], KEYS["USA"][0].sign(inner.content)
    yield _row("bundle with one passed on", _bundled(mixed, (b"", b"", second)), "ok")
    yield _row("bundle with one passed on, once signed", _bundled(mixed), "origin")
    yield _row("bundle turned round", _bundled(unsigned[:3], over=unsigned[2::-1]), "signature")
    yield _row("bundle with one left out", _bundled(unsigned[:3], over=unsigned[:4]), "signature")
    yield _row("bundle by another", _bundled(unsigned[:3], signer="USA"), "signature")
    live = codec.encode(envelope(release(realm=Realm.LIVE), number=3))
    yield _row("bundle with one of LIVE", _bundled([*unsigned[:2], live]), "realm")


def document() -> dict[str, Any]:
    """The whole file."""
    head = {"me": "JPN", "partner": "KOR", "realm": str(REALM), "keys": {n: key.hex() for n, key in PINNED.items()}}
    return {"format": wire.FORMAT, **head, "vectors": [*rows(), *bundles()], "chains": list(chains())}


def _row(name: str, data: bytes, verdict: str, *, layer: str = "envelope") -> dict[str, str]:
    return {"name": name, "signed": base64.b64encode(data).decode(), "verdict": verdict, "layer": layer}


def _chain(name: str, unsigned: Sequence[bytes]) -> dict[str, Any]:
    signed = [wire.Signed(unsigned=data, signature=KEYS["KOR"][0].sign(data)) for data in unsigned]
    return {"name": name, "signed": [base64.b64encode(codec.encode(one)).decode() for one in signed]}


def _bundled(
    unsigned: Sequence[bytes], seconds: Sequence[bytes] = (), *, over: Sequence[bytes] = (), signer: str = "KOR"
) -> bytes:
    made = wire.Bundle(
        unsigned=tuple(unsigned), signature=KEYS[signer][0].sign(bundle_words(over or unsigned)),
        origin_signatures=tuple(seconds) or (b"",) * len(unsigned),
    )  # fmt: skip
    return codec.encode(made)


def _sealed(
    body: ReleasedBody, label: Label, *, format: int = 1, realm: Realm = REALM, kind: Kind | None = None,
    signer: str = "KOR", **outer: Any,
) -> bytes:  # fmt: skip
    inner = release(
        body, originator=label.originator, releasable_to=tuple(label.releasable_to), onward=tuple(label.onward),
        realm=realm, provenance=(label.originator,),
    )  # fmt: skip
    made = envelope(inner, format=format, **({"kind": kind} if kind else {}), **outer)
    unsigned = codec.encode(made)
    second = KEYS[label.second][0].sign(made.content) if label.second else b""
    return codec.encode(
        wire.Signed(unsigned=unsigned, signature=KEYS[signer][0].sign(unsigned), origin_signature=second)
    )


def _other(kind: Kind) -> Kind:
    return Kind.IMPACT if kind is not Kind.IMPACT else Kind.LAUNCH


def text(made: dict[str, Any]) -> str:
    """The file's text, one vector a line."""
    lines = json.dumps(made, ensure_ascii=False).replace('{"name"', '\n{"name"')
    return lines + "\n"


if __name__ == "__main__":
    FILE.write_text(text(document()), encoding="utf-8")
