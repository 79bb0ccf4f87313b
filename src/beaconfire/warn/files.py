"""A node's three warning files read together, so that new ones are taken as a whole or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.people import load_people
from beaconfire.kernel.person import Person
from beaconfire.warn.rules import Rule, load_rule
from beaconfire.warn.settings import Settings, parse_settings
from beaconfire.warn.threats import REGIMES, Regime


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, the thresholds they mean, people by id, and automatic rules."""

    settings: Settings
    regime: Regime
    people: Mapping[str, Person]
    rules: tuple[Rule, ...]


def read_files(
    warning_toml: bytes, people_toml: bytes, rules: Sequence[bytes], *, nation: str, realm: Realm, root: bytes
) -> Loaded:
    """Return what the files say; raises `InvalidInput`, or `Refused` for one that the root did not sign."""
    settings = parse_settings(warning_toml, nation=nation, realm=realm, where="warning.toml")
    return Loaded(
        settings=settings,
        regime=regime_of(settings),
        people=load_people(people_toml, realm=realm, root=root, where="people.toml"),
        rules=tuple(
            load_rule(data, nation=nation, realm=realm, root=root, where=f"rule {number}")
            for number, data in enumerate(rules, start=1)
        ),
    )


def regime_of(settings: Settings) -> Regime:
    """Return the preset with the thresholds that the settings put in place of its own."""
    chosen = settings.regime
    preset = REGIMES[chosen.preset]
    return replace(
        preset,
        p_hit=preset.p_hit if chosen.p_hit is None else chosen.p_hit,
        p_pass=preset.p_pass if chosen.p_pass is None else chosen.p_pass,
    )
