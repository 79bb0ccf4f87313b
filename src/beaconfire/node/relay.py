"""What others let us pass on: a partner's release whose onward list names a third nation, offered to that one as it is.

The originator signed exactly these bytes, so nothing in them can be changed here: our own policy lets them go whole or
withholds them. Names in them are the originator's; on our subjects they stand after its code, so that none meets ours.
"""

from beaconfire.kernel.products import ImpactBody, LaunchBody, Product, Relayed, ReleasedBody, TrajectoryBody
from beaconfire.kernel.records import CLASSES, KINDS
from beaconfire.kernel.wire import Release, body_id


def relayed_product(release: Release, body: ReleasedBody, *, content: bytes, signature: bytes) -> Product:
    """Return a received release as a product; `content` are its bytes as they came, `signature` the originator's."""
    point = (body.latitude_deg, body.longitude_deg) if isinstance(body, LaunchBody) else (None, None)
    return Product(
        kind=release.kind,
        local_id=f"{release.originator}:{body_id(body)}",
        revision=release.revision,
        time_ns=release.time_ns,
        body=body,
        nations=release.provenance,
        sensors=body.sensors if isinstance(body, TrajectoryBody) else (),
        missile_class=_most_probable(CLASSES, body.classes) if isinstance(body, LaunchBody) else "unknown",
        object_kind=_most_probable(KINDS, body.kinds) if isinstance(body, LaunchBody) else "unknown",
        latitude_deg=point[0],
        longitude_deg=point[1],
        urgent=not isinstance(body, LaunchBody | ImpactBody | TrajectoryBody) or release.revision == 1,
        originators_allow=release.onward,
        relayed=Relayed(release.originator, content, release.source_id, signature),
    )


def next_stops(release: Release, *, sender: str, links: tuple[str, ...]) -> tuple[str, ...]:
    """Return the partners to whom a release may be passed on: on its list, and not where it comes from."""
    return tuple(nation for nation in links if nation in release.onward and nation not in (sender, release.originator))


def _most_probable(names: tuple[str, ...], probabilities: tuple[float, ...]) -> str:
    return max(zip(names, probabilities, strict=True), key=lambda pair: pair[1])[0]
