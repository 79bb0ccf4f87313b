"""A person's words that may not be said are refused and written down; they do not stop the node."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from beaconfire.kernel.alerts import AlertAction, MessageKind
from beaconfire.kernel.errors import InvalidInput, Refused
from beaconfire.kernel.labels import Realm
from beaconfire.node import Command, ShowAudit
from beaconfire.node.warning import command
from beaconfire.warn import render
from tests.warn.messages import JAPAN, NOW_NS, message

ORDER = Command(
    person="baba", session="s", action=AlertAction.CANCEL, alert_id="JPN-E1", digest=b"", nonce=b"n", issued_ns=NOW_NS,
    signature=b"", words="this was a drill",
)  # fmt: skip


class Desk:
    """A desk that writes what it is told to, or refuses."""

    def order(self, item: Command, *, now_ns: int) -> list[object]:
        if not item.words:
            raise Refused("late", where="order", what="is too old", expected="a new one")
        render(message(MessageKind.CANCEL, realm=Realm.LIVE, words=item.words), authority=JAPAN)
        return []


@pytest.mark.parametrize(
    ("words", "reason", "text"), [("this was a drill", "invalid", "says 'drill'"), ("", "late", "is too old")]
)
def test_wrong_words_are_a_row_of_the_audit(words: str, reason: str, text: str) -> None:
    state = cast(Any, SimpleNamespace(desk=Desk(), now_ns=NOW_NS))
    order = Command(**{name: getattr(ORDER, name) for name in ORDER.__struct_fields__} | {"words": words})
    (row,) = command(state, order)
    assert isinstance(row, ShowAudit)
    assert (row.subject, row.verdict, row.rule) == ("JPN-E1", "refused", reason)
    assert text in row.reason


def test_right_words_pass() -> None:
    state = cast(Any, SimpleNamespace(desk=Desk(), now_ns=NOW_NS))
    order = Command(**{name: getattr(ORDER, name) for name in ORDER.__struct_fields__} | {"words": "it fell short"})
    assert command(state, order) == []


def test_the_words_would_have_raised() -> None:
    with pytest.raises(InvalidInput, match="no such word in LIVE"):
        Desk().order(ORDER, now_ns=NOW_NS)
