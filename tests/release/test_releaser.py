"""The releaser: loads, decides at the moment of sending, holds, counts per partner, raises generations, audits."""

import pytest

from beaconfire.kernel import limits, wire
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import AuditRow, Kind, Product, Released, Withheld
from beaconfire.kernel.time import NS_PER_S, format_utc
from beaconfire.release import Releaser
from tests.exchange import (
    NOW_NS,
    SECRET,
    envelope,
    grant_toml,
    launch_body,
    policy_toml,
    product,
    releaser,
    trajectory_body,
    withdrawal,
)


def at(offset_s: float) -> int:
    return NOW_NS + round(offset_s * NS_PER_S)


def yes(
    made: Releaser, offered: Product, *, now_ns: int = NOW_NS, partner: str = "JPN", again: bool = False
) -> Released:
    decision = made.decide(offered, partner, now_ns=now_ns, again=again)
    assert isinstance(decision, Released), decision
    return decision


def no(made: Releaser, offered: Product, *, now_ns: int = NOW_NS, partner: str = "JPN") -> str:
    decision = made.decide(offered, partner, now_ns=now_ns)
    assert isinstance(decision, Withheld)
    return decision.reason


def opened(decision: Released) -> wire.Release:
    return wire.decode_release(envelope(content=decision.release, kind=decision.kind))


class TestLoad:
    def test_nothing_before_a_policy(self) -> None:
        made = Releaser(nation="KOR", realm=Realm.EXERCISE, secret=SECRET)
        assert no(made, product()) == "no_grant"
        assert made.partners() == ()
        assert made.generation("JPN") == 0

    def test_loaded(self) -> None:
        made = releaser()
        assert made.partners() == ("JPN", "USA")
        assert made.generation("JPN") == 1

    def test_another_nations_policy(self) -> None:
        with pytest.raises(InvalidInput, match="p: nation: is JPN; expected KOR"):
            releaser().load(policy_toml(nation="JPN"), where="p")

    def test_a_version_that_does_not_rise(self) -> None:
        made = releaser(policy_toml(grant_toml(), version=4))
        with pytest.raises(InvalidInput, match="p: version: is 4; expected more than 4"):
            made.load(policy_toml(version=4), where="p")
        assert yes(made, product()).rule == "g"

    def test_the_same_again_changes_nothing(self) -> None:
        data = policy_toml(grant_toml(), version=4)
        made = releaser(data)
        assert made.load(data, where="p").narrowed == ()
        assert made.generation("JPN") == 1

    def test_a_broken_policy_leaves_the_old_in_force(self) -> None:
        made = releaser()
        with pytest.raises(InvalidInput):
            made.load(b"version = 2", where="p")
        assert yes(made, product()).partner == "JPN"


class TestGenerations:
    OLD = policy_toml(grant_toml(name="a"), grant_toml("USA", name="b"))

    @pytest.mark.parametrize(
        ("new", "narrowed"),
        [
            (policy_toml(grant_toml("USA", name="b"), version=2), ("JPN",)),  # removed
            (policy_toml(version=2), ("JPN", "USA")),
            (policy_toml(grant_toml(name="a", kinds=["launch"]), grant_toml("USA", name="b"), version=2), ("JPN",)),
            (policy_toml(grant_toml(name="z"), grant_toml("USA", name="b"), version=2), ()),  # another name
            (
                policy_toml(grant_toml(name="a"), grant_toml("USA", name="b"), grant_toml("AUS", name="c"), version=2),
                (),
            ),
        ],
    )
    def test_raised_by_narrowing_only(self, new: bytes, narrowed: tuple[str, ...]) -> None:
        made = releaser(self.OLD)
        assert made.load(new, where="p").narrowed == narrowed
        for partner in ("JPN", "USA"):
            assert made.generation(partner) == (2 if partner in narrowed else 1)

    def test_a_release_carries_the_generation_it_was_decided_in(self) -> None:
        made = releaser(self.OLD)
        assert yes(made, product()).generation == 1
        made.load(
            policy_toml(grant_toml(name="a", kinds=["trajectory"]), version=2),
            where="p",
        )
        assert yes(made, product(number=2)).generation == 2

    def test_raised_when_a_grant_runs_out(self) -> None:
        until = f"valid_until = {format_utc(at(10))}"
        made = releaser(policy_toml(grant_toml(more=until), grant_toml("USA", name="b")))
        made.tick(NOW_NS)
        assert made.tick(at(9.9)).narrowed == ()
        assert no(made, product(), now_ns=at(10)) == "expired"  # even before the tick says so
        assert made.tick(at(10)).narrowed == ("JPN",)
        assert made.tick(at(11)).narrowed == ()
        assert (made.generation("JPN"), made.generation("USA")) == (2, 1)

    def test_raised_when_the_clock_is_lost(self) -> None:
        made = releaser(
            policy_toml(grant_toml(more=f"valid_until = {format_utc(at(10))}"), grant_toml("USA", name="b"))
        )
        assert made.trust_clock(False) == ("JPN",)
        assert made.trust_clock(False) == ()
        assert no(made, product()) == "clock"
        assert yes(made, product(), partner="USA").rule == "b"
        assert made.trust_clock(True) == ()
        assert yes(made, product()).generation == 2


