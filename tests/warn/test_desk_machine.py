"""Whatever people do in whatever order, with a node that stops and starts between: only what two of them approved goes.

A model keeps, beside the desk, which bytes each person truly approved and when; every message that goes out must be
paid for in the model by two people who did not write it, in two sessions, within five minutes, and each order once.
What a message looks like is no matter here: its bytes are the message's own, and so each example is quick.
"""

import copy
import pickle
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import AlertAction, AlertStatus, Approved, MessageKind, Order
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import EventStatus
from beaconfire.kernel.time import NS_PER_S
from beaconfire.warn import press, signed_bytes
from tests.kernel.securitykeys import PRESENT, SoftKey
from tests.warn.desks import Bench, area

A = AlertAction
OFFICERS = ("baba", "chiba", "doi")
AREAS = ("JP-01", "JP-02", "JP-03", "JP-05")
SESSIONS = ("first session", "second session")
LIFE_S = 2_000.0  # of the threat: nothing passes while the machine plays
ENDS = {A.CANCEL: MessageKind.CANCEL, A.CORRECT: MessageKind.CORRECTION, A.ALL_CLEAR: MessageKind.ALL_CLEAR}
FLAWS: dict[str, dict[str, Any]] = {
    "": {}, "other bytes": {}, "other realm": {}, "other key": {}, "not verified": {"flags": PRESENT},
    "other origin": {"origin": "http://localhost:8601"}, "other name": {"rp_id": "evil.example"},
    "in a frame": {"more": {"crossOrigin": True}}, "an enrolment": {"more": {"type": "webauthn.create"}},
}  # fmt: skip


@dataclass
class Paid:
    """What the model knows of one draft's bytes."""

    author: str
    session: str
    approvals: dict[str, tuple[str, int]] = field(default_factory=dict)  # person: session, time


