"""Two pictures, several voices, several channels: who may add, who may not take away, who has not answered."""

import msgspec
import pytest

from beaconfire.kernel.alerts import AlertRow, AlertStatus, Delivery, MessageKind, Notice
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.records import EventStatus
from tests.warn.desks import NOW_NS, Bench, area

TOWN = Notice(
    authority="JPN-TOWN", reference="town@example.jp,T-1,2025-01-06T12:00:00+09:00", areas=("JP-02",),
    expires_ns=NOW_NS + 3600 * 10**9,
)  # fmt: skip


def drafted(bench: Bench) -> set[str]:
    return {item.area_id for item in bench.draft.message.areas}


def sent() -> Bench:
    bench = Bench()
    bench.see(area("JP-02"))
    bench.send()
    return bench


# --- OWN and FUSED --------------------------------------------------------------------------------------------------


def test_whichever_picture_is_earlier_proposes() -> None:
    for picture in ("own", "fused"):
        bench = Bench()
        bench.see(area("JP-02"), picture=picture)
        assert bench.draft.kind is MessageKind.SHELTER


def test_every_row_says_whose_sensors_it_rests_on_and_the_view_how_old_that_is() -> None:
    bench = Bench()
    bench.see(area("JP-02"))
    assert {row.nations for row in bench.rows} == {("JPN",)}
    bench.at_s = 1.0
    bench.see(area("JP-02"), area("JP-03"), picture="fused", nations=("JPN", "USA"))
    assert bench.rows[-1].nations == ("JPN", "USA") == bench.view.nations
    assert bench.view.measured_ns == bench.now_ns
    bench.at_s = 2.0
    bench.see(area("JP-02"), picture="fused", nations=("JPN", "USA"), measured_ns=NOW_NS)
    assert bench.view.measured_ns == NOW_NS, "OWN's last word is of the start"


def test_fused_adds_and_own_alone_keeps() -> None:
    bench = Bench()
    bench.see(area("JP-02"))
    bench.see(area("JP-02"), area("JP-03"), picture="fused")
    assert drafted(bench) == {"JP-02", "JP-03"}
    for _ in range(20):
        bench.at_s += 1.0
        bench.see(area("JP-02"))
        bench.see(picture="fused")
        bench.took(bench.desk.tick(now_ns=bench.now_ns))
    assert drafted(bench) == {"JP-02"}, "what only FUSED named goes when FUSED says so; what OWN names stays"
    (row,) = [row for row in bench.rows if "only OWN still names" in row.why]
    assert row.beside == ("JP-02",)


def test_what_own_named_before_it_was_lost_is_not_taken_away_by_fused() -> None:
    bench = Bench()
    bench.see(area("JP-02"))
    bench.see(area("JP-02"), picture="fused")
    for _ in range(20):
        bench.at_s += 1.0
        bench.see(reach="lost", status=EventStatus.LOST, measured_ns=NOW_NS)
        bench.see(picture="fused")
        bench.took(bench.desk.tick(now_ns=bench.now_ns))
    assert bench.status() is AlertStatus.DRAFTED
    assert drafted(bench) == {"JP-02"}


