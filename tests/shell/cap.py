"""CAP messages for the tests of the shell, made by hand, and the channels' view of them."""

from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.shell.channels import Receipt, SignedAlert, signed_alert

LATER_NS = 2 * 10**18
STATUS = {Realm.LIVE: "Actual", Realm.EXERCISE: "Exercise"}


def cap(
    identifier: str = "KOR-A1-1", *, realm: Realm = Realm.EXERCISE, sent: str = "2025-01-06T12:01:00+09:00"
) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
        f"<identifier>{identifier}</identifier><sender>kor@example.org</sender><sent>{sent}</sent>"
        f"<status>{STATUS[realm]}</status><msgType>Alert</msgType><scope>Public</scope>"
        f"<info><language>en</language><senderName>Office &amp; Co</senderName><headline>EXERCISE {identifier}"
        "</headline></info></alert>"
    ).encode()


def message(
    identifier: str = "KOR-A1-1", *, realm: Realm = Realm.EXERCISE, alert_id: str = "KOR-A1", kind: str = "shelter",
    ends: bool = False, expires_ns: int = LATER_NS, xml: bytes | None = None,
) -> SignedAlert:  # fmt: skip
    return signed_alert(
        realm, alert_id=alert_id, identifier=identifier, kind=kind, expires_ns=expires_ns, ends=ends,
        xml=cap(identifier, realm=realm) if xml is None else xml,
    )  # fmt: skip


def trusting(xml: bytes) -> None:
    """A signature check that passes everything."""


def distrusting(xml: bytes) -> None:
    raise InvalidInput.single("signature", "is another's", "ours")


class Receipts(list[Receipt]):
    """What channels told, and short forms of it."""

    @property
    def short(self) -> list[tuple[str, bool]]:
        return [(receipt.identifier, receipt.ok) for receipt in self]

    @property
    def details(self) -> list[str]:
        return [receipt.detail for receipt in self]
