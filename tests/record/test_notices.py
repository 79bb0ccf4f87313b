"""Announced space launches: which fit an event and how well, told aspect by aspect; and that they change nothing."""

import ast
from pathlib import Path
from typing import Any

import pytest

import beaconfire
from beaconfire.kernel.alerts import LANGUAGES
from beaconfire.kernel.errors import InvalidInput
from beaconfire.record import LaunchNotice, associate, bulletin, fits, parse_notices, shipped_claims
from tests.record.revisions import revision

RECORD = associate(shipped_claims())


def notice(**changes: Any) -> LaunchNotice:
    said: dict[str, Any] = {
        "id": "NAVAREA-1",
        "source": "Japan Coast Guard",
        "reference": "NAVAREA XI 25-0001",
        "from_utc": "2025-01-06T02:00Z",
        "until_utc": "2025-01-06T05:00Z",
        "site": "Sohae",
        "latitude_deg": 39.25,
        "longitude_deg": 126.0,
        "azimuth_deg": 51.0,
        "areas": (((135.0, 43.0), (142.0, 43.0), (142.0, 48.0), (135.0, 48.0)),),
    }
    return LaunchNotice(**{**said, **changes})


def test_what_is_announced_for_that_time_place_and_way_fits_well() -> None:
    (fit,) = fits([notice()], revision())
    assert (fit.degree, fit.site, fit.azimuth, fit.area) == ("well", True, True, True)
    assert fit.site_km == pytest.approx(5.5, abs=0.1)  # 0.0497 degrees of latitude, 111.0 km each there
    assert fit.words().startswith(
        "An announced space launch fits this time and place (source Japan Coast Guard, NAVAREA"
    )
    assert "no alert depends on it" in fit.words()


@pytest.mark.parametrize(
    ("changes", "degree"),
    [
        ({"latitude_deg": 30.4, "longitude_deg": 131.0}, "partly"),
        ({"azimuth_deg": 180.0}, "partly"),
        ({"areas": (((150.0, 0.0), (151.0, 0.0), (151.0, 1.0)),)}, "partly"),
        ({"azimuth_deg": None, "areas": ()}, "well"),
        ({"latitude_deg": None, "longitude_deg": None, "azimuth_deg": None, "areas": ()}, "time"),
        ({"latitude_deg": 30.4, "longitude_deg": 131.0, "azimuth_deg": 180.0, "areas": ()}, "time"),
    ],
)
def test_each_aspect_tells_for_itself(changes: dict[str, Any], degree: str) -> None:
    (fit,) = fits([notice(**changes)], revision())
    assert fit.degree == degree
    assert ("does not fit" in fit.words()) is (False in fit.aspects)


@pytest.mark.parametrize(
    ("window", "fitting"),
    [
        (("2025-01-06T03:00:10Z", "2025-01-06T04:00Z"), True),  # within three sigmas, 14 s, of its opening
        (("2025-01-06T03:01Z", "2025-01-06T04:00Z"), False),
        (("2025-01-05T03:00Z", "2025-01-06T02:59Z"), False),
    ],
)
def test_another_time_is_another_launch(window: tuple[str, str], fitting: bool) -> None:
    assert bool(fits([notice(from_utc=window[0], until_utc=window[1])], revision())) is fitting


def test_a_withdrawn_notice_fits_nothing_and_the_best_fit_comes_first() -> None:
    far = notice(id="FAR", latitude_deg=30.4, longitude_deg=131.0)
    assert [fit.notice.id for fit in fits([far, notice(), notice(id="GONE", withdrawn=True)], revision())] == [
        "NAVAREA-1",
        "FAR",
    ]


def test_before_place_and_way_are_known_only_the_time_fits() -> None:
    (fit,) = fits([notice()], revision(launch=None, impact=None, issued_utc="2025-01-06T03:01:00.000Z"))
    assert (fit.degree, fit.aspects) == ("time", (None, None, None))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_bulletin_is_the_same_but_for_the_line_that_tells_of_it(language: Any) -> None:
    plain = bulletin([revision()], RECORD, language=language, nation="KOR").splitlines()
    told = bulletin([revision()], RECORD, language=language, nation="KOR", notices=[notice()]).splitlines()
    (more,) = [line for line in told if line not in plain]
    assert [line for line in told if line != more] == plain
    assert "NAVAREA XI 25-0001" in more


def test_nothing_that_decides_knows_of_notices() -> None:
    """The step, the desk and every room under them cannot hang on a notice: none of them can read one."""
    package = Path(beaconfire.__file__).parent
    decides = ("node", "warn", "assess", "track", "fuse", "sense", "release", "share")
    for path in (path for room in decides for path in (package / room).rglob("*.py")):
        imported = {
            alias.name
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom | ast.Import)
            for alias in node.names
        }
        assert not imported & {"LaunchNotice", "fits", "parse_notices", "NoticeStore"}, path


GOOD = """
[[notice]]
id = "A"
source = "Someone"
from_utc = "2025-01-06T02:00Z"
until_utc = "2025-01-06T05:00Z"
"""


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (GOOD.replace("05:00", "01:00"), "ends before it begins"),
        (GOOD.replace("2025-01-06T05", "2025-09-06T05"), "is open too long"),
        (GOOD + "latitude_deg = 39.0\n", "half a place"),
        (GOOD + "areas = [[[1.0, 1.0], [2.0, 2.0]]]\n", "an area that is none"),
        (GOOD + "areas = [[[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]]\n", "an area that is none"),
        (GOOD + "colour = 1\n", "unknown key 'colour'"),
        (GOOD + GOOD, "twice"),
        (GOOD + "azimuth_deg = 400.0\n", "azimuth_deg"),
        ("[warning]\n", "unknown table"),
        ("notice = 1\n", "notice 1"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(text: str, what: str) -> None:
    with pytest.raises(InvalidInput, match=what):
        parse_notices(text.encode(), where="notices.toml")
