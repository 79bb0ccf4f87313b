"""Signed messages: what we sign others verify, what was changed they refuse, and so do we."""

import datetime as dt
import shutil
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import capvalidator
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from signxml.algorithms import DigestAlgorithm
from signxml.signer import XMLSigner

from beaconfire.kernel.alerts import MessageKind
from beaconfire.kernel.errors import BeaconfireError, InvalidInput, Violation
from beaconfire.kernel.labels import Realm
from beaconfire.shell import keys, pki
from beaconfire.shell.capsign import sign, unsigned_bytes, verify
from beaconfire.warn import check_cap, render
from tests.warn.messages import JAPAN, message

UNSIGNED = render(message(), authority=JAPAN)
DS = "{http://www.w3.org/2000/09/xmldsig#}"
SCHEMA = Path(capvalidator.__file__).parent / "static" / "CAP-v1.2-schema.xsd"
needs_xmlsec1 = pytest.mark.skipif(shutil.which("xmlsec1") is None, reason="no xmlsec1 here")


class Signer:
    """A nation's key for alerts, as `init` makes it."""

    def __init__(self, folder: Path, realm: Realm = Realm.EXERCISE, passphrase: str | None = None) -> None:
        pki.make_signing_certificate(folder, "JPN", realm=realm, passphrase=passphrase)
        self.trusted = folder / "cap.pem"
        self.certificate_pem = self.trusted.read_bytes()
        self.key_pem = (folder / "cap.key").read_bytes()
        self.signed = self.sign() if passphrase is None and realm is Realm.EXERCISE else b""

    def sign(self, xml: bytes = UNSIGNED) -> bytes:
        return sign(xml, self.key_pem, self.certificate_pem)


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("signer"))


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer(tmp_path_factory.mktemp("stranger"))


