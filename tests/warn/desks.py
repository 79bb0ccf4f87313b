"""What the desk's tests share: people with keys, settings, rules, words of pictures, a desk that keeps what it said."""

import hashlib
from dataclasses import dataclass, field
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel.alerts import (
    AlertAction,
    AlertRow,
    AlertStatus,
    AlertView,
    Approved,
    AreaThreat,
    MessageKind,
    Order,
    Ready,
)
from beaconfire.kernel.approval import Act, act_bytes
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.people import act_of, person_table
from beaconfire.kernel.person import Person, Role, Word
from beaconfire.kernel.records import EventStatus
from beaconfire.kernel.sealed import seal
from beaconfire.kernel.time import NS_PER_S, parse_utc
from beaconfire.warn import Desk, Outlook, signed_bytes
from tests.kernel.securitykeys import SoftKey

NOW_NS = parse_utc("2025-01-06T03:00:00Z")
ROOT = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"root").digest())
ROOT_PUBLIC = ROOT.public_key().public_bytes_raw()
PEOPLE: dict[str, Role] = {"aoki": "author", "baba": "officer", "chiba": "officer", "doi": "officer"}
TOKEN = b"a plain token of an exercise"

WARNING = """version = 1
nation = "JPN"
realm = "{realm}"
author = "JPN-FDMA"
languages = ["en"]

[approval]
people = 2
send = "{send}"

[[authority]]
id = "JPN-FDMA"
name = {{ en = "Fire and Disaster Management Agency" }}
sender = "alerts@example.jp"
contact = "https://example.jp/contact"
web = "https://example.jp"
areas = ["JP-01", "JP-02", "JP-03", "JP-05"]

[[authority]]
id = "JPN-TOWN"
name = {{ en = "A town" }}
sender = "town@example.jp"
contact = "https://town.example.jp/contact"
web = "https://town.example.jp"

[[channel]]
name = "files"
realm = "{realm}"
kind = "directory"
path = "alerts"

[[channel]]
name = "net"
realm = "{realm}"
kind = "http"
url = "http://127.0.0.1:9/cap"
"""

RULE = """[rule]
id = "exercise"
nation = "JPN"
realm = "EXERCISE"
kinds = ["shelter", "update", "passed", "lost"]
min_probability = 0.5
"""


def key_of(person: str) -> Ed25519PrivateKey:
    """Everybody's key follows from their name."""
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(person.encode()).digest())


def warning_toml(*, realm: Realm = Realm.EXERCISE, send: str = "at_once") -> bytes:
    return WARNING.format(realm=realm, send=send).encode()


def people_text(*, realm: Realm = Realm.EXERCISE, extra: str = "") -> bytes:
    rows: list[str] = []
    for name, role in PEOPLE.items():
        keys = (key_of(name).public_key().public_bytes_raw().hex(),)
        person = Person(
            id=name, name=name.title(), roles=(role,), keys=keys, security_keys=(SoftKey(name).sealed,)
        )  # fmt: skip
        if realm is Realm.LIVE and len(rows) >= 3:  # an author and two officers stand there by the root alone
            words = [word_of(officer, act_of(person, realm=realm)) for officer in ("baba", "chiba")]
            person = msgspec.structs.replace(person, approved=tuple(words))
        rows.append(person_table(person))
    return ("\n".join(rows) + extra).encode()


def word_of(person: str, act: Act, *, nonce: bytes = bytes(16), issued_ns: int = NOW_NS) -> Word:
    """A person's signature under an act."""
    proof = key_of(person).sign(act_bytes(act, person=person, nonce=nonce, issued_ns=issued_ns))
    return Word(person, nonce, issued_ns, proof)


def people_toml(*, realm: Realm = Realm.EXERCISE, extra: str = "") -> bytes:
    return seal(people_text(realm=realm, extra=extra), purpose="people", realm=realm, sign=ROOT.sign)


def rule_file(text: str = RULE, *, realm: Realm = Realm.EXERCISE) -> bytes:
    return seal(text.encode(), purpose="rule", realm=realm, sign=ROOT.sign)


def desk(*rules: str, send: str = "at_once", realm: Realm = Realm.EXERCISE, warning: bytes | None = None) -> Desk:
    return Desk(
        nation="JPN", realm=realm, epoch=7, root=ROOT_PUBLIC,
        warning_toml=warning or warning_toml(realm=realm, send=send), people_toml=people_toml(realm=realm),
        rules=[rule_file(text, realm=realm) for text in rules],
    )  # fmt: skip


def area(area_id: str = "JP-02", *, pass_p: float = 0.9, hit_p: float = 0.0, after_s: float = 300.0) -> AreaThreat:
    """An area that is reached `after_s` from `NOW_NS`, give or take 30 s."""
    first_ns = NOW_NS + int((after_s - 30.0) * NS_PER_S)
    return AreaThreat(area_id=area_id, hit_p=hit_p, pass_p=pass_p, first_ns=first_ns, last_ns=first_ns + 60 * NS_PER_S)


