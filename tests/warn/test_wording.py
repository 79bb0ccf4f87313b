"""Words of the real thing and of an exercise, in spellings that people and machines come up with."""

import pytest

from beaconfire.kernel.labels import Realm
from beaconfire.warn.wording import MARKS, fate_words, marked, unprintable, wrong_words


@pytest.mark.parametrize(
    "text",
    [
        "This is an exercise.", "EXERCISE", "Exercise caution", "a drill", "Drills", "this is a test",
        "This is only a test",
        "simulated launch", "a rehearsal", "훈련", "민방위 훈련입니다", "연습 상황", "모의 발사", "시험 방송",
        "訓練", "演習です",
        "これは訓練ではありません", "テスト放送", "ｅｘｅｒｃｉｓｅ", "ex\u00adercise", "d\u200brill",
        "This is not a drill",
    ],
)  # fmt: skip
def test_a_live_text_may_not_say(text: str) -> None:
    assert list(wrong_words(text, Realm.LIVE)), text


@pytest.mark.parametrize(
    "text",
    [
        "Take shelter now.", "The latest news", "A contest was protested", "greatest",
        "미사일 경보 발령",
        "ミサイル発射情報", "避難してください", "hydrilla", "관련 안내",
    ],
)  # fmt: skip
def test_a_live_text_may_say(text: str) -> None:
    assert list(wrong_words(text, Realm.LIVE)) == []


@pytest.mark.parametrize(
    "text",
    [
        "This is not a drill", "THIS IS NOT A DRILL.", "this isn't a drill", "this isn’t an exercise",
        "It is no exercise",
        "not an exercise or a test", "ＴＨＩＳ ＩＳ ＮＯＴ Ａ ＤＲＩＬＬ", "This is not\u200b a drill",
        "a real emergency",
        "이것은 훈련이 아닙니다", "훈련상황이 아닙니다", "훈련 아님", "실제 상황입니다", "실제상황",
        "これは訓練ではありません",
        "訓練ではない", "訓練じゃない", "本番です", "実際の情報です",
    ],
)  # fmt: skip
def test_an_exercise_may_not_say(text: str) -> None:
    assert list(wrong_words(text, Realm.EXERCISE)), text


@pytest.mark.parametrize(
    "text",
    [
        "EXERCISE. Take shelter now. This is an exercise.", "EXERCISE. Do not touch debris. This is an exercise.",
        "[훈련] 즉시 대피하십시오. 이것은 훈련입니다.", "[훈련] 실제가 아닙니다.",
        "【訓練】避難してください。これは訓練です。",
        "EXERCISE. Nothing in this message is real.",
    ],
)  # fmt: skip
def test_an_exercise_may_say(text: str) -> None:
    assert list(wrong_words(text, Realm.EXERCISE)) == []


def test_the_mark_stands_first_and_as_it_is_written() -> None:
    for mark in MARKS.values():
        assert marked(f"{mark} anything")
        assert not marked(f"Anything {mark}")
    assert not marked("Exercise, lower case")
    assert not marked("훈련 without brackets")


@pytest.mark.parametrize(
    "text",
    [
        "It passed over Aomori",
        "it fell",
        "fallen",
        "has landed",
        "impact",
        "통과했습니다",
        "낙하",
        "떨어졌습니다",
        "通過",
        "落下した",
    ],
)
def test_words_of_fate(text: str) -> None:
    assert list(fate_words(text))


def test_what_is_not_known_has_no_words_of_fate() -> None:
    assert (
        list(fate_words("The missile can no longer be tracked. 위치가 확인되지 않습니다. 位置が分かっていません。"))
        == []
    )


def test_what_cannot_be_seen_is_found() -> None:
    assert list(unprintable("a\u202eb\x00c\u200bd")) == ["\u202e", "\x00", "\u200b"]
    assert list(unprintable("한국어、日本語 and English – all of it")) == []
