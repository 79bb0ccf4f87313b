"""What messages say: every text of every kind, realm and language, and what none of them may ever say."""

import string
from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from beaconfire.kernel import limits
from beaconfire.kernel.alerts import LANGUAGES, Language, MessageKind
from beaconfire.kernel.errors import InvalidInput
from beaconfire.kernel.labels import Realm
from beaconfire.warn import Action, Authority
from beaconfire.warn.areas import areas
from beaconfire.warn.texts import (
    LIMIT_EXTENDED,
    LIMIT_HEADLINE,
    LIMIT_LONG,
    LIMIT_SHORT,
    Template,
    Texts,
    Words,
    nation_name,
    note,
    template_of,
    texts,
    words_of,
)
from beaconfire.warn.wording import MARKS
from tests.warn.messages import AUTHORITIES, HAWAII, JAPAN, KOREA, message, threat

ALL = list(product(Realm, MessageKind, LANGUAGES))
FIELDS = Template.__struct_fields__
SPOKEN = ("headline", "description", "instruction", "short", "long", "extended")
WARNS = (MessageKind.SHELTER, MessageKind.UPDATE, MessageKind.CORRECTION)


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def said(
    kind: MessageKind, language: Language, *, realm: Realm = Realm.LIVE, authority: Authority = JAPAN, **changes: Any
) -> Texts:
    return texts(message(kind, realm=realm, authority=authority, **changes), language, authority=authority)


@pytest.mark.parametrize(("kind", "field"), list(product(MessageKind, FIELDS)))
def test_placeholders_are_equal_in_every_language_and_realm(kind: MessageKind, field: str) -> None:
    found = {
        (realm, language): placeholders(getattr(template_of(realm, kind, language), field))
        for realm in Realm
        for language in LANGUAGES
    }
    assert len(set(map(frozenset, found.values()))) == 1, found


@pytest.mark.parametrize("field", Words.__struct_fields__)
def test_parts_of_sentences_have_equal_placeholders(field: str) -> None:
    assert len({frozenset(placeholders(getattr(words_of(language), field))) for language in LANGUAGES}) == 1


@pytest.mark.parametrize(("realm", "kind", "language"), ALL)
def test_every_message_says_what_where_until_when_who_and_what_to_do(
    realm: Realm, kind: MessageKind, language: Language
) -> None:
    template = template_of(realm, kind, language)
    assert "areas" in placeholders(template.headline)
    assert {"until", "who"} <= placeholders(template.description)
    assert placeholders(template.description) & {"launch", "reason"}, "why"
    assert placeholders(template.instruction) == {"action"}
    for short in (template.short, template.long, template.extended):
        assert {"areas", "until", "who"} <= placeholders(short) | placeholders(template.short)
        assert placeholders(short) & {"do", "action"}


@pytest.mark.parametrize(("realm", "kind", "language"), ALL)
def test_exercises_begin_with_their_mark_and_live_texts_never_name_one(
    realm: Realm, kind: MessageKind, language: Language
) -> None:
    for authority in AUTHORITIES:
        made = said(kind, language, realm=realm, authority=authority)
        for field in SPOKEN:
            text = getattr(made, field)
            assert text.startswith(MARKS[language]) == (realm is Realm.EXERCISE), text
            assert ("{" in text, "  " in text, text.strip()) == (False, False, text)
            if realm is Realm.LIVE:
                for word in ("exercise", "drill", "훈련", "訓練", "演習", "연습"):
                    assert word not in text.casefold()


@pytest.mark.parametrize(("kind", "language"), list(product(MessageKind, LANGUAGES)))
def test_an_exercise_says_the_same_as_the_real_thing_but_for_its_marks(kind: MessageKind, language: Language) -> None:
    """Two files, one content: what people practise is what they will hear."""
    live, exercise = template_of(Realm.LIVE, kind, language), template_of(Realm.EXERCISE, kind, language)
    for field in SPOKEN:
        assert getattr(live, field) in getattr(exercise, field)
    assert (live.action, live.do, live.because) == (exercise.action, exercise.do, exercise.because)


@pytest.mark.parametrize(("realm", "kind", "language"), ALL)
def test_short_forms_fit_for_every_area_alone_and_for_all_at_once(
    realm: Realm, kind: MessageKind, language: Language
) -> None:
    for authority, nation in zip(AUTHORITIES, ("JPN", "KOR", "USA"), strict=True):
        known = areas().ids(nation)
        longest = max(known, key=lambda area_id: len(areas().get(area_id).names[language]))  # type: ignore[union-attr]
        for chosen in ((longest,), known[:4], known):
            made = said(kind, language, realm=realm, authority=authority, areas=tuple(chosen), count_at_least=12)
            assert len(made.short) <= LIMIT_SHORT
            assert len(made.long) <= LIMIT_LONG
            assert len(made.extended) <= LIMIT_EXTENDED
            name = areas().get(longest).names[language]  # type: ignore[union-attr]
            assert len(chosen) > 1 or name in made.short, "a single area is always named"
            assert authority.short[language] in made.short


