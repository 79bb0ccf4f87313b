"""A flight that falls short in a real demo: the alert that went out is cancelled on the same channels within seconds.

Three processes, servers and signatures; judged by our checker, xmllint with the schema, capvalidator and xmlsec1.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import capvalidator
import pytest
from lxml import etree

from beaconfire.kernel.time import NS_PER_S, parse_utc
from beaconfire.rehearse import shipped
from beaconfire.shell.capsign import verify
from beaconfire.warn import check_cap

SCHEMA = Path(capvalidator.__file__).parent / "static" / "CAP-v1.2-schema.xsd"
CAP = {"cap": "urn:oasis:names:tc:emergency:cap:1.2", "ds": "http://www.w3.org/2000/09/xmldsig#"}
DECISION_S = 180.0
PATIENCE_S = 900.0  # the machine may be busy

FAILS = f"""
[[inject]]
time_s = 125.0
what = "short_fall"
launch = "L1"

[[inject]]
time_s = {DECISION_S}
what = "operator_action"
nation = "JPN"
person = "officer-1"
action = "cancel"
words = "It fell short."
within_s = 30.0
"""

pytestmark = [pytest.mark.long, pytest.mark.timeout(PATIENCE_S + 60.0)]


@dataclass
class Ended:
    """A run that is over: Japan's messages by kind, and what the summary says of them."""

    alert: bytes
    cancel: bytes
    told: dict[str, dict[str, Any]]
    start_ns: int


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ended]:
    folder, homes = tmp_path_factory.mktemp("demo"), tempfile.mkdtemp(prefix="bf-")
    text = shipped("overflight").decode().replace("duration_s = 1380.0", "duration_s = 215.0")
    (folder / "short-fall.toml").write_text(text + FAILS)
    done = subprocess.run(
        [sys.executable, "-m", "beaconfire", "demo", "--headless", "--scenario", str(folder / "short-fall.toml"),
         "--out", str(folder / "out")],
        capture_output=True, text=True, timeout=PATIENCE_S, env={**os.environ, "TMPDIR": homes}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    summary = json.loads((folder / "out" / "summary.json").read_text())
    messages = summary["nations"]["JPN"]["warning"]["messages"]
    told = {message["kind"]: message for message in messages}
    files = {
        kind: (folder / "out" / "JPN" / "alerts" / f"{message['identifier']}.xml").read_bytes()
        for kind, message in told.items()
    }
    yield Ended(files["shelter"], files["cancel"], told, parse_utc(summary["start_utc"]))
    shutil.rmtree(homes, ignore_errors=True)


def text_of(xml: bytes, name: str) -> str:
    found = etree.fromstring(xml).findtext(f"cap:{name}", namespaces=CAP)
    assert found is not None
    return found


def test_the_cancel_goes_by_the_channels_of_the_alert_within_ten_seconds_of_the_decision(ended: Ended) -> None:
    alert, cancel = ended.told["shelter"], ended.told["cancel"]
    assert cancel["by"] == "officer-1"
    assert set(cancel["delivered"]) == set(alert["delivered"]) == {"files", "feed"}
    decided_ns = ended.start_ns + round(DECISION_S) * NS_PER_S
    for utc in (cancel["time_utc"], *cancel["delivered"].values()):
        assert 0.0 <= (parse_utc(utc) - decided_ns) / NS_PER_S <= 10.0


def test_it_voids_the_very_message_and_keeps_every_rule(ended: Ended) -> None:
    assert text_of(ended.alert, "msgType") == "Alert"
    assert text_of(ended.cancel, "msgType") == "Cancel"
    named = ",".join(text_of(ended.alert, name) for name in ("sender", "identifier", "sent"))
    assert named in text_of(ended.cancel, "references").split()
    assert check_cap(ended.alert) == ()
    assert check_cap(ended.cancel, earlier=[ended.alert]) == ()


@pytest.mark.skipif(shutil.which("xmllint") is None, reason="no xmllint here (libxml2-utils)")
def test_the_schema_takes_both(ended: Ended, tmp_path: Path) -> None:
    for number, xml in enumerate((ended.alert, ended.cancel)):
        path = tmp_path / f"{number}.xml"
        path.write_bytes(xml)
        command = ["xmllint", "--nonet", "--noout", "--schema", str(SCHEMA), str(path)]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 0


def pem_of(xml: bytes) -> bytes:
    """The certificate that a message carries; whose it is, the tests of the signature ask."""
    found = etree.fromstring(xml).findtext(".//ds:X509Certificate", namespaces=CAP)
    assert found is not None
    lines = "\n".join(textwrap.wrap(base64.b64encode(base64.b64decode(found)).decode(), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n".encode()


def test_both_are_signed_with_one_key_and_a_changed_byte_is_seen(ended: Ended, tmp_path: Path) -> None:
    assert pem_of(ended.alert) == pem_of(ended.cancel)
    for xml in (ended.alert, ended.cancel):
        assert verify(xml, pem_of(xml))
    if shutil.which("xmlsec1") is None:
        pytest.skip("no xmlsec1 here")
    (tmp_path / "trusted.pem").write_bytes(pem_of(ended.alert))
    changed = ended.cancel.replace(b"Cancel</msgType>", b"Update</msgType>")
    for xml, code in ((ended.alert, 0), (ended.cancel, 0), (changed, 1)):
        (tmp_path / "message.xml").write_bytes(xml)
        command = ["xmlsec1", "--verify", "--enabled-key-data", "x509", "--trusted-pem", "trusted.pem", "message.xml"]
        done = subprocess.run(command, capture_output=True, cwd=tmp_path, check=False)
        assert (done.returncode != 0) is bool(code), done.stderr


def test_capvalidator_takes_both(ended: Ended) -> None:
    for xml in (ended.alert, ended.cancel):
        assert capvalidator.validate_cap_message(xml).passed
