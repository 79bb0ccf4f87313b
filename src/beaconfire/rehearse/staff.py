"""The warning authority of one nation in an exercise: its settings, its people with their keys, its written rule.

In: what a scenario says of a nation. Out: the files that a node is given, and orders signed by the people whom the
scenario names, as soon as they can be given. The people are paper, the door is not: an order goes through the node's
own gate, signed over realm, hash and nonce like any other. Keys come from one secret of the exercise, so that a
rehearsal repeats byte for byte; they open nothing outside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AlertAction, AlertStatus, AlertView, MessageKind, Order
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.sealed import seal
from beaconfire.kernel.time import from_seconds
from beaconfire.rehearse.scenario import Nation, OperatorAction, Scenario
from beaconfire.warn import areas, signed_bytes

RULE_FILE = "rules/exercise.toml"
_REALM = Realm.EXERCISE
_OVER = (AlertStatus.CANCELLED, AlertStatus.ALL_CLEAR, AlertStatus.EXPIRED, AlertStatus.WITHDRAWN)
_ENDS = {
    AlertAction.CORRECT: MessageKind.CORRECTION,
    AlertAction.CANCEL: MessageKind.CANCEL,
    AlertAction.ALL_CLEAR: MessageKind.ALL_CLEAR,
}
_STAGES = {  # of the draft, for what is ordered of it
    AlertAction.SUBMIT: (AlertStatus.DRAFTED,),
    AlertAction.APPROVE: (AlertStatus.SUBMITTED,),
    AlertAction.SEND: (AlertStatus.APPROVED,),
    AlertAction.WITHDRAW: (AlertStatus.DRAFTED, AlertStatus.SUBMITTED, AlertStatus.APPROVED),
}


@dataclass(frozen=True, slots=True)
class Staff:
    """One nation's files for warning, its people's keys, and their plain tokens, with which a page is opened as one.

    `rules` are the sealed rules by file name.
    """

    warning_toml: bytes
    people_toml: bytes
    rules: dict[str, bytes]
    keys: dict[str, Ed25519PrivateKey]
    tokens: dict[str, str]


def make_staff(
    nation: Nation, *, secret: bytes, seal_with: Callable[[bytes], bytes], folder: str = "alerts"
) -> Staff | None:
    """Return the staff of a nation, None for one without areas that the package knows.

    `secret` makes the people's keys, `seal_with` is the signature (Ed25519) of the nation's root, `folder` where the
    node lays its messages.
    """
    ours = nation.alerting.areas or areas().ids(nation.code)
    if not ours:
        return None
    people = (*nation.alerting.authors, *nation.alerting.officers)
    keys = {person: key_of(secret, nation.code, person) for person in people}
    tokens = {person: _token_of(secret, nation.code, person) for person in people}
    rules = {}
    if nation.alerting.approval == "automatic":
        rules[RULE_FILE] = seal(_rule_toml(nation), purpose="rule", realm=_REALM, sign=seal_with)
    return Staff(
        warning_toml=_warning_toml(nation, ours, tuple(rules), folder),
        people_toml=seal(_people_toml(nation, keys, tokens), purpose="people", realm=_REALM, sign=seal_with),
        rules=rules,
        keys=keys,
        tokens=tokens,
    )


def key_of(secret: bytes, nation: str, name: str) -> Ed25519PrivateKey:
    """Return the key of a name in a nation under the secret of an exercise."""
    return Ed25519PrivateKey.from_private_bytes(sha256(b"/".join((secret, nation.encode(), name.encode()))).digest())


def _token_of(secret: bytes, nation: str, name: str) -> str:
    return sha256(b"/".join((secret, nation.encode(), name.encode(), b"token"))).hexdigest()[:32]


@dataclass(slots=True)
class Prompter:
    """Tells the people of an exercise when their orders are due; what cannot be given within its time is left out.

    `given` counts the orders given, which makes their nonces; `missed` are the actions that were never possible.
    """

    scenario: Scenario
    staffs: dict[str, Staff]
    waiting: list[OperatorAction] = field(default_factory=list)
    given: int = 0
    missed: list[OperatorAction] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Take every order that the scenario holds, in order of time."""
        found = [item for item in self.scenario.injects if isinstance(item, OperatorAction)]
        self.waiting = sorted((item for item in found if item.nation in self.staffs), key=lambda item: item.time_s)

    def due(self, now_ns: int) -> frozenset[str]:
        """Return the nations whose people have an order to give at this time."""
        return frozenset(item.nation for item in self.waiting if self._time_ns(item) <= now_ns)

    def orders(
        self, nation: str, views: Sequence[AlertView], events: Sequence[str], *, now_ns: int
    ) -> tuple[Order, ...]:
        """Return the order that a nation's people give now, at most one; `events` are its open events, in order.

        One order at a time, since each changes the bytes or the stage that the next is about.
        """
        for item in [item for item in self.waiting if item.nation == nation and self._time_ns(item) <= now_ns]:
            bare = _order(item, views, events)
            if bare is not None:
                self.waiting.remove(item)
                return (self._signed(item, bare, now_ns),)
            if now_ns <= self._time_ns(item) + from_seconds(item.within_s):
                return ()  # its people wait for it, and do the next thing after
            self.waiting.remove(item)
            self.missed.append(item)
        return ()

    def _signed(self, item: OperatorAction, bare: Order, now_ns: int) -> Order:
        self.given += 1
        nonce = sha256(f"{item.nation}/{item.person}/{self.given}".encode()).digest()[: limits.NONCE_BYTES]
        dated = msgspec.structs.replace(bare, nonce=nonce, issued_ns=now_ns)
        key = self.staffs[item.nation].keys[item.person]
        return msgspec.structs.replace(dated, signature=key.sign(signed_bytes(dated, realm=_REALM)))

    def _time_ns(self, item: OperatorAction) -> int:
        return self.scenario.start_ns + from_seconds(item.time_s)


