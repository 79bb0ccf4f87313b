"""CAP messages under tools that nobody here wrote: the OASIS schema, capvalidator, cap-tools."""

import shutil
import subprocess
from decimal import Decimal
from itertools import product
from pathlib import Path

import capvalidator
import pytest
from cap_tools import AlertState
from cap_tools.models import Alert, MsgType, ResponseType, Status
from xsdata.formats.dataclass.parsers import XmlParser

from beaconfire.kernel.alerts import LANGUAGES, MessageKind
from beaconfire.kernel.labels import Realm
from beaconfire.warn import Authority, check_cap, render
from beaconfire.warn.areas import areas
from tests.warn.messages import AUTHORITIES, HAWAII, JAPAN, following, message
from tests.warn.planted import BASES, PLANTED

SCHEMA = Path(capvalidator.__file__).parent / "static" / "CAP-v1.2-schema.xsd"
needs_xmllint = pytest.mark.skipif(shutil.which("xmllint") is None, reason="no xmllint here (libxml2-utils)")


def read(xml: bytes) -> Alert:
    return XmlParser().from_bytes(xml, Alert)


@needs_xmllint
def test_xmllint_with_the_schema_takes_every_kind(tmp_path: Path) -> None:
    files = []
    for realm, kind, authority in product(Realm, MessageKind, AUTHORITIES):
        path = tmp_path / f"{realm}-{kind}-{authority.id}.xml"
        path.write_bytes(render(message(kind, realm=realm, authority=authority), authority=authority))
        files.append(path)
    result = subprocess.run(
        ["xmllint", "--nonet", "--noout", "--schema", SCHEMA, *files], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("validates") == len(files) == 48


@needs_xmllint
def test_the_schema_takes_most_planted_faults_which_is_why_we_have_a_checker(tmp_path: Path) -> None:
    files = []
    for number, (base, change, _) in enumerate(PLANTED):
        path = tmp_path / f"{number}.xml"
        path.write_text(change(BASES[base]), encoding="utf-8")
        files.append(path)
    result = subprocess.run(
        ["xmllint", "--nonet", "--noout", "--schema", SCHEMA, *files], capture_output=True, text=True, check=False
    )
    accepted = result.stderr.count(" validates")
    assert accepted > len(files) / 2
    assert all(check_cap(path.read_bytes()) for path in files)


@pytest.mark.parametrize("authority", AUTHORITIES, ids=lambda item: item.id)
def test_capvalidator_takes_every_kind(authority: Authority) -> None:
    for realm, kind in product(Realm, MessageKind):
        result = capvalidator.check_schema(render(message(kind, realm=realm, authority=authority), authority=authority))
        assert result.passed, result.message


@pytest.mark.parametrize("kind", MessageKind)
def test_cap_tools_reads_back_what_was_meant(kind: MessageKind) -> None:
    made = message(kind, authority=HAWAII)
    alert = read(render(made, authority=HAWAII))
    assert (alert.identifier, alert.sender, alert.status) == (made.identifier, made.sender, Status.EXERCISE)
    assert alert.incidents == "JPN-20250106-1"
    assert [info.language for info in alert.infos] == ["en-US", "ko-KR", "ja-JP"]
    for info, language in zip(alert.infos, LANGUAGES, strict=True):
        assert info.sender_name == HAWAII.name[language]
        (area,) = info.areas
        assert area.geocodes_to_dict()["ISO3166-2"] == "US-HI"
        assert area.area_desc == areas().get("US-HI").names[language]  # type: ignore[union-attr]
        expected = [
            [(Decimal(f"{lat:.4f}"), Decimal(f"{lon:.4f}")) for lon, lat in ring] for ring in areas().polygons("US-HI")
        ]
        assert [[tuple(map(Decimal, pair.split(","))) for pair in text.split()] for text in area.polygons] == expected
        assert str(info.expires) == "2025-01-05T18:02:00-10:00"
    ended = {response for info in alert.infos for response in info.response_types} == {ResponseType.ALL_CLEAR}
    assert ended == (kind is MessageKind.ALL_CLEAR)


def test_cap_tools_keeps_the_state_of_a_whole_alert() -> None:
    """A receiver that follows references holds one message at a time, and none after the cancel."""
    state = AlertState()
    first = message()
    state.ingest(read(render(first, authority=JAPAN)))
    update = following(first, MessageKind.UPDATE)
    state.ingest(read(render(update, authority=JAPAN)))
    assert [alert.msg_type for alert in state] == [MsgType.UPDATE]
    cancel = following(update, MessageKind.CANCEL, after_s=60.0)
    state.ingest(read(render(cancel, authority=JAPAN)))
    assert [alert.identifier for alert in state] == [cancel.identifier]
    assert [alert.msg_type for alert in state] == [MsgType.CANCEL]