def xmlsec1(xml: bytes, folder: Path, trusted: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "message.xml"
    path.write_bytes(xml)
    command = ["xmlsec1", "--verify", "--enabled-key-data", "x509", "--trusted-pem", str(trusted), str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


CHANGES: dict[str, Callable[[bytes], bytes]] = {
    "one byte of a text": lambda xml: xml.replace(b"Take shelter now", b"Take shelter not", 1),
    "one digit of a place": lambda xml: xml.replace(b"<polygon>4", b"<polygon>3", 1),
    "the status": lambda xml: xml.replace(b"Exercise</status>", b"Actual</status>"),
    "a space between elements": lambda xml: xml.replace(b"</sender><sent>", b"</sender> <sent>"),
    "an element more": lambda xml: xml.replace(b"<scope>", b"<source>x</source><scope>"),
    "an area less": lambda xml: xml.partition(b"<area>")[0] + xml.partition(b"<area>")[2].partition(b"</area>")[2],
}


@pytest.mark.parametrize("kind", MessageKind)
def test_what_is_verified_is_what_was_approved(signer: Signer, kind: MessageKind) -> None:
    unsigned = render(message(kind), authority=JAPAN)
    signed = signer.sign(unsigned)
    assert verify(signed, signer.certificate_pem) == unsigned
    assert unsigned_bytes(signed) == unsigned
    assert check_cap(signed) == ()


@needs_xmlsec1
@pytest.mark.parametrize("kind", MessageKind)
def test_xmlsec1_verifies(signer: Signer, tmp_path: Path, kind: MessageKind) -> None:
    signed = signer.sign(render(message(kind), authority=JAPAN))
    result = xmlsec1(signed, tmp_path, signer.trusted)
    assert result.returncode == 0, result.stderr
    assert "SignedInfo References (ok/all): 1/1" in result.stdout + result.stderr


@needs_xmlsec1
@pytest.mark.parametrize("change", CHANGES)
def test_xmlsec1_refuses_a_change(signer: Signer, tmp_path: Path, change: str) -> None:
    changed = CHANGES[change](signer.sign())
    assert changed != signer.sign()
    assert xmlsec1(changed, tmp_path, signer.trusted).returncode != 0


@needs_xmlsec1
def test_xmlsec1_refuses_a_strangers_key(signer: Signer, stranger: Signer, tmp_path: Path) -> None:
    assert xmlsec1(signer.sign(), tmp_path, stranger.trusted).returncode != 0


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_refused(signer: Signer, change: str) -> None:
    with pytest.raises(Violation, match="does not hold"):
        verify(CHANGES[change](signer.sign()), signer.certificate_pem)


@settings(max_examples=60)
@given(position=st.integers(0), bit=st.integers(0, 7))
def test_no_flipped_bit_passes(signer: Signer, position: int, bit: int) -> None:
    """A bit may flip where XML does not look (in a prefix, say): then the verified bytes are the approved ones."""
    signed = bytearray(signer.signed)
    signed[position % len(signed)] ^= 1 << bit
    with suppress(BeaconfireError):
        assert verify(bytes(signed), signer.certificate_pem) == UNSIGNED


@pytest.mark.parametrize(
    "tag", ["SignatureValue", "DigestValue", "X509Certificate", "SignedInfo", "KeyInfo", "Reference"]
)
@pytest.mark.parametrize("how", ["emptied", "dropped"])
def test_a_maimed_signature_is_refused(signer: Signer, tag: str, how: str) -> None:
    root = etree.fromstring(signer.signed)
    element = next(root.iter(f"{DS}{tag}"))
    parent = element.getparent()
    assert parent is not None
    if how == "emptied":
        element.text = None
        del element[:]
    else:
        parent.remove(element)
    with pytest.raises(Violation):
        verify(etree.tostring(root), signer.certificate_pem)


def test_capvalidator_agrees(signer: Signer) -> None:
    good = capvalidator.validate_cap_message(signer.sign())
    assert good.passed, good.message
    changed = CHANGES["one byte of a text"](signer.sign())
    assert not capvalidator.validate_cap_message(changed).passed
    assert not capvalidator.validate_cap_message(UNSIGNED).passed


@pytest.mark.skipif(shutil.which("xmllint") is None, reason="no xmllint here")
def test_a_signed_message_keeps_the_schema(signer: Signer, tmp_path: Path) -> None:
    path = tmp_path / "signed.xml"
    path.write_bytes(signer.sign())
    result = subprocess.run(
        ["xmllint", "--nonet", "--noout", "--schema", SCHEMA, path], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_the_signature_is_of_the_kind_that_was_promised(signer: Signer) -> None:
    signature = etree.fromstring(signer.sign()).find(f"{DS}Signature")
    assert signature is not None
    algorithms = [
        element.get("Algorithm", "").rpartition("/")[2] for element in signature.iter() if "Algorithm" in element.attrib
    ]
    assert algorithms == [
        "xml-exc-c14n#", "xmldsig-more#ecdsa-sha256", "xmldsig#enveloped-signature", "xml-exc-c14n#", "xmlenc#sha256",
    ]  # fmt: skip
    assert [reference.get("URI") for reference in signature.iter(f"{DS}Reference")] == [""]


def test_another_key_is_not_trusted(signer: Signer, stranger: Signer) -> None:
    with pytest.raises(Violation, match="not trusted here"):
        verify(signer.sign(), stranger.certificate_pem)
    both = signer.certificate_pem + stranger.certificate_pem
    assert verify(signer.sign(), both) == UNSIGNED


def test_an_unsigned_message_is_no_signed_one(signer: Signer) -> None:
    with pytest.raises(Violation, match="is missing"):
        verify(UNSIGNED, signer.certificate_pem)
    with pytest.raises(InvalidInput, match="no XML"):
        verify(b"junk", signer.certificate_pem)


def test_a_key_of_one_realm_does_not_stand_under_the_others_text(signer: Signer, tmp_path: Path) -> None:
    live_text = render(message(realm=Realm.LIVE), authority=JAPAN)
    with pytest.raises(InvalidInput, match="is Actual, under a key for Exercise"):
        signer.sign(live_text)
    live = Signer(tmp_path, Realm.LIVE)
    with pytest.raises(InvalidInput, match="is Exercise, under a key for Actual"):
        live.sign()
    assert verify(live.sign(live_text), live.certificate_pem) == live_text


def test_signed_by_hand_it_is_refused_all_the_same(signer: Signer) -> None:
    """Someone with the exercise's key and another tool signs a live text: the certificate tells."""
    live_text = etree.fromstring(render(message(realm=Realm.LIVE), authority=JAPAN))
    made = XMLSigner(signature_algorithm="ecdsa-sha256").sign(
        live_text, key=signer.key_pem, cert=signer.certificate_pem.decode()
    )
    with pytest.raises(Violation, match="under a key for Exercise"):
        verify(etree.tostring(made), signer.certificate_pem)


def test_a_weaker_digest_is_refused(signer: Signer) -> None:
    made = XMLSigner(signature_algorithm="ecdsa-sha256", digest_algorithm=DigestAlgorithm.SHA384).sign(
        etree.fromstring(UNSIGNED), key=signer.key_pem, cert=signer.certificate_pem.decode()
    )
    with pytest.raises(Violation, match="does not hold"):
        verify(etree.tostring(made), signer.certificate_pem)


def test_a_signature_that_wraps_another_message_is_refused(signer: Signer) -> None:
    """The signed original moved inside a false message: what the signature covers is not what stands outside."""
    signed = etree.fromstring(signer.sign())
    signature = signed.find(f"{DS}Signature")
    assert signature is not None
    false = etree.fromstring(UNSIGNED.replace(b"Take shelter now", b"Come out now"))
    holder = etree.SubElement(signature, f"{DS}Object")
    signed.remove(signature)
    false.append(signature)
    holder.append(signed)
    with pytest.raises(Violation):
        verify(etree.tostring(false), signer.certificate_pem)


def test_an_authority_may_vouch_and_a_leaf_may_not(tmp_path: Path, signer: Signer) -> None:
    authority = pki.Authority.create("JPN", "EXERCISE")
    authority.save(tmp_path, passphrase=None)
    authority.issue(tmp_path, "alerts", realm="EXERCISE")
    key, certificate = (tmp_path / "alerts.key").read_bytes(), (tmp_path / "alerts.pem").read_bytes()
    signed = sign(UNSIGNED, key, certificate)
    assert verify(signed, pki.pem(authority.certificate)) == UNSIGNED
    leaf_key = serialization.load_pem_private_key(signer.key_pem, None)
    assert isinstance(leaf_key, ec.EllipticCurvePrivateKey)
    forged = forged_by(leaf_key, x509.load_pem_x509_certificate(signer.certificate_pem))
    with pytest.raises(Violation, match="not trusted here"):
        verify(sign(UNSIGNED, *forged), signer.certificate_pem)


def forged_by(issuer_key: ec.EllipticCurvePrivateKey, issuer: x509.Certificate) -> tuple[bytes, bytes]:
    """A key and a certificate that an end entity issued, which it may not."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = dt.datetime.now(dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Beaconfire EXERCISE")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .sign(issuer_key, hashes.SHA256())
    )
    return pki.key_pem(key, None), pki.pem(certificate)


def test_a_certificate_is_judged_at_its_time(signer: Signer) -> None:
    certificate = x509.load_pem_x509_certificate(signer.certificate_pem)
    signed = signer.sign()
    late = certificate.not_valid_after_utc + dt.timedelta(days=1)
    with pytest.raises(Violation, match="expired"):
        verify(signed, signer.certificate_pem, at=late)
    assert verify(signed, signer.certificate_pem, at=certificate.not_valid_after_utc - dt.timedelta(days=1)) == UNSIGNED


def test_what_cannot_sign_is_said(tmp_path: Path, signer: Signer, stranger: Signer) -> None:
    with pytest.raises(InvalidInput, match="there already"):
        signer.sign(signer.sign())
    with pytest.raises(InvalidInput, match="not of this key"):
        sign(UNSIGNED, signer.key_pem, stranger.certificate_pem)
    with pytest.raises(InvalidInput, match="another kind"):
        sign(UNSIGNED, pki.key_pem(ed25519.Ed25519PrivateKey.generate(), None), signer.certificate_pem)
    locked = Signer(tmp_path, passphrase="open")
    with pytest.raises(InvalidInput, match="cannot be opened"):
        locked.sign()
    assert verify(sign(UNSIGNED, locked.key_pem, locked.certificate_pem, passphrase="open"), locked.certificate_pem)


def test_the_keys_of_a_new_node_sign_its_alerts(tmp_path: Path) -> None:
    keys.create(tmp_path, "JPN", Realm.EXERCISE, hosts=("localhost",), passphrase=None)
    alerts = keys.load(tmp_path, "JPN", Realm.EXERCISE, passphrase=None).alerts
    assert alerts is not None
    assert verify(sign(UNSIGNED, alerts.key_pem, alerts.certificate_pem), alerts.certificate_pem) == UNSIGNED
