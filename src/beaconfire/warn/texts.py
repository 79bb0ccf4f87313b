"""What a message says in one language: reviewed templates of its realm and kind, filled and fitted.

Templates lie in `data/texts/<realm>/<language>.toml`; the parts common to both realms in `data/texts/words.toml`. A
template of an exercise is its own text, in its own file: no prompt, no flag and no code path turns one into the other.
Every text is judged before it leaves: an exercise that lost its mark, a live text with a word of an exercise, or a lost
track that "fell" is an error and never a message.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product

import msgspec

from beaconfire.kernel import data, limits
from beaconfire.kernel.alerts import AreaThreat, Language, Message, MessageKind
from beaconfire.kernel.errors import Fault, InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.warn.areas import areas as known_areas
from beaconfire.warn.authority import Authority
from beaconfire.warn.wording import fate_words, marked, unprintable, wrong_words
from beaconfire.warn.zones import clock_text

LIMIT_SHORT = 90  # Korean cell broadcast, short form; WEA's short form: the same number
LIMIT_LONG = 157  # Korean cell broadcast, long form
LIMIT_EXTENDED = 360  # WEA's long form
LIMIT_HEADLINE = 160  # what CAP advises for displays of one line; the description names every area
_SAID_P = 0.01  # a smaller probability of impact, or of passage, is not put into words


class Template(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The texts of one kind of message in one language and realm; `{placeholders}` are filled by `texts`."""

    headline: str
    description: str
    action: str  # what to do, unless the area's authority says otherwise
    instruction: str
    do: str  # the same in a few words
    short: str
    long: str
    extended: str
    because: str = ""  # the reason, unless a person gave one


