"""While it boosts nothing is let go at once: a moment's forecast without an area is no news, until the burn is over."""

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AlertStatus as S
from beaconfire.kernel.alerts import MessageKind
from tests.warn.desks import Bench, area
from tests.warn.test_desk import sent_bench


def drafted(bench: Bench) -> set[str]:
    return {item.area_id for item in bench.draft.message.areas}


def test_an_area_of_a_draft_stays_for_a_while_when_a_boosting_corridor_wavers() -> None:
    bench = Bench()
    bench.see(area("JP-01"), area("JP-02"), reach="boosting")
    bench.wait(limits.BOOST_HOLD_S - 1.0, area("JP-01"), reach="boosting")
    assert drafted(bench) == {"JP-01", "JP-02"}
    bench.wait(3.0, area("JP-01"), reach="boosting")
    assert drafted(bench) == {"JP-01"}


def test_an_area_that_comes_back_in_time_never_left() -> None:
    bench = Bench()
    bench.see(area("JP-01"), area("JP-02"), reach="boosting")
    for _ in range(4):
        bench.wait(limits.BOOST_HOLD_S - 5.0, area("JP-01"), reach="boosting")
        bench.wait(1.0, area("JP-01"), area("JP-02"), reach="boosting")
    assert drafted(bench) == {"JP-01", "JP-02"}
    assert len([row for row in bench.rows if row.status is S.DRAFTED and "no longer" in row.why]) == 0


def test_no_cancel_is_proposed_seconds_after_an_alert_because_a_fit_named_nothing_once() -> None:
    bench = sent_bench()
    bench.wait(20.0, area("JP-02"), reach="boosting")
    bench.wait(limits.BOOST_HOLD_S - 2.0, reach="boosting")
    bench.wait(2.0, area("JP-02"), reach="boosting")
    assert bench.due_ns() is None
    assert MessageKind.CANCEL not in [row.kind for row in bench.rows if row.status is S.PROPOSED]


def test_when_it_has_burnt_out_what_falls_short_is_told_within_five_seconds() -> None:
    bench = sent_bench()
    bench.wait(20.0, area("JP-02"), reach="boosting")
    gone_ns = bench.now_ns
    bench.wait(6.0)
    (proposed,) = [row for row in bench.rows if row.due_ns is not None]
    assert proposed.kind is MessageKind.CANCEL
    assert proposed.time_ns - gone_ns <= 5 * 10**9


def test_areas_grow_at_once_while_it_boosts() -> None:
    bench = Bench()
    bench.see(area("JP-01"), reach="boosting")
    bench.see(area("JP-01"), area("JP-03"), reach="boosting")
    assert drafted(bench) == {"JP-01", "JP-03"}
