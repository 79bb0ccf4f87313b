"""What a channel carries: a signed CAP message of one realm, and the look at it that every channel takes by itself.

An exercise can never reach a siren (promise P5): LIVE and EXERCISE messages are two types, their CAP `status` differs,
and they are signed by keys of different nodes. `admit` holds all three against the channel's own realm and asks nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass

from lxml import etree

from beaconfire.kernel import limits
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm

CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
Verify = Callable[[bytes], object]
"""Raises `InvalidInput` unless a message carries the signature of the channel's own realm."""


@dataclass(frozen=True, slots=True)
class SignedAlert:
    """One signed message; never made itself, only as one of the two below.

    `expires_ns` is node time (TAI); `ends`: it cancels or ends the alert, so an earlier message that still waits is not
    sent any more. `unrecorded`: it went out while the journal could not be written.
    """

    alert_id: str
    identifier: str
    kind: str
    expires_ns: int
    ends: bool
    xml: bytes
    unrecorded: bool = False


class LiveAlert(SignedAlert):
    """A message that warns people."""

    __slots__ = ()


class ExerciseAlert(SignedAlert):
    """A message of an exercise."""

    __slots__ = ()


TYPES: dict[Realm, type[SignedAlert]] = {Realm.LIVE: LiveAlert, Realm.EXERCISE: ExerciseAlert}
STATUS = {Realm.LIVE: "Actual", Realm.EXERCISE: "Exercise"}


def signed_alert(
    realm: Realm,
    *,
    alert_id: str,
    identifier: str,
    kind: str,
    expires_ns: int,
    ends: bool,
    xml: bytes,
    unrecorded: bool = False,
) -> SignedAlert:
    """Return the message of a realm, in the type that this realm's channels take."""
    return TYPES[realm](alert_id, identifier, kind, expires_ns, ends, xml, unrecorded)


def admit(alert: SignedAlert, *, realm: Realm, verify: Verify) -> None:
    """Let a message of this realm pass; raises `Refused` ("type", "status", "size", "signature") for any other."""
    if type(alert) is not TYPES[realm]:
        raise _refused("type", f"is a {type(alert).__name__}", f"a {TYPES[realm].__name__}")
    if len(alert.xml) > limits.MAX_CAP_BYTES:
        raise _refused("size", f"has {len(alert.xml)} bytes", f"at most {limits.MAX_CAP_BYTES}")
    status = read_cap(alert.xml).findtext(f"{CAP}status")
    if status != STATUS[realm]:
        raise _refused("status", f"says status {status!r}", f"{STATUS[realm]!r} on a channel of {realm}")
    try:
        verify(alert.xml)
    except Refused:
        raise
    except Exception as error:  # whatever a signature library raises, the message does not pass
        raise _refused("signature", f"is not signed for {realm}: {error}", f"this nation's {realm} key") from None


def read_cap(xml: bytes) -> etree._Element:
    """Return the root of a message's XML, without entities and network; raises `Refused` if it is none."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise _refused("xml", f"is no XML: {error}", "a CAP 1.2 message") from None


def _refused(reason: str, what: str, expected: str) -> Refused:
    return Refused(reason, where="alert channel", what=f"the message {what}", expected=expected)
