"""Builders of the exchange that several rooms' tests share: bodies, products, policies, links, keys."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import strategies as st

from beaconfire.kernel import codec, products, wire
from beaconfire.kernel.alerts import MessageKind
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind, Product, Released, ReleasedBody
from beaconfire.kernel.records import CLASSES, KINDS, PHASES, EventStatus, TrackStatus
from beaconfire.kernel.time import NS_PER_S, parse_utc
from beaconfire.release import Releaser, preset
from beaconfire.share import Link, Numbered

NOW_NS = parse_utc("2025-01-06T03:02:00Z")
SECRET = bytes(range(32))
MEAN = np.array([-3.1e6, 4.0e6, 4.1e6, 1500.0, -800.0, 2100.0])
SIGMAS = np.array([30.0, 40.0, 25.0, 3.0, 2.0, 4.0])


def one_hot(size: int, at: int = 0) -> tuple[float, ...]:
    return tuple(float(number == at) for number in range(size))


def launch_body(**changes: Any) -> products.LaunchBody:
    values: dict[str, Any] = {
        "event": "KOR-E1",
        "time_ns": NOW_NS - 60 * NS_PER_S,
        "time_sigma_s": 1.5,
        "latitude_deg": 39.2,
        "longitude_deg": 126.0,
        "covariance_m2": (4e6, 1e6, 9e6),
        "status": EventStatus.CONFIRMED,
        "count_at_least": 1,
        "count_probability": 0.99,
        "classes": one_hot(len(CLASSES), 2),
        "kinds": one_hot(len(KINDS)),
    }
    return products.LaunchBody(**(values | changes))


def trajectory_body(**changes: Any) -> products.TrajectoryBody:
    values: dict[str, Any] = {
        "track": "KOR-T1",
        "event": "KOR-E1",
        "time_ns": NOW_NS,
        "first_time_ns": NOW_NS - 30 * NS_PER_S,
        "mean": codec.pack_state(MEAN),
        "factor": codec.pack_covariance(np.diag(SIGMAS**2)),
        "first": True,
        "status": TrackStatus.CONFIRMED,
        "modes": (0.7, 0.1, 0.1, 0.1),
        "batch_id": bytes(range(16)),
        "provenance": (bytes(range(16)),),
        "sensors": ("KOR-R1", "KOR-R2"),
    }
    return products.TrajectoryBody(**(values | changes))


def impact_body(**changes: Any) -> products.ImpactBody:
    ring = ((140.0, 40.0), (141.0, 40.0), (141.0, 41.0), (140.0, 40.0))
    values: dict[str, Any] = {
        "event": "KOR-E1",
        "time_ns": NOW_NS + 400 * NS_PER_S,
        "time_sigma_s": 4.0,
        "latitude_deg": 40.5,
        "longitude_deg": 140.5,
        "covariance_m2": (9e8, 0.0, 4e8),
        "footprint": codec.pack_rings([ring]),
    }
    return products.ImpactBody(**(values | changes))


def look(**changes: Any) -> products.Look:
    values: dict[str, Any] = {
        "time_ns": NOW_NS,
        "sensor": "KOR-R1",
        "of": "radar",
        "site": codec.pack_point(np.array([-3.12e6, 4.08e6, 3.78e6])),
        "values": (350e3, 0.4, 0.3, -1200.0),
        "sigmas": (30.0, 1e-3, 1e-3, 2.0),
        "bias_sigmas": (10.0, 1e-4, 1e-4),
    }
    return products.Look(**(values | changes))


def line(**changes: Any) -> products.Look:
    return look(**({"of": "los", "values": (0.6, 0.0, 0.8), "sigmas": (3e-5,)} | changes))


def detection_body(**changes: Any) -> products.DetectionBody:
    values: dict[str, Any] = {
        "track": "KOR-T1",
        "event": "KOR-E1",
        "batch_id": bytes(range(16)),
        "looks": (look(), look(values=(None, 0.4, 0.3, None), sigmas=(None, 1e-3, 1e-3, None)), line()),
    }
    return products.DetectionBody(**(values | changes))


def assessment_body(**changes: Any) -> products.AssessmentBody:
    values: dict[str, Any] = {
        "event": "KOR-E1",
        "time_ns": NOW_NS,
        "status": EventStatus.CONFIRMED,
        "lost": False,
        "count_at_least": 1,
        "count_probability": 0.99,
        "kinds": one_hot(len(KINDS)),
        "classes": one_hot(len(CLASSES), 2),
        "phases": one_hot(len(PHASES), 1),
        "burnout_time_ns": NOW_NS - 10 * NS_PER_S,
        "apogee_m": 95e3,
        "ground_range_m": None,
    }
    return products.AssessmentBody(**(values | changes))


def sensor_status_body(**changes: Any) -> products.SensorStatusBody:
    values: dict[str, Any] = {"sensor": "KOR-R1", "time_ns": NOW_NS, "state": "silent", "since_ns": NOW_NS - NS_PER_S}
    return products.SensorStatusBody(**(values | changes))


def notice_body(**changes: Any) -> products.AlertNoticeBody:
    values: dict[str, Any] = {
        "alert": "KOR-E1-A1",
        "authority": "KOR-MND",
        "reference": "alerts@example.kr,KOR-EXERCISE-1-KOR-E1-A1-1,2025-01-06T12:02:00+09:00",
        "says": MessageKind.SHELTER,
        "areas": ("JP-02", "JP-01"),
        "sent_ns": NOW_NS,
        "expires_ns": NOW_NS + 3600 * NS_PER_S,
    }
    return products.AlertNoticeBody(**(values | changes))


def withdrawal_body(**changes: Any) -> products.WithdrawalBody:
    return products.WithdrawalBody(**({"of": Kind.LAUNCH, "id": "E1", "reason": "流星"} | changes))


BODIES: dict[Kind, Callable[..., ReleasedBody]] = {
    Kind.LAUNCH: launch_body,
    Kind.TRAJECTORY: trajectory_body,
    Kind.IMPACT: impact_body,
}


RELEASED_BODIES: dict[Kind, Callable[..., ReleasedBody]] = BODIES | {
    Kind.DETECTION: detection_body,
    Kind.ASSESSMENT: assessment_body,
    Kind.SENSOR_STATUS: sensor_status_body,
    Kind.ALERT_NOTICE: notice_body,
    Kind.WITHDRAWAL: withdrawal_body,
}


def product(kind: Kind = Kind.TRAJECTORY, *, number: int = 1, **changes: Any) -> Product:
    """A product of track or event `number`; its validity is `number` seconds after `NOW_NS` unless given."""
    own_id = f"KOR-{'T' if kind is Kind.TRAJECTORY else 'E'}{number}"
    body = BODIES[kind](**{"track" if kind is Kind.TRAJECTORY else "event": own_id})
    values: dict[str, Any] = {
        "kind": kind,
        "local_id": own_id,
        "revision": 1,
        "time_ns": NOW_NS,
        "body": body,
        "nations": ("KOR",),
        "sensors": ("KOR-R1", "KOR-R2"),
        "missile_class": "IRBM",
        "object_kind": "ballistic",
        "latitude_deg": 39.2,
        "longitude_deg": 126.0,
    }
    return Product(**(values | changes))


def withdrawal(of: Kind, local_id: str) -> Product:
    body = products.WithdrawalBody(of=of, id=local_id, reason="a meteor")
    return Product(
        kind=Kind.WITHDRAWAL, local_id=local_id, revision=1, time_ns=NOW_NS, body=body, nations=("KOR",), urgent=True
    )


def policy_toml(*grants: str, version: int = 1, nation: str = "KOR") -> bytes:
    """A policy file of grants given as the lines inside their tables."""
    head = f'version = {version}\nnation = "{nation}"\n'
    return (head + "".join(f"[[grant]]\n{grant}\n" for grant in grants)).encode()


def grant_toml(
    partner: str = "JPN",
    *,
    name: str = "g",
    kinds: Sequence[str] = ("launch", "trajectory", "impact"),
    realm: str = "EXERCISE",
    more: str = "",
) -> str:
    words = ", ".join(f'"{kind}"' for kind in kinds)
    return (
        f'id = "{name}"\npartner = "{partner}"\nrealm = "{realm}"\nkinds = [{words}]\n'
        f'provenance = ["KOR"]\nrate_hz = 100.0\n{more}'
    )


def releaser(policy: bytes | None = None, *, realm: Realm = Realm.EXERCISE) -> Releaser:
    """A releaser of KOR under the default preset for JPN and USA, or under a given policy."""
    made = Releaser(nation="KOR", realm=realm, secret=SECRET)
    made.load(policy or preset("default", nation="KOR", partners=("JPN", "USA"), realm=realm), where="policy.toml")
    return made


def link_pair(*, epoch: int = 100, realm: Realm = Realm.EXERCISE) -> tuple[Link, Link]:
    """Both ends of one link: KOR's and JPN's."""
    return (
        Link(nation="KOR", partner="JPN", realm=realm, epoch=epoch),
        Link(nation="JPN", partner="KOR", realm=realm, epoch=epoch),
    )


def open_releaser() -> Releaser:
    """A releaser that gives JPN all it is offered, at any rate."""
    return releaser(policy_toml(grant_toml(more="drop_sensor_identity = false")))


def send_all(link: Link, decider: Releaser, offered: Sequence[Product], *, now_ns: int = NOW_NS) -> list[Numbered]:
    """Release products and number them; every one must be allowed."""
    sent = []
    for one in offered:
        decision = decider.decide(one, link.partner, now_ns=now_ns, again=True)
        assert isinstance(decision, Released), decision
        sent.append(link.number(decision, now_ns=now_ns))
    return sent


def release(content: products.Body | None = None, **changes: Any) -> wire.Release:
    body = content or trajectory_body()
    kind = next(kind for kind, made in wire.BODY_TYPES.items() if isinstance(body, made))
    values: dict[str, Any] = {
        "format": wire.FORMAT,
        "originator": "KOR",
        "realm": Realm.EXERCISE,
        "releasable_to": ("JPN",),
        "onward": (),
        "source_id": bytes(16),
        "kind": kind,
        "revision": 1,
        "issued_ns": NOW_NS,
        "time_ns": NOW_NS,
        "expires_ns": NOW_NS + 900 * NS_PER_S,
        "modified": False,
        "rule": bytes(8),
        "policy": bytes(32),
        "provenance": ("KOR",),
        "body": codec.encode(body),
    }
    return wire.Release(**(values | changes))


def envelope(inside: wire.Release | None = None, **changes: Any) -> wire.Envelope:
    inner = inside or release()
    values: dict[str, Any] = {
        "format": wire.FORMAT,
        "sender": "KOR",
        "recipient": "JPN",
        "realm": inner.realm,
        "epoch": 100,
        "number": 1,
        "previous": wire.NO_HASH,
        "kind": inner.kind,
        "content": codec.encode(inner),
    }
    return wire.ENVELOPE_TYPES[inner.realm](**(values | changes))


def sign(unsigned: bytes, key: Ed25519PrivateKey) -> bytes:
    return codec.encode(wire.Signed(unsigned=unsigned, signature=key.sign(unsigned)))


def key_pair(seed: int = 1) -> tuple[Ed25519PrivateKey, bytes]:
    private = Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32)
    return private, private.public_key().public_bytes_raw()


def covariances(min_sigma: float = 0.1, max_sigma: float = 3e5) -> st.SearchStrategy[np.ndarray]:
    """Random 6×6 covariances: axes of widely different length in any direction."""

    def build(seed: int, exponents: list[float]) -> np.ndarray:
        rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(6, 6)))
        axes = rotation * (min_sigma * (max_sigma / min_sigma) ** np.array(exponents))
        return axes @ axes.T

    unit = st.floats(0.0, 1.0)
    return st.builds(build, st.integers(0, 2**32 - 1), st.lists(unit, min_size=6, max_size=6))
