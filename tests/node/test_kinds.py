"""Detections, assessments and the state of sensors between two nodes: granted alone by policy, used as each may be."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np
import pytest

from beaconfire.kernel import codec, wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import (
    AssessmentBody,
    DetectionBody,
    Kind,
    ReleasedBody,
    SensorStatusBody,
    TrajectoryBody,
)
from beaconfire.kernel.records import TrackUpdate
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import (
    Effect,
    EnvelopeIn,
    Input,
    NodeState,
    Partner,
    ScanIn,
    Send,
    ShowAudit,
    ShowTrack,
    Tick,
    initial,
    step,
)
from tests.exchange import detection_body, grant_toml, look, policy_toml
from tests.node.flight import SENSORS, START_NS, genesis, scan

LOOKS = 30
OPEN = "drop_sensor_identity = false"


@dataclass
class Told:
    """What Japan, which has no sensor of its own, made of Korea's words."""

    bodies: list[ReleasedBody] = field(default_factory=list)
    fused: list[TrackUpdate] = field(default_factory=list)
    rows: list[ShowAudit] = field(default_factory=list)
    own: list[TrackUpdate] = field(default_factory=list)

    def of(self, kind: type[ReleasedBody]) -> list[ReleasedBody]:
        return [body for body in self.bodies if isinstance(body, kind)]


def play(*kinds: str, more: str = OPEN, reorder: bool = False) -> Told:
    korea = initial(genesis("JPN", policy=policy_toml(grant_toml(kinds=kinds, more=more))), now_ns=START_NS)
    row = msgspec.structs.replace(genesis(sensors=b""), nation="JPN", partners=(Partner("KOR", bytes(32)),))
    japan = initial(row, now_ns=START_NS)
    told = Told()
    for number in range(LOOKS):
        seen = scan(number)
        effects = [*step(korea, ScanIn(seen), now_ns=seen.time_ns)[1], *step(korea, Tick(), now_ns=seen.time_ns)[1]]
        told.own += [effect.update for effect in effects if isinstance(effect, ShowTrack) and number == LOOKS - 1]
        _carry(effects[::-1] if reorder else effects, japan, told, seen.time_ns)
    later = START_NS + (2 * LOOKS + 20) * NS_PER_S
    _carry(step(korea, Tick(), now_ns=later)[1], japan, told, later)
    return told


def _carry(effects: Sequence[Effect], japan: NodeState, told: Told, now_ns: int) -> None:
    for effect in effects:
        if not isinstance(effect, Send):
            continue
        inner = wire.decode_release(wire.decode_envelope(effect.unsigned, realm=Realm.EXERCISE))
        body = wire.decode_body(inner.kind, inner.body)
        assert isinstance(body, ReleasedBody)
        told.bodies.append(body)
        for caused in step(japan, EnvelopeIn("KOR", effect.unsigned, b""), now_ns=now_ns)[1]:
            if isinstance(caused, ShowTrack):
                told.fused.append(caused.update)
            elif isinstance(caused, ShowAudit):
                told.rows.append(caused)


def test_detections_feed_the_fused_picture_as_a_sensor_of_the_partner() -> None:
    told = play("trajectory", "detection")
    assert told.of(DetectionBody)
    last = told.fused[-1]
    assert last.nations == ("KOR",)
    assert "KOR:KOR-R1" in last.sensors  # a sensor of the partner's, told apart from one of ours of that name
    own = next(update for update in told.own if update.picture == "own")
    off_m = float(np.linalg.norm(last.mean[:3] - own.mean[:3]))
    sigma_m = float(np.sqrt(np.trace(own.covariance[:3, :3])))
    assert off_m < 2.0 * sigma_m  # made of the same measurements


@pytest.mark.parametrize("reorder", [False, True])
def test_equal_information_counts_once_whichever_form_comes_first(reorder: bool) -> None:
    both = play("trajectory", "detection", reorder=reorder)
    batches = [body.batch_id for body in both.of(DetectionBody) if isinstance(body, DetectionBody)]
    twice = [body.batch_id for body in both.of(TrajectoryBody) if isinstance(body, TrajectoryBody)]
    assert set(batches) < set(twice)  # every batch came in both forms, the first posterior as a tracklet alone
    used = [one.id for update in both.fused for one in update.accepted]
    assert len(used) == len(set(used))
    of_batches = {name.split(":")[2] for name in used}
    by_form = [{name.split(":")[2] for name in used if name.count(":") == colons} for colons in (2, 3)]
    assert by_form[0].isdisjoint(by_form[1])
    assert of_batches <= {batch.hex() for batch in twice}
    assert bool(by_form[1]) is not reorder  # the detections stand before their tracklet, unless the lanes turn them


