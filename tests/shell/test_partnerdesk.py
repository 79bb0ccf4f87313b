"""Who may order something of a partner: LIVE asks one or two officers, and a word holds for one link as it is now."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beaconfire.kernel.approval import Act, Nonces
from beaconfire.kernel.errors import InvalidInput, Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.person import Person
from beaconfire.kernel.time import format_utc
from beaconfire.node import Join, KeyChange, Leave, Resume, Suspend
from beaconfire.share import Standing
from beaconfire.shell import bundles, keys
from beaconfire.shell.config import NodeConfig
from beaconfire.shell.control import PartnerOrder
from beaconfire.shell.partnerdesk import OWNER, approved, bundle_act, epoch_of, order_act, order_item, partner_row
from beaconfire.shell.partnerstatus import PartnerStatus
from beaconfire.shell.people import add_person, sign_act
from tests.node.parting import LEAVE, korea
from tests.shell.support import make_nation

NOW_NS = 1_750_000_000_000_000_000
SECRET = "of the test"
PEOPLE = {name: Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32)) for name in ("kim", "lee", "aoki")}


@pytest.fixture
def live(tmp_path: Path) -> NodeConfig:
    """A LIVE node with two officers."""
    config = make_nation(tmp_path, "KOR", Realm.LIVE, passphrase=SECRET)
    root = keys.load_root(Path(config.folder), passphrase=SECRET)
    for name in ("kim", "lee"):
        public = PEOPLE[name].public_key().public_bytes_raw().hex()
        add_person(config, Person(id=name, name=name, roles=("officer",), keys=(public,)), root=root, now_ns=NOW_NS)
    return config


def ask(
    config: NodeConfig, order: PartnerOrder, *people: str, epoch: int = 7, issued_ns: int = NOW_NS,
    nonces: Nonces | None = None, act: Act | None = None,
) -> tuple[str, ...]:  # fmt: skip
    act = act or order_act(config, order, epoch=7)
    words = tuple(sign_act(PEOPLE[name], act, person=name, issued_ns=issued_ns) for name in people)
    root = keys.read_public_key(Path(config.folder) / keys.KEYS_FOLDER / "root.pub")
    signed = msgspec.structs.replace(order, words=words)
    return approved(config, signed, epoch=epoch, now_ns=NOW_NS, root_public=root, nonces=nonces)


SUSPEND = PartnerOrder("suspend", "JPN", "a treaty")
RESUME = PartnerOrder("resume", "JPN")


@pytest.mark.parametrize(("action", "needs"), [("suspend", 1), ("leave", 1), ("resume", 2), ("partner", 2)])
def test_live_asks_as_many_officers_as_the_rule_says(live: NodeConfig, action: str, needs: int) -> None:
    order = PartnerOrder(action, "JPN")  # type: ignore[arg-type]
    officers = ("kim", "lee")
    assert ask(live, order, *officers[:needs]) == officers[:needs]
    with pytest.raises(Refused, match="is signed by"):
        ask(live, order, *officers[: needs - 1])


def test_one_human_is_no_two_and_nobody_else_counts(live: NodeConfig) -> None:
    with pytest.raises(Refused, match="signed by this person already"):
        ask(live, RESUME, "kim", "kim")
    with pytest.raises(Refused, match="by nobody of this node"):
        ask(live, SUSPEND, "aoki")


def test_a_word_is_about_one_order_of_one_link(live: NodeConfig) -> None:
    """Another partner, reason, date, epoch or action: what was signed is something else."""
    for other in (
        PartnerOrder("suspend", "USA", "a treaty"), PartnerOrder("suspend", "JPN", "another reason"),
        PartnerOrder("leave", "JPN", "a treaty"), PartnerOrder("suspend", "JPN", "a treaty", NOW_NS),
    ):  # fmt: skip
        with pytest.raises(Refused, match="is not signed by that person"):
            ask(live, other, "kim", act=order_act(live, SUSPEND, epoch=7))
    with pytest.raises(Refused, match="is not signed by that person"):
        ask(live, SUSPEND, "kim", epoch=8)
    exercise = bundle_act(Realm.EXERCISE, SUSPEND, epoch=7, bundle=b"")
    with pytest.raises(Refused, match="is not signed by that person"):
        ask(live, SUSPEND, "kim", act=exercise)


def test_a_word_is_good_for_five_minutes_and_once(live: NodeConfig) -> None:
    with pytest.raises(Refused, match="is too old"):
        ask(live, SUSPEND, "kim", issued_ns=NOW_NS - 301 * 10**9)
    with pytest.raises(Refused, match="is from the future"):
        ask(live, SUSPEND, "kim", issued_ns=NOW_NS + 60 * 10**9)
    nonces = Nonces()
    word = sign_act(PEOPLE["kim"], order_act(live, SUSPEND, epoch=7), person="kim", issued_ns=NOW_NS)
    signed = msgspec.structs.replace(SUSPEND, words=(word,))
    root = keys.read_public_key(Path(live.folder) / keys.KEYS_FOLDER / "root.pub")
    assert approved(live, signed, epoch=7, now_ns=NOW_NS, root_public=root, nonces=nonces) == ("kim",)
    with pytest.raises(Refused, match="was given already"):
        approved(live, signed, epoch=7, now_ns=NOW_NS, root_public=root, nonces=nonces)


def test_the_bundle_is_part_of_what_is_signed(live: NodeConfig, tmp_path: Path) -> None:
    """Who swaps the invitation after the officers signed has their words for another one."""
    order = PartnerOrder("partner", "JPN")
    one, other = (bundle_act(live.realm, order, epoch=0, bundle=data) for data in (b"one", b"other"))
    assert one.digest != other.digest
    with pytest.raises(Refused, match="is not signed by that person"):
        ask(live, order, "kim", "lee", epoch=0, act=one)


def test_in_an_exercise_the_owner_may(tmp_path: Path) -> None:
    config = make_nation(tmp_path, "KOR")
    assert ask(config, SUSPEND) == (OWNER,)


def test_orders_become_inputs(tmp_path: Path) -> None:
    (kor, jpn) = (make_nation(tmp_path, nation) for nation in ("KOR", "JPN"))
    identity = keys.load(Path(jpn.folder), "JPN", jpn.realm, passphrase=None)
    key = identity.node_public
    state = korea().state
    by = ("kim",)
    assert order_item(kor, SUSPEND, by=by, state=state) == Suspend("JPN", by, "a treaty")
    assert order_item(kor, PartnerOrder("leave", "JPN", "r", 9), by=by, state=state) == Leave("JPN", by, "r", 9)
    with pytest.raises(InvalidInput, match=r"JPN\.json"):
        order_item(kor, PartnerOrder("partner", "JPN"), by=by, state=state)
    bundles.accept(
        kor, bundles.make_bundle(jpn, identity, passphrase=None), where="jpn.bundle", passphrase=None
    )  # fmt: skip
    assert order_item(kor, RESUME, by=by, state=state) == Resume("JPN", key, by)
    again = order_item(kor, PartnerOrder("partner", "JPN"), by=by, state=state)
    assert again == KeyChange("JPN", key, by), "who is a partner already has new keys"
    node = korea()
    node.do(LEAVE)
    back = order_item(kor, PartnerOrder("partner", "JPN"), by=by, state=node.state)
    assert isinstance(back, Join)
    assert back.partner.public_key == key
    assert epoch_of(state, "JPN") == 100
    assert epoch_of(state, "AUS") == epoch_of(None, "JPN") == 0


def test_a_row_says_what_people_ask(tmp_path: Path) -> None:
    status = PartnerStatus("JPN", True, 0.4, 7, 82, 97, 95, 0)
    row = partner_row(status)
    assert (row.state, row.link, row.since_utc, row.heard_s) == ("active", "up", None, 0.4)
    assert (row.sent_number, row.received_number, row.contiguous) == (82, 97, 95)
    assert partner_row(replace(status, silent_s=None)).state == "silent"
    assert partner_row(replace(status, silent_s=5.0)).link == "down"
    leaving = replace(status, standing=Standing("leaving", NOW_NS, "why", ("kim",), effective_ns=NOW_NS + 10**9))
    row = partner_row(leaving)
    assert (row.state, row.effective_utc, row.by) == ("leaving", format_utc(NOW_NS + 10**9), ("kim",))
