"""Who may order what, now: every order is signed by one person, for one action on exact bytes, once, within minutes.

The signature is over realm, person, action, alert, hash of the bytes, nonce, time, words and areas. An order is valid
for five minutes of node time, its nonce for one use. While the clock is not trusted no order counts, for its age cannot
be told. Nothing here knows alerts: what an approval does is the desk's business.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from beaconfire.kernel import codec, limits
from beaconfire.kernel.alerts import AlertAction, Order
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import from_seconds
from beaconfire.warn.people import Person
from beaconfire.warn.sealed import verifies

VALID_NS = from_seconds(limits.ORDER_VALID_S)
_AHEAD_NS = from_seconds(limits.ORDER_AHEAD_S)
_AUTHOR_MAY = frozenset({AlertAction.DRAFT, AlertAction.SUBMIT, AlertAction.UPDATE})


@dataclass(slots=True)
class Gate:
    """Lets through what a known person signed, in time, once. `nonces` are those used, with their time."""

    realm: Realm
    people: Mapping[str, Person]
    trusted: bool = True
    nonces: dict[bytes, int] = field(default_factory=dict)

    def admit(self, order: Order, *, now_ns: int) -> Person:
        """Return the person whose order this is, and use up its nonce.

        Raises `Refused`: "person", "signature", "stale", "future", "nonce", "busy", "clock" or "role".
        """
        person = self.people.get(order.person)
        if person is None:
            raise _refused("person", order, "is by nobody of this node", "an id of people.toml")
        if not self._signed(order, person):
            raise _refused("signature", order, "is not signed by that person", f"a signature for {self.realm}")
        if order.issued_ns < now_ns - VALID_NS:
            raise _refused("stale", order, "is too old", f"at most {limits.ORDER_VALID_S:g} s")
        if order.issued_ns > now_ns + _AHEAD_NS:
            raise _refused("future", order, "is from the future", "node time")
        self._use(order, now_ns)
        if not self.trusted:
            raise _refused("clock", order, "came while the clock is not trusted", "a clock that is trusted again")
        if "officer" not in person.roles and not ("author" in person.roles and order.action in _AUTHOR_MAY):
            raise _refused("role", order, f"is not for {', '.join(person.roles) or 'no role'}", "an officer")
        return person

    def _signed(self, order: Order, person: Person) -> bool:
        if self.realm is Realm.EXERCISE and hashlib.sha256(order.signature).hexdigest() in person.tokens:
            return True
        data = signed_bytes(order, realm=self.realm)
        return any(verifies(bytes.fromhex(key), order.signature, data) for key in person.keys)

    def _use(self, order: Order, now_ns: int) -> None:
        if order.nonce in self.nonces:
            raise _refused("nonce", order, "was given already", "a new nonce for each order")
        if len(order.nonce) != limits.NONCE_BYTES:
            raise _refused("nonce", order, f"has a nonce of {len(order.nonce)} bytes", f"{limits.NONCE_BYTES}")
        if len(self.nonces) >= limits.MAX_NONCES:
            self.nonces = {nonce: used for nonce, used in self.nonces.items() if used >= now_ns - VALID_NS}
        if len(self.nonces) >= limits.MAX_NONCES:
            raise _refused("busy", order, "is one of too many", f"{limits.MAX_NONCES} orders in five minutes")
        self.nonces[order.nonce] = order.issued_ns


def signed_bytes(order: Order, *, realm: Realm) -> bytes:
    """Return the bytes that a person signs: everything of an order but the signature and the shell's session."""
    return codec.encode(
        (
            "beaconfire/order", realm, order.person, order.action, order.alert_id, order.digest, order.nonce,
            order.issued_ns, order.words, order.areas,
        )
    )  # fmt: skip


def _refused(reason: str, order: Order, what: str, expected: str) -> Refused:
    where = f"{order.action} of {order.alert_id[: limits.MAX_ID_LENGTH]} by {order.person[: limits.MAX_ID_LENGTH]}"
    return Refused(reason, where=where, what=what, expected=expected)
