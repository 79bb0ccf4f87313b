"""Which words belong to an exercise and which to the real thing, in every language we speak.

Hawaii, 13 January 2018: a message of a drill held the words "this is not a drill". So a text of an exercise begins with
its mark and never says that it is none, and a live text holds no word of an exercise at all, denied or not.
"""

import re
import unicodedata
from collections.abc import Iterator

from beaconfire.kernel.alerts import Language
from beaconfire.kernel.labels import Realm

MARKS: dict[Language, str] = {"en": "EXERCISE", "ko": "[훈련]", "ja": "【訓練】"}

_EXERCISE_WORDS = re.compile(
    r"\bexercis(?:e|es|ing)\b|\bdrills?\b|\brehears|\bsimulat|\bthis is (?:only )?a test\b|\btest message\b"
    r"|훈련|연습|모의|시험\s?(?:발령|방송|메시지)|訓練|演習|予行|試験(?:放送|配信|送信)|テスト"
)
_DENIALS = re.compile(
    r"\b(?:not|no|isn['’]?t|never)\b[^.!?]{0,24}?\b(?:drill|exercise|test|simulation)\b"
    r"|\b(?:real|actual) (?:event|emergency|attack|alert|warning)\b|\bthe real thing\b"
    r"|훈련(?:상황)?(?:이|은|는)? ?(?:아니|아닙|아님)|실제 ?(?:상황|경보)"
    r"|(?:訓練|演習|テスト)(?:で|じゃ)(?:は)?(?:な|あり)|実際の(?:警報|情報|事態)です|本番"
)
# Words that a message about a lost track may not use: nothing is known of where it went.
_FATE = re.compile(
    r"\bpass(?:ed|es|age)?\b|\bf[ea]ll(?:en|s)?\b|\blanded\b|\bimpact|\bcame down\b|\bsplash"
    r"|통과|낙하|떨어|탄착|通過|落下|着弾|落ち"
)
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn"))


def marked(text: str) -> bool:
    """Say whether a text begins with the mark of an exercise."""
    return text.startswith(tuple(MARKS.values()))


def wrong_words(text: str, realm: Realm) -> Iterator[str]:
    """Yield the words that a text of this realm may not hold."""
    pattern = _EXERCISE_WORDS if realm is Realm.LIVE else _DENIALS
    yield from (match.group(0) for match in pattern.finditer(_plain(text)))


def fate_words(text: str) -> Iterator[str]:
    """Yield the words that say where a missile went, which nobody knows of a lost one."""
    yield from (match.group(0) for match in _FATE.finditer(_plain(text)))


def unprintable(text: str) -> Iterator[str]:
    """Yield the characters that cannot be seen: controls, direction marks, surrogates, zero-width ones."""
    yield from (character for character in text if unicodedata.category(character) in _INVISIBLE)


def _plain(text: str) -> str:
    """Fold what looks alike: width, case, and what cannot be seen, so that no spelling slips through."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if unicodedata.category(character) not in _INVISIBLE)
