"""The checker of meaning: every planted fault is found, what is right passes, no stranger's file breaks it."""

from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import LANGUAGES, MessageKind
from beaconfire.kernel.labels import Realm
from beaconfire.warn import Authority, check_cap, render
from beaconfire.warn.areas import areas
from tests.warn.messages import AUTHORITIES, JAPAN, following, message, threat
from tests.warn.planted import BASES, PLANTED, SHELTER, UPDATE


@pytest.mark.parametrize("base", BASES)
def test_what_is_right_passes(base: str) -> None:
    assert check_cap(BASES[base].encode()) == ()


@pytest.mark.parametrize(("base", "change", "where"), PLANTED, ids=range(len(PLANTED)))
def test_a_planted_fault_is_found(base: str, change: Callable[[str], str], where: str) -> None:
    faults = check_cap(change(BASES[base]).encode())
    assert any(where in str(fault) for fault in faults), [str(fault) for fault in faults]
    assert all(fault.what and fault.expected for fault in faults)


def test_an_identifier_is_never_used_twice() -> None:
    assert any("used before" in str(fault) for fault in check_cap(UPDATE.encode(), earlier=[SHELTER.encode()]))


def test_all_unexpired_messages_about_the_event_are_referenced() -> None:
    first = message()
    update = following(first, MessageKind.UPDATE)
    forgetful = following(first, MessageKind.ALL_CLEAR, after_s=900.0)
    earlier = [render(item, authority=JAPAN) for item in (first, update)]
    faults = check_cap(render(forgetful, authority=JAPAN), earlier=earlier)
    assert [str(fault) for fault in faults] == [
        "alert/references: leave out JPN-FDMA-2-update; expected all unexpired messages about the event"
    ]
    late = following(first, MessageKind.ALL_CLEAR, after_s=3601.0, expires_ns=first.expires_ns + 10**12)
    assert check_cap(render(late, authority=JAPAN), earlier=earlier) == (), "both have expired by then"
    other = following(first, MessageKind.ALL_CLEAR, after_s=900.0, incidents=("another",))
    assert check_cap(render(other, authority=JAPAN), earlier=earlier) == (), "another event"


OPEN = b"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'>"


@pytest.mark.parametrize(
    ("xml", "what"),
    [
        (b"", "no XML"),
        (b"not xml", "no XML"),
        (b"<alert/>", "begins with alert"),
        (b"<alert xmlns='urn:oasis:names:tc:emergency:cap:1.1'/>", "begins with"),
        (b"\xff\xfe<\x00a\x00", "not UTF-8"),
        (b"<?xml version='1.0' encoding='UTF-16'?><alert/>", "not UTF-8"),
        (b"\xc3\x28", "not UTF-8"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + OPEN + b"&b;</alert>", "document type"),
        (b"<!DOCTYPE a SYSTEM 'http://192.0.2.1/a.dtd'><alert/>", "document type"),
        (OPEN + b"&undefined;</alert>", "no XML"),
        (OPEN + b"<info>" * 40 + b"</info>" * 40 + b"</alert>", "nested"),
        (b"<a>" * 5000 + b"</a>" * 5000, "no XML"),
        (OPEN + b"<info/>" * 2001 + b"</alert>", "holds 2001 others"),
        (b" " * (limits.MAX_CAP_BYTES + 1), "bytes"),
    ],
    ids=range(14),
)  # fmt: skip
def test_hostile_files_are_refused_and_named(xml: bytes, what: str) -> None:
    faults = check_cap(xml)
    assert len(faults) == 1
    assert what in str(faults[0])


def test_a_file_of_faults_is_cut() -> None:
    assert len(check_cap(OPEN + b"<info/>" * 1999 + b"</alert>")) == limits.MAX_FAULTS


def test_a_comment_and_an_instruction_of_processing_do_no_harm() -> None:
    assert check_cap(SHELTER.replace("<scope>", "<!-- a note --><?pi x?><scope>").encode()) == ()


