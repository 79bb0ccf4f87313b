"""`beaconfire record` from end to end: what the issue asks of it, said on the command line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from beaconfire.cli import run
from beaconfire.kernel import data
from beaconfire.record import PLOTS, shipped_claims

FOREIGN = """Day,Clock,Missile,Type,Distance (mi),Launcher
2024-10-31,07:11,Hwasong-19,intercontinental,622,x
2025-01-06,12:00,Hwasong-16B,intermediate,683,x
2025-01-14,09:31,,short range,155,x
2025-03-10,13:50,,short range,62,x
2025-05-08,08:11,KN-25,short range,497,x
"""
MAPPING = """zone = "KST"
ignore = ["Launcher"]
[columns]
reported_utc = ["Day", "Clock"]
designation = "Missile"
missile_class = "Type"
range_km = "Distance (mi)"
[constants]
source = "Some database"
confidence = "C"
[units]
range_km = "mi"
[values.missile_class]
"short range" = "SRBM"
intermediate = "IRBM"
intercontinental = "ICBM"
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BEACONFIRE_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    Path("announced.csv").write_bytes(data.read_bytes("beaconfire", "data", "launches.csv"))
    Path("other.csv").write_text(FOREIGN)
    Path("other.toml").write_text(MAPPING)
    return tmp_path


