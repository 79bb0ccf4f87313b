"""A partner's announced leave takes effect by the clock alone: in whichever step comes first, before it decides."""

import pytest

from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import Scan
from beaconfire.kernel.time import NS_PER_S
from beaconfire.node import ControlIn, Input, PolicyLoad, ScanIn, Tick, members
from beaconfire.share import Link
from tests.exchange import NOW_NS, product
from tests.node.parting import OPEN, korea, sends, words

SCAN = ScanIn(Scan(NOW_NS + 6 * NS_PER_S, "KOR-R1", ()))
NEWER = PolicyLoad(OPEN.replace(b"version = 1", b"version = 2"))


@pytest.mark.parametrize("item", [SCAN, NEWER, Tick()], ids=["scan", "policy", "tick"])
def test_the_first_step_after_the_notice_freezes_what_goes_to_who_left(item: Input) -> None:
    node = korea()
    japan = Link(nation="JPN", partner="KOR", realm=Realm.EXERCISE, epoch=200)
    notice = japan.notice(now_ns=NOW_NS, reason="left", effective_ns=NOW_NS + 5 * NS_PER_S)
    node.do(ControlIn("JPN", notice.unsigned, b""))
    assert sends(node.offers(product(number=1))) != [], "till then all goes on"
    effects = node.do(item, after_s=6.0)
    assert words(effects) == ["suspended_by_partner"]
    assert sends(effects) == []
    assert sends(node.offers(product(number=2))) == []
    (jpn,) = (member for member in members(node.state) if member.nation == "JPN")
    assert (jpn.standing.state, jpn.standing.reason, jpn.missed) == ("suspended_by_partner", "left", 1)


def test_it_is_said_once() -> None:
    node = korea()
    japan = Link(nation="JPN", partner="KOR", realm=Realm.EXERCISE, epoch=200)
    notice = japan.notice(now_ns=NOW_NS, reason="left", effective_ns=NOW_NS + 5 * NS_PER_S)
    node.do(ControlIn("JPN", notice.unsigned, b""))
    said = [word for after_s in (2.0, 4.0, 1.0, 1.0) for word in words(node.do(Tick(), after_s=after_s))]
    assert said == ["suspended_by_partner"]
