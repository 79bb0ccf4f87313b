"""Right messages, and every way to make them wrong: the planted faults of the specification and their relatives."""

import re
from collections.abc import Callable

from beaconfire.kernel.alerts import MessageKind
from beaconfire.kernel.labels import Realm
from beaconfire.warn import render
from tests.warn.messages import HAWAII, JAPAN, KOREA, message

SHELTER = render(message(), authority=JAPAN).decode()
LIVE = render(message(realm=Realm.LIVE), authority=JAPAN).decode()
UPDATE = render(message(MessageKind.UPDATE), authority=JAPAN).decode()
CANCEL = render(message(MessageKind.CANCEL), authority=JAPAN).decode()
CLEAR = render(message(MessageKind.ALL_CLEAR), authority=JAPAN).decode()
LOST = render(message(MessageKind.LOST, reach="lost"), authority=JAPAN).decode()
KOREAN = render(message(authority=KOREA), authority=KOREA).decode()
AMERICAN = render(message(authority=HAWAII), authority=HAWAII).decode()
BASES = {
    "shelter": SHELTER, "live": LIVE, "update": UPDATE, "cancel": CANCEL, "clear": CLEAR, "lost": LOST, "korea": KOREAN,
    "america": AMERICAN,
}  # fmt: skip
FIRST = "alerts@fdma.example,JPN-FDMA-1,2025-01-06T12:00:00+09:00"  # what UPDATE and CANCEL reference
SENT = "2025-01-06T12:02:00+09:00"


def swap(old: str, new: str, count: int = 1) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text, old
        return text.replace(old, new, count)

    return change


def swap_in(tag: str, pattern: str, new: str) -> Callable[[str], str]:
    """Change the first `tag` whose text fits a pattern."""

    def change(text: str) -> str:
        changed, count = re.subn(rf"<{tag}>{pattern}</{tag}>", f"<{tag}>{new}</{tag}>", text, count=1)
        assert count, (tag, pattern)
        return changed

    return change


def drop(tag: str, count: int = 1) -> Callable[[str], str]:
    def change(text: str) -> str:
        changed, done = re.subn(rf"<{tag}>.*?</{tag}>", "", text, count=count, flags=re.DOTALL)
        assert done, tag
        return changed

    return change


def first_polygon(new: str) -> Callable[[str], str]:
    return swap_in("polygon", "[^<]*", new)


def lengthen(name: str, characters: int) -> Callable[[str], str]:
    """Make the text of a parameter longer by so many characters."""
    start = f"<valueName>{name}</valueName><value>EXERCISE"
    return swap(start, start + "x" * characters)


