"""What a scenario says of warning: how nations warn, who orders, what breaks up; and every mistake in it."""

import re

import pytest

from beaconfire.kernel.alerts import AlertAction, MessageKind
from beaconfire.kernel.errors import InvalidInput
from beaconfire.rehearse import names, read_scenario, shipped
from beaconfire.rehearse.scenario import Alerting, OperatorAction, ShortFall
from tests.house import ROOT
from tests.rehearse.played import SMALL, scenario

PAGE = (ROOT / "docs" / "write-a-scenario.md").read_text(encoding="utf-8")
ORDER = '\n[[inject]]\ntime_s = 30.0\nwhat = "operator_action"\nnation = "KOR"\nperson = "kim"\naction = "cancel"\n'
BREAK = '\n[[inject]]\ntime_s = 60.0\nwhat = "short_fall"\nlaunch = "L1"\n'
KIM = '\n[nation.alerting]\nofficers = ["kim", "lee"]\nareas = ["KR-11", "KR-26"]\n'


def alerting(text: str) -> str:
    """The small scenario with something in its nation's table of warning."""
    head, mark, tail = SMALL.partition("\n[[sensor]]")
    return head + text + mark + tail


def faults(text: str) -> list[str]:
    with pytest.raises(InvalidInput) as caught:
        read_scenario(text.encode(), where="s.toml")
    return str(caught.value).splitlines()


def test_a_nation_warns_as_its_table_says() -> None:
    text = KIM + 'approval = "automatic"\nkinds = ["shelter", "cancel"]\nregime = "j_alert_2022"\n'
    read = read_scenario(alerting(text).encode(), where="s").nations[0].alerting
    assert (read.officers, read.areas, read.approval) == (("kim", "lee"), ("KR-11", "KR-26"), "automatic")
    assert read.kinds == (MessageKind.SHELTER, MessageKind.CANCEL)
    assert read_scenario(SMALL.encode(), where="s").nations[0].alerting == Alerting()


def test_orders_and_break_ups_are_read() -> None:
    read = read_scenario((alerting(KIM) + ORDER + BREAK).encode(), where="s").injects
    assert read == (
        OperatorAction(time_s=30.0, nation="KOR", person="kim", action=AlertAction.CANCEL),
        ShortFall(time_s=60.0, launch="L1"),
    )


@pytest.mark.parametrize(
    ("text", "where", "told"),
    [
        (alerting(KIM.replace("KR-26", "JP-13")), "nation[0].alerting.areas", "JP-13"),
        (alerting(KIM.replace('"lee"', '"kim"')), "nation[0].alerting.officers", "one entry per human"),
        (alerting(KIM.replace("officers", "oficers")), "nation[0].alerting.oficers", "officers"),
        (SMALL + ORDER, "inject[0].person", "'kim'"),
        (alerting(KIM) + ORDER.replace("cancel", "launch"), "inject[0].action", "cancel"),
        (alerting(KIM) + ORDER.replace("KOR", "JPN"), "inject[0].nation", "JPN"),
        (SMALL + BREAK.replace("L1", "L2"), "inject[0].launch", "L1"),
        (SMALL + BREAK + "speed_kept = 1.5\n", "inject[0].speed_kept", "1.0"),
        (SMALL + BREAK.replace("60.0", "600.0"), "inject[0].time_s", "at most duration_s"),
    ],
)
def test_a_mistake_is_named_with_what_would_be_right(text: str, where: str, told: str) -> None:
    assert any(where in line and told in line for line in faults(text)), faults(text)


def test_the_page_shows_what_is_read() -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    whole, table, *injects = blocks
    alone, partings = ([inject for inject in injects if ("partner" in inject) is paired] for paired in (False, True))
    text = whole.replace("\n[[sensor]]", f"\n{table}\n[[sensor]]", 1) + "".join(f"\n{inject}" for inject in alone)
    read = read_scenario(text.encode(), where="page")
    assert [type(inject).__name__ for inject in read.injects] == ["ShortFall", "OperatorAction"]
    assert read.nations[0].alerting == Alerting(), "the page states the defaults"
    several = shipped("partner-leaves").decode().partition("\n[[inject]]")[0]
    several += "".join(f"\n{inject}" for inject in partings)
    read = read_scenario(several.encode(), where="page")
    assert [type(inject).__name__ for inject in read.injects] == ["PartnerSuspend", "PartnerResume"]


@pytest.mark.parametrize("name", names())
def test_a_shipped_scenario_states_how_each_nation_warns_and_only_the_overflight_lets_a_rule_send(name: str) -> None:
    approvals = {nation.code: nation.alerting.approval for nation in scenario(name).nations}
    automatic = {code for code, approval in approvals.items() if approval == "automatic"}
    assert automatic == ({"JPN"} if name == "overflight" else set())
