"""`warning.toml`: for whom this node speaks, where, when it proposes, and by which channels (docs/warning.md).

version = 1
nation = "JPN"
realm = "EXERCISE"
author = "JPN-FDMA"                  # which [[authority]] this node speaks as
languages = ["ja", "en", "ko"]
areas = ["JP-01", "JP-02"]           # answered for; left out: those of the author
rules = ["rules/overflight.toml"]    # automatic rules, each signed

[regime]
preset = "default"                   # default | j_alert_2022 | j_alert_2023
p_hit = 0.01                         # these two may be left out: the preset's
p_pass = 0.1

[approval]
people = 2                           # how many different people approve an alert
send = "at_once"                     # or by_command: approved, an officer sends it

[times]
valid_s = 3600                       # a message expires so long after it was made, or after the last arrival
countdown_s = 60                     # from the proposal of an end until a rule may send it
margin_s = 120                       # after the last predicted arrival
receipt_s = 10                       # a channel without a receipt for so long is silent

[[authority]]                        # the registry: one voice per area
id = "JPN-FDMA"
name = { ja = "消防庁", en = "Fire and Disaster Management Agency" }
sender = "alerts@example.jp"
contact = "https://example.jp/contact"
web = "https://example.jp"
areas = ["JP-01", "JP-02"]

[[channel]]
name = "files"
realm = "EXERCISE"                   # the node's own; a channel belongs to one realm
kind = "directory"                   # directory | http | atom
path = "alerts"                      # http has url instead
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import LANGUAGES, Language
from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.labels import Realm, check_name
from beaconfire.kernel.sensors import explain, parse_toml
from beaconfire.warn.areas import areas as known_areas
from beaconfire.warn.authority import Action, Authority
from beaconfire.warn.cap import authority_faults

Seconds = Annotated[float, Meta(gt=0.0, le=86_400.0)]
Probability = Annotated[float, Meta(gt=0.0, le=1.0)]


class RegimeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which areas count as threatened: a preset, and thresholds that replace the preset's."""

    preset: Literal["default", "j_alert_2022", "j_alert_2023"] = "default"
    p_hit: Probability | None = None
    p_pass: Probability | None = None


