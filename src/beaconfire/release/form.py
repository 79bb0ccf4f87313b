"""The released form on the wire: a redacted body with its label, and the last look at it before it may leave."""

from beaconfire.kernel import codec, limits, wire
from beaconfire.kernel.errors import Refused
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.products import TRACK_KINDS, Product, ReleasedBody
from beaconfire.kernel.time import NS_PER_S
from beaconfire.release.grants import Grant

_TRACK_LIFE_NS = limits.REPLAY_HORIZON_S * NS_PER_S  # a tracklet is no use to a tracker beyond the replay horizon
_EVENT_LIFE_NS = 86_400 * NS_PER_S  # a launch point is news for a day


def release_of(
    product: Product, body: ReleasedBody, grant: Grant, *, nation: str, realm: Realm, source_id: bytes, revision: int,
    now_ns: int, modified: bool, rule_id: bytes, view: bytes,
) -> wire.Release:  # fmt: skip
    """Return the inner message of a redacted body: the grant's onward list, cut to what every originator allows."""
    allowed = product.originators_allow
    onward = grant.onward if allowed is None else tuple(nation for nation in grant.onward if nation in allowed)
    return wire.Release(
        format=wire.FORMAT,
        originator=nation,
        realm=realm,
        releasable_to=(grant.partner,),
        onward=onward,
        source_id=source_id,
        kind=product.kind,
        revision=revision,
        issued_ns=now_ns,
        time_ns=product.time_ns,
        expires_ns=now_ns + (_TRACK_LIFE_NS if product.kind in TRACK_KINDS else _EVENT_LIFE_NS),
        modified=modified,
        rule=rule_id,
        policy=view,
        provenance=product.nations,
        body=codec.encode(body),
    )


def fault_of(release: wire.Release, encoded: bytes) -> str:
    """Return why a receiver would refuse our own words, or "": nothing leaves that nobody may take."""
    try:
        wire.decode_body(release.kind, release.body)
        codec.decode(encoded, wire.Release, where="release", limit=limits.MAX_ENVELOPE_BYTES)
    except Refused as error:
        return f"unfit: {error.reason}"
    return ""
