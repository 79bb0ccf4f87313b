"""The text is what Prometheus' own parser reads; counters and histograms are bounded and right."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from beaconfire.kernel.limits import METRIC_SERIES
from beaconfire.shell.openmetrics import CONTENT_TYPE, OTHER, Family, Histogram, Tally, render

GAUGE = Family("bf_lag_seconds", "gauge", ("partner", "lane"), 'How far "behind"', "seconds")
COUNTER = Family("bf_refused", "counter", ("reason",), "Refused")
INFO = Family("bf_build", "info", ("version",), "Build")
TIMES = Family("bf_sync_seconds", "histogram", (), "Sync\ntime", "seconds")


def parsed(text: str) -> list[Metric]:
    """What the reference parser reads; it ships no types."""
    families: list[Metric] = list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]
    return families


def samples(text: str) -> Iterator[tuple[str, dict[str, str], float]]:
    for family in parsed(text):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def test_every_kind_is_read_by_the_reference_parser() -> None:
    times = Histogram((0.001, 0.01))
    for seconds in (0.0005, 0.001, 0.005, 0.5):
        times.add(seconds)
    text = render([
        (GAUGE, {("JPN", "direct"): 0.25}), (COUNTER, {("rate",): 3.0}), (INFO, {("0.1",): 1.0}), (TIMES, times),
    ])  # fmt: skip
    assert list(samples(text)) == [
        ("bf_lag_seconds", {"partner": "JPN", "lane": "direct"}, 0.25),
        ("bf_refused_total", {"reason": "rate"}, 3.0),
        ("bf_build_info", {"version": "0.1"}, 1.0),
        ("bf_sync_seconds_bucket", {"le": "0.001"}, 2.0),
        ("bf_sync_seconds_bucket", {"le": "0.01"}, 3.0),
        ("bf_sync_seconds_bucket", {"le": "+Inf"}, 4.0),
        ("bf_sync_seconds_count", {}, 4.0),
        ("bf_sync_seconds_sum", {}, pytest.approx(0.5065)),
    ]
    kinds = {family.name: family.type for family in parsed(text)}
    assert kinds == {
        "bf_lag_seconds": "gauge",
        "bf_refused": "counter",
        "bf_build": "info",
        "bf_sync_seconds": "histogram",
    }
    assert CONTENT_TYPE.startswith("application/openmetrics-text; version=1.0.0")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.floats(allow_nan=False))
def test_any_label_and_number_comes_back(label: str, value: float) -> None:
    assert list(
        samples(render([(COUNTER if value >= 0 and math.isfinite(value) else GAUGE_ONE, {(label,): value})]))
    ) == [("bf_refused_total" if value >= 0 and math.isfinite(value) else "bf_one", {"reason": label}, value)]


GAUGE_ONE = Family("bf_one", "gauge", ("reason",), "One")


def test_a_family_without_a_value_is_named_without_a_sample() -> None:
    assert list(samples(render([(GAUGE, {})]))) == []
    assert "# TYPE bf_lag_seconds gauge" in render([(GAUGE, {})])


def test_more_label_sets_than_the_bound_count_as_other() -> None:
    tally = Tally()
    for number in range(2 * METRIC_SERIES):
        tally.add("JPN", f"reason {number}", count=2)
    assert len(tally.counts) == METRIC_SERIES + 1
    assert tally.counts["JPN", OTHER] == 2 * METRIC_SERIES
    assert tally.counts.total() == 4 * METRIC_SERIES
    tally.add("JPN", "reason 3")
    assert tally.counts["JPN", "reason 3"] == 3


def test_quantiles_are_the_bounds_that_numpy_finds() -> None:
    values = np.random.default_rng(5).exponential(0.002, 2_000)
    bounds = (0.0005, 0.001, 0.002, 0.005, 0.01)
    times = Histogram(bounds)
    for value in values.tolist():
        times.add(value)
    for share in (0.1, 0.5, 0.9, 0.99):
        exact = float(np.quantile(values, share, method="inverted_cdf"))
        assert times.quantile(share) == min((bound for bound in bounds if bound >= exact), default=math.inf)
    assert Histogram(bounds).quantile(0.5) is None
