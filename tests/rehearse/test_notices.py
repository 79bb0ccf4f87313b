"""A partner's public alert, rehearsed: Japan warns of an overflight, Korea is told in a tick, and told of its end."""

from collections.abc import Sequence
from functools import cache

from beaconfire.kernel.alerts import AlertAction, MessageKind
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import Publish, ShowAudit
from beaconfire.rehearse import Scenario, simulate
from beaconfire.rehearse.network import genesis_rows, play, rehearsal_staffs
from beaconfire.rehearse.scenario import OperatorAction
from beaconfire.release import preset
from tests.rehearse.test_warning_rehearsals import case

NOTICES = b"""
[[grant]]
id = "notices"
partner = "KOR"
realm = "EXERCISE"
kinds = ["alert_notice"]
provenance = ["JPN"]
"""


def played() -> Scenario:
    cancel = OperatorAction(time_s=200.0, nation="JPN", person="officer-1", action=AlertAction.CANCEL)
    return case("overflight", nations=("KOR", "JPN"), duration_s=230.0, injects=(cancel,))


@cache
def run(*, granted: bool) -> tuple[Sequence[tuple[int, MessageKind]], Sequence[tuple[int, ShowAudit]]]:
    """What Japan published, and what Korea was told: each with its tick."""
    whole = played()
    staffs = rehearsal_staffs(whole, seed=1)
    shipped = {
        nation: preset("default", nation=nation, partners=(other,), realm=Realm.EXERCISE)
        for nation, other in (("KOR", "JPN"), ("JPN", "KOR"))
    }
    policies = shipped | {"JPN": shipped["JPN"] + (NOTICES if granted else b"")}
    rows = genesis_rows(whole, seed=1, policies=policies, staffs=staffs)
    published, told = [], []
    for happening in play(simulate(whole), rows, staffs):
        for effect in happening.effects:
            if isinstance(effect, Publish) and happening.nation == "JPN":
                published.append((happening.beat, effect.approved.kind))
            elif isinstance(effect, ShowAudit) and effect.verdict == "told" and happening.nation == "KOR":
                told.append((happening.beat, effect))
        if published and published[-1][1] is MessageKind.CANCEL and happening.beat > published[-1][0] + 2:
            break
    return published, told


def test_every_message_of_the_alert_is_told_at_the_next_tick() -> None:
    published, told = run(granted=True)
    assert published[0][1] is MessageKind.SHELTER
    assert published[-1][1] is MessageKind.CANCEL
    assert [tick for tick, _ in told] == [tick + 1 for tick, _ in published]
    assert [row.reason.partition(" in ")[0] for _, row in told] == [str(kind) for _, kind in published]
    assert len({row.subject for _, row in told}) == 1  # one alert, whatever is said of it
    assert all(row.partner == "JPN" and "JP-02" in row.reason for _, row in told)
    assert told[-1][1].time_ns - played().start_ns >= 200 * NS_PER_S


def test_the_default_policy_tells_nobody() -> None:
    published, told = run(granted=False)
    assert published
    assert told == []