def test_an_authority_with_long_names_and_advice_still_fits() -> None:
    """The longest that the registry takes; the area is said, and if need be not by whom."""
    longest = "Y" * limits.MAX_SHORT_ACTION
    own = Action(
        areas=("US-MP",),
        kinds=tuple(MessageKind),
        text=dict.fromkeys(LANGUAGES, "Z" * limits.MAX_ACTION_LENGTH),
        short=dict.fromkeys(LANGUAGES, longest),
    )
    unnamed = msgspec.structs.replace(HAWAII, id="X" * 64, name={}, short={}, actions=(own,))
    for realm, kind, language in ALL:
        alone = said(kind, language, realm=realm, authority=unnamed, areas=("US-MP",))
        assert len(alone.short) <= LIMIT_SHORT
        assert longest in alone.short
        assert areas().get("US-MP").names[language] in alone.short  # type: ignore[union-attr]
        made = said(kind, language, realm=realm, authority=unnamed, areas=("US-MP", "US-DC", "US-GU"))
        assert len(made.short) <= LIMIT_SHORT
        assert "X" * 64 in made.description


def test_what_is_said_in_full() -> None:
    """Read once by people, then held: the words of a warning change by decision only."""
    korean = said(MessageKind.SHELTER, "ko", authority=KOREA)
    assert korean.headline == "미사일 경보 발령: 경상북도, 강원특별자치도. 즉시 대피하십시오."
    assert korean.description == (
        "12시 00분경 북한에서 미사일이 발사된 것으로 탐지되었습니다. 12시 07분경 경상북도, 강원특별자치도에 떨어지거나 "
        "상공을 통과할 가능성이 있습니다. 이 경보는 13시 02분까지 유효합니다. 발령기관: 행정안전부."
    )
    assert korean.short == "미사일 경보. 경상북도, 강원특별자치도. 건물 안이나 지하로 즉시 대피. 13시 02분까지. 행안부"
    assert korean.long == (
        "12시 00분경 북한에서 미사일이 발사된 것으로 탐지되었습니다. 경상북도, 강원특별자치도, 12시 07분경 "
        "미사일 위협. 건물 안이나 지하로 즉시 대피 바랍니다. 13시 02분까지 유효. 행안부"
    )
    japanese = said(MessageKind.SHELTER, "ja", realm=Realm.EXERCISE, count_at_least=3)
    assert japanese.headline == "【訓練】ミサイル発射情報。青森県、北海道、秋田県の方は、直ちに避難してください。"
    assert "12時00分頃、北朝鮮から少なくとも3発のミサイルが発射されたものとみられます。" in japanese.description
    english = said(MessageKind.SHELTER, "en", authority=HAWAII)
    assert english.short == "Missile threat: Hawaii. Shelter now. Until 6:02 PM HST. HI-EMA"
    assert english.description.startswith("The launch of a missile from North Korea was detected at about 5:00 PM HST.")


@pytest.mark.parametrize(
    ("language", "one", "many"),
    [("en", "a missile", "at least 7"), ("ko", "미사일이", "최소 7발"), ("ja", "ミサイルが", "少なくとも7発")],
)
def test_a_salvo_is_at_least_so_many(language: Language, one: str, many: str) -> None:
    assert one in said(MessageKind.SHELTER, language).description
    assert many in said(MessageKind.SHELTER, language, count_at_least=7).description


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_lost_track_is_not_said_to_have_passed_or_fallen(language: Language) -> None:
    made = said(MessageKind.LOST, language, reach="lost")
    text = " ".join(getattr(made, field) for field in SPOKEN).casefold()
    for word in ("pass", "fell", "fall", "impact", "통과", "낙하", "떨어", "通過", "落下"):
        assert word not in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("reach", ["boosting", "reachable_set", "lost"])
def test_an_uncertain_place_is_said_to_be_one(language: Language, reach: str) -> None:
    part = getattr(words_of(language), f"reach_{reach}")
    assert part
    for kind in WARNS:
        assert part in said(kind, language, reach=reach).description
        assert part not in said(kind, language, reach="point").description


@pytest.mark.parametrize(
    ("hit_p", "pass_p", "words"),
    [(0.3, 0.001, "Impact in Aomori"), (0.001, 0.9, "Passage over"), (0.2, 0.2, "or pass")],
)
def test_only_what_is_likely_enough_is_named(hit_p: float, pass_p: float, words: str) -> None:
    made = message(areas=("JP-02",))
    made = msgspec.structs.replace(made, areas=(threat("JP-02", hit_p=hit_p, pass_p=pass_p),))
    assert words in texts(made, "en", authority=JAPAN).description


