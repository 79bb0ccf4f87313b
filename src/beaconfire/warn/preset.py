"""A first `warning.toml` and a first automatic rule: what `init` writes and exercises start from, to be edited."""

import json
from collections.abc import Sequence

from beaconfire.kernel.alerts import LANGUAGES, Language, MessageKind
from beaconfire.kernel.labels import Realm
from beaconfire.warn.areas import areas as known_areas

_WARNING = """# For whom this node speaks, where, when, and by which channels: docs/warning.md names every key.
version = 1
nation = {nation}
realm = {realm}
author = {author}
languages = {languages}
rules = {rules}  # sealed files that let messages go without people; none: two people approve every alert

[regime]
preset = {regime}  # default | j_alert_2022 | j_alert_2023

[approval]
people = 2
send = "at_once"  # at_once | by_command

[times]
valid_s = 3600
countdown_s = 60
margin_s = 120
receipt_s = 10

[[authority]]
id = {author}
name = {{ en = {en}, ko = {ko}, ja = {ja} }}
sender = {sender}
contact = {contact}
web = {web}
areas = {areas}

[[channel]]
name = "files"
realm = {realm}
kind = "directory"
path = "alerts"
"""

_RULE = """# An automatic rule counts only as sealed by the nation's root and named in warning.toml.
[rule]
id = {id}
nation = {nation}
realm = {realm}
kinds = {kinds}
min_probability = {min_probability}
single_source = {single_source}
while_boosting = {while_boosting}
"""


def warning_preset(
    nation: str,
    realm: Realm,
    *,
    languages: Sequence[Language] = LANGUAGES,
    areas: Sequence[str] = (),
    regime: str = "default",
    rules: Sequence[str] = (),
) -> bytes:
    """Return the text of a nation's first `warning.toml`, for all of its areas unless some are named.

    Empty for a nation of which no areas are known: such a node warns nobody.
    """
    answered = tuple(areas) or known_areas().ids(nation)
    if not answered:
        return b""
    host = f"{nation.lower()}.example"
    return _filled(
        _WARNING, nation=nation, realm=realm, author=f"{nation}-WARNING", languages=list(languages), rules=list(rules),
        regime=regime, en=f"{nation} warning authority", ko=f"{nation} 경보 기관", ja=f"{nation} 警報機関",
        sender=f"warning@{host}", contact=f"warning@{host}", web=f"https://{host}", areas=list(answered),
    )  # fmt: skip


def rule_preset(
    nation: str,
    realm: Realm,
    *,
    rule_id: str = "exercise",
    kinds: Sequence[MessageKind] = (MessageKind.SHELTER, MessageKind.UPDATE, MessageKind.PASSED, MessageKind.LOST),
    min_probability: float = 0.5,
    single_source: bool = False,
    while_boosting: bool = True,
) -> bytes:
    """Return the text of an automatic rule, to be sealed."""
    return _filled(
        _RULE, id=rule_id, nation=nation, realm=realm, kinds=[str(kind) for kind in kinds],
        min_probability=min_probability, single_source=single_source, while_boosting=while_boosting,
    )  # fmt: skip


def _filled(template: str, **values: object) -> bytes:
    """TOML's basic strings, lists of them, numbers and truths are JSON's."""
    return template.format_map({name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}).encode()
