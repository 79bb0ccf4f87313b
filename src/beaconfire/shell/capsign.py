"""The signature on a CAP message: enveloped XML signature, ECDSA on P-256, SHA-256, exclusive canonicalisation.

What people approve is the unsigned document; the signature is put at its end and nothing else changes, so
`unsigned_bytes` of what was published gives back the approved bytes and their hash. A key of one realm signs and
verifies messages of that realm alone: an exercise's key under a live text is no signature.
"""

import datetime as dt

from cryptography import x509
from cryptography.exceptions import InvalidSignature as WrongSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from beaconfire.kernel.errors import InvalidInput, Violation
from beaconfire.kernel.labels import Realm
from beaconfire.shell.pki import organization
from beaconfire.warn import parse_cap

_DS = "{http://www.w3.org/2000/09/xmldsig#}"
_CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
_STATUS = {f"Beaconfire {Realm.LIVE}": "Actual", f"Beaconfire {Realm.EXERCISE}": "Exercise"}


def sign(xml: bytes, key_pem: bytes, certificate_pem: bytes, *, passphrase: str | None = None) -> bytes:
    """Return a CAP document with a signature at its end.

    Raises `InvalidInput` for a document that is none or is signed already, a key that is no P-256 key or cannot be
    opened, and a certificate of the other realm.
    """
    root = parse_cap(xml)
    if root.find(f"{_DS}Signature") is not None:
        raise InvalidInput.single("alert/Signature", "is there already", "an unsigned message")
    key, certificate = _key(key_pem, passphrase), x509.load_pem_x509_certificate(certificate_pem)
    if certificate.public_key() != key.public_key():
        raise InvalidInput.single("certificate", "is not of this key", "the certificate made with it")
    if wrong := _wrong_realm(root, certificate):
        raise InvalidInput.single("alert/status", wrong, "a message of the key's realm")
    signer = XMLSigner(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=SignatureMethod.ECDSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    return _bytes(signer.sign(root, key=key, cert=[certificate]))


def verify(xml: bytes, trusted_pem: bytes, *, at: dt.datetime | None = None) -> bytes:
    """Return the unsigned document that a trusted certificate signed: nothing else in the file may be believed.

    `trusted_pem` holds certificates: the signer's own, or an authority's that issued it. Certificates are judged at
    the time `at`, now unless given. Raises `InvalidInput` for what is no CAP document, `Violation` for one that is not
    signed, was changed, was signed by another, or by a key of the other realm.
    """
    root = parse_cap(xml)
    certificate = _signer(root, x509.load_pem_x509_certificates(trusted_pem))
    expected = SignatureConfiguration(
        location="./",
        expect_references=1,
        signature_methods=frozenset({SignatureMethod.ECDSA_SHA256}),
        digest_algorithms=frozenset({DigestAlgorithm.SHA256}),
        verification_time=at,
    )
    try:
        result = XMLVerifier().verify(root, x509_cert=certificate, expect_config=expected)
    except (SignXMLException, WrongSignature, etree.LxmlError, ValueError, TypeError, AttributeError) as error:
        raise Violation(f"alert/Signature: does not hold: {error}; expected the message as it was signed") from None
    signed = None if isinstance(result, list) else result.signed_xml
    if signed is None or signed.tag != f"{_CAP}alert":
        raise Violation("alert/Signature: signs a part only; expected the whole message")
    if wrong := _wrong_realm(signed, certificate):
        raise Violation(f"alert/status: {wrong}; expected a message of the key's realm")
    return _bytes(signed)


def unsigned_bytes(xml: bytes) -> bytes:
    """Return a message without its signature: the bytes that were approved, if nobody changed it."""
    root = parse_cap(xml)
    for signature in root.findall(f"{_DS}Signature"):
        root.remove(signature)
    return _bytes(root)


def _key(key_pem: bytes, passphrase: str | None) -> ec.EllipticCurvePrivateKey:
    try:
        key = serialization.load_pem_private_key(key_pem, passphrase.encode() if passphrase else None)
    except (TypeError, ValueError):
        raise InvalidInput.single("key", "cannot be opened", "a P-256 key and its passphrase") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InvalidInput.single("key", "is of another kind", "a P-256 key")
    return key


def _signer(root: etree._Element, trusted: list[x509.Certificate]) -> x509.Certificate:
    """Return the certificate in the signature if it is trusted, or issued by one that is and that may issue."""
    found = root.find(f"{_DS}Signature/{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate")
    if found is None:
        raise Violation("alert/Signature: is missing or names no certificate; expected a signed message")
    text = "".join((found.text or "").split())
    try:
        certificate = x509.load_pem_x509_certificate(
            f"-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n".encode()
        )
    except ValueError:
        raise Violation("alert/Signature: holds no readable certificate; expected X.509") from None
    if certificate in trusted or any(_issued(certificate, authority) for authority in trusted):
        return certificate
    raise Violation(
        f"alert/Signature: {certificate.subject.rfc4514_string()} is not trusted here; expected one that is"
    )


def _issued(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        if not authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        certificate.verify_directly_issued_by(authority)
    except (x509.ExtensionNotFound, ValueError, TypeError, WrongSignature):
        return False
    return True


def _wrong_realm(root: etree._Element, certificate: x509.Certificate) -> str:
    """Return what is wrong if a key of one realm stands under a message of another; empty for a stranger's key."""
    status, belongs = root.findtext(f"{_CAP}status"), _STATUS.get(organization(certificate))
    return f"is {status}, under a key for {belongs}" if belongs is not None and status != belongs else ""


def _bytes(root: etree._Element) -> bytes:
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)
