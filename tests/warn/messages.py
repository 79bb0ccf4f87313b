"""Messages for tests: three authorities with areas, and a message of any kind that is right unless told otherwise."""

from typing import Any

import msgspec

from beaconfire.kernel.alerts import LANGUAGES, AreaThreat, Message, MessageKind
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.time import NS_PER_S, parse_utc
from beaconfire.warn import Authority, reference

NOW_NS = parse_utc("2025-01-06T03:02:00Z")  # 12:02 in Japan and Korea

JAPAN = Authority(
    id="JPN-FDMA",
    name={"ja": "消防庁", "en": "Fire and Disaster Management Agency", "ko": "일본 소방청"},
    short={"ja": "消防庁", "en": "FDMA", "ko": "일본 소방청"},
    sender="alerts@fdma.example",
    contact="https://fdma.example/contact",
    web="https://fdma.example",
    areas=("JP-02", "JP-01", "JP-05"),
)
KOREA = Authority(
    id="KOR-MOIS",
    name={"ko": "행정안전부", "en": "Ministry of the Interior and Safety", "ja": "韓国行政安全部"},
    short={"ko": "행안부", "en": "MOIS", "ja": "行政安全部"},
    sender="alerts@mois.example",
    contact="https://mois.example/contact",
    web="https://mois.example",
    areas=("KR-47", "KR-42"),
)
HAWAII = Authority(
    id="USA-HI-EMA",
    name={"en": "Hawaii Emergency Management Agency", "ko": "하와이 재난관리청", "ja": "ハワイ州緊急事態管理庁"},
    short={"en": "HI-EMA", "ko": "하와이재난청", "ja": "ハワイ州"},
    sender="alerts@hi-ema.example",
    contact="https://hi-ema.example/contact",
    web="https://hi-ema.example",
    areas=("US-HI",),
)
AUTHORITIES = (JAPAN, KOREA, HAWAII)


def threat(area_id: str, *, hit_p: float = 0.02, pass_p: float = 0.9, in_s: float = 300.0) -> AreaThreat:
    first_ns = NOW_NS + round(in_s * NS_PER_S)
    return AreaThreat(area_id=area_id, hit_p=hit_p, pass_p=pass_p, first_ns=first_ns, last_ns=first_ns + 60 * NS_PER_S)


def message(
    kind: MessageKind = MessageKind.SHELTER,
    *,
    authority: Authority = JAPAN,
    realm: Realm = Realm.EXERCISE,
    areas: tuple[str, ...] = (),
    **changes: Any,
) -> Message:
    """A message of a kind; what follows a first message references one."""
    first = f"{authority.sender},{authority.id}-1,2025-01-06T12:00:00+09:00"
    made = Message(
        realm=realm,
        kind=kind,
        identifier=f"{authority.id}-2",
        sender=authority.sender,
        sent_ns=NOW_NS,
        expires_ns=NOW_NS + 3600 * NS_PER_S,
        references=() if kind is MessageKind.SHELTER else (first,),
        incidents=("JPN-20250106-1",),
        areas=tuple(threat(area_id) for area_id in areas or authority.areas),
        count_at_least=1,
        launch_ns=NOW_NS - 120 * NS_PER_S,
        launch_nation="PRK",
        reach="point",
        author=authority.id,
        languages=LANGUAGES,
    )
    return msgspec.structs.replace(made, **changes)


def following(first: Message, kind: MessageKind, *, after_s: float = 600.0, **changes: Any) -> Message:
    """A later message of the same alert that references the first."""
    sent_ns = first.sent_ns + round(after_s * NS_PER_S)
    rest: dict[str, Any] = {
        "identifier": f"{first.identifier}-{kind}",
        "references": (reference(first),),
        "expires_ns": first.expires_ns + NS_PER_S,
    }
    return msgspec.structs.replace(first, kind=kind, sent_ns=sent_ns, **rest | changes)
