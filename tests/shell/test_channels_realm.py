"""P5 at the channels, with real keys: an exercise's message under every subset of a live one's marks is refused."""

import itertools
from functools import partial
from pathlib import Path

import pytest

from beaconfire.kernel.errors import BeaconfireError, Refused
from beaconfire.kernel.labels import Realm
from beaconfire.shell import capsign, keys
from beaconfire.shell.channels import admit
from tests.shell.cap import cap, message
from tests.shell.support import make_nation

OTHER = {Realm.LIVE: Realm.EXERCISE, Realm.EXERCISE: Realm.LIVE}
STATUS = {Realm.LIVE: b"<status>Actual<", Realm.EXERCISE: b"<status>Exercise<"}


@pytest.fixture(scope="module")
def signing(tmp_path_factory: pytest.TempPathFactory) -> dict[Realm, keys.AlertKey]:
    """One nation's alert keys of both realms, as two nodes hold them."""
    found = {}
    for realm in Realm:
        config = make_nation(tmp_path_factory.mktemp(realm), "KOR", realm, passphrase="p")
        identity = keys.load(Path(config.folder), "KOR", realm, passphrase="p")
        assert identity.alerts is not None
        found[realm] = identity.alerts
    return found


def signed(signing: dict[Realm, keys.AlertKey], realm: Realm, text: bytes) -> bytes:
    return capsign.sign(text, signing[realm].key_pem, signing[realm].certificate_pem)


@pytest.mark.parametrize("realm", list(Realm))
@pytest.mark.parametrize(("kind", "status", "key"), list(itertools.product([False, True], repeat=3)))
def test_only_a_message_with_every_mark_of_the_realm_passes(
    signing: dict[Realm, keys.AlertKey], realm: Realm, kind: bool, status: bool, key: bool
) -> None:
    """`kind`, `status` and `key` say which marks are the channel's own realm's; the others are the other realm's."""
    signer = realm if key else OTHER[realm]
    xml = signed(signing, signer, cap(realm=signer))
    wanted = realm if status else OTHER[realm]
    xml = xml.replace(STATUS[signer], STATUS[wanted])
    alert = message(realm=realm if kind else OTHER[realm], xml=xml)
    verify = partial(capsign.verify, trusted_pem=signing[realm].certificate_pem)
    if kind and status and key:
        admit(alert, realm=realm, verify=verify)
        return
    with pytest.raises(Refused) as caught:
        admit(alert, realm=realm, verify=verify)
    assert caught.value.reason == ("type" if not kind else "status" if not status else "signature")


def test_a_key_signs_no_message_of_the_other_realm(signing: dict[Realm, keys.AlertKey]) -> None:
    for realm in Realm:
        with pytest.raises(BeaconfireError, match="status"):
            signed(signing, realm, cap(realm=OTHER[realm]))
