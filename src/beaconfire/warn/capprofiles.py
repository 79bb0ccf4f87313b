"""What single countries ask of a CAP message beyond the standard: parameters, codes, geocodes.

Korea: the two lengths of its cell broadcast. United States: the IPAWS profile 1.0 with SAME event and place codes and
the two lengths of Wireless Emergency Alerts, in the 7-bit characters that telephones there can show. A SAME event of
an exercise is DMO (practice), never the code of the danger: a decoder that ignores CAP's status stays quiet.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

import msgspec

from beaconfire.kernel import data
from beaconfire.kernel.alerts import Language, Message, MessageKind
from beaconfire.kernel.labels import Realm
from beaconfire.warn.texts import Texts
from beaconfire.warn.zones import zone_name

IPAWS_CODE = "IPAWSv1.0"
KOREA_SHORT, KOREA_LONG = "KR-CBS:short", "KR-CBS:long"
WEA_SHORT, WEA_LONG = "CMAMtext", "CMAMlongtext"
SAME_LIVE, SAME_EXERCISE = "CDW", "DMO"  # civil danger warning; practice or demo warning (47 CFR 11.31)
_WARNS = frozenset((MessageKind.SHELTER, MessageKind.UPDATE, MessageKind.CORRECTION, MessageKind.LOST))
_LOOK_ALIKES = str.maketrans({"ʻ": "'", "‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-"})
# The GSM 7-bit default alphabet, without its Greek capitals (3GPP TS 23.038).
GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅå_ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a profile adds to one `<info>`."""

    event_codes: Sequence[tuple[str, str]] = ()
    parameters: Sequence[tuple[str, str]] = ()
    same: dict[str, str] = field(default_factory=dict)  # SAME place code by area

    def geocodes(self, area_id: str) -> tuple[tuple[str, str], ...]:
        """Return the place codes of an area beside ISO 3166-2."""
        return (("SAME", self.same[area_id]),) if area_id in self.same else ()


def codes(message: Message) -> tuple[str, ...]:
    """Return CAP's `code`s: the profiles that a message keeps."""
    return (IPAWS_CODE,) if _american(message) else ()


def profile(message: Message, said: Texts, language: Language) -> Profile:
    """Return what the profiles of the message's countries add in one language."""
    if _american(message):
        return _ipaws(message, said, language)
    if message.areas[0].area_id.startswith("KR-"):
        return Profile(parameters=((KOREA_SHORT, said.short), (KOREA_LONG, said.long)))
    return Profile()


def gsm_text(text: str) -> str:
    """Return a text in the characters of GSM 7-bit: accents that it lacks are left off, what is left becomes `?`."""
    plain = []
    for character in unicodedata.normalize("NFC", text.translate(_LOOK_ALIKES)):
        if character in GSM:
            plain.append(character)
            continue
        bare = "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c))
        plain += [c if c in GSM else "?" for c in bare]
    return "".join(plain)


def _ipaws(message: Message, said: Texts, language: Language) -> Profile:
    live = message.realm is Realm.LIVE
    parameters = [("EAS-ORG", "CIV"), ("timezone", zone_name(message.sent_ns, message.areas[0].area_id, "en"))]
    if not live:
        parameters += [("BLOCKCHANNEL", channel) for channel in ("EAS", "CMAS", "NWEM", "PUBLIC")]
    if language == "en":
        handling = ("Imminent Threat" if message.kind in _WARNS else "Public Safety") if live else "WEA Test"
        parameters += [
            ("WEAHandling", handling),
            (WEA_SHORT, gsm_text(said.short)),
            (WEA_LONG, gsm_text(said.extended)),
        ]
    return Profile(
        event_codes=(("SAME", SAME_LIVE if live else SAME_EXERCISE),),
        parameters=parameters,
        same={item.area_id: f"0{_fips()[item.area_id.removeprefix('US-')]}000" for item in message.areas},
    )


def _american(message: Message) -> bool:
    return all(item.area_id.startswith("US-") for item in message.areas)


@cache
def _fips() -> dict[str, str]:
    content = data.read_bytes("beaconfire", "data", "texts", "us.toml")
    return msgspec.toml.decode(content, type=dict[str, dict[str, str]])["fips"]
