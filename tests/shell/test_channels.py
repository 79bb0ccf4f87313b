"""A channel: one realm, one queue per end-point, retries, receipts; with sinks whose failures are scripted."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from beaconfire.kernel import limits
from beaconfire.kernel.errors import ChannelDown, Refused
from beaconfire.kernel.labels import Realm
from beaconfire.shell.channels import Channel, ExerciseAlert, LiveAlert, Pace, SignedAlert, admit
from tests.shell.cap import Receipts, cap, distrusting, message, trusting
from tests.shell.support import until

FAST = Pace(attempt_s=0.2, first_wait_s=0.01, longest_wait_s=0.04, attempts=5, probe_s=60.0)
NOW_NS = 10**18


class Scripted:
    """A sink that fails as told, then takes everything."""

    def __init__(self, *failures: Exception | None, endpoint: str = "siren-1") -> None:
        self.endpoint = endpoint
        self.failures = list(failures)
        self.taken: list[str] = []
        self.attempts = self.probes = 0

    async def deliver(self, alert: SignedAlert) -> None:
        self.attempts += 1
        if self.failures and (failure := self.failures.pop(0)) is not None:
            raise failure
        self.taken.append(alert.identifier)

    async def probe(self) -> None:
        self.probes += 1
        if self.failures and self.failures[0] is not None:
            raise self.failures[0]


class Silent(Scripted):
    """A sink that never answers."""

    async def deliver(self, alert: SignedAlert) -> None:
        self.attempts += 1
        await asyncio.sleep(3600)

    async def probe(self) -> None:
        await asyncio.sleep(3600)


def played(
    story: Callable[[Channel, Receipts], Awaitable[None]], *sinks: Scripted, realm: Realm = Realm.EXERCISE,
    pace: Pace = FAST, verify: Callable[[bytes], None] = trusting, now_ns: Callable[[], int] = lambda: NOW_NS,
) -> Receipts:  # fmt: skip
    """Run a story on a channel of sinks and return everything it told."""
    receipts = Receipts()

    async def run() -> None:
        channel = Channel(
            "sirens", sinks, realm=realm, verify=verify, now_ns=now_ns, receipt=receipts.append, pace=pace
        )
        channel.start()
        await story(channel, receipts)
        await channel.close(timeout_s=0.0)

    asyncio.run(run())
    return receipts


def sending(*alerts: SignedAlert, told: int) -> Callable[[Channel, Receipts], Awaitable[None]]:
    async def story(channel: Channel, receipts: Receipts) -> None:
        for alert in alerts:
            channel.send(alert)
        await until(lambda: len(receipts) >= told)

    return story


def test_every_end_point_gives_its_own_receipt() -> None:
    one, two = Scripted(endpoint="north"), Scripted(endpoint="south")
    receipts = played(sending(message(), told=2), one, two)
    assert {(row.channel, row.endpoint, row.ok, row.alert_id) for row in receipts} == {
        ("sirens", "north", True, "KOR-A1"), ("sirens", "south", True, "KOR-A1"),
    }  # fmt: skip


def test_a_channel_that_is_down_is_named_and_tried_again() -> None:
    sink = Scripted(ChannelDown("connection refused"), ChannelDown("connection refused"))
    receipts = played(sending(message(), told=2), sink)
    assert receipts.short == [("KOR-A1-1", False), ("KOR-A1-1", True)]
    assert receipts.details == ["connection refused; tried again", "attempt 3"]


def test_one_end_point_that_is_down_holds_up_no_other() -> None:
    dead, alive = Silent(endpoint="dead"), Scripted(endpoint="alive")

    async def story(channel: Channel, receipts: Receipts) -> None:
        channel.send(message())
        await until(lambda: any(row.ok for row in receipts))
        assert alive.taken == ["KOR-A1-1"]
        await until(lambda: any(row.endpoint == "dead" for row in receipts))

    receipts = played(story, dead, alive)
    told = {row.endpoint: row.detail for row in receipts}
    assert told["dead"] == "no answer within 0.2 s; tried again"


def test_attempts_are_bounded_and_the_next_message_gets_its_turn() -> None:
    sink = Scripted(*[ChannelDown("no route")] * 5)
    receipts = played(sending(message("M1"), message("M2"), told=3), sink)
    assert receipts.short == [("M1", False), ("M1", False), ("M2", True)]
    assert receipts.details[1] == "given up after 5 attempts: no route"


def test_a_final_refusal_is_not_repeated() -> None:
    sink = Scripted(ChannelDown("answered 403", final=True))
    receipts = played(sending(message(), told=1), sink)
    assert (receipts.details, sink.attempts) == (["answered 403"], 1)


def test_a_fault_of_a_sink_is_a_receipt_and_ends_nothing() -> None:
    sink = Scripted(ZeroDivisionError("oh"))
    receipts = played(sending(message(), told=2), sink)
    assert receipts.details[0] == "failed: ZeroDivisionError: oh; tried again"
    assert receipts[1].ok


def test_messages_go_in_order() -> None:
    sink = Scripted(None, ChannelDown("busy"), None)
    played(sending(message("M1"), message("M2"), message("M3"), told=4), sink)
    assert sink.taken == ["M1", "M2", "M3"]


def test_a_cancel_overtakes_the_warning_that_still_waits() -> None:
    """A siren that was down must not sound for an alert that was taken back meanwhile."""
    sink = Scripted(*[ChannelDown("down")] * 2)

    async def story(channel: Channel, receipts: Receipts) -> None:
        channel.send(message("M1"))
        channel.send(message("X1", alert_id="KOR-A2"))
        await until(lambda: len(receipts) == 1)
        channel.send(message("M2", kind="cancel", ends=True))
        await until(lambda: receipts.short[-1] == ("M2", True))

    receipts = played(story, sink, pace=Pace(first_wait_s=0.3, longest_wait_s=0.3))
    assert sink.taken == ["X1", "M2"]
    assert "not sent any more: M2 ended the alert first" in receipts.details


def test_a_cancel_goes_after_a_warning_whose_delivery_has_begun() -> None:
    """Nobody knows whether it was heard, so its cancel must be."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Scripted):
        async def deliver(self, alert: SignedAlert) -> None:
            if alert.identifier == "M1":
                begun.set()
                await go_on.wait()
            await super().deliver(alert)

    sink = Slow()

    async def story(channel: Channel, receipts: Receipts) -> None:
        channel.send(message("M1"))
        await begun.wait()
        channel.send(message("M2", kind="cancel", ends=True))
        go_on.set()
        await until(lambda: ("M2", True) in receipts.short)

    receipts = played(story, sink, pace=Pace())
    assert sink.taken == ["M1", "M2"]
    assert receipts.short == [("M1", False), ("M1", True), ("M2", True)]


