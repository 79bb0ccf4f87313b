"""Which sensors look: what partners who are granted it are told when one falls silent or is heard again."""

from collections.abc import Iterator

from beaconfire.kernel.products import Kind, Product, SensorStatusBody
from beaconfire.kernel.time import from_seconds
from beaconfire.node.state import NodeState

_SILENT_LOOKS = 3.0  # looks that did not come: one may be lost, two unlucky


def status_offers(state: NodeState) -> Iterator[Product]:
    """Yield the status of every sensor that changed since it was last offered; nothing where nobody may have it."""
    if Kind.SENSOR_STATUS not in state.telling.kinds or not state.links:
        return
    for sensor in state.sense.known:
        silent_s = state.sense.silent_s(sensor.id, now_ns=state.now_ns)
        if silent_s is None:
            continue
        silent = silent_s > _SILENT_LOOKS * sensor.scan_period_s
        word = "silent" if silent else "looking"
        if state.sensor_states.get(sensor.id) == word:
            continue
        state.sensor_states[sensor.id] = word
        since_ns = state.now_ns - from_seconds(silent_s)
        yield Product(
            kind=Kind.SENSOR_STATUS,
            local_id=sensor.id,
            revision=0,
            time_ns=state.now_ns,
            body=SensorStatusBody(
                sensor=sensor.id, time_ns=state.now_ns, state="silent" if silent else "looking", since_ns=since_ns
            ),
            nations=(sensor.nation,),
            sensors=(sensor.id,),
            compartments=(state.compartments[sensor.id],),
            urgent=True,
        )
