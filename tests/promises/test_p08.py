"""P8: With all partners gone, or any one of them lying, the OWN proposal has the same bytes at the same node time as
standing alone, and warning never waits for FUSED.

Korea is played three times through the first minutes of one flight, by the same scans: alone, with honest partners,
and with partners whose every word is a lie that keeps all forms. What is OWN must not differ in a byte, nor come later.
That holds for the picture and for what it would warn of: here Korea answers for the areas that the flight passes over.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import msgspec
import numpy as np
import pytest

from beaconfire.kernel import codec, wire
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import ImpactBody, Kind, LaunchBody, ReleasedBody, TrajectoryBody
from beaconfire.node import (
    Effect,
    EnvelopeIn,
    Input,
    ScanIn,
    Send,
    ShowAlert,
    ShowAudit,
    ShowEvent,
    ShowTrack,
    Tick,
    digest,
    initial,
    step,
)
from beaconfire.rehearse import Simulation, read_scenario, shipped, simulate
from beaconfire.rehearse.conductor import beats
from beaconfire.rehearse.network import genesis_rows, play
from beaconfire.warn import areas, warning_preset

DURATION_S = 160.0  # launched at 30 s: Korea's own event is confirmed, and partners have told of theirs
NATION = "KOR"
WARNING = warning_preset(NATION, Realm.EXERCISE, languages=("en",), areas=areas().ids("PRK"))


@dataclass(frozen=True)
class Heard:
    """What one partner sent in one tick."""

    partner: str
    unsigned: bytes


Mail = Mapping[int, tuple[Heard, ...]]


@cache
def simulation() -> Simulation:
    scenario = read_scenario(shipped("2025-01-06"), where="2025-01-06")
    return simulate(msgspec.structs.replace(scenario, duration_s=DURATION_S))


@cache
def honest() -> Mail:
    """What the partners really send to Korea, by the tick after which it is there."""
    letters: dict[int, tuple[Heard, ...]] = {}
    for row in play(simulation(), genesis_rows(simulation().scenario, seed=1)):
        sent = tuple(
            Heard(row.nation, effect.unsigned)
            for effect in row.effects
            if isinstance(effect, Send) and effect.partner == NATION
        )
        letters[row.beat + 1] = letters.get(row.beat + 1, ()) + sent
    return letters


def korea(mail: Mail, *, joined: bool = True) -> Iterator[tuple[int, Effect]]:
    """The effects of Korea's node, each with its tick, when this mail arrives."""
    genesis = msgspec.structs.replace(genesis_rows(simulation().scenario, seed=1)[NATION], warning_toml=WARNING)
    state = initial(genesis if joined else msgspec.structs.replace(genesis, partners=()), now_ns=0)
    for beat in beats(simulation()):
        letters = [EnvelopeIn(heard.partner, heard.unsigned, b"") for heard in mail.get(beat.number, ())]
        scans = [ScanIn(scan) for scan in beat.scans.get(NATION, ())]
        inputs: tuple[Input, ...] = (*scans, *letters, Tick())
        for item in inputs:
            state, effects = step(state, item, now_ns=beat.time_ns)
            yield from ((beat.number, effect) for effect in effects)


def picture(effect: Effect) -> str | None:
    if isinstance(effect, ShowTrack):
        return effect.update.picture
    if isinstance(effect, ShowAlert):
        return effect.row.picture
    return effect.revision.picture if isinstance(effect, ShowEvent) else None


def shown(effects: list[tuple[int, Effect]], name: str) -> list[tuple[int, bytes]]:
    """Ticks and bytes of one picture; an event's revision numbers count both pictures, so they are left out."""
    found = []
    for beat, effect in effects:
        if picture(effect) != name:
            continue
        if isinstance(effect, ShowEvent):
            revision = msgspec.structs.replace(effect.revision, revision=0, aliases=())
            effect = ShowEvent(revision)
        found.append((beat, digest([effect])))
    return found


@cache
def alone() -> list[tuple[int, Effect]]:
    return list(korea({}, joined=False))


@cache
def among_friends() -> list[tuple[int, Effect]]:
    return list(korea(honest()))


# --- lies, each well-formed and signed by the partner that tells it ---------------------------------------------------


def elsewhere(body: ReleasedBody) -> ReleasedBody:
    """Everything is 200 km away, and very sure of it."""
    if isinstance(body, TrajectoryBody):
        mean = codec.unpack_state(body.mean, where="lie")
        mean[:3] += np.array([2e5, 0.0, 0.0])
        return msgspec.structs.replace(body, mean=codec.pack_state(mean), factor=sure(body.factor))
    if isinstance(body, LaunchBody | ImpactBody) and body.latitude_deg is not None:
        return msgspec.structs.replace(body, latitude_deg=body.latitude_deg - 2.0)
    return body