class TestRelease:
    def test_the_form(self) -> None:
        made = releaser()
        decision = yes(made, product())
        inner = opened(decision)
        assert (inner.originator, inner.realm, inner.releasable_to) == ("KOR", Realm.EXERCISE, ("JPN",))
        assert inner.source_id == decision.source_id
        assert (inner.issued_ns, inner.time_ns) == (NOW_NS, NOW_NS)
        assert inner.expires_ns == at(limits.REPLAY_HORIZON_S)
        assert inner.modified
        assert inner.provenance == ("KOR",)
        body = wire.decode_body(inner.kind, inner.body)
        assert wire.body_id(body) == decision.local_id

    def test_the_rule_is_told_in_the_audit_only(self) -> None:
        decision = yes(releaser(), product())
        assert decision.rule == "JPN-warning"
        assert b"JPN-warning" not in decision.release

    def test_not_modified_says_so(self) -> None:
        made = releaser(policy_toml(grant_toml(more="drop_sensor_identity = false")))
        assert not opened(yes(made, product())).modified

    def test_source_ids_are_stable_over_re_release_and_over_partners(self) -> None:
        made = releaser()
        first = yes(made, product())
        again = yes(made, product(), now_ns=at(60), again=True)
        other = yes(made, product(), partner="USA")
        restarted = yes(releaser(), product())
        assert first.source_id == again.source_id == other.source_id == restarted.source_id
        assert yes(made, product(number=2)).source_id != first.source_id

    def test_revisions_are_counted_per_partner(self) -> None:
        made = releaser(policy_toml(grant_toml(), grant_toml("USA", name="u")))
        for number in range(3):
            yes(made, product(time_ns=at(number)), now_ns=at(number))
        assert opened(yes(made, product(time_ns=at(5)), now_ns=at(5))).revision == 4
        assert opened(yes(made, product(time_ns=at(5)), now_ns=at(5), partner="USA")).revision == 1

    def test_the_policy_hash_covers_that_partners_view_only(self) -> None:
        one, other = (
            releaser(policy_toml(grant_toml(), grant_toml("USA", name="u", more=more)))
            for more in ("", 'coarsen_launch_m = 9.0\nreveals = ["launch_point"]')
        )
        for partner, same in (("JPN", True), ("USA", False)):
            hashes = {opened(yes(made, product(), partner=partner)).policy for made in (one, other)}
            assert (len(hashes) == 1) == same

    def test_onward_is_what_the_grant_and_every_originator_allow(self) -> None:
        made = releaser(policy_toml(grant_toml(more='onward = ["USA", "AUS"]')))
        assert opened(yes(made, product())).onward == ("USA", "AUS")
        mixed = product(number=2, originators_allow=("JPN", "AUS", "GBR"))
        assert opened(yes(made, mixed)).onward == ("AUS",)

    def test_what_no_receiver_would_take_stays(self) -> None:
        broken = product(Kind.LAUNCH, body=launch_body(covariance_m2=(1.0, 5.0, 1.0)))
        assert no(releaser(policy_toml(grant_toml())), broken) == "unfit: covariance"
        bad_time = product(body=trajectory_body(time_ns=-5))
        assert no(releaser(policy_toml(grant_toml())), bad_time) == "unfit: invalid"

    def test_preview_decides_nothing(self) -> None:
        made = releaser()
        allowed, denied = (made.preview(product(), partner, now_ns=NOW_NS) for partner in ("JPN", "CHN"))
        assert (allowed.rule, allowed.reason, allowed.obligations) == ("JPN-warning", "", ("drop_sensor_identity",))
        assert (denied.rule, denied.reason, denied.obligations) == ("", "no_grant", ())
        assert made.drain_audit(now_ns=NOW_NS, everything=True) == ()
        assert opened(yes(made, product())).revision == 1