class Approvals(RuleBasedStateMachine):
    """Officers, authors, clicks, sleep and restarts around one event."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(press, "render", lambda message, *, authority: msgspec.msgpack.encode(message))
        self.bench = Bench()
        self.paid: dict[bytes, Paid] = {}
        self.ended_by: dict[bytes, str] = {}  # bytes of an end: the officer who ordered them
        self.given: list[Order] = []
        self.seen: list[bytes] = []
        self.checked = 0
        self.areas: set[str] = {"JP-02"}
        self.look()

    def teardown(self) -> None:
        self.patch.undo()

    def look(self) -> None:
        self.bench.see(*(area(name, after_s=LIFE_S) for name in sorted(self.areas)))
        self.note()

    def note(self) -> None:
        """Take down whose bytes lie on the desk."""
        view = self.bench.view
        if view.draft is not None and view.draft.digest not in self.paid:
            session = f"session of {view.draft.author}" if view.draft.author != "desk" else ""
            self.paid[view.draft.digest] = Paid(view.draft.author, session)
            self.seen.append(view.draft.digest)

    def give(self, order: Order) -> str:
        """Give an order and take down what a true one pays."""
        fresh = order not in self.given
        reason = self.bench.give(order)
        self.given.append(order)
        if fresh and not reason and order.action is A.APPROVE:
            paid = self.paid[order.digest]
            assert order.person != paid.author
            paid.approvals[order.person] = (order.session, order.issued_ns)
        if fresh and not reason and order.action in ENDS and order.digest:
            self.ended_by[order.digest] = order.person
        if not fresh:
            assert reason, "a double click did something"
        self.note()
        return reason

    # --- what people do -------------------------------------------------------------------------------

    @rule(person=st.sampled_from((*OFFICERS, "aoki")), areas=st.sets(st.sampled_from(AREAS)))
    def drafts_by_hand(self, person: str, areas: set[str]) -> None:
        action = A.UPDATE if self.bench.view.sent else A.DRAFT
        self.give(self.bench.signed(person, action, areas=tuple(sorted(areas))))

    @rule(person=st.sampled_from((*OFFICERS, "aoki")))
    def submits(self, person: str) -> None:
        self.give(self.bench.signed(person, A.SUBMIT))

    @rule(person=st.sampled_from((*OFFICERS, "aoki")), session=st.sampled_from((None, *SESSIONS)))
    def approves(self, person: str, session: str | None) -> None:
        changes = {} if session is None else {"session": session}
        self.give(self.bench.signed(person, A.APPROVE, **changes))

    @rule(person=st.sampled_from((*OFFICERS, "aoki")), flaw=st.sampled_from(tuple(FLAWS)))
    def approves_by_security_key(self, person: str, flaw: str) -> None:
        """A security key's word is as good as another, and with any flaw none."""
        order = self.bench.signed(person, A.APPROVE)
        meant = msgspec.structs.replace(order, digest=bytes(32)) if flaw == "other bytes" else order
        data = signed_bytes(meant, realm=Realm.LIVE if flaw == "other realm" else Realm.EXERCISE)
        soft = SoftKey("somebody" if flaw == "other key" else person, **FLAWS[flaw])
        reason = self.give(msgspec.structs.replace(order, signature=soft.proof(data)))
        assert not flaw or reason

    @rule(
        writer=st.sampled_from((None, *OFFICERS)),
        hands=st.lists(
            st.tuples(st.sampled_from(OFFICERS), st.sampled_from((None, *SESSIONS))), min_size=1, max_size=3
        ),
    )
    def all_hurry(self, writer: str | None, hands: list[tuple[str, str | None]]) -> None:
        """What must be rare among single orders and is what a busy night looks like: one after the other, at once."""
        if writer is not None:
            self.drafts_by_hand(writer, set())
        self.submits("aoki")
        for person, session in hands:
            self.approves(person, session)
            self.nothing_went_that_was_not_paid_for()

    @rule(person=st.sampled_from(OFFICERS), data=st.data())
    def approves_bytes_of_before(self, person: str, data: st.DataObject) -> None:
        digest = data.draw(st.sampled_from(self.seen))
        draft = self.bench.view.draft
        reason = self.give(self.bench.signed(person, A.APPROVE, digest=digest))
        assert reason or (draft is not None and digest == draft.digest)

    @rule(person=st.sampled_from(OFFICERS), junk=st.binary(min_size=32, max_size=32))
    def approves_bytes_of_nowhere(self, person: str, junk: bytes) -> None:
        assert self.give(self.bench.signed(person, A.APPROVE, digest=junk))

    @rule(person=st.sampled_from(OFFICERS), age_s=st.floats(limits.ORDER_VALID_S + 1.0, 4_000.0))
    def approves_long_ago(self, person: str, age_s: float) -> None:
        issued_ns = self.bench.now_ns - int(age_s * NS_PER_S)
        assert self.give(self.bench.signed(person, A.APPROVE, issued_ns=issued_ns))

    @precondition(lambda self: self.given)
    @rule(data=st.data())
    def clicks_twice(self, data: st.DataObject) -> None:
        self.give(data.draw(st.sampled_from(self.given)))

    @rule(person=st.sampled_from(OFFICERS), action=st.sampled_from(tuple(ENDS)), ready=st.booleans())
    def ends(self, person: str, action: AlertAction, ready: bool) -> None:
        found = [item.digest for item in self.bench.view.ready if item.kind is ENDS[action]]
        digest = found[0] if ready and found else bytes(32)
        was_sent = bool(self.bench.view.sent)
        reason = self.give(self.bench.signed(person, action, digest=digest))
        assert reason or (was_sent and digest != bytes(32))

    @rule(person=st.sampled_from(OFFICERS))
    def cancels_the_unknown(self, person: str) -> None:
        assert self.give(self.bench.signed(person, A.CANCEL, alert_id="JPN-E77-A1")) in ("unknown", "clock")

    @rule(person=st.sampled_from(OFFICERS))
    def withdraws(self, person: str) -> None:
        self.give(self.bench.signed(person, A.WITHDRAW))

    # --- what happens around them ---------------------------------------------------------------------

    @rule(areas=st.sets(st.sampled_from(AREAS), min_size=1))
    def the_threat_moves(self, areas: set[str]) -> None:
        self.areas = areas
        self.bench.at_s += 1.0
        self.look()

    @rule(seconds=st.sampled_from((1.0, 30.0, 290.0, 310.0)))
    def time_passes(self, seconds: float) -> None:
        self.bench.at_s += seconds
        self.look()
        self.bench.took(self.bench.desk.tick(now_ns=self.bench.now_ns))
        self.note()

    @rule(how=st.sampled_from(("copy", "pickle")))
    def the_node_restarts(self, how: str) -> None:
        desk = self.bench.desk
        self.bench.desk = copy.deepcopy(desk) if how == "copy" else pickle.loads(pickle.dumps(desk))

    @rule(trusted=st.booleans())
    def the_clock_is_doubted(self, trusted: bool) -> None:
        self.bench.took(self.bench.desk.trust_clock(trusted, now_ns=self.bench.now_ns))
        if not trusted:
            for paid in self.paid.values():
                paid.approvals.clear()

    @rule()
    def the_track_is_lost_for_a_moment(self) -> None:
        self.bench.at_s += 1.0
        self.bench.see(status=EventStatus.LOST, reach="lost")
        self.note()

    # --- what must hold -------------------------------------------------------------------------------

    @invariant()
    def nothing_went_that_was_not_paid_for(self) -> None:
        for approved in self.bench.published[self.checked :]:
            self.check(approved)
        self.checked = len(self.bench.published)

    def check(self, approved: Approved) -> None:
        if approved.kind in ENDS.values():
            assert approved.approved_by == (self.ended_by[approved.digest],)
            return
        paid, now_ns = self.paid[approved.digest], self.bench.now_ns
        valid = {
            person: session
            for person, (session, issued_ns) in paid.approvals.items()
            if now_ns - issued_ns <= limits.ORDER_VALID_S * NS_PER_S
        }
        needs = 2 if approved.kind in (MessageKind.SHELTER, MessageKind.UPDATE) else 1
        assert set(approved.approved_by) <= valid.keys()
        assert len(set(approved.approved_by)) >= needs
        assert len({valid[person] for person in approved.approved_by}) >= needs
        assert paid.author not in approved.approved_by
        assert paid.session not in {valid[person] for person in approved.approved_by}

    @invariant()
    def every_message_has_bytes_and_an_identifier_of_its_own(self) -> None:
        identifiers = [item.identifier for item in self.bench.published]
        assert len(identifiers) == len(set(identifiers))
        assert len({item.digest for item in self.bench.published}) == len(identifiers)

    @invariant()
    def what_has_ended_stays_ended(self) -> None:
        for view in self.bench.desk.alerts()[:-1]:
            assert view.status in (
                AlertStatus.CANCELLED,
                AlertStatus.ALL_CLEAR,
                AlertStatus.WITHDRAWN,
                AlertStatus.EXPIRED,
            )
            assert view.draft is None
            assert view.ready == ()


Approvals.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestApprovals = Approvals.TestCase