def test_the_rows_of_own_are_the_same_bytes_whatever_fused_says() -> None:
    def rows(*fused: str) -> list[AlertRow]:
        bench = Bench()
        for second in range(12):
            bench.at_s = float(second)
            bench.see(*(area(name) for name in ("JP-02", "JP-03")[: 1 + second // 6]))
            if fused:
                bench.see(*(area(name) for name in fused), picture="fused", count_at_least=1 + second)
            bench.took(bench.desk.tick(now_ns=bench.now_ns))
        return [row for row in bench.rows if row.picture == "own"]

    alone = rows()
    assert len(alone) == 2
    assert rows("JP-01", "JP-05") == alone
    assert rows("JP-02") == alone


# --- one voice per area ---------------------------------------------------------------------------------------------


def test_another_authoritys_alert_is_referenced_and_the_conflict_shown() -> None:
    bench = Bench()
    bench.see(area("JP-02"))
    bench.took(bench.desk.notice(TOWN, now_ns=bench.now_ns))
    assert TOWN.reference in bench.draft.message.references
    assert any(TOWN.reference in row.why for row in bench.rows)
    bench.send()
    assert bench.conflicts() == (TOWN.reference,)
    assert TOWN.reference in bench.ready(MessageKind.CANCEL).message.references


def test_a_conflict_with_what_was_sent_is_shown() -> None:
    bench = sent()
    bench.took(bench.desk.notice(TOWN, now_ns=bench.now_ns))
    assert bench.rows[-1].why == f"JPN-TOWN warns there too: {TOWN.reference}"
    assert bench.view.draft is None


def test_another_voice_elsewhere_or_no_more_is_no_conflict() -> None:
    bench = sent()
    elsewhere = msgspec.structs.replace(TOWN, areas=("JP-01",))
    assert bench.desk.notice(elsewhere, now_ns=bench.now_ns) == []
    bench.took(bench.desk.notice(TOWN, now_ns=bench.now_ns))
    ended = Notice(authority="JPN-TOWN", reference=TOWN.reference, areas=(), expires_ns=TOWN.expires_ns, ended=True)
    assert bench.desk.notice(ended, now_ns=bench.now_ns) == []
    assert bench.conflicts() == ()
    bench.took(bench.desk.notice(TOWN, now_ns=bench.now_ns))
    bench.wait(3_601.0, status=None, step_s=60.0)
    assert bench.conflicts() == ()


def test_a_voice_that_is_not_in_the_registry_is_refused() -> None:
    bench = sent()
    for authority in ("NOBODY", "JPN-FDMA"):
        notice = Notice(authority=authority, reference="r", areas=("JP-02",), expires_ns=TOWN.expires_ns)
        with pytest.raises(Refused) as caught:
            bench.desk.notice(notice, now_ns=bench.now_ns)
        assert caught.value.reason == "authority"


@pytest.mark.parametrize(
    "reference", ["r", "a b,T-1,2025-01-06T12:00:00+09:00", "a,T\x01,2025-01-06T12:00:00+09:00", ""]
)
def test_a_reference_that_no_message_may_carry_is_refused(reference: str) -> None:
    bench = sent()
    with pytest.raises(Refused) as caught:
        bench.desk.notice(msgspec.structs.replace(TOWN, reference=reference), now_ns=bench.now_ns)
    assert caught.value.reason == "reference"


# --- receipts -------------------------------------------------------------------------------------------------------


def receipt(bench: Bench, channel: str, *, ok: bool = True) -> Delivery:
    return Delivery(
        alert_id=bench.view.alert_id, identifier=bench.published[-1].identifier, channel=channel, endpoint="alerts/",
        ok=ok, detail="" if ok else "disk full",
    )  # fmt: skip


def test_receipts_are_rows_and_silent_channels_are_named() -> None:
    bench = sent()
    assert bench.silent() == ("files", "net")
    bench.took(bench.desk.deliver(receipt(bench, "files"), now_ns=bench.now_ns))
    assert (bench.rows[-1].who, bench.rows[-1].why) == ("channel:files", "delivered to alerts/")
    assert bench.desk.deliver(receipt(bench, "files"), now_ns=bench.now_ns) == [], "said once"
    bench.wait(9.0, area("JP-02"))
    assert not any("no receipt" in row.why for row in bench.rows)
    bench.wait(5.0, area("JP-02"))
    assert [row.why for row in bench.rows if "no receipt" in row.why] == ["no receipt from net"]
    bench.took(bench.desk.deliver(receipt(bench, "net", ok=False), now_ns=bench.now_ns))
    assert bench.rows[-1].why == "not delivered to alerts/ disk full"
    assert bench.silent() == ("net",)
    bench.took(bench.desk.deliver(receipt(bench, "net"), now_ns=bench.now_ns))
    assert bench.silent() == ()


def test_a_receipt_of_nothing_that_was_sent_is_refused() -> None:
    bench = sent()
    good = receipt(bench, "files")
    for wrong in ({"alert_id": "X"}, {"identifier": "X"}, {"channel": "smoke"}):
        fields = {name: getattr(good, name) for name in good.__struct_fields__} | wrong
        with pytest.raises(Refused) as caught:
            bench.desk.deliver(Delivery(**fields), now_ns=bench.now_ns)
        assert caught.value.reason == "unknown"