def test_a_launch_that_is_not_known_is_not_invented() -> None:
    made = said(MessageKind.SHELTER, "en", launch_nation="", launch_ns=None)
    assert made.description.startswith("The launch of a missile was detected.")
    assert "North Korea" not in made.description
    unnamed = said(MessageKind.SHELTER, "en", launch_nation="FRA")
    assert unnamed.description.startswith("The launch of a missile was detected at about 12:00 PM JST.")
    assert [nation_name("PRK", language) for language in LANGUAGES] == ["North Korea", "북한", "北朝鮮"]


def test_the_reason_is_a_persons_words_or_the_general_one() -> None:
    assert "It turned out not to apply." in said(MessageKind.CANCEL, "en").description
    given = said(MessageKind.CANCEL, "en", words="it fell\n short  of the coast")
    assert "Reason: it fell short of the coast." in given.description
    assert "It turned out not to apply." not in given.description


def test_the_areas_own_authority_says_what_to_do_there() -> None:
    island = Action(
        areas=("JP-01",),
        kinds=(MessageKind.SHELTER,),
        text={
            "en": "There is no shelter. Lie down behind the sea wall.",
            "ja": "防潮堤の陰に伏せてください。",
            "ko": "방파제 뒤에 엎드리십시오.",
        },
        short={"en": "Lie down", "ja": "伏せて", "ko": "엎드려"},
    )
    town = msgspec.structs.replace(JAPAN, actions=(island,))
    made = texts(message(areas=("JP-01",)), "en", authority=town)
    assert "Lie down behind the sea wall." in made.instruction
    assert "strong building" not in made.instruction
    assert "Lie down." in made.short
    assert "strong building" in texts(message(areas=("JP-02",)), "en", authority=town).instruction
    update = texts(message(MessageKind.UPDATE, areas=("JP-01",)), "en", authority=town)
    assert "sea wall" not in update.instruction
    silent = msgspec.structs.replace(JAPAN, actions=(msgspec.structs.replace(island, text={"en": "Lie down."}),))
    with pytest.raises(InvalidInput, match="say nothing in ja"):
        texts(message(areas=("JP-01",)), "ja", authority=silent)


@pytest.mark.parametrize(
    ("realm", "words", "fault"),
    [
        (Realm.LIVE, "the exercise is over", "exercise"),
        (Realm.LIVE, "ＤＲＩＬＬ", "drill"),
        (Realm.LIVE, "훈련 메시지였습니다", "훈련"),
        (Realm.LIVE, "訓​練でした", "訓練"),
        (Realm.EXERCISE, "this is not a drill", "not a drill"),
        (Realm.EXERCISE, "훈련이 아닙니다", "훈련이 아닙"),
        (Realm.EXERCISE, "これは訓練ではありません", "訓練では"),
        (Realm.EXERCISE, "abc\x07", "cannot be seen"),
        (Realm.EXERCISE, "abc‮", "cannot be seen"),
    ],
)
def test_a_persons_words_are_judged_like_ours(realm: Realm, words: str, fault: str) -> None:
    with pytest.raises(InvalidInput, match=fault):
        said(MessageKind.CANCEL, "en", realm=realm, words=words)


def test_nobody_and_nowhere_are_refused() -> None:
    with pytest.raises(InvalidInput, match="at least one area"):
        texts(msgspec.structs.replace(message(), areas=()), "en", authority=JAPAN)
    with pytest.raises(InvalidInput, match="an ISO 3166-2 code we know"):
        said(MessageKind.SHELTER, "en", areas=("FR-75",))


def test_the_note_of_an_exercise_is_in_all_languages_of_the_message() -> None:
    assert note(message(realm=Realm.LIVE)) == ""
    assert all(mark in note(message()) for mark in MARKS.values())
    assert "訓練" not in note(message(languages=("en", "ko")))


@given(
    chosen=st.lists(st.sampled_from(areas().ids("USA")), min_size=1, max_size=53, unique=True),
    kind=st.sampled_from(MessageKind),
    language=st.sampled_from(LANGUAGES),
    count=st.integers(1, 1000),
)
def test_any_areas_fit_and_say_how_many_they_are(
    chosen: list[str], kind: MessageKind, language: Language, count: int
) -> None:
    made = said(kind, language, authority=HAWAII, areas=tuple(chosen), count_at_least=count)
    names = [areas().get(area_id).names[language] for area_id in chosen]  # type: ignore[union-attr]
    assert all(name in made.description for name in names)
    assert len(made.headline) <= LIMIT_HEADLINE
    assert len(made.short) <= LIMIT_SHORT
    left_out = sum(name not in made.short for name in names)
    assert not left_out or any(character.isdigit() for character in made.short.split(":")[-1])