def too_sure(body: ReleasedBody) -> ReleasedBody:
    """The right place with a hundredth of the covariance."""
    return msgspec.structs.replace(body, factor=sure(body.factor)) if isinstance(body, TrajectoryBody) else body


def sure(factor: bytes) -> bytes:
    return codec.pack_covariance(codec.unpack_covariance(factor, where="lie") / 100.0)


def it_is_an_aircraft(body: ReleasedBody) -> ReleasedBody:
    """Nothing was launched: another mode, no count."""
    if isinstance(body, TrajectoryBody):
        return msgspec.structs.replace(body, modes=(0.0, 0.0, 0.0, 1.0))
    if isinstance(body, LaunchBody):
        return msgspec.structs.replace(body, count_at_least=0, count_probability=0.0)
    return body


LIES: tuple[Callable[[ReleasedBody], ReleasedBody], ...] = (elsewhere, too_sure, it_is_an_aircraft)


def told(heard: Heard, lie: Callable[[ReleasedBody], ReleasedBody]) -> Heard:
    envelope = wire.decode_envelope(heard.unsigned, realm=Realm.EXERCISE)
    release = wire.decode_release(envelope)
    body = wire.decode_body(Kind(release.kind), release.body)
    assert isinstance(body, TrajectoryBody | LaunchBody | ImpactBody)
    inner = msgspec.structs.replace(release, body=codec.encode(lie(body)))
    return Heard(heard.partner, codec.encode(msgspec.structs.replace(envelope, content=codec.encode(inner))))


@cache
def lied_to(lie: Callable[[ReleasedBody], ReleasedBody]) -> list[tuple[int, Effect]]:
    return list(korea({beat: tuple(told(heard, lie) for heard in row) for beat, row in honest().items()}))


def test_the_run_is_worth_lying_about() -> None:
    confirmed = [e.revision for _, e in alone() if isinstance(e, ShowEvent) and e.revision.status == "confirmed"]
    assert confirmed
    assert sum(len(row) for row in honest().values()) > 50
    revisions = [effect.revision for _, effect in among_friends() if isinstance(effect, ShowEvent)]
    assert any("USA" in revision.contributors for revision in revisions)


def test_with_partners_the_own_picture_has_the_bytes_and_the_ticks_of_standing_alone() -> None:
    assert shown(among_friends(), "own") == shown(alone(), "own") != []
    proposals = [e.row for _, e in alone() if isinstance(e, ShowAlert) and e.row.picture == "own" and e.row.digest]
    assert proposals, "it is worth lying about to the public too"


@pytest.mark.parametrize("lie", LIES)
def test_a_partner_that_lies_moves_nothing_of_our_own(lie: Callable[[ReleasedBody], ReleasedBody]) -> None:
    effects = lied_to(lie)
    assert [e for _, e in effects if isinstance(e, ShowAudit) and e.verdict == "refused"] == []  # it was believed
    assert shown(effects, "own") == shown(alone(), "own")
    assert shown(effects, "fused") != shown(among_friends(), "fused"), "this lie would not have been noticed anywhere"


def test_noise_instead_of_words_moves_nothing_of_our_own() -> None:
    noise = {
        beat: tuple(
            Heard(
                heard.partner, bytes([heard.unsigned[0] ^ 1, *heard.unsigned[1:]]) if beat % 2 else heard.unsigned[:-3]
            )
            for heard in row
        )
        for beat, row in honest().items()
    }
    effects = list(korea(noise))
    assert {e.verdict for _, e in effects if isinstance(e, ShowAudit) and e.partner} >= {"refused"}
    assert shown(effects, "own") == shown(alone(), "own")
    assert shown(effects, "fused") == shown(list(korea({})), "fused")


def test_what_we_offer_is_ours_whatever_we_are_told() -> None:
    """What goes to a partner is made of the OWN picture: the same products, whoever lies."""

    def offered(effects: list[tuple[int, Effect]]) -> list[tuple[int, str, Kind, bytes]]:
        found = []
        for beat, effect in effects:
            if isinstance(effect, Send):
                release = wire.decode_release(wire.decode_envelope(effect.unsigned, realm=Realm.EXERCISE))
                found.append((beat, effect.partner, Kind(release.kind), release.body))
        return found

    silent = offered(list(korea({})))
    assert silent
    for lie in LIES:
        assert offered(lied_to(lie)) == silent
