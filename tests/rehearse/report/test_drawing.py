"""Maps and plots: projection against another library, shapes against their definition, ticks that are round."""

import math
import re
from xml.etree import ElementTree

import numpy as np
import pytest
import shapely
from geographiclib.geodesic import Geodesic
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.rehearse.lines import EllipseLine
from beaconfire.rehearse.report import map as maps
from beaconfire.rehearse.report import plots, svg
from beaconfire.rehearse.report.land import coasts

SPHERE = Geodesic(6371008.77, 0.0)  # the map's mean radius
WHERE = np.array([126.0, 137.0]), np.array([39.2, 44.9])


def ground() -> maps.Ground:
    return maps.Ground(*WHERE, width=1000.0, height=600.0)


@given(st.floats(120.0, 143.0), st.floats(33.0, 49.0))
def test_distance_and_direction_from_the_middle_are_true(longitude: float, latitude: float) -> None:
    """Azimuthal equidistant by its definition, against geodesics of GeographicLib on the same sphere."""
    frame = ground()
    lon0, lat0 = frame._middle
    (x, y), (x0, y0) = frame.pixels(np.array([longitude, lon0]), np.array([latitude, lat0])).tolist()
    answer = SPHERE.Inverse(lat0, lon0, latitude, longitude)
    assert math.hypot(x - x0, y - y0) * frame._m_per_pixel == pytest.approx(answer["s12"], rel=1e-6, abs=1.0)
    if answer["s12"] > 1e3:
        turn = (math.degrees(math.atan2(x - x0, y0 - y)) - answer["azi1"] + 180.0) % 360.0 - 180.0
        assert turn == pytest.approx(0.0, abs=1e-4)


def test_everything_that_must_be_seen_is_on_the_map() -> None:
    xy = ground().pixels(*WHERE)
    assert np.all((xy > 0.0) & (xy < [1000.0, 600.0]))


def test_a_map_over_the_antimeridian_has_no_seam() -> None:
    frame = maps.Ground(np.array([178.0, -178.0]), np.array([50.0, 51.0]), width=400.0, height=300.0)
    xy = frame.pixels(np.array([179.999, -179.999]), np.array([50.5, 50.5]))
    assert abs(xy[0, 0] - xy[1, 0]) < 0.5
    assert np.all((xy > 0.0) & (xy < [400.0, 300.0]))


def test_one_place_alone_still_has_surroundings() -> None:
    frame = maps.Ground(np.array([10.0]), np.array([50.0]), width=400.0, height=300.0)
    assert frame._m_per_pixel * 400.0 >= 500e3


def test_the_land_is_there_and_in_its_place() -> None:
    rings = coasts()
    assert sum(len(ring) for ring in rings) > 20_000
    assert all(np.abs(ring[:, 0]).max() <= 180.0 and np.abs(ring[:, 1]).max() <= 90.0 for ring in rings)
    land = [shapely.Polygon(ring) for ring in rings]
    places = {"Seoul": (127.0, 37.56), "Tokyo": (139.5, 35.7), "Paris": (2.35, 48.85), "Denver": (-105.0, 39.7)}
    seas = {"East Sea": (133.0, 40.0), "mid Pacific": (-150.0, 20.0), "mid Atlantic": (-40.0, 30.0)}
    for longitude, latitude in places.values():
        assert any(part.contains(shapely.Point(longitude, latitude)) for part in land)
    for longitude, latitude in seas.values():
        assert not any(part.contains(shapely.Point(longitude, latitude)) for part in land)


def test_a_map_draws_only_the_land_it_shows() -> None:
    frame = maps.Ground(np.array([126.0, 142.0]), np.array([32.0, 45.0]), width=1000.0, height=600.0)
    parts = "".join(frame.ground())
    assert parts.count('class="land"') > 3
    assert len(parts) < 60_000
    numbers = [float(word) for word in "".join(c if c in "0123456789.-" else " " for c in parts).split() if "." in word]
    assert max(numbers) < 2000.0


