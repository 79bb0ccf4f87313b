"""Which claims a node's events and its partners' words make, and when; and that a replay makes the same again."""

from collections.abc import Iterable
from typing import Any

import pytest
from msgspec.structs import replace

from beaconfire.kernel import limits
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import ImpactBody, Kind, LaunchBody, WithdrawalBody
from beaconfire.kernel.records import CLASSES, KINDS, EventStatus
from beaconfire.kernel.time import NS_PER_S
from beaconfire.record import Claim, Gatherer, SourceClass, associate, claims_of_event
from beaconfire.record.gather import QUIET_NS
from tests.record.test_events import LIFT_OFF, probable, revision

NOW = LIFT_OFF + 60 * NS_PER_S


def gatherer(realm: Realm = Realm.EXERCISE) -> Gatherer:
    return Gatherer(nation="KOR", realm=realm)


def launch(**changes: Any) -> LaunchBody:
    said: dict[str, Any] = {
        "event": "E-abc",
        "time_ns": LIFT_OFF,
        "time_sigma_s": 3.0,
        "latitude_deg": 39.25,
        "longitude_deg": 126.05,
        "covariance_m2": (1e8, 0.0, 1e8),
        "status": EventStatus.CONFIRMED,
        "count_at_least": 1,
        "count_probability": 0.99,
        "classes": probable(CLASSES, IRBM=0.8, MRBM=0.2),
        "kinds": probable(KINDS, ballistic=0.6, glide=0.4),
        "coarsened_m": 10e3,
    }
    return LaunchBody(**{**said, **changes})


def impact(**changes: Any) -> ImpactBody:
    said: dict[str, Any] = {
        "event": "E-abc",
        "time_ns": LIFT_OFF + 600 * NS_PER_S,
        "time_sigma_s": 5.0,
        "latitude_deg": 44.0,
        "longitude_deg": 137.0,
        "covariance_m2": (1e6, 0.0, 1e6),
    }
    return ImpactBody(**{**said, **changes})


def took(gathered: Iterable[Claim]) -> list[Claim]:
    return list(gathered)


# --- our own events ---------------------------------------------------------------------------------


def test_an_event_is_a_claim_once_it_is_over_and_not_before() -> None:
    mine = gatherer()
    for status in (EventStatus.SUSPECTED, EventStatus.CONFIRMED, EventStatus.LOST):
        assert took(mine.event(revision(1, status=status))) == []
    closed = revision(9, status=EventStatus.CLOSED)
    assert took(mine.event(closed)) == [claims_of_event(closed, nation="KOR", realm=Realm.EXERCISE)]
    assert took(mine.rest()) == []


def test_own_sensors_claim_what_they_saw_and_not_what_partners_added() -> None:
    mine = gatherer()
    own = revision(8, status=EventStatus.CLOSED)
    fused = revision(9, status=EventStatus.CLOSED, picture="fused", contributors=("JPN", "KOR"))
    took(mine.event(replace(own, revision=1, status=EventStatus.CONFIRMED)))
    took(mine.event(replace(fused, revision=2, status=EventStatus.CONFIRMED)))
    (claim,) = took(mine.event(own))
    assert claim.via == "event KOR-E1 revision 8"
    assert "own picture of KOR" in claim.remark
    assert took(mine.event(fused)) == []
    assert took(mine.rest()) == []


@pytest.mark.parametrize(("contributors", "claims"), [(("JPN",), 0), (("JPN", "KOR"), 1)])
def test_what_only_the_shared_picture_has_is_ours_where_our_sensors_saw_it_too(
    contributors: tuple[str, ...], claims: int
) -> None:
    fused = revision(3, picture="fused", status=EventStatus.CLOSED, contributors=contributors)
    assert len(took(gatherer().event(fused))) == claims


def test_a_retracted_event_is_a_withdrawn_claim() -> None:
    (claim,) = took(gatherer().event(revision(4, status=EventStatus.RETRACTED)))
    assert claim.withdrawn
    assert associate([claim]) == ()


def test_what_is_open_when_the_node_ends_is_entered_and_its_end_corrects_it() -> None:
    mine = gatherer()
    took(mine.event(revision(5)))
    (early,) = took(mine.rest())
    (late,) = took(mine.event(revision(9, status=EventStatus.CLOSED)))
    (found,) = associate([late, early])
    assert (found.claims, found.history) == ((late,), (early,))


# --- partners ------------------------------------------------------------------------------------------


def test_a_partners_launch_and_impact_are_one_claim_of_its_own() -> None:
    mine = gatherer()
    assert took(mine.partner("JPN", launch(), now_ns=NOW)) == []
    assert took(mine.partner("JPN", impact(), now_ns=NOW)) == []
    (claim,) = took(mine.partner("JPN", launch(status=EventStatus.CLOSED), now_ns=NOW))
    assert (claim.source, claim.source_class) == ("JPN (partner of KOR)", SourceClass.PARTNER)
    assert (claim.missile_class, claim.confidence, claim.realm) == ("IRBM", "A", Realm.EXERCISE)
    assert (claim.latitude_deg, claim.longitude_deg, claim.flight_time_s) == (39.25, 126.05, 600.0)
    assert claim.range_m == pytest.approx(1_050e3, rel=0.02)  # a degree of latitude is 111 km, of longitude here 82 km
    assert "coarsened by up to 10 km" in claim.remark


def test_a_partner_that_falls_silent_has_said_what_it_has_to_say() -> None:
    mine = gatherer()
    took(mine.partner("JPN", launch(), now_ns=NOW))
    assert took(mine.quiet(NOW + QUIET_NS - 1)) == []
    (claim,) = took(mine.quiet(NOW + QUIET_NS))
    assert claim.statement == "E-abc"
    assert took(mine.quiet(NOW + 2 * QUIET_NS)) == took(mine.rest()) == []


