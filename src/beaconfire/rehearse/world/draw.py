"""From a seed to a plan: who takes part, what they see, what each lets go, and everything that goes wrong.

Half of the seeds are mild and half are rough, so that both long undisturbed histories and pile-ups of faults occur.
All faults begin and end before `HEALED_MS`; what is left of the minute is for healing.
"""

from collections.abc import Iterator
from random import Random
from typing import Literal

from beaconfire.kernel.products import Kind
from beaconfire.rehearse.world.plan import (
    NATIONS,
    ClockStep,
    Crash,
    Cut,
    Decree,
    DiskLost,
    Fault,
    Forgery,
    Grant,
    Parting,
    Plan,
    Sighting,
    SlowDisk,
    StoreLost,
    Weather,
    stream,
)

LENGTH_MS = 60_000
HEALED_MS = 38_000
_KINDS = (Kind.LAUNCH, Kind.TRAJECTORY, Kind.IMPACT)  # what the load brings forth
_SIZES = (3, 3, 3, 3, 3, 3, 3, 3, 5, 9)
_PACES = ((500, 1_000), *((1_000, 4_000),) * 7)  # ticks and beats: as the shell's beats are, and four times as slow
_CLASSES = ("SRBM", "MRBM", "IRBM")
_REAL = 100  # one seed in so many runs on real signatures and a real database
_OBJECTS = ("ballistic", "glide")
_STEPS_MS = (500, -500, 18_000, -18_000, 37_000, -37_000, 3_600_000, -3_600_000)


def draw(seed: int, *, nodes: int | None = None) -> Plan:
    """Return the plan of a seed; `nodes` (3, 5 or 9) fixes how many nations take part."""
    chance = stream("plan", seed)
    nations = NATIONS[: nodes or chance.choice(_SIZES)]
    policies = tuple(_decree(stream("policy", seed, nation), 0, nation, 1, nations) for nation in nations)
    count = chance.choice((2, 4, 6, 8, 14, 20))
    faults = [fault for number in range(count) for fault in _fault(stream("fault", seed, number), nations)]
    faults += [*_partings(stream("parting", seed), nations), *_disk_lost(stream("lost", seed), nations)]
    tick_ms, beat_ms = chance.choice(_PACES)
    return Plan(
        seed=seed,
        nations=nations,
        length_ms=LENGTH_MS,
        healed_ms=HEALED_MS,
        policies=policies,
        load={nation: tuple(_load(stream("load", seed, nation))) for nation in nations},
        offsets_ms={nation: chance.randrange(-40, 40) for nation in nations},
        faults=tuple(_versioned(faults)),
        tick_ms=tick_ms,
        beat_ms=beat_ms,
        real=seed % _REAL == 0,
    )


def _fault(chance: Random, nations: tuple[str, ...]) -> Iterator[Fault]:
    at_ms = chance.randrange(500, HEALED_MS - 8_000)
    for_ms = min(chance.choice((300, 1_000, 3_000, 8_000, 20_000)), HEALED_MS - at_ms)
    nation = chance.choice(nations)
    partner = chance.choice([name for name in nations if name != nation])
    match chance.choice(("weather", "weather", "cut", "cut", "clog", "crash", "crash", "crash", "decree", "decree",
                         "disk", "store", "clock", "forgery")):  # fmt: skip
        case "weather":
            yield Weather(at_ms, nation, partner, for_ms, *_badness(chance))
        case "cut":
            yield Cut(at_ms, nation, partner, for_ms)
            if chance.random() < 0.5:
                yield Cut(at_ms, partner, nation, for_ms)
        case "clog":  # line after line stops, and they come back in another order
            for other in nations:
                if other != nation:
                    begin_ms = at_ms + chance.randrange(2_000)
                    yield Cut(begin_ms, other, nation, chance.randrange(200, HEALED_MS - begin_ms))
        case "crash":
            down_ms = chance.choice((100, 500, 2_000, 6_000))
            yield Crash(at_ms, nation, chance.randrange(1, 12), chance.choice((0, 30, 60, 100)), down_ms)
        case "decree":
            yield _decree(chance, at_ms, nation, 0, nations)
        case "disk":
            yield SlowDisk(at_ms, nation, for_ms, chance.choice((50, 200, 800)))
        case "store":
            yield StoreLost(at_ms, nation)
        case "clock":
            yield ClockStep(at_ms, nation, for_ms, chance.choice(_STEPS_MS))
        case _:
            yield Forgery(at_ms, nation, partner)