class TestRate:
    def test_two_a_second_for_each_track_and_partner(self) -> None:
        made = releaser()
        times = [number / 10 for number in range(31)]
        sent = [
            offset
            for offset in times
            if isinstance(made.decide(product(time_ns=at(offset)), "JPN", now_ns=at(offset)), Released)
        ]
        assert sent == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
        assert isinstance(made.decide(product(number=2, time_ns=at(3)), "JPN", now_ns=at(3)), Released)
        assert isinstance(made.decide(product(time_ns=at(3.1)), "USA", now_ns=at(3.1)), Released)

    def test_urgent_at_once(self) -> None:
        made = releaser()
        yes(made, product())
        assert no(made, product(time_ns=at(0.1)), now_ns=at(0.1)) == "rate"
        yes(made, product(time_ns=at(0.2), urgent=True), now_ns=at(0.2))

    def test_again_at_once(self) -> None:
        made = releaser()
        yes(made, product())
        yes(made, product(), again=True)

    def test_the_last_word_of_an_assessment_arrives(self) -> None:
        """Two revisions come too soon: the later one goes when the rate allows, the earlier one never."""
        made = releaser()
        yes(made, product(Kind.LAUNCH))
        for offset in (0.1, 0.2):
            late = product(Kind.LAUNCH, revision=round(10 * offset), time_ns=at(offset))
            assert no(made, late, now_ns=at(offset)) == "rate"
        assert made.tick(at(0.4)).due == ()
        ((partner, due),) = made.tick(at(0.5)).due
        assert (partner, due.revision) == ("JPN", 2)
        assert opened(yes(made, due, now_ns=at(0.5))).revision == 2
        assert made.tick(at(9)).due == ()

    def test_what_waits_is_dropped_when_a_newer_one_goes(self) -> None:
        made = releaser()
        yes(made, product(Kind.LAUNCH))
        no(made, product(Kind.LAUNCH, revision=2), now_ns=at(0.1))
        yes(made, product(Kind.LAUNCH, revision=3, urgent=True), now_ns=at(0.2))
        assert made.tick(at(5)).due == ()

    def test_the_fastest_rate_of_a_kind(self) -> None:
        assert releaser().fastest_period_s(Kind.TRAJECTORY) == 0.5
        assert releaser(policy_toml(grant_toml(kinds=["impact"]))).fastest_period_s(Kind.TRAJECTORY) is None