def test_an_expired_message_is_not_sent() -> None:
    clock = [NOW_NS]
    sink = Scripted(ChannelDown("down"))

    async def story(channel: Channel, receipts: Receipts) -> None:
        channel.send(message(expires_ns=NOW_NS + 1))
        await until(lambda: len(receipts) == 1)
        clock[0] += 1
        await until(lambda: len(receipts) == 2)

    receipts = played(story, sink, now_ns=lambda: clock[0])
    assert (receipts.details[-1], sink.taken) == ("expired before it could be delivered", [])


def test_the_queue_is_bounded_and_says_what_it_drops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_CHANNEL_QUEUE", 3)
    sink = Silent()

    async def story(channel: Channel, receipts: Receipts) -> None:
        for number in range(5):
            channel.send(message(f"M{number}"))
        assert channel.health[0].waiting == 3

    receipts = played(story, sink)
    assert receipts.short == [("M3", False), ("M4", False)]
    assert receipts.details == ["not taken: 3 messages wait"] * 2


def test_the_self_test_has_a_visible_age() -> None:
    sink = Scripted()

    async def story(channel: Channel, receipts: Receipts) -> None:
        first = channel.health[0]
        assert first.tested_s is None
        await until(lambda: channel.health[0].tested_s is not None)
        await asyncio.sleep(0.05)
        assert (channel.health[0].tested_s or 0.0) >= 0.05
        assert (channel.health[0].ok, channel.health[0].delivered_s) == (True, None)
        await until(lambda: sink.probes >= 3)

    played(story, sink, pace=Pace(probe_s=0.1))


def test_a_failed_self_test_names_the_end_point() -> None:
    sink = Scripted(ChannelDown("answered 503"))

    async def story(channel: Channel, receipts: Receipts) -> None:
        await until(lambda: channel.health[0].ok is False)
        assert (channel.health[0].endpoint, channel.health[0].detail) == ("siren-1", "answered 503")

    assert played(story, sink) == []


@pytest.mark.parametrize("realm", list(Realm))
def test_a_message_of_the_other_realm_is_refused_without_asking_anyone(realm: Realm) -> None:
    """Its type alone decides, whatever its text and signature say."""
    other = next(each for each in Realm if each is not realm)
    sink = Scripted()
    disguised = message(realm=other, xml=cap(realm=realm))
    receipts = played(sending(disguised, told=1), sink, realm=realm)
    assert (receipts.short, sink.taken) == ([("KOR-A1-1", False)], [])
    assert receipts.details[0].startswith("refused: alert channel: the message is a ")


@pytest.mark.parametrize("realm", list(Realm))
def test_each_mark_of_a_realm_is_needed(realm: Realm) -> None:
    other = next(each for each in Realm if each is not realm)
    admit(message(realm=realm), realm=realm, verify=trusting)
    kinds = {Realm.LIVE: LiveAlert, Realm.EXERCISE: ExerciseAlert}
    assert type(message(realm=realm)) is kinds[realm]
    for reason, alert, verify in (
        ("type", message(realm=other, xml=cap(realm=realm)), trusting),
        ("type", SignedAlert("A", "I", "shelter", 1, False, cap(realm=realm)), trusting),
        ("status", message(realm=realm, xml=cap(realm=other)), trusting),
        ("signature", message(realm=realm), distrusting),
    ):
        with pytest.raises(Refused) as caught:
            admit(alert, realm=realm, verify=verify)
        assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        (b"", "xml"), (b"<alert>", "xml"), (b"\xff\xfe", "xml"), (b"<alert/>", "status"), (b"x" * 600_000, "size"),
        (b'<!DOCTYPE a [<!ENTITY s "Exercise">]><alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
         b"<status>&s;</status></alert>", "status"),
    ],
)  # fmt: skip
def test_bytes_that_are_no_message_are_refused(xml: bytes, reason: str) -> None:
    with pytest.raises(Refused) as caught:
        admit(message(xml=xml), realm=Realm.EXERCISE, verify=trusting)
    assert caught.value.reason == reason


def test_closing_gives_what_waits_a_moment() -> None:
    sink = Scripted(ChannelDown("busy"))
    receipts = Receipts()

    async def run() -> None:
        channel = Channel(
            "c", [sink], realm=Realm.EXERCISE, verify=trusting, now_ns=lambda: NOW_NS, receipt=receipts.append,
            pace=FAST,
        )  # fmt: skip
        channel.start()
        channel.send(message())
        await channel.close(timeout_s=5.0)

    asyncio.run(run())
    assert sink.taken == ["KOR-A1-1"]
