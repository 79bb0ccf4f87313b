"""The wire: bodies within bounds, releases in envelopes, realms apart by type, label and subject, controls."""

import hashlib
from typing import Any

import msgspec
import numpy as np
import pytest

from beaconfire.kernel import codec, limits, products, wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import Kind
from tests.exchange import (
    BODIES,
    NOW_NS,
    envelope,
    impact_body,
    key_pair,
    launch_body,
    release,
    sign,
    trajectory_body,
)

LINK_BODIES: dict[Kind, products.Body] = {
    Kind.WITHDRAWAL: products.WithdrawalBody(of=Kind.TRAJECTORY, id="T1", reason="a meteor"),
    Kind.VOID: products.VoidBody(first=2, last=5, anchor=bytes(32), closing=bytes(32), reason="policy"),
    Kind.EPOCH_CLOSE: products.EpochCloseBody(reason="restart"),
}


def control(kind: type[wire.Control] = wire.Receipt, **changes: Any) -> wire.Control:
    values: dict[str, Any] = {
        "format": 1,
        "sender": "KOR",
        "recipient": "JPN",
        "realm": Realm.EXERCISE,
        "epoch": 5,
        "counter": 9,
        "time_ns": NOW_NS,
    }
    own: dict[type, dict[str, Any]] = {
        wire.Hello: {"floor": 1, "seen_epoch": 0, "seen_number": 0, "seen_head": bytes(32)},
        wire.Beat: {
            "number": 4,
            "head": bytes(32),
            "clock_error_s": 0.001,
            "clock_trusted": True,
            "journal_seq": 77,
            "journal_head": bytes(32),
        },
        wire.Receipt: {"of_epoch": 5, "contiguous": 3, "head": bytes(32), "ranges": ((5, 6), (8, 8))},
    }
    return kind(**(values | own[kind] | changes))


def reason_of(kind: Kind, body: products.Body) -> str:
    with pytest.raises(Refused) as caught:
        wire.decode_body(kind, codec.encode(body))
    return caught.value.reason


class TestBodies:
    @pytest.mark.parametrize("kind", BODIES)
    def test_products_round_trip(self, kind: Kind) -> None:
        body = BODIES[kind]()
        assert wire.decode_body(kind, codec.encode(body)) == body

    @pytest.mark.parametrize("kind", LINK_BODIES)
    def test_the_others_round_trip(self, kind: Kind) -> None:
        body = LINK_BODIES[kind]
        assert wire.decode_body(kind, codec.encode(body)) == body

    def test_every_kind_has_a_body(self) -> None:
        assert set(wire.BODY_TYPES) == set(Kind)

    def test_an_impact_without_a_point(self) -> None:
        body = impact_body(
            time_ns=None,
            time_sigma_s=None,
            latitude_deg=None,
            longitude_deg=None,
            covariance_m2=None,
            reason="boosting",
        )
        assert wire.decode_body(Kind.IMPACT, codec.encode(body)) == body

    def test_an_impact_with_half_a_point(self) -> None:
        assert reason_of(Kind.IMPACT, impact_body(latitude_deg=None)) == "impact"

    def test_an_impact_with_an_open_ring(self) -> None:
        ring = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], "<f4").tobytes()
        assert reason_of(Kind.IMPACT, impact_body(footprint=(ring,))) == "ring"

    def test_a_launch_with_no_covariance(self) -> None:
        assert reason_of(Kind.LAUNCH, launch_body(covariance_m2=(1.0, 2.0, 1.0))) == "covariance"

    def test_a_trajectory_that_begins_after_its_time(self) -> None:
        assert reason_of(Kind.TRAJECTORY, trajectory_body(first_time_ns=NOW_NS + 1)) == "time"

    def test_a_trajectory_with_a_batch_id_of_17_bytes(self) -> None:
        assert reason_of(Kind.TRAJECTORY, trajectory_body(provenance=(bytes(17),))) == "provenance"

    def test_a_trajectory_with_too_much_provenance(self) -> None:
        many = tuple(number.to_bytes(16, "little") for number in range(limits.MAX_PROVENANCE + 1))
        assert reason_of(Kind.TRAJECTORY, trajectory_body(provenance=many)) == "invalid"

    def test_a_void_of_nothing(self) -> None:
        assert reason_of(Kind.VOID, msgspec.structs.replace(LINK_BODIES[Kind.VOID], last=1)) == "void"

    def test_a_withdrawal_of_a_void(self) -> None:
        assert reason_of(Kind.WITHDRAWAL, msgspec.structs.replace(LINK_BODIES[Kind.WITHDRAWAL], of=Kind.VOID)) == "kind"

    @pytest.mark.parametrize(
        ("kind", "changes"),
        [
            (Kind.LAUNCH, {"event": "a.b"}),  # a dot would add a token to the subject
            (Kind.LAUNCH, {"event": "*"}),
            (Kind.LAUNCH, {"event": ""}),
            (Kind.LAUNCH, {"event": "x" * 65}),
            (Kind.LAUNCH, {"event": "E1\n"}),
            (Kind.LAUNCH, {"latitude_deg": 90.1}),
            (Kind.LAUNCH, {"longitude_deg": float("nan")}),
            (Kind.LAUNCH, {"time_ns": 0}),
            (Kind.LAUNCH, {"count_at_least": 1001}),
            (Kind.LAUNCH, {"count_at_least": -1}),
            (Kind.LAUNCH, {"classes": (1.0,)}),
            (Kind.LAUNCH, {"classes": (2.0, 0, 0, 0, 0, 0)}),
            (Kind.LAUNCH, {"status": "great"}),
            (Kind.LAUNCH, {"coarsened_m": -1.0}),
            (Kind.TRAJECTORY, {"mean": bytes(40)}),
            (Kind.TRAJECTORY, {"batch_id": bytes(15)}),
            (Kind.TRAJECTORY, {"sensors": ("a b",)}),
            (Kind.IMPACT, {"reason": "because"}),
        ],
    )
    def test_out_of_bounds(self, kind: Kind, changes: dict[str, Any]) -> None:
        assert reason_of(kind, BODIES[kind](**changes)) == "invalid"

    def test_ids(self) -> None:
        assert wire.body_id(trajectory_body()) == "KOR-T1"
        assert wire.body_id(launch_body()) == wire.body_id(impact_body()) == "KOR-E1"
        assert [wire.body_id(body) for body in LINK_BODIES.values()] == ["T1", "link", "link"]

    def test_the_hash_of_a_record_is_over_kind_and_bytes(self) -> None:
        body = launch_body()
        expected = hashlib.sha256(b"launch\0" + msgspec.msgpack.encode(body)).digest()
        assert wire.body_hash(Kind.LAUNCH, body) == expected


