"""Certificates: what OpenSSL thinks of them, which is not the library that made them alone."""

import datetime as dt
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from beaconfire.shell import pki


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    authority = pki.Authority.create("KOR", "EXERCISE")
    authority.save(tmp_path, passphrase=None)
    authority.issue(tmp_path, "server", realm="EXERCISE", hosts=("localhost", "127.0.0.1"))
    authority.issue(tmp_path, "node-JPN", realm="EXERCISE")
    pki.make_link_certificate(tmp_path, "KOR", realm="EXERCISE", hosts=("link.example", "192.0.2.7"))
    return tmp_path


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_the_authority_issues_and_only_it_may(folder: Path) -> None:
    authority = load(folder / "ca.pem")
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    for name in ("server", "node-JPN"):
        certificate = load(folder / f"{name}.pem")
        certificate.verify_directly_issued_by(authority)
        assert not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        usage = set(certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)
        assert usage == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}


def test_the_link_certificate_stands_for_itself_and_signs_nothing(folder: Path) -> None:
    link = load(folder / "link.pem")
    link.verify_directly_issued_by(link)
    assert not link.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    usage = link.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_cert_sign) == (True, False)
    names = link.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["link.example"]
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]


def test_validity_begins_in_the_past_and_is_bounded(folder: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    for name, days in (("ca", 3650), ("server", 825), ("link", 825)):
        certificate = load(folder / f"{name}.pem")
        assert certificate.not_valid_before_utc < now - dt.timedelta(minutes=50)
        assert certificate.not_valid_after_utc - certificate.not_valid_before_utc == dt.timedelta(days=days)


def test_names_are_spelled_as_the_broker_maps_them(folder: Path) -> None:
    assert load(folder / "link.pem").subject.rfc4514_string() == pki.mapped_user("KOR-link", "EXERCISE")
    assert pki.mapped_user("node-JPN", "LIVE") == "CN=node-JPN,O=Beaconfire LIVE"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
def test_openssl_agrees(folder: Path) -> None:
    good = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "localhost", "-CAfile",
         folder / "ca.pem", folder / "server.pem"], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert good.stdout.strip().endswith("OK"), good.stderr
    bad = subprocess.run(
        ["openssl", "verify", "-CAfile", folder / "ca.pem", folder / "link.pem"], capture_output=True, check=False
    )
    assert bad.returncode != 0


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")
def test_the_pin_is_the_hash_of_the_public_key(folder: Path) -> None:
    """SHA-256 over the DER of the SubjectPublicKeyInfo, computed by OpenSSL."""
    public = subprocess.run(
        ["openssl", "x509", "-in", folder / "link.pem", "-pubkey", "-noout"], capture_output=True, check=True
    ).stdout
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "DER"], input=public, capture_output=True, check=True
    ).stdout
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=der, capture_output=True, check=True).stdout
    assert pki.key_pin(load(folder / "link.pem")) == digest.decode().split()[0]


def test_private_keys_fit_and_are_private(folder: Path) -> None:
    for name in ("ca", "server", "link", "node-JPN"):
        key = serialization.load_pem_private_key((folder / f"{name}.key").read_bytes(), None)
        assert key.public_key() == load(folder / f"{name}.pem").public_key()
        assert (folder / f"{name}.key").stat().st_mode & 0o777 == 0o600


def test_an_encrypted_authority_opens_with_its_passphrase(tmp_path: Path) -> None:
    pki.Authority.create("KOR", "LIVE").save(tmp_path, passphrase="open")
    pki.Authority.load(tmp_path, passphrase="open").issue(tmp_path, "server", realm="LIVE")
    with pytest.raises(ValueError, match=r"[Ii]ncorrect password|decrypt"):
        pki.Authority.load(tmp_path, passphrase="shut")
    with pytest.raises(FileExistsError):
        pki.write_secret(tmp_path / "server.key", b"again")
