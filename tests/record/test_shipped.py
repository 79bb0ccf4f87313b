"""The shipped record is the compiled file to the byte, and has the traps that its provenance names."""

import csv
import hashlib
import io
from collections import Counter

from beaconfire.kernel import data
from beaconfire.record import Bound, CountBound, SourceClass, shipped_claims
from tests.house import ROOT

CONTENT = data.read_bytes("beaconfire", "data", "launches.csv")
SHA256 = "5f1b0e1705018147cf1ec82cd5e810c76fbd809c0af7a1366383f7a28c483575"
ROWS = list(csv.DictReader(io.StringIO(CONTENT.decode())))


def test_it_is_the_compiled_file() -> None:
    assert hashlib.sha256(CONTENT).hexdigest() == SHA256


def test_its_sources_are_named_in_the_notice() -> None:
    notice = (ROOT / "NOTICE").read_text()
    assert "data/launches.csv" in notice
    assert "nagix/nk-missile-tests" in notice


def test_every_row_is_a_claim_with_its_words_kept() -> None:
    claims = shipped_claims()
    assert len(claims) == len(ROWS) == 151
    for row, claim in zip(ROWS, claims, strict=True):
        stated = (
            claim.reported,
            claim.local_time,
            claim.source,
            claim.designation,
            claim.site,
            claim.remark,
            claim.via,
        )
        names = ("reported_utc", "local_time", "source", "designation", "launch_site", "remark", "via")
        assert stated == tuple(row[name] for name in names)
        assert claim.missile_class == row["missile_class"]
        assert claim.confidence == row["confidence"]


def test_numbers_are_those_of_the_row() -> None:
    for row, claim in zip(ROWS, shipped_claims(), strict=True):
        for name, value_m in (("range_km", claim.range_m), ("apogee_km", claim.apogee_m)):
            plain = row[name].replace(".", "", 1).isdigit()
            assert value_m == (float(row[name]) * 1e3 if plain else value_m)
            assert (value_m is None) == (row[name] == "")
        assert claim.flight_time_s == (float(row["flight_time_s"]) if row["flight_time_s"] else None)
        assert (claim.count or 0) >= int(row["count"])


def test_rows_of_two_numbers_keep_both() -> None:
    two = [claim for claim in shipped_claims() if claim.range_least_m is not None]
    assert [(claim.range_least_m, claim.range_m) for claim in two] == [
        (110e3, 670e3), (250e3, 350e3), (550e3, 600e3), (350e3, 650e3), (60e3, 100e3), (900e3, 950e3),
    ]  # fmt: skip


def test_wording_became_bounds() -> None:
    bounds = Counter(claim.apogee_bound for claim in shipped_claims())
    assert bounds[Bound.OVER] == 4  # over 2,000; greatly exceeds 2,500; far above 4,000; 50 km or more
    ranges = Counter(claim.range_bound for claim in shipped_claims())
    assert (ranges[Bound.OVER], ranges[Bound.ABOUT]) == (8, 1)


def test_rows_of_a_salvo_are_at_least_some() -> None:
    stated = {claim.designation: claim for claim in shipped_claims()}
    assert stated['"more than ten" SRBM'].count == 10
    assert stated["KN-25 x ~10"].count_bound is CountBound.AT_LEAST
    assert stated["8 SRBM, four sites, 35 min"].count == 8


def test_dates_without_a_clock_are_local() -> None:
    dated = [claim for claim in shipped_claims() if claim.dated_only]
    assert len(dated) == 18
    assert all(claim.local_date == claim.reported for claim in dated)
    early = [claim for claim in dated if claim.utc_offset_min == 510]
    assert {claim.source for claim in early} == {"DPRK KCNA"}
    assert all(claim.reported < "2018-05-05" for claim in early)


def test_kinds_of_sources() -> None:
    kinds = Counter(claim.source_class for claim in shipped_claims())
    assert kinds[SourceClass.STATE_MEDIA] == sum(row["source"] == "DPRK KCNA" for row in ROWS) == 13
    assert kinds[SourceClass.COMPILED] == sum(row["source"].startswith("compiled") for row in ROWS) == 10
    assert kinds[SourceClass.GOVERNMENT] == 151 - 13 - 10