class Approval(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many people approve an alert, and whether the last approval sends it."""

    people: Annotated[int, Meta(ge=2, le=10)] = 2
    send: Literal["at_once", "by_command"] = "at_once"


class Times(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long things last, in seconds of node time."""

    valid_s: Seconds = 3600.0
    countdown_s: Seconds = 60.0
    margin_s: Seconds = 120.0
    receipt_s: Seconds = 10.0


class Channel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to the public; what `path` or `url` means is the shell's business."""

    name: str
    realm: Realm
    kind: Literal["directory", "http", "atom"]
    path: str = ""
    url: str = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole warning file, key for key."""

    version: Annotated[int, Meta(ge=1)]
    nation: str
    realm: Realm
    author: str
    languages: Annotated[tuple[Language, ...], Meta(min_length=1)] = LANGUAGES
    areas: Annotated[tuple[str, ...], Meta(max_length=limits.MAX_ALERT_AREAS)] = ()
    rules: Annotated[tuple[str, ...], Meta(max_length=limits.MAX_AUTOMATIC_RULES)] = ()
    regime: RegimeSettings = RegimeSettings()
    approval: Approval = Approval()
    times: Times = Times()
    authority: Annotated[tuple[Authority, ...], Meta(max_length=limits.MAX_AUTHORITIES)] = ()
    channel: Annotated[tuple[Channel, ...], Meta(max_length=limits.MAX_CHANNELS)] = ()

    @property
    def voice(self) -> Authority:
        """The authority that this node speaks as."""
        return next(item for item in self.authority if item.id == self.author)

    @property
    def ours(self) -> tuple[str, ...]:
        """The areas that this node answers for."""
        return self.areas or self.voice.areas

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of the channels, in the file's order."""
        return tuple(item.name for item in self.channel)


def parse_settings(data: bytes, *, nation: str, realm: Realm, where: str) -> Settings:
    """Return the settings of a TOML file's bytes; raises `InvalidInput` with every fault found in `where`.

    A file of another nation or realm, a channel of another realm, and an area with two voices are faults.
    """
    document = parse_toml(data, where=where)
    try:
        settings = msgspec.convert(document, Settings)
    except msgspec.ValidationError as error:
        raise InvalidInput([explain(error, where=where, known=_known(document))]) from None
    faults: list[Fault] = []
    if (settings.nation, settings.realm) != (nation, realm):
        what = f"is for {settings.nation}, {settings.realm}"
        faults.append(Fault(where, what, f"the settings of {nation} for {realm}"))
    _check_registry(settings, where, faults)
    _check_channels(settings, where, faults)
    if faults:
        raise InvalidInput(faults)
    return settings


def _check_registry(settings: Settings, where: str, faults: list[Fault]) -> None:
    voices: dict[str, str] = {}
    names: set[str] = set()
    for authority in settings.authority:
        place = f"{where}: authority {authority.id[: limits.MAX_ID_LENGTH]}"
        _name(authority.id, f"{place}: id", names, faults)
        for area in authority.areas:
            voice = voices.setdefault(area, authority.id)
            if voice != authority.id:
                faults.append(Fault(f"{place}: areas", f"{area} is {voice}'s already", "one voice per area"))
    if settings.author not in names:
        expected = ", ".join(item.id for item in settings.authority) or "an [[authority]] table"
        faults.append(Fault(f"{where}: author", f"is {settings.author!r}", f"one of {expected}"))
        return
    others = [area for area in settings.areas if voices.get(area, settings.author) != settings.author]
    if others:
        faults.append(Fault(f"{where}: areas", f"{others[0]} is {voices[others[0]]}'s", "areas of the author"))
    if not settings.ours:
        faults.append(Fault(f"{where}: areas", "are none", "areas here or with the author"))
    unknown = [area for area in settings.ours if known_areas().get(area) is None]
    if unknown:
        faults.append(Fault(f"{where}: areas", f"{unknown[0]!r} is none", "ISO 3166-2 ids such as JP-02"))
    elif not faults:  # what it would say is tried now, not first in an emergency
        own = settings.voice
        for fault in authority_faults(own, realm=settings.realm, languages=settings.languages, areas=settings.ours):
            faults.append(Fault(f"{where}: authority {own.id}: {fault.where}", fault.what, fault.expected))


def _check_channels(settings: Settings, where: str, faults: list[Fault]) -> None:
    names: set[str] = set()
    for channel in settings.channel:
        place = f"{where}: channel {channel.name[: limits.MAX_ID_LENGTH]}"
        _name(channel.name, f"{place}: name", names, faults)
        if channel.realm is not settings.realm:
            faults.append(Fault(f"{place}: realm", f"is {channel.realm}", f"{settings.realm}, as the node"))
        key, other = ("url", "path") if channel.kind == "http" else ("path", "url")
        if not getattr(channel, key) or getattr(channel, other):
            faults.append(
                Fault(f"{place}: {key}", "is missing, or another is given", f"{key} alone for {channel.kind}")
            )


def _name(name: str, place: str, names: set[str], faults: list[Fault]) -> None:
    try:
        check_name(name, where=place)
    except InvalidInput as error:
        faults.extend(error.faults)
    if name in names:
        faults.append(Fault(place, "is used twice", "names unique in the file"))
    names.add(name)


def _known(document: dict[str, Any]) -> tuple[str, ...]:
    """Return the keys of every table, so that a misspelt one is told its neighbour."""
    tables = (Settings, RegimeSettings, Approval, Times, Authority, Action, Channel)
    return tuple(key for table in tables for key in table.__struct_fields__ if key not in document)
