"""Who may order what, now: every order is signed by one person, for one action on exact bytes, once, within minutes.

The signature is over realm, person, action, alert, hash of the bytes, nonce, time, words and areas. An order is valid
for five minutes of node time, its nonce for one use. While the clock is not trusted no order counts, for its age cannot
be told. Nothing here knows alerts: what an approval does is the desk's business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from beaconfire.kernel import codec, limits
from beaconfire.kernel.alerts import AlertAction, Order
from beaconfire.kernel.approval import Nonces, check_age, proves
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.person import Person

_AUTHOR_MAY = frozenset({AlertAction.DRAFT, AlertAction.SUBMIT, AlertAction.UPDATE})


@dataclass(slots=True)
class Gate:
    """Lets through what a known person signed, in time, once."""

    realm: Realm
    people: Mapping[str, Person]
    trusted: bool = True
    nonces: Nonces = field(default_factory=Nonces)

    def admit(self, order: Order, *, now_ns: int) -> Person:
        """Return the person whose order this is, and use up its nonce.

        Raises `Refused`: "person", "signature", "stale", "future", "nonce", "busy", "clock" or "role".
        """
        person = self.people.get(order.person)
        if person is None:
            raise _refused("person", order, "is by nobody of this node", "an id of people.toml")
        if not proves(person, order.signature, signed_bytes(order, realm=self.realm), realm=self.realm):
            raise _refused("signature", order, "is not signed by that person", f"a signature for {self.realm}")
        check_age(order.issued_ns, now_ns=now_ns, where=_where(order))
        self.nonces.use(order.nonce, issued_ns=order.issued_ns, now_ns=now_ns, where=_where(order))
        if not self.trusted:
            raise _refused("clock", order, "came while the clock is not trusted", "a clock that is trusted again")
        if "officer" not in person.roles and not ("author" in person.roles and order.action in _AUTHOR_MAY):
            raise _refused("role", order, f"is not for {', '.join(person.roles) or 'no role'}", "an officer")
        return person


def signed_bytes(order: Order, *, realm: Realm) -> bytes:
    """Return the bytes that a person signs: everything of an order but the signature and the shell's session."""
    return codec.encode(
        (
            "beaconfire/order", realm, order.person, order.action, order.alert_id, order.digest, order.nonce,
            order.issued_ns, order.words, order.areas,
        )
    )  # fmt: skip


def _where(order: Order) -> str:
    return f"{order.action} of {order.alert_id[: limits.MAX_ID_LENGTH]} by {order.person[: limits.MAX_ID_LENGTH]}"


def _refused(reason: str, order: Order, what: str, expected: str) -> Refused:
    return Refused(reason, where=_where(order), what=what, expected=expected)