def test_detections_alone_make_a_track() -> None:
    told = play("detection")
    assert not told.of(TrajectoryBody)
    assert any(update.nations == ("KOR",) and update.status == "confirmed" for update in told.fused)


def test_a_sensors_identity_can_be_withheld_and_its_sensors_still_told_apart() -> None:
    told = play("detection", "sensor_status", more='drop_sensor_identity = true\nreveals = ["sensor_identity"]')
    bodies = [body for body in told.of(DetectionBody) if isinstance(body, DetectionBody)]
    names = {look.sensor for body in bodies for look in body.looks}
    assert len(names) == 1
    assert all(name.startswith("S") for name in names)
    assert {body.sensor for body in told.of(SensorStatusBody) if isinstance(body, SensorStatusBody)} == names


def test_an_assessment_is_shown_as_its_senders_word() -> None:
    told = play("assessment")
    assert told.of(AssessmentBody)
    rows = [row for row in told.rows if row.kind == Kind.ASSESSMENT]
    assert {row.verdict for row in rows} == {"told"}
    assert "at least 1" in rows[-1].reason
    assert told.fused == []  # no picture takes it


def test_a_sensor_that_falls_silent_is_told_once() -> None:
    told = play("sensor_status")
    states = [body.state for body in told.of(SensorStatusBody) if isinstance(body, SensorStatusBody)]
    assert states == ["looking", "silent"]
    assert [row.verdict for row in told.rows] == ["told", "told"]
    assert told.rows[-1].reason.startswith("silent since 2025-01-06T03:00:5")


def test_what_is_not_granted_is_not_even_made() -> None:
    told = play("launch")
    assert {type(body).__name__ for body in told.bodies} <= {"LaunchBody"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"values": (1.0, 2.0, 3.0)},
        {"values": (None, None, 0.3, None), "sigmas": (None, None, 1e-3, None)},
        {"values": (1e9, 0.4, 0.3, None), "sigmas": (30.0, 1e-3, 1e-3, None)},
        {"values": (350e3, 0.4, 2.0, None), "sigmas": (30.0, 1e-3, 1e-3, None)},
        {"sigmas": (0.0, 1e-3, 1e-3, 2.0)},
        {"sigmas": (None, 1e-3, 1e-3, 2.0)},
        {"of": "los", "values": (0.6, 0.0, 0.9), "sigmas": (3e-5,)},
        {"of": "los", "values": (0.6, None, 0.8), "sigmas": (3e-5,)},
        {"of": "los", "values": (0.6, 0.0, 0.8), "sigmas": (3e-5, 3e-5)},
        {"of": "los", "values": (0.6, 0.0, 0.8), "sigmas": (2.0,)},
        {"site": bytes(24)},
    ],
)
def test_a_look_that_no_sensor_can_have_is_refused(wrong: dict[str, object]) -> None:
    body = detection_body(looks=(look(**wrong),))
    with pytest.raises(Refused):
        wire.decode_body(Kind.DETECTION, codec.encode(body))


def own_rows(envelopes: dict[int, list[bytes]]) -> list[tuple[str, bytes, bytes]]:
    """The OWN picture of a Japan that sees the same flight itself, look by look, and takes these envelopes."""
    row = msgspec.structs.replace(
        genesis(), nation="JPN", sensors_toml=SENSORS.replace(b"KOR", b"JPN"), partners=(Partner("KOR", bytes(32)),)
    )
    japan = initial(row, now_ns=START_NS)
    rows = []
    for number in range(LOOKS):
        seen = scan(number, sensor_id="JPN-R1", seed=2)
        inputs: list[Input] = [
            ScanIn(seen),
            *(EnvelopeIn("KOR", data, b"") for data in envelopes.get(number, ())),
            Tick(),
        ]
        for item in inputs:
            for effect in step(japan, item, now_ns=seen.time_ns)[1]:
                if isinstance(effect, ShowTrack) and effect.update.picture == "own":
                    one = effect.update
                    rows.append((one.track_id, one.mean.tobytes(), one.covariance.tobytes()))
    return rows


def test_detections_of_a_partner_move_nothing_of_our_own() -> None:
    korea = initial(
        genesis("JPN", policy=policy_toml(grant_toml(kinds=["trajectory", "detection"], more=OPEN))), now_ns=START_NS
    )
    sent: dict[int, list[bytes]] = {}
    for number in range(LOOKS):
        seen = scan(number)
        effects = [*step(korea, ScanIn(seen), now_ns=seen.time_ns)[1], *step(korea, Tick(), now_ns=seen.time_ns)[1]]
        sent[number] = [effect.unsigned for effect in effects if isinstance(effect, Send)]
    assert sum(map(len, sent.values())) > 10
    assert own_rows(sent) == own_rows({})