class Words(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parts of sentences in one language."""

    tag: str
    event: str
    gap: str
    comma: str
    last: str
    others: str
    brief_others: str
    number: str
    one: str
    many: str
    launch_place_time: str
    launch_place: str
    launch_time: str
    launch: str
    threat_both: str
    threat_over: str
    threat_into: str
    reach_point: str
    reach_boosting: str
    reach_reachable_set: str
    reach_lost: str
    because: str
    note: str


@dataclass(frozen=True, slots=True)
class Texts:
    """What one message says in one language to some of its areas; `tag` is the language as RFC 3066 has it."""

    tag: str
    event: str
    headline: str
    description: str
    instruction: str
    short: str  # at most LIMIT_SHORT characters
    long: str  # at most LIMIT_LONG
    extended: str  # at most LIMIT_EXTENDED


def texts(
    message: Message, language: Language, *, authority: Authority, threats: Sequence[AreaThreat] | None = None
) -> Texts:
    """Return what a message says in a language to the areas of `threats` (all of its areas unless given).

    Raises `InvalidInput` for an area we do not know, no areas, words of the wrong realm, and what cannot be printed.
    """
    chosen = tuple(message.areas if threats is None else threats)
    if not chosen:
        raise InvalidInput.single("areas", "are none", "at least one area, or nobody is told anything")
    filler = _Filler(message, language, authority, chosen)
    template = template_of(message.realm, message.kind, language)
    made = Texts(
        tag=filler.words.tag,
        event=filler.words.event,
        headline=filler.fitted(template.headline, LIMIT_HEADLINE),
        description=filler.whole(template.description),
        instruction=filler.whole(template.instruction),
        short=filler.fitted(template.short, LIMIT_SHORT),
        long=filler.fitted(template.long, LIMIT_LONG),
        extended=filler.fitted(template.extended, LIMIT_EXTENDED),
    )
    faults = list(_faults(made, message, language))
    if faults:
        raise InvalidInput(faults)
    return made


def note(message: Message) -> str:
    """Return CAP's note of an exercise, in all of the message's languages; empty for a live message."""
    if message.realm is Realm.LIVE:
        return ""
    return " ".join(words_of(language).note for language in message.languages)


@cache
def template_of(realm: Realm, kind: MessageKind, language: Language) -> Template:
    """Return the reviewed texts of one realm, kind and language."""
    content = data.read_bytes("beaconfire", "data", "texts", realm.lower(), f"{language}.toml")
    return msgspec.toml.decode(content, type=dict[MessageKind, Template])[kind]


@cache
def words_of(language: Language) -> Words:
    """Return the parts of sentences in one language."""
    return msgspec.convert(_words_file()[language], Words)


def nation_name(code: str, language: Language) -> str:
    """Return how a launching nation is called, empty for one that our texts do not name."""
    return _words_file()["nations"].get(code, {}).get(language, "")


def area_name(area_id: str, language: Language) -> str:
    """Return the name of an area; raises `InvalidInput` for one we do not know."""
    area = known_areas().get(area_id)
    if area is None:
        raise InvalidInput.single("areas", f"names {area_id[: limits.MAX_ID_LENGTH]!r}", "an ISO 3166-2 code we know")
    return area.names[language]


class _Filler:
    """Fills the placeholders of one message, one language, one set of areas."""

    def __init__(
        self, message: Message, language: Language, authority: Authority, threats: tuple[AreaThreat, ...]
    ) -> None:
        self.words = words_of(language)
        self._message, self._language = message, language
        self._authority, self._threats = authority, threats
        self._names = [area_name(threat.area_id, language) for threat in threats]
        self._template = template_of(message.realm, message.kind, language)
        own = authority.action(threats[0].area_id, message.kind)
        if own is not None and (language not in own.text or language not in own.short):
            where = f"authority {authority.id}: actions for {threats[0].area_id}"
            raise InvalidInput.single(where, f"say nothing in {language}", "text and short in every language we speak")
        self._action = own.text[language] if own else self._template.action
        self._values = {
            brief: self._timed(brief) | {"do": own.short[language] if own else self._template.do}
            for brief in (False, True)
        }

    def whole(self, text: str) -> str:
        """Fill a text that may be as long as it must."""
        who = self._authority.name.get(self._language) or self._authority.id
        return self._fill(text, _listed(self._names, self.words), who, self._action, brief=False)

    def fitted(self, text: str, limit: int) -> str:
        """Fill a text of at most `limit` characters: advice and times get shorter, then fewer areas are named."""
        who = (self._authority.short.get(self._language) or self._authority.id)[: limits.MAX_SHORT_NAME]
        names = tuple(item for item in _shortened(self._names, self.words) if len(item) < limit)
        advice = tuple(dict.fromkeys((self._action, self._values[True]["do"] + ".")))
        filled = text
        # Given up, first to last: the zone's name, long advice, the launch, names of areas, and at the end who says it.
        choices = product((who, ""), names, (True, False), advice, (False, True))
        for said_by, areas, launch, action, brief in choices:
            filled = self._fill(text, areas, said_by, action, brief=brief, launch=launch)
            if len(filled) <= limit:
                return filled
        what = f"has {len(filled)} characters in {self._language} at its shortest"
        raise InvalidInput.single(f"{self._message.kind} text", what, f"at most {limit}: a shorter name or advice")

    def _fill(self, text: str, names: str, who: str, action: str, *, brief: bool, launch: bool = True) -> str:
        timed = self._values[brief]
        values = {"threat": timed["threat"].format(areas=names), "areas": names, "who": who, "action": action}
        filled = text.format_map(timed | values | ({} if launch else {"launch": ""}))
        return re.sub(r" {2,}", " ", filled).strip()

    def _timed(self, brief: bool) -> dict[str, str]:
        """Return the placeholders that do not depend on how many areas are named; the threat still lacks them."""
        message, language, words, home = self._message, self._language, self.words, self._threats[0].area_id
        first_ns = min(threat.first_ns for threat in self._threats)
        arrival = clock_text(first_ns, home, language, brief=brief)
        return {
            "arrival": arrival,
            "until": clock_text(message.expires_ns, home, language, brief=brief),
            "launch": self._launch(brief),
            "threat": self._threat().format(arrival=arrival, areas="{areas}"),
            "reach": getattr(words, f"reach_{message.reach}"),
            "reason": self._reason(),
        }

    def _launch(self, brief: bool) -> str:
        message, words = self._message, self.words
        nation = nation_name(message.launch_nation, self._language)
        count = message.count_at_least
        missiles = words.one if count <= 1 else words.many.format(n=count)
        time = ""
        if message.launch_ns is not None:
            time = clock_text(message.launch_ns, self._threats[0].area_id, self._language, brief=brief)
        text: str = getattr(words, "launch" + ("_place" if nation else "") + ("_time" if time else ""))
        return text.format(missiles=missiles, nation=nation, time=time)

    def _threat(self) -> str:
        into = max(threat.hit_p for threat in self._threats) >= _SAID_P
        over = max(threat.pass_p for threat in self._threats) >= _SAID_P
        if into == over:
            return self.words.threat_both
        return self.words.threat_into if into else self.words.threat_over

    def _reason(self) -> str:
        given = " ".join(self._message.words.split())
        return self.words.because.format(words=_ended(given)) if given else self._template.because


def _listed(names: Sequence[str], words: Words) -> str:
    if len(names) == 1:
        return names[0]
    return words.comma.join(names[:-1]) + words.last + names[-1]


def _shortened(names: Sequence[str], words: Words) -> Iterator[str]:
    """Yield lists of areas that say less and less: all names, ever fewer and "n more", the number alone."""
    yield _listed(names, words)
    for others in (words.others, words.brief_others):
        for kept in range(len(names) - 1, 0, -1):
            yield others.format(first=words.comma.join(names[:kept]), n=len(names) - kept)
    if len(names) > 1:
        yield words.number.format(n=len(names))


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "。", "！", "？")) else text + "."


def _faults(made: Texts, message: Message, language: Language) -> Iterator[Fault]:
    for name in ("headline", "description", "instruction", "short", "long", "extended"):
        text: str = getattr(made, name)
        where = f"{message.kind} {name} in {language}"
        for word in wrong_words(text, message.realm):
            yield Fault(where, f"says {word!r}", f"no such word in {message.realm}")
        if message.realm is not Realm.LIVE and not marked(text):
            yield Fault(where, "does not begin with the mark of an exercise", "the mark")
        for _ in unprintable(text):
            yield Fault(where, "holds a character that cannot be seen", "printable text")
        for word in fate_words(text) if message.kind is MessageKind.LOST else ():
            yield Fault(where, f"says {word!r} of a lost track", "nothing of where it went")


@cache
def _words_file() -> dict[str, dict[str, dict[str, str]]]:
    content = data.read_bytes("beaconfire", "data", "texts", "words.toml")
    return msgspec.toml.decode(content)  # type: ignore[no-any-return]  # our own file, converted part by part
