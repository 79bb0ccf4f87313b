"""What a commit sends: a few as they are; of many the last of each subject first, and history in bundles."""

import pytest

from beaconfire.kernel import limits, wire
from beaconfire.kernel.labels import Realm
from beaconfire.node import EnvelopeIn, Send
from beaconfire.share import Numbered, is_bundle, open_message
from beaconfire.shell.intake import Intake
from beaconfire.shell.parcels import parcels
from tests.exchange import key_pair, link_pair, open_releaser, product, send_all

PRIVATE, PUBLIC = key_pair(1)


def sends(count: int, *, tracks: int = 3) -> list[Send]:
    link, _ = link_pair()
    made = send_all(link, open_releaser(), [product(number=n % tracks, revision=n) for n in range(count)])
    return [sent(one) for one in made]


def sent(one: Numbered) -> Send:
    return Send(
        partner=one.partner, number=one.number, generation=one.generation, kind=one.kind, local_id=one.local_id,
        subject=one.subject, unsigned=one.unsigned, inner=one.inner, origin_signature=one.origin_signature,
    )  # fmt: skip


def numbers(data: bytes) -> list[int]:
    opened = open_message(data, key=PUBLIC, realm=Realm.EXERCISE)
    return [one.envelope.number for one in opened]


def test_a_few_go_as_they_are() -> None:
    made = sends(limits.BUNDLE_FROM - 1)
    out = list(parcels(made, PRIVATE.sign))
    assert [parcel.subject for parcel in out] == [send.subject for send in made]
    assert [numbers(parcel.data) for parcel in out] == [[send.number] for send in made]


def test_of_many_the_present_goes_first_and_alone_and_the_past_in_bundles() -> None:
    count, tracks = 200, 3
    out = list(parcels(sends(count, tracks=tracks), PRIVATE.sign))
    assert [numbers(parcel.data) for parcel in out[:tracks]] == [[count - 2], [count - 1], [count]]
    rest = [numbers(parcel.data) for parcel in out[tracks:]]
    assert [len(group) for group in rest] == [64, 64, 64, count - tracks - 3 * 64]
    assert sorted(number for group in rest for number in group) == list(range(1, count - tracks + 1))
    assert {parcel.subject for parcel in out[tracks:]} == {"bf.EXERCISE.rel.KOR.JPN.bundle.link"}
    assert all(is_bundle(parcel.data) and len(parcel.data) <= limits.MAX_BUNDLE_BYTES for parcel in out[tracks:])


def test_large_ones_fill_a_bundle_by_their_bytes() -> None:
    made = [
        Send("JPN", number, 1, "trajectory", "T", "bf.EXERCISE.rel.KOR.JPN.trajectory.T", bytes(16_000))
        for number in range(1, 41)
    ]
    out = list(parcels(made, PRIVATE.sign))
    assert len(out) > 3
    assert all(len(parcel.data) <= limits.MAX_BUNDLE_BYTES for parcel in out)


def test_nothing_is_nothing() -> None:
    assert list(parcels([], PRIVATE.sign)) == []


def test_the_intake_takes_a_bundle_as_its_envelopes_once() -> None:
    taken: list[tuple[wire.Envelope, EnvelopeIn]] = []
    intake = Intake(
        "KOR", key=PUBLIC, realm=Realm.EXERCISE, clock=lambda: 0.0, envelope=lambda *pair: taken.append(pair),
        control=lambda *_: None,
    )  # fmt: skip
    out = list(parcels(sends(40), PRIVATE.sign))
    for parcel in (*out, *out):
        intake.take("stored", parcel.data)
    assert sorted(envelope.number for envelope, _ in taken) == list(range(1, 41))
    assert (intake.taken, intake.copies) == (40, len(out))
    assert all(item.proof for envelope, item in taken if envelope.number <= 37)


@pytest.mark.parametrize("lane", ["direct", "stored"])
def test_a_bundle_costs_more_of_the_rate_than_one_and_less_than_all(lane: str) -> None:
    """Its price is a signature and the decoding of its bytes: history may come faster than singles, not without end."""
    intake = Intake(
        "KOR", key=PUBLIC, realm=Realm.EXERCISE, clock=lambda: 0.0, envelope=lambda *_: None, control=lambda *_: None
    )
    bundle = next(parcel.data for parcel in parcels(sends(80), PRIVATE.sign) if is_bundle(parcel.data))
    cost = 1 + len(bundle) // 4096
    assert 1 < cost < 64
    for number in range(limits.PARTNER_ENVELOPES_PER_S - cost + 1):
        intake.take("direct", number.to_bytes(4, "big"))
    intake.take(lane, bundle)  # type: ignore[arg-type]
    assert intake.taken == 0
    assert intake.has_room() is (lane == "direct")