def _order(item: OperatorAction, views: Sequence[AlertView], events: Sequence[str]) -> Order | None:
    """The order without its date and signature; None while it cannot be given."""
    open_views = [view for view in views if view.status not in _OVER]
    view = open_views[-1] if open_views else None
    if item.action is AlertAction.DRAFT:
        about = view.alert_id if view is not None else (events[-1] if events else "")
        return _bare(item, about, b"") if about else None
    if view is None:
        return None
    if item.action is AlertAction.UPDATE:
        return _bare(item, view.alert_id, b"") if view.sent else None
    if item.action in _ENDS:
        ready = next((ready for ready in view.ready if ready.kind is _ENDS[item.action]), None)
        return _bare(item, view.alert_id, ready.digest) if view.sent and ready is not None else None
    draft = view.draft
    if draft is None or draft.stage not in _STAGES[item.action]:
        return None
    return _bare(item, view.alert_id, draft.digest)


def _bare(item: OperatorAction, about: str, digest: bytes) -> Order:
    return Order(
        person=item.person,
        session=f"exercise:{item.person}",
        action=item.action,
        alert_id=about,
        digest=digest,
        nonce=b"",
        issued_ns=0,
        signature=b"",
        words=item.words,
        areas=item.areas,
    )


def _warning_toml(nation: Nation, ours: Sequence[str], rules: Iterable[str], folder: str) -> bytes:
    """The settings of a node (docs of `warn.settings`): one authority for all areas, a folder and an Atom feed."""
    code = nation.code
    names = {"en": f"Warning authority of {code}", "ko": f"{code} 경보 기관", "ja": f"{code} 警報機関"}
    lines = [
        "version = 1",
        f"nation = {_text(code)}",
        'realm = "EXERCISE"',
        f"author = {_text(f'{code}-WARNING')}",
        f"languages = {_list(nation.languages)}",
        f"rules = {_list(rules)}",
        "",
        "[regime]",
        f"preset = {_text(nation.alerting.regime)}",
        "",
        "[[authority]]",
        f"id = {_text(f'{code}-WARNING')}",
        f"name = {{ {', '.join(f'{language} = {_text(name)}' for language, name in names.items())} }}",
        f"sender = {_text(f'{code.lower()}-warning@exercise.example')}",
        f"contact = {_text(f'https://exercise.example/{code}/contact')}",
        f"web = {_text(f'https://exercise.example/{code}')}",
        f"nations = {_list([code])}",
        f"areas = {_list(ours)}",
        "",
    ]
    for name, kind, path in (("files", "directory", folder), ("feed", "atom", "feed")):
        lines += [
            "[[channel]]", f"name = {_text(name)}", 'realm = "EXERCISE"', f"kind = {_text(kind)}",
            f"path = {_text(path)}", "",
        ]  # fmt: skip
    return "\n".join(lines).encode()


def _people_toml(nation: Nation, keys: dict[str, Ed25519PrivateKey], tokens: dict[str, str]) -> bytes:
    lines = []
    for person, key in keys.items():
        role = "author" if person in nation.alerting.authors else "officer"
        public = key.public_key().public_bytes_raw().hex()
        lines += [
            "[[person]]", f"id = {_text(person)}", f"name = {_text(person)}", f"roles = {_list([role])}",
            f"keys = {_list([public])}", f"tokens = {_list([sha256(tokens[person].encode()).hexdigest()])}", "",
        ]  # fmt: skip
    return "\n".join(lines).encode()


def _rule_toml(nation: Nation) -> bytes:
    alerting = nation.alerting
    lines = [
        "[rule]",
        f"id = {_text(f'{nation.code}-exercise')}",
        f"nation = {_text(nation.code)}",
        'realm = "EXERCISE"',
        f"kinds = {_list(map(str, alerting.kinds))}",
        f"min_probability = {alerting.min_probability}",
        f"single_source = {str(alerting.single_source).lower()}",
        f"while_boosting = {str(alerting.while_boosting).lower()}",
    ]
    return "\n".join(lines).encode()


def _text(value: str) -> str:
    return msgspec.json.encode(value).decode()  # TOML's basic strings are JSON's


def _list(values: Iterable[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"