def _partings(chance: Random, nations: tuple[str, ...]) -> Iterator[Fault]:
    """In half of the seeds one or two nations part from a partner, each from another one."""
    pairs = [(one, other) for one in nations for other in nations if one != other]
    for nation, partner in chance.sample(pairs, chance.choice((0, 0, 1, 2))):
        at_ms = chance.randrange(2_000, HEALED_MS - 12_000)
        for_ms = chance.choice((0, 500, 2_000, 4_000, 8_000, 12_000))
        how: Literal["suspended", "left"] = chance.choice(("suspended", "suspended", "left"))
        notice_ms = chance.choice((0, 0, for_ms // 3)) if how == "left" else 0
        yield Parting(at_ms, nation, partner, how, notice_ms, for_ms)


def _disk_lost(chance: Random, nations: tuple[str, ...]) -> Iterator[Fault]:
    if chance.random() < 0.1:
        yield DiskLost(chance.randrange(5_000, HEALED_MS - 8_000), chance.choice(nations), chance.choice((500, 6_000)))


def _badness(chance: Random) -> tuple[int, int, int]:
    return chance.choice((0, 5, 20, 50)), chance.choice((0, 5, 30)), chance.choice((5, 100, 1_000, 5_000))


def _versioned(faults: list[Fault]) -> Iterator[Fault]:
    """Number each nation's decrees in order of time, for a version must rise."""
    versions: dict[str, int] = {}
    for fault in sorted(faults, key=lambda fault: fault.at_ms):
        if isinstance(fault, Decree):
            version = versions[fault.nation] = versions.get(fault.nation, 1) + 1
            yield Decree(fault.at_ms, fault.nation, version, fault.grants)
        else:
            yield fault


def _decree(chance: Random, at_ms: int, nation: str, version: int, nations: tuple[str, ...]) -> Decree:
    grants = [grant for other in nations if other != nation for grant in _grants(chance, nation, other)]
    return Decree(at_ms, nation, version, tuple(grants))


def _grants(chance: Random, nation: str, partner: str) -> Iterator[Grant]:
    """One partner's grants ask for the same obligations, so that any two can be compared."""
    drop, coarsen_m = chance.random() < 0.5, chance.choice((0, 0, 5_000))
    rate_hz, delay_s = chance.choice((0.5, 2.0, 10.0)), chance.choice((0.0, 0.0, 0.0, 1.5))
    for _ in range(chance.choice((0, 1, 1, 1, 2))):
        timed = chance.random() < 0.4
        yield Grant(
            partner=partner,
            kinds=tuple(kind for kind in _KINDS if chance.random() < 0.8),
            provenance=(nation,),
            sensors=_some(chance, (f"{nation}-R1", f"{nation}-R2"), 0.1),
            classes=_some(chance, _CLASSES, 0.15),
            objects=_some(chance, _OBJECTS, 0.1),
            region=(30.0, 40.0, 120.0, 130.0) if chance.random() < 0.1 else None,
            from_ms=chance.randrange(HEALED_MS // 2) if timed and chance.random() < 0.3 else None,
            until_ms=chance.randrange(HEALED_MS // 2 + 1, HEALED_MS) if timed else None,
            drop_sensors=drop,
            coarsen_m=coarsen_m,
            rate_hz=rate_hz,
            delay_s=delay_s,
        )


def _some(chance: Random, words: tuple[str, ...], probability: float) -> tuple[str, ...] | None:
    if chance.random() >= probability:
        return None
    return tuple(word for word in words if chance.random() < 0.6)


def _load(chance: Random) -> Iterator[Sighting]:
    """A few events of one nation, each with a track and a few opinions on it, most of them during the faults."""
    rows = []
    for event in range(1, chance.choice((1, 1, 2)) + 1):
        begin_ms, missile_class = chance.randrange(500, 20_000), chance.choice(_CLASSES)
        words = (missile_class, chance.choice(_OBJECTS), chance.uniform(25, 45), chance.uniform(115, 135))
        at_ms = begin_ms
        for number in range(1, chance.randrange(3, 7)):
            rows.append(Sighting(at_ms, event, number, "assessment", *words))
            at_ms += chance.randrange(300, 6_000)
        at_ms = begin_ms + 100
        for number in range(1, chance.randrange(3, 9)):
            rows.append(Sighting(at_ms, event, number, "track", *words))
            at_ms += chance.randrange(500, 4_000)
    yield from sorted(rows, key=lambda row: row.at_ms)