class TestEnvelope:
    def test_round_trip(self) -> None:
        sent = envelope()
        got = wire.decode_envelope(codec.encode(sent), realm=Realm.EXERCISE)
        assert got == sent
        assert wire.decode_release(got) == release()

    def test_a_track_fits_in_half_a_kibibyte(self) -> None:
        assert len(codec.encode(envelope())) < 600

    def test_a_live_intake_cannot_read_an_exercise_envelope(self) -> None:
        with pytest.raises(Refused) as caught:
            wire.decode_envelope(codec.encode(envelope()), realm=Realm.LIVE)
        assert caught.value.reason == "realm"

    def test_nor_one_that_calls_itself_live_inside(self) -> None:
        forged = codec.encode(envelope(realm=Realm.LIVE))
        for realm in Realm:
            with pytest.raises(Refused) as caught:
                wire.decode_envelope(forged, realm=realm)
            assert caught.value.reason == "realm"

    def test_a_release_of_another_realm_inside(self) -> None:
        outer = envelope(content=codec.encode(release(realm=Realm.LIVE)))
        with pytest.raises(Refused) as caught:
            wire.decode_release(outer)
        assert caught.value.reason == "realm"

    def test_a_release_of_another_kind_inside(self) -> None:
        with pytest.raises(Refused) as caught:
            wire.decode_release(envelope(kind=Kind.LAUNCH))
        assert caught.value.reason == "kind"

    def test_number_zero(self) -> None:
        with pytest.raises(Refused) as caught:
            wire.decode_envelope(codec.encode(envelope(number=0)), realm=Realm.EXERCISE)
        assert caught.value.reason == "invalid"

    def test_the_chain_is_over_unsigned_bytes(self) -> None:
        unsigned = codec.encode(envelope())
        assert wire.chain_hash(unsigned) == hashlib.sha256(unsigned).digest()
        one, other = (wire.decode_signed(sign(unsigned, key_pair(seed)[0])) for seed in (1, 2))
        assert one.signature != other.signature
        assert wire.chain_hash(one.unsigned) == wire.chain_hash(other.unsigned)

    def test_subjects(self) -> None:
        assert wire.subject(envelope(), "T06ab") == "bf.EXERCISE.rel.KOR.JPN.trajectory.T06ab"
        assert wire.release_subjects(Realm.LIVE, sender="KOR", recipient="JPN") == "bf.LIVE.rel.KOR.JPN.>"
        assert wire.control_subject(control()) == "bf.EXERCISE.ctl.KOR.JPN.receipt"


class TestSigned:
    def test_round_trip(self) -> None:
        private, _ = key_pair()
        data = sign(b"words", private)
        assert wire.decode_signed(data) == wire.Signed(unsigned=b"words", signature=private.sign(b"words"))

    @pytest.mark.parametrize("length", [0, 63, 65])
    def test_a_signature_has_64_bytes(self, length: int) -> None:
        with pytest.raises(Refused) as caught:
            wire.decode_signed(codec.encode(wire.Signed(unsigned=b"w", signature=bytes(length))))
        assert caught.value.reason == "invalid"

    def test_too_large(self) -> None:
        big = wire.Signed(unsigned=bytes(limits.MAX_ENVELOPE_BYTES), signature=bytes(64))
        with pytest.raises(Refused) as caught:
            wire.decode_signed(codec.encode(big))
        assert caught.value.reason == "too_large"


class TestControls:
    @pytest.mark.parametrize("kind", [wire.Hello, wire.Beat, wire.Receipt])
    def test_round_trip(self, kind: type[wire.Control]) -> None:
        sent = control(kind)
        got = wire.decode_control(codec.encode(sent), realm=Realm.EXERCISE)
        assert got == sent
        assert type(got) is kind

    def test_another_realm(self) -> None:
        with pytest.raises(Refused) as caught:
            wire.decode_control(codec.encode(control()), realm=Realm.LIVE)
        assert caught.value.reason == "realm"

    def test_an_envelope_is_no_control(self) -> None:
        with pytest.raises(Refused) as caught:
            wire.decode_control(codec.encode(envelope()), realm=Realm.EXERCISE)
        assert caught.value.reason == "invalid"

    def test_too_many_ranges(self) -> None:
        ranges = tuple((2 * number, 2 * number) for number in range(1, limits.RECEIPT_RANGES + 2))
        with pytest.raises(Refused) as caught:
            wire.decode_control(codec.encode(control(ranges=ranges)), realm=Realm.EXERCISE)
        assert caught.value.reason == "invalid"