def test_what_a_partner_says_after_its_end_is_a_correction_and_saying_nothing_new_is_none() -> None:
    mine = gatherer()
    (first,) = took(mine.partner("JPN", launch(status=EventStatus.CLOSED), now_ns=NOW))
    took(mine.partner("JPN", impact(), now_ns=NOW))
    (second,) = took(mine.rest())
    assert second.edition > first.edition
    assert associate([first, second])[0].claims == (second,)
    assert took(mine.rest()) == []


@pytest.mark.parametrize("gone", [launch(status=EventStatus.RETRACTED),
                                  WithdrawalBody(of=Kind.LAUNCH, id="E-abc", reason="false")])  # fmt: skip
def test_a_partner_takes_back_what_it_said(gone: Any) -> None:
    mine = gatherer()
    took(mine.partner("JPN", launch(), now_ns=NOW))
    (claim,) = took(mine.partner("JPN", gone, now_ns=NOW))
    assert claim.withdrawn


def test_an_impact_alone_may_be_taken_back_and_the_launch_stays() -> None:
    mine = gatherer()
    took(mine.partner("JPN", launch(), now_ns=NOW))
    took(mine.partner("JPN", impact(), now_ns=NOW))
    took(mine.partner("JPN", WithdrawalBody(of=Kind.IMPACT, id="E-abc", reason=""), now_ns=NOW))
    (claim,) = took(mine.rest())
    assert (claim.withdrawn, claim.range_m, claim.flight_time_s) == (False, None, None)


def test_taking_back_what_was_never_heard_is_nothing() -> None:
    mine = gatherer()
    withdrawal = WithdrawalBody(of=Kind.LAUNCH, id="E-abc", reason="")
    assert took(mine.partner("JPN", withdrawal, now_ns=NOW)) == took(mine.rest()) == []


def test_what_comes_too_late_for_the_picture_is_recorded_unless_better_is_known() -> None:
    mine = gatherer()
    took(mine.partner("JPN", launch(time_sigma_s=9.0), now_ns=NOW, late=True))
    took(mine.partner("JPN", launch(event="E-new"), now_ns=NOW))
    took(mine.partner("JPN", launch(event="E-new", time_sigma_s=9.0), now_ns=NOW, late=True))
    precision = {claim.statement: claim.precision_s for claim in mine.rest()}
    assert precision == {"E-abc": 18.0, "E-new": 6.0}


def test_an_impact_without_a_launch_is_dated_by_its_first_word() -> None:
    mine = gatherer()
    took(mine.partner("JPN", impact(reason="reachable_set", latitude_deg=None, longitude_deg=None), now_ns=NOW))
    (claim,) = took(mine.rest())
    assert (claim.time_ns, claim.missile_class, claim.remark) == (NOW, "unknown", "no launch told")


def test_a_salvo_told_object_by_object_counts_once_for_each() -> None:
    mine = gatherer(Realm.LIVE)
    for number in range(7):
        said = launch(event=f"E-{number}", time_ns=LIFT_OFF + number * 60 * NS_PER_S, count_at_least=7)
        took(mine.partner("JPN", said, now_ns=NOW))
    own = replace(revision(2, status=EventStatus.CLOSED), count_at_least=7, count_probability=0.9)
    (found,) = associate([*mine.rest(), claims_of_event(own, nation="KOR", realm=Realm.LIVE)])
    assert str(found.count) == "at least 7"


def test_two_nodes_of_one_user_hear_a_partner_as_two_sources() -> None:
    claims = []
    for nation in ("KOR", "USA"):
        mine = Gatherer(nation=nation, realm=Realm.LIVE)
        took(mine.partner("JPN", launch(event=f"E-{nation}"), now_ns=NOW))
        claims += took(mine.rest())
    (found,) = associate(claims)
    assert str(found.count) == "at least 1"


def test_of_too_many_the_oldest_is_entered_and_let_go() -> None:
    mine = gatherer()
    for number in range(limits.MAX_PARTNER_EVENTS):
        assert took(mine.partner("JPN", launch(event=f"E-{number}"), now_ns=NOW)) == []
    (claim,) = took(mine.partner("JPN", launch(event="E-more"), now_ns=NOW))
    assert claim.statement == "E-0"


def test_a_replay_makes_the_same_claims() -> None:
    def all_of() -> list[Claim]:
        mine = gatherer()
        claims = took(mine.partner("JPN", launch(), now_ns=NOW)) + took(mine.event(revision(3)))
        claims += took(mine.partner("JPN", launch(status=EventStatus.CLOSED), now_ns=NOW + NS_PER_S))
        return claims + took(mine.event(revision(8, status=EventStatus.CLOSED))) + took(mine.rest())

    first = all_of()
    assert len(first) == 2
    assert [claim.id for claim in all_of()] == [claim.id for claim in first]


def test_a_journal_that_begins_anew_counts_its_events_anew() -> None:
    day = 24 * 3600 * NS_PER_S
    first = claims_of_event(revision(50, status=EventStatus.CLOSED), nation="KOR", realm=Realm.LIVE)
    later = replace(first, time_ns=first.time_ns + day, edition=3, reported="2025-01-07T03:00:04.000Z")
    assert [len(found.claims) for found in associate([first, later])] == [1, 1]
    correction = replace(first, time_ns=first.time_ns + NS_PER_S, edition=51)
    assert [len(found.claims) for found in associate([first, correction])] == [1]