# Base, change, where the fault is said to be: the planted faults of the specification and their relatives.
PLANTED: list[tuple[str, Callable[[str], str], str]] = [
    # times: numeric offset, whole seconds, never Z
    ("shelter", swap(f"<sent>{SENT}", "<sent>2025-01-06T03:02:00Z"), "alert/sent"),
    ("shelter", swap(f"<sent>{SENT}", "<sent>2025-01-06T12:02:00.5+09:00"), "alert/sent"),
    ("shelter", swap(f"<sent>{SENT}", "<sent>2025-01-06T03:02:00+00:00"), "alert/sent"),
    ("shelter", swap(f"<sent>{SENT}", "<sent>2025-02-30T12:02:00+09:00"), "alert/sent"),
    ("shelter", swap(f"<sent>{SENT}", "<sent>2025-01-06 12:02:00+09:00"), "alert/sent"),
    ("shelter", swap(f"<sent>{SENT}", "<sent>yesterday"), "alert/sent"),
    ("shelter", swap_in("expires", "[^<]*", "2025-01-06T04:02:00Z"), "info[1]/expires"),
    ("shelter", swap_in("onset", "[^<]*", "soon"), "info[1]/onset"),
    ("shelter", swap_in("effective", "[^<]*", "2025-01-06T12:02+09:00"), "info[1]/effective"),
    ("shelter", swap("13:02:00+09:00", "11:02:00+09:00", 9), "info[1]/expires"),
    # identifier and sender
    ("shelter", swap("<identifier>JPN-FDMA-2", "<identifier>JPN FDMA 2"), "alert/identifier"),
    ("shelter", swap("<identifier>JPN-FDMA-2", "<identifier>JPN,FDMA"), "alert/identifier"),
    ("shelter", swap("<identifier>JPN-FDMA-2", "<identifier>A&lt;B"), "alert/identifier"),
    ("shelter", swap("<sender>alerts@fdma.example", "<sender>alerts fdma"), "alert/sender"),
    ("shelter", swap("<sender>alerts@fdma.example", "<sender>a&amp;b"), "alert/sender"),
    ("shelter", swap("<sender>alerts@fdma.example", "<sender>a,b"), "alert/sender"),
    # references
    ("cancel", drop("references"), "alert/references"),
    ("update", drop("references"), "alert/references"),
    ("update", swap_in("references", "[^<]*", "JPN-FDMA-1"), "alert/references"),
    ("update", swap_in("references", "[^<]*", "a@b,JPN-FDMA-1,2025-01-06T03:00:00Z"), "alert/references"),
    ("update", swap_in("references", "[^<]*", "a@b,,2025-01-06T12:00:00+09:00"), "alert/references"),
    ("update", swap_in("references", "[^<]*", f"alerts@fdma.example,JPN-FDMA-2,{SENT}"), "alert/references"),
    ("update", swap_in("references", "[^<]*", "a@b,X,2025-01-06T12:02:01+09:00"), "alert/references"),
    ("update", swap("</references>", f" {FIRST}</references>"), "references"),
    # polygons
    ("shelter", first_polygon("40,140 41,140 41,141 40.5,140.2"), "polygon"),
    ("shelter", first_polygon("40,140 41,140 40,140"), "polygon"),
    ("shelter", first_polygon("40,140 41,141 41,140 40,141 40,140"), "polygon"),
    ("shelter", first_polygon("140,40 140,41 141,41 140,40"), "polygon"),
    ("shelter", first_polygon("52,179 52,-179 53,-179 53,179 52,179"), "polygon"),
    ("shelter", first_polygon("40 140 41 140 41 141 40 140"), "polygon"),
    ("shelter", first_polygon("40,140 nan,140 41,141 40,140"), "polygon"),
    ("shelter", first_polygon("40,140 41,1e2 41,141 40,140"), "polygon"),
    ("shelter", first_polygon("40,140 40,140 40,140 40,140"), "polygon"),
    ("shelter", first_polygon("40,140 41,140 41,181 40,140"), "polygon"),
    ("shelter", swap("<polygon>", "<circle>95,140 5</circle><polygon>"), "circle"),
    # the same in every language
    ("shelter", swap_in("urgency", "Immediate", "Future"), "info[2]/urgency"),
    ("shelter", swap_in("severity", "Extreme", "Minor"), "info[2]/severity"),
    ("shelter", swap_in("certainty", "Likely", "Possible"), "info[2]/certainty"),
    ("shelter", swap_in("category", "Security", "Safety"), "info[2]/category"),
    ("shelter", swap("<value>OET-129", "<value>OET-130"), "info[2]/eventCode"),
    ("shelter", swap("13:02:00+09:00", "13:03:00+09:00"), "info[2]/expires"),
    ("shelter", swap_in("onset", "[^<]*", "2025-01-06T12:08:00+09:00"), "info[2]/onset"),
    ("shelter", swap_in("responseType", "Shelter", "Evacuate"), "info[2]/responseType"),
    ("shelter", swap("<language>ko-KR", "<language>en-US"), "info[1]/language"),
    ("shelter", drop("language"), "info[1]/language"),
    ("shelter", swap("<value>JP-02", "<value>JP-03"), "speaks"),
    # every info is whole
    *[("shelter", drop(tag), f"info[1]/{tag}") for tag in (
        "headline", "description", "instruction", "senderName", "expires", "web", "contact",
    )],
    ("shelter", drop("area", 3), "info[1]/area"),
    ("shelter", drop("info", 3), "alert/info"),
    ("shelter", drop("incidents"), "alert/incidents"),
    ("shelter", drop("note"), "alert/note"),
    # codes
    ("shelter", drop("eventCode"), "info[1]/eventCode"),
    ("shelter", swap("OET-129", "OET-1", 3), "info[1]/eventCode"),
    ("shelter", swap("<category>CBRNE</category>", "", 3), "info[1]/category"),
    ("shelter", swap("<value>JP-02", "<value>Aomori", 3), "area[1]/geocode"),
    ("shelter", drop("geocode"), "area[1]/geocode"),
    # words
    ("shelter", swap("<headline>EXERCISE. ", "<headline>"), "info[1]/headline"),
    ("shelter", swap("<instruction>[훈련] ", "<instruction>"), "info[2]/instruction"),
    ("shelter", swap("<description>【訓練】", "<description>"), "info[3]/description"),
    ("shelter", swap("This is an exercise.", "This is not a drill."), "info[1]/description"),
    ("shelter", swap("이것은 훈련입니다.", "이것은 훈련이 아닙니다."), "info[2]/description"),
    ("shelter", swap("これは訓練です。", "これは訓練ではありません。"), "info[3]/description"),
    ("live", swap("Take shelter now.", "This is not a drill."), "info[1]/headline"),
    ("live", swap("즉시 대피하십시오.", "훈련이 아닙니다."), "info[2]/headline"),
    ("live", swap("<areaDesc>Aomori", "<areaDesc>Drill area of Aomori"), "areaDesc"),
    ("live", swap("<status>Actual", "<status>Exercise"), "info[1]/headline"),
    ("shelter", swap("<status>Exercise", "<status>Actual"), "info[1]/headline"),
    ("lost", swap("is not known.", "is not known; it passed."), "info[1]/description"),
    ("lost", swap("위치가 확인되지 않습니다.", "떨어졌습니다."), "info[2]/description"),
    ("lost", swap("位置が分かっていません。", "落下しました。"), "info[3]/description"),
    # two buttons
    ("cancel", swap_in("responseType", "None", "Shelter"), "info[1]/responseType"),
    ("cancel", swap_in("urgency", "Past", "Immediate"), "info[1]/urgency"),
    ("cancel", swap_in("responseType", "None", "AllClear"), "info[1]/responseType"),
    ("clear", swap("<msgType>Update", "<msgType>Alert"), "info[1]/responseType"),
    ("clear", swap("AllClear<", "AllClear</responseType><responseType>Shelter<"), "responseType"),
    ("clear", swap_in("urgency", "Past", "Expected"), "info[1]/urgency"),
    # lengths and profiles
    ("korea", lengthen("KR-CBS:short", 90), "KR-CBS:short"),
    ("korea", lengthen("KR-CBS:long", 157), "KR-CBS:long"),
    ("korea", swap(":short</valueName><value>EXERCISE", ":short</valueName><value>"), "KR-CBS:short"),
    ("america", lengthen("CMAMtext", 90), "CMAMtext"),
    ("america", lengthen("CMAMlongtext", 360), "CMAMlongtext"),
    ("america", swap("CMAMtext</valueName><value>EXERCISE", "CMAMtext</valueName><value>EXERCISE ŵ"), "CMAMtext"),
    ("america", swap("<value>015000", "<value>15"), "area[1]/geocode"),
    ("america", swap("<value>DMO", "<value>DEMO", 3), "info[1]/eventCode"),
    ("america", swap("<valueName>EAS-ORG", "<valueName>EAS"), "EAS-ORG"),
    # shape
    ("shelter", swap("<scope>Public", "<scope>Everybody"), "alert/scope"),
    ("shelter", swap("<scope>Public", "<scope>Restricted"), "alert/restriction"),
    ("shelter", swap("<scope>Public", "<scope>Private"), "alert/addresses"),
    ("shelter", swap("<msgType>Alert", "<msgType>Warn"), "alert/msgType"),
    ("shelter", drop("sender"), "alert/sender"),
    ("shelter", swap("<incidents>", "<incidents>X</incidents><incidents>"), "alert/incidents"),
    ("shelter", swap("<incidents>", "<siren>on</siren><incidents>"), "siren"),
    ("shelter", swap("<headline>", "<event>again</event><headline>"), "event"),
    ("shelter", swap_in("areaDesc", "[^<]*", " "), "areaDesc"),
    ("shelter", swap("<web>", "<web><b>x</b>"), "web"),
]  # fmt: skip