@pytest.mark.parametrize("azimuth_deg", [0.0, 33.0, 90.0, 179.0])
def test_an_ellipse_ring_is_the_ellipse(azimuth_deg: float) -> None:
    ring = maps.ellipse_ring((39.2, 126.0), EllipseLine(30e3, 10e3, azimuth_deg))
    away = [Geodesic.WGS84.Inverse(39.2, 126.0, latitude, longitude) for longitude, latitude in ring.tolist()]
    lengths = [answer["s12"] for answer in away]
    assert max(lengths) == pytest.approx(30e3, rel=0.01)  # drawn on a sphere
    assert min(lengths) == pytest.approx(10e3, rel=0.01)
    longest = away[int(np.argmax(lengths))]["azi1"] % 180.0
    assert min(abs(longest - azimuth_deg), 180.0 - abs(longest - azimuth_deg)) < 1.0


def test_the_scale_bar_is_as_long_as_it_says() -> None:
    frame = ground()
    line, words = ElementTree.fromstring(f"<g>{frame.scale_bar()}</g>")
    left, right = re.fullmatch(r"M([\d.]+),[\d.]+V[\d.]+H([\d.]+)V[\d.]+", line.get("d", "")).groups()  # type: ignore[union-attr]
    length_km = (float(right) - float(left)) * frame._m_per_pixel / 1e3
    assert words.text is not None
    assert length_km == pytest.approx(float(words.text.removesuffix(" km")), rel=0.01)  # a tenth of a pixel


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_few_round_and_inside(low: float, span: float) -> None:
    ticks = plots._round_steps(low, low + span)
    assert 2 <= len(ticks) <= 8
    assert all(low - 1e-6 <= tick <= low + span + 1e-6 for tick in ticks)
    step = np.diff(ticks).min() if len(ticks) > 1 else 1.0
    assert np.allclose(np.diff(ticks), step, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(("exponent", "told"), [(0.0, "1"), (3.0, "1000"), (6.0, "10⁶"), (-1.0, "0.1"), (-3.0, "10⁻³")])
def test_powers_of_ten_are_written_short(exponent: float, told: str) -> None:
    assert plots._power(exponent) == told


def test_a_line_breaks_where_a_value_is_not_known() -> None:
    axes = plots.Axes("x", x=(0.0, 4.0), y=(0.0, 4.0))
    axes.line(np.arange(5.0), np.array([0.0, 1.0, math.nan, 3.0, 4.0]), class_="k")
    (data,) = re.findall(r'd="([^"]+)" class="k"', axes.drawing())
    assert data.count("M") == 2
    assert "nan" not in data


def test_nothing_known_draws_nothing() -> None:
    axes = plots.Axes("x", x=(0.0, 1.0), y=(1.0, 10.0), log=True)
    axes.steps(np.arange(2.0), np.array([math.nan, math.nan]), class_="k")
    assert 'class="k"' not in axes.drawing()


def test_steps_hold_a_value_until_the_next() -> None:
    axes = plots.Axes("x", x=(0.0, 2.0), y=(0.0, 2.0))
    axes.steps(np.array([0.0, 1.0, 2.0]), np.array([0.0, 2.0, 2.0]), class_="k")
    (data,) = re.findall(r'd="([^"]+)" class="k"', axes.drawing())
    points = [tuple(float(value) for value in word.split(",")) for word in data[1:].split("L")]
    width, height = plots.WIDTH - 74.0, plots.HEIGHT - 66.0
    shown = [((x - 62.0) / width * 2.0, (plots.HEIGHT - 40.0 - y) / height * 2.0) for x, y in points]
    assert np.allclose(shown, [(0, 0), (1, 0), (1, 2), (2, 2)], atol=0.01)


def test_text_is_escaped_and_numbers_are_short() -> None:
    assert svg.text((1.23456, 2.0), "a < b & c", class_="x") == '<text x="1.2" y="2" class="x">a &lt; b &amp; c</text>'
    assert svg.element("g", stroke_width=2.0, label='"') == '<g stroke-width="2" label="&quot;"/>'


def test_points_that_fall_together_are_drawn_once() -> None:
    assert svg.path([(0.0, 0.0), (0.01, 0.02), (5.0, 5.0)], closed=True) == "M0.0,0.0L5.0,5.0Z"
    assert svg.path([]) == ""