@pytest.fixture
def said(place: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run `record …`, which must succeed, and return what it prints."""

    def check_done(*arguments: str) -> str:
        capsys.readouterr()
        assert run(["record", *arguments]) == 0
        return capsys.readouterr().out

    return check_done


@pytest.fixture
def rows(said: Callable[..., str]) -> Callable[..., Any]:
    return lambda *arguments: json.loads(said(*arguments, "--json"))


Said = Callable[..., str]
Rows = Callable[..., Any]


def test_the_same_file_twice_changes_nothing(place: Path, rows: Rows) -> None:
    first = rows("import", "announced.csv")
    assert (first["claims"], first["new"], first["known"], first["launches"]) == (151, 151, 0, 95)
    record = (place / "home" / "record.sqlite").read_bytes()
    listed = rows("list")
    second = rows("import", "announced.csv")
    assert (second["new"], second["known"], second["total"]) == (0, 151, 151)
    assert (place / "home" / "record.sqlite").read_bytes() == record
    assert rows("list") == listed


def test_the_shipped_record_by_its_name_is_the_same(rows: Rows) -> None:
    assert rows("import", "announced.csv")["new"] == 151
    assert rows("import", "announced")["new"] == 0


def test_five_lines_of_another_source_with_a_mapping(rows: Rows, said: Said) -> None:
    rows("import", "announced")
    took = rows("import", "other.csv", "--mapping", "other.toml")
    assert (took["claims"], took["new"], took["launches"]) == (5, 5, 96)
    assert rows("import", "other.csv", "--mapping", "other.toml")["new"] == 0
    assert rows("ask", "last ICBM")["value"]["local_date"] == "2024-10-31"
    assert "Some database" in said("show", "2025-01-06")


def test_a_mapping_may_be_said_in_options(rows: Rows) -> None:
    took = rows(
        "import", "other.csv", "--map", "reported_utc=Day", "--map", "reported_utc=Clock", "--zone", "+09:00",
        "--map", "range_km=Distance (mi)", "--unit", "range_km=mi", "--set", "source=NTI", "--set", "confidence=C",
        "--ignore", "Missile", "--ignore", "Type", "--ignore", "Launcher",
    )  # fmt: skip
    assert took["new"] == 5
    (claim,) = rows("show", "2025-01-06")["claims"]
    assert (claim["source"], claim["range_km"]) == ("NTI", pytest.approx(683 * 1.609344))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["import", "other.csv"], 3, "other.csv:1: unknown column 'Launcher'"),
        (["import", "other.csv", "--map", "reported_utc"], 2, "say field="),
        (["import", "other.csv", "--map", "speed=Day"], 3, "speed"),
        (["import", "nothere.csv"], 3, "nothere.csv: No such file"),
        (["import", "other.csv", "--own", "KOR", "--partner", "JPN"], 2, "events are of one nation"),
        (["import", "other.csv", "--own", "KOR"], 3, "other.csv:1"),
        (["import", "other.csv", "--mapping", "nothere.toml"], 3, "nothere.toml"),
        (["ask", "hello"], 2, "What is understood"),
        (["ask"], 2, "What is understood"),
        (["show", "1999-01-01"], 3, "is not in the record"),
        (["show", "2024-07-01"], 3, "2024-07-01.1, 2024-07-01.2"),
        (["export", "--format", "html"], 2, "--out"),
        (["export", "--out", "nothere/x.csv"], 1, "nothere"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert run(["record", *arguments]) == code
    told = capsys.readouterr()
    assert words in told.err
    assert told.out == ""
    assert not (place / "home").exists()


def test_before_an_import_the_shipped_record_answers_and_says_so(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["record", "ask", "how", "many", "in", "2024"]) == 0
    told = capsys.readouterr()
    assert "at least 33 missiles in 12 launches" in told.out
    assert "nothing is imported yet" in told.err
    assert not (place / "home").exists()


def test_questions_are_answered_with_their_claims(rows: Rows, said: Said) -> None:
    rows("import", "announced")
    since = rows("ask", "first since", "2025-01-06")
    assert since["value"]["local_date"] == "2024-11-05"
    assert {claim["source"] for claim in since["claims"]} == {"Japan", "ROK JCS", "DPRK KCNA"}
    many = rows("ask", "how many SRBM in 2024")
    assert many["value"]["count_at_least"] == 30
    assert len(many["claims"]) == 12
    differ = rows("ask", "differences > 20 %")
    assert "2025-01-06.1" in differ["launches"]
    known = {claim.id for claim in shipped_claims()}
    assert {claim["claim_id"] for answer in (since, many, differ) for claim in answer["claims"]} <= known
    text = said("ask", "first since 2025-01-06")
    assert "the first since 5 November 2024 (62 days), when at least 7 SRBM were launched" in text
    assert "The claims:\n  2024-11-05 07:30 Japan (government; confidence A): at least 7 SRBM" in text


def test_the_check_gives_rows_in_the_form_of_the_interface(rows: Rows, said: Said) -> None:
    findings = rows("check")
    assert all(
        {"launch_id", "reported_utc", "source", "verdict", "reason", "numbers"} <= set(finding) for finding in findings
    )
    (glide,) = [row for row in findings if row["reported_utc"] == "2025-01-06T03:01Z"]
    assert (glide["source"], glide["verdict"]) == ("Japan", "irregular")
    assert glide["numbers"]["ratio"] > 1.5
    assert "144 fine, 3 irregular" in said("check")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2022-10-03T22:23Z,07:23", "2022-10-03T22:23Z,19:23"),  # PM for AM
        ("2017-08-28T20:58Z", "2017-08-29T20:58Z"),  # the local date in UTC
        (",800,2000,1800,", ",2000,800,1800,"),  # swapped
    ],
)
def test_planted_slips_are_found_in_an_imported_file(rows: Rows, old: str, new: str) -> None:
    text = Path("announced.csv").read_text()
    assert old in text
    Path("planted.csv").write_text(text.replace(old, new, 1))
    rows("import", "planted.csv")
    assert "suspect_entry" in {row["verdict"] for row in rows("check")}


def test_lists_and_pages(rows: Rows, said: Said) -> None:
    rows("import", "announced")
    lines = said("list").splitlines()
    assert len(lines) == 95
    assert any(line.startswith("2024-11-05.1  07:30  at least 7  SRBM") for line in lines)
    assert said("show", "2024-11-05.1").startswith("# 2024-11-05.1: at least 7 SRBM, 5 November 2024")
    assert said("show", "2024-11-05", "--html").startswith("<!doctype html>")
    assert rows("show", "2024-11-05")["count_at_least"] == 7


def test_what_a_single_unrated_source_says_is_listed_and_not_counted(rows: Rows, said: Said) -> None:
    Path("rumour.csv").write_text("reported_utc,source\n2024-05-01T03:00Z,somebody\n")
    rows("import", "rumour.csv")
    assert "(not established)" in said("list")
    assert not rows("list")[0]["established"]
    assert rows("ask", "how many in 2024")["value"]["launches"] == 0


def test_an_exercise_stays_an_exercise(rows: Rows) -> None:
    Path("played.csv").write_text("reported_utc,source,confidence,realm\n2024-05-01T03:00Z,KOR,A,EXERCISE\n")
    rows("import", "played.csv")
    assert rows("list") == []
    assert rows("list", "--realm", "EXERCISE")[0]["launch_id"] == "EXERCISE-2024-05-01.1"
    assert rows("ask", "how many in 2024")["value"]["launches"] == 0
    assert rows("ask", "how many in 2024", "--realm", "EXERCISE")["value"]["launches"] == 1
    assert rows("show", "EXERCISE-2024-05-01.1")["realm"] == "EXERCISE"


def test_an_export_imports_again_to_nothing_new(rows: Rows, said: Said) -> None:
    rows("import", "announced")
    Path("again.csv").write_text(said("export"))
    assert rows("import", "again.csv")["new"] == 0
    assert len(json.loads(said("export", "--format", "json"))) == 95
    assert json.loads(said("export", "--format", "geojson"))["type"] == "FeatureCollection"


def test_plots_and_pages_are_written(rows: Rows, said: Said) -> None:
    rows("import", "announced")
    for name in PLOTS:
        assert said("export", "--format", "svg", "--plot", name, "--out", f"{name}.svg") == ""
        assert ElementTree.fromstring(Path(f"{name}.svg").read_text()).tag.endswith("svg")
    said("export", "--format", "html", "--out", "pages")
    assert len(list(Path("pages").glob("*.html"))) == 95
    assert "first since" in Path("pages/2025-01-06.1.html").read_text()