def outlook(*areas: AreaThreat, at_s: float = 0.0, **changes: Any) -> Outlook:
    """OWN's word on event JPN-E1 `at_s` after `NOW_NS`, measured just then by two sensors."""
    time_ns = NOW_NS + int(at_s * NS_PER_S)
    fields: dict[str, Any] = {
        "event_id": "JPN-E1",
        "picture": "own",
        "status": EventStatus.CONFIRMED,
        "time_ns": time_ns,
        "measured_ns": time_ns,
        "sources": 2,
        "nations": ("JPN",),
        "count_at_least": 1,
        "launch_ns": NOW_NS - 60 * NS_PER_S,
        "launch_nation": "PRK",
        "reach": "point",
        "threats": areas,
        "threatened": areas,
    }
    return Outlook(**(fields | changes))


@dataclass
class Bench:
    """A desk, node time, and everything it said."""

    desk: Desk = field(default_factory=desk)
    at_s: float = 0.0
    rows: list[AlertRow] = field(default_factory=list)
    published: list[Approved] = field(default_factory=list)
    nonce: int = 0

    @property
    def now_ns(self) -> int:
        return NOW_NS + int(self.at_s * NS_PER_S)

    @property
    def view(self) -> AlertView:
        """The alert opened last."""
        return self.desk.alerts()[-1]

    def status(self) -> AlertStatus:
        return self.view.status

    def stage(self) -> AlertStatus:
        return self.draft.stage

    def due_ns(self) -> int | None:
        return self.view.due_ns

    def silent(self) -> tuple[str, ...]:
        return self.view.silent

    def conflicts(self) -> tuple[str, ...]:
        return self.view.conflicts

    def approved_by(self) -> tuple[str, ...]:
        return self.draft.approved_by

    @property
    def draft(self) -> Ready:
        draft = self.view.draft
        assert draft is not None
        return draft

    def ready(self, kind: MessageKind) -> Ready:
        return next(item for item in self.view.ready if item.kind is kind)

    def took(self, outs: list[AlertRow | Approved]) -> list[AlertRow | Approved]:
        self.rows += [item for item in outs if isinstance(item, AlertRow)]
        self.published += [item for item in outs if isinstance(item, Approved)]
        return outs

    def see(self, *areas: AreaThreat, **changes: Any) -> list[AlertRow | Approved]:
        """Let a picture say which areas it threatens now."""
        return self.took(self.desk.take(outlook(*areas, at_s=self.at_s, **changes), now_ns=self.now_ns))

    def wait(self, seconds: float, *areas: AreaThreat, step_s: float = 1.0, **changes: Any) -> None:
        """Let time pass in ticks, OWN saying the same all the while (nothing at all with `status=None`)."""
        end_s = self.at_s + seconds
        while self.at_s < end_s:
            self.at_s = min(self.at_s + step_s, end_s)
            if changes.get("status", EventStatus.CONFIRMED) is not None:
                self.see(*areas, **changes)
            self.took(self.desk.tick(now_ns=self.now_ns))

    def statuses(self) -> list[AlertStatus]:
        """What became of the alert's messages, without the rows of pictures."""
        return [row.status for row in self.rows if row.picture is None and row.status != row.previous]

    def signed(self, person: str, action: AlertAction, **changes: Any) -> Order:
        """An order signed by a person's key, of the draft's bytes unless told otherwise."""
        self.nonce += 1
        draft = self.view.draft if self.desk.alerts() else None
        fields: dict[str, Any] = {
            "person": person,
            "session": f"session of {person}",
            "action": action,
            "alert_id": self.view.alert_id if self.desk.alerts() else "",
            "digest": b"" if draft is None or action in (AlertAction.DRAFT, AlertAction.UPDATE) else draft.digest,
            "nonce": self.nonce.to_bytes(16, "big"),
            "issued_ns": self.now_ns,
            "signature": b"",
        }
        order = Order(**(fields | changes))
        data = signed_bytes(order, realm=Realm.EXERCISE)
        return msgspec.structs.replace(order, signature=order.signature or key_of(person).sign(data))

    def give(self, order: Order) -> str:
        """Give an order; returns the reason of its refusal, or nothing."""
        try:
            self.took(self.desk.order(order, now_ns=self.now_ns))
        except Refused as refusal:
            return refusal.reason
        return ""

    def order(self, person: str, action: AlertAction, **changes: Any) -> str:
        return self.give(self.signed(person, action, **changes))

    def send(self) -> None:
        """The plain way: submitted, approved by two people, sent."""
        assert self.order("aoki", AlertAction.SUBMIT) == ""
        assert self.order("baba", AlertAction.APPROVE) == ""
        assert self.order("chiba", AlertAction.APPROVE) == ""
        assert self.published[-1].kind in (MessageKind.SHELTER, MessageKind.UPDATE, MessageKind.DEBRIS)