class TestDelay:
    POLICY = policy_toml(grant_toml(more="delay_s = 30.0"))

    def test_held_and_decided_again_when_due(self) -> None:
        made = releaser(self.POLICY)
        assert no(made, product()) == "delay"
        assert made.tick(at(29.9)).due == ()
        ((partner, due),) = made.tick(at(30)).due
        assert yes(made, due, now_ns=at(30), partner=partner).product == product()

    def test_no_delay_asks_no_clock(self) -> None:
        """A sensor's clock a little ahead of the node's must not hold its track back."""
        assert yes(releaser(), product(time_ns=at(0.2))).rule == "JPN-warning"

    def test_a_grant_removed_meanwhile_stops_it(self) -> None:
        made = releaser(self.POLICY)
        no(made, product())
        made.load(policy_toml(version=2), where="p")
        ((partner, due),) = made.tick(at(30)).due
        assert no(made, due, now_ns=at(30), partner=partner) == "no_grant"

    def test_every_tracklet_is_held_in_order(self) -> None:
        made = releaser(self.POLICY)
        for number in range(5):
            no(made, product(time_ns=at(number)), now_ns=at(number))
        assert [due.time_ns for _, due in made.tick(at(40)).due] == [at(number) for number in range(5)]

    def test_waiting_is_bounded_and_says_what_it_drops(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(limits, "MAX_HELD", 3)
        made = releaser(self.POLICY)
        for number in range(5):
            no(made, product(time_ns=at(number)), now_ns=at(number))
        assert len(made.tick(at(60)).due) == 3
        rows = made.drain_audit(now_ns=at(60), everything=True)
        assert [row.count for row in rows if row.reason == "waiting_full"] == [2]


class TestWithdrawal:
    def test_only_of_what_was_given(self) -> None:
        made = releaser()
        assert no(made, withdrawal(Kind.TRAJECTORY, "KOR-T1")) == "never_given"
        given = yes(made, product())
        taken = yes(made, withdrawal(Kind.TRAJECTORY, "KOR-T1"))
        assert taken.local_id == given.local_id
        assert no(made, withdrawal(Kind.TRAJECTORY, "KOR-T1"), partner="USA") == "never_given"

    def test_not_under_a_policy_that_ended(self) -> None:
        made = releaser(policy_toml(grant_toml()))
        yes(made, product())
        made.load(policy_toml(version=2), where="p")
        assert no(made, withdrawal(Kind.TRAJECTORY, "KOR-T1")) == "no_grant"

    def test_what_waited_is_withdrawn_unsent(self) -> None:
        made = releaser(policy_toml(grant_toml(more="delay_s = 30.0")))
        no(made, product())
        no(made, withdrawal(Kind.TRAJECTORY, "KOR-T1"))
        assert made.tick(at(60)).due == ()


class TestAudit:
    def test_every_yes_is_a_row(self) -> None:
        made = releaser()
        decisions = [yes(made, product(number=number)) for number in range(3)]
        rows = made.drain_audit(now_ns=NOW_NS)
        assert [row.source_id for row in rows] == [decision.source_id for decision in decisions]
        assert rows[0] == AuditRow(
            partner="JPN",
            verdict="released",
            kind="trajectory",
            local_id="KOR-T0",
            rule="JPN-warning",
            reason="",
            first_ns=NOW_NS,
            last_ns=NOW_NS,
            count=1,
            obligations=("drop_sensor_identity",),
            source_id=decisions[0].source_id,
        )
        assert made.drain_audit(now_ns=NOW_NS) == ()

    def test_equal_noes_are_one_row_a_minute(self) -> None:
        made = releaser()
        for number in range(100):
            no(made, product(), now_ns=at(number / 2), partner="CHN")
            assert made.drain_audit(now_ns=at(number / 2)) == ()
        (row,) = made.drain_audit(now_ns=at(60))
        assert (row.verdict, row.partner, row.reason, row.count) == ("withheld", "CHN", "no_grant", 100)
        assert (row.local_id, row.first_ns, row.last_ns) == ("KOR-T1", NOW_NS, at(49.5))

    def test_noes_that_differ_are_rows_of_their_own(self) -> None:
        made = releaser()
        no(made, product(), partner="CHN")
        no(made, product(Kind.LAUNCH), partner="CHN")
        no(made, product(compartments=("east",)))
        rows = made.drain_audit(now_ns=NOW_NS, everything=True)
        assert [(row.partner, row.kind, row.reason) for row in rows] == [
            ("CHN", "trajectory", "no_grant"),
            ("CHN", "launch", "no_grant"),
            ("JPN", "trajectory", "compartment"),
        ]

    def test_over_several_tracks_no_one_is_named(self) -> None:
        made = releaser()
        no(made, product(number=1), partner="CHN")
        no(made, product(number=2), partner="CHN")
        (row,) = made.drain_audit(now_ns=NOW_NS, everything=True)
        assert (row.local_id, row.count) == ("", 2)


def test_memory_of_subjects_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_RELEASE_SUBJECTS", 10)
    made = releaser()
    for number in range(50):
        yes(made, product(number=number))
    assert opened(yes(made, product(number=49), again=True)).revision == 2
    assert opened(yes(made, product(number=1), again=True)).revision == 1  # forgotten: counted anew