def test_a_strangers_weather_alert_is_judged_not_refused() -> None:
    """Like those of a weather service: valid by the schema, and short of what the public needs to know."""
    stranger = OPEN + (
        b"<identifier>NWS-1</identifier><sender>w@example.gov</sender><sent>2026-07-01T12:00:00-05:00</sent>"
        b"<status>Actual</status><msgType>Alert</msgType><scope>Public</scope><info><category>Met</category>"
        b"<event>Tornado Warning</event><urgency>Immediate</urgency><severity>Extreme</severity>"
        b"<certainty>Observed</certainty></info></alert>"
    )
    places = [fault.where for fault in check_cap(stranger)]
    assert places[:3] == ["alert/info[1]/headline", "alert/info[1]/description", "alert/info[1]/instruction"]
    assert "alert/info[1]/eventCode" in places


KINDS = st.sampled_from(MessageKind)


@settings(max_examples=40)  # each renders and judges a whole message
@given(
    kind=KINDS,
    realm=st.sampled_from(Realm),
    authority=st.sampled_from(AUTHORITIES),
    languages=st.lists(st.sampled_from(LANGUAGES), min_size=1, max_size=3, unique=True),
    data=st.data(),
)
def test_whatever_is_rendered_passes(
    kind: MessageKind, realm: Realm, authority: Authority, languages: list[str], data: st.DataObject
) -> None:
    nation = {"JPN-FDMA": "JPN", "KOR-MOIS": "KOR"}.get(authority.id, "USA")
    chosen = data.draw(st.lists(st.sampled_from(areas().ids(nation)), min_size=1, max_size=6, unique=True))
    probability = st.floats(0.0, 1.0)
    threats = tuple(
        threat(area, hit_p=data.draw(probability), pass_p=data.draw(probability), in_s=data.draw(st.floats(-60, 3000)))
        for area in chosen
    )
    made = message(
        kind,
        authority=authority,
        realm=realm,
        count_at_least=data.draw(st.integers(1, 1000)),
        launch_nation=data.draw(st.sampled_from(["PRK", "", "FRA", "CHN"])),
        launch_ns=data.draw(st.sampled_from([None, threats[0].first_ns - 10**11])),
        reach=data.draw(st.sampled_from(["point", "boosting", "reachable_set", "lost"])),
        languages=tuple(languages),
    )
    xml = render(msgspec.structs.replace(made, areas=threats), authority=authority)
    assert check_cap(xml) == ()


LEAVES = sum(not len(element) for element in etree.fromstring(UPDATE.encode()).iter())


@given(position=st.integers(0, LEAVES - 1), how=st.sampled_from(["empty", "drop", "twice"]))
def test_every_element_matters(position: int, how: str) -> None:
    """Emptied or doubled anywhere, the message is wrong; left out, it is, but for what may be left out."""
    root = etree.fromstring(UPDATE.encode())
    element = [item for item in root.iter() if not len(item)][position]
    tag = str(element.tag).rpartition("}")[2]
    parent = element.getparent()
    assert parent is not None
    if how == "empty":
        element.text = ""
    elif how == "drop":
        parent.remove(element)
    else:
        parent.insert(parent.index(element), etree.fromstring(etree.tostring(element)))
    may_repeat = {"category", "responseType", "polygon"}
    may_lack = {"source", "polygon"}
    if how == "empty" or (how == "drop" and tag not in may_lack) or (how == "twice" and tag not in may_repeat):
        assert check_cap(etree.tostring(root)), (tag, how)


@given(st.binary(max_size=400))
def test_no_bytes_break_it(junk: bytes) -> None:
    assert check_cap(junk)
    assert isinstance(check_cap(SHELTER.encode()[:300] + junk + SHELTER.encode()[300:]), tuple)


@settings(max_examples=60)
@given(position=st.integers(0, 1500), new=st.text(max_size=4))
def test_no_text_in_its_head_breaks_it(position: int, new: str) -> None:
    changed = SHELTER[:position] + new + SHELTER[position + 1 :]
    assert isinstance(check_cap(changed.encode("utf-8", "surrogatepass")), tuple)
