"""Obligations: what a released form must look like. They act on the values themselves, not on how they are shown.

Names are keyed by partner; places and times are coarsened (`coarsen`), the form says by how much in `coarsened_m`, so
that a receiver, for whom the error is the same in every revision, fuses by intersection and never sums. A grant that
lets only some objects of an event go tells their number, not the event's.
"""

import msgspec

from beaconfire.kernel import codec, limits
from beaconfire.kernel.keyed import pseudonym
from beaconfire.kernel.products import (
    AlertNoticeBody,
    AssessmentBody,
    Covariance2,
    DetectionBody,
    ImpactBody,
    Kind,
    LaunchBody,
    Product,
    ReleasedBody,
    SensorStatusBody,
    TrajectoryBody,
    WithdrawalBody,
)
from beaconfire.release.coarsen import CELL_SHARE, Coarsener, Point, centre_of, shifted
from beaconfire.release.grants import Grant

_PREFIXES = {Kind.LAUNCH: "E", Kind.IMPACT: "E", Kind.TRAJECTORY: "T", Kind.ALERT_NOTICE: "A", Kind.SENSOR_STATUS: "S"}
_CORNER = 2.0**0.5  # of the reach on each axis: as far as a rounded point may lie from the estimate


def obligations_of(grant: Grant, product: Product) -> tuple[str, ...]:
    """Return the obligations of a grant that bear on a product, in words; empty where the form is unchanged."""
    if isinstance(product.body, TrajectoryBody):
        return ("drop_sensor_identity",) if grant.drop_sensor_identity and product.body.sensors else ()
    if isinstance(product.body, DetectionBody | SensorStatusBody):
        return ("drop_sensor_identity",) if grant.drop_sensor_identity else ()
    counted = ("own_count",) if grant.selective and product.kind in (Kind.LAUNCH, Kind.ASSESSMENT) else ()
    if product.kind not in (Kind.LAUNCH, Kind.IMPACT):
        return counted
    launch = product.kind is Kind.LAUNCH
    numbers = {"coarsen_launch_m": grant.coarsen_launch_m if launch else 0.0, "round_m": grant.round_m,
               "round_s": grant.round_s}  # fmt: skip
    words = [f"{name}={value:g}" for name, value in numbers.items() if value > 0.0]
    return (*words, *counted)


class Redactor:
    """Makes one nation's released forms; `secret` keys names and offsets."""

    def __init__(self, secret: bytes) -> None:
        """Keep the secret."""
        self._secret = secret
        self._coarsener = Coarsener(secret)
        self._names: dict[tuple[str, str, str], str] = {}
        self._objects: dict[tuple[str, str], frozenset[str]] = {}  # told of each event under selective grants

    def name(self, local_id: str, *, kind: Kind, partner: str) -> str:
        """Return the partner's own name of a track or event."""
        prefix = _PREFIXES[kind]
        key = (prefix, partner, local_id)
        known = self._names.get(key)
        if known is None:
            if len(self._names) >= limits.MAX_RELEASE_SUBJECTS:
                self._names.clear()
            known = self._names[key] = pseudonym(self._secret, prefix=prefix, partner=partner, local_id=local_id)
        return known

    def redact(self, product: Product, grant: Grant) -> tuple[ReleasedBody, tuple[str, ...]]:
        """Return the body that may cross under a grant, and the obligations that changed it."""
        body, partner = product.body, grant.partner
        if isinstance(body, WithdrawalBody):
            return msgspec.structs.replace(body, id=self.name(body.id, kind=body.of, partner=partner)), ()
        if isinstance(body, AlertNoticeBody):
            return msgspec.structs.replace(body, alert=self.name(body.alert, kind=product.kind, partner=partner)), ()
        applied = obligations_of(grant, product)
        if isinstance(body, DetectionBody):
            return self._detection(body, grant), applied
        if isinstance(body, SensorStatusBody):
            return msgspec.structs.replace(body, sensor=self._sensor(body.sensor, grant)), applied
        if isinstance(body, TrajectoryBody):
            return self._trajectory(body, grant), applied
        named = self.name(body.event, kind=Kind.LAUNCH, partner=partner)
        if isinstance(body, AssessmentBody):
            return msgspec.structs.replace(body, event=named, count_at_least=self._count(body, grant, product)), applied
        if isinstance(body, ImpactBody):
            return self._impact(body, named, grant), applied
        assert isinstance(body, LaunchBody)
        return self._launch(body, named, grant, product), applied

    def _trajectory(self, body: TrajectoryBody, grant: Grant) -> TrajectoryBody:
        track = self.name(body.track, kind=Kind.TRAJECTORY, partner=grant.partner)
        event = self.name(body.event, kind=Kind.LAUNCH, partner=grant.partner) if body.event else ""
        sensors = () if grant.drop_sensor_identity else body.sensors
        return msgspec.structs.replace(body, track=track, event=event, sensors=sensors)

    def _detection(self, body: DetectionBody, grant: Grant) -> DetectionBody:
        looks = tuple(msgspec.structs.replace(look, sensor=self._sensor(look.sensor, grant)) for look in body.looks)
        track = self.name(body.track, kind=Kind.TRAJECTORY, partner=grant.partner)
        event = self.name(body.event, kind=Kind.LAUNCH, partner=grant.partner) if body.event else ""
        return msgspec.structs.replace(body, track=track, event=event, looks=looks)

    def _sensor(self, sensor: str, grant: Grant) -> str:
        """A receiver must tell one sensor from another, for each has its own errors; not which it is."""
        named = grant.drop_sensor_identity
        return self.name(sensor, kind=Kind.SENSOR_STATUS, partner=grant.partner) if named else sensor

    def _launch(self, body: LaunchBody, named: str, grant: Grant, product: Product) -> LaunchBody:
        radius_m, mesh_m = grant.coarsen_launch_m, grant.round_m
        point: Point = (body.latitude_deg, body.longitude_deg)
        reach_m = 0.0
        if radius_m > 0.0:
            point = self._coarsener.moved(point, event_id=product.event_id or body.event, radius_m=radius_m)
        if mesh_m > 0.0:
            subject = f"launch {radius_m:g} {body.event}"
            point, reach_m = self._coarsener.rounded(point, subject=subject, mesh_m=mesh_m)
        time_ns, sigma_s = self._time(body.time_ns, body.time_sigma_s, f"launch {body.event}", grant.round_s)
        return msgspec.structs.replace(
            body,
            event=named,
            time_ns=time_ns,
            time_sigma_s=sigma_s,
            latitude_deg=point[0],
            longitude_deg=point[1],
            covariance_m2=_grown(body.covariance_m2, (radius_m / 2.0) ** 2 + CELL_SHARE * reach_m**2),
            count_at_least=self._count(body, grant, product),
            coarsened_m=min(radius_m + _CORNER * reach_m, limits.MAX_COARSENED_M),
        )

    def _impact(self, body: ImpactBody, named: str, grant: Grant) -> ImpactBody:
        changes: dict[str, object] = {"event": named}
        subject = f"impact {body.event}"
        if body.time_ns is not None and body.time_sigma_s is not None:
            time_ns, sigma_s = self._time(body.time_ns, body.time_sigma_s, subject, grant.round_s)
            changes |= {"time_ns": time_ns, "time_sigma_s": sigma_s}
        if grant.round_m > 0.0:
            changes |= self._rounded_impact(body, subject, grant)
        return msgspec.structs.replace(body, **changes)

    def _rounded_impact(self, body: ImpactBody, subject: str, grant: Grant) -> dict[str, object]:
        """Return point, covariance and footprint, moved together; the footprint alone says as much as the point."""
        rings = codec.unpack_rings(body.footprint, where="impact: footprint")
        if body.latitude_deg is not None and body.longitude_deg is not None:
            point: Point = (body.latitude_deg, body.longitude_deg)
        elif rings:
            point = centre_of(rings[0])
        else:
            return {}
        told, reach_m = self._coarsener.rounded(point, subject=subject, mesh_m=grant.round_m)
        by = (told[0] - point[0], (told[1] - point[1] + 180.0) % 360.0 - 180.0)
        grown_m = _CORNER * reach_m
        moved: dict[str, object] = {
            "footprint": codec.pack_rings(shifted(ring, by=by, grown_m=grown_m) for ring in rings)
        }
        if body.covariance_m2 is not None:
            moved |= {"latitude_deg": told[0], "longitude_deg": told[1]}
            moved["covariance_m2"] = _grown(body.covariance_m2, CELL_SHARE * reach_m**2)
        return moved

    def _time(self, time_ns: int, sigma_s: float, subject: str, step_s: float) -> tuple[int, float]:
        if step_s == 0.0:
            return time_ns, sigma_s
        told_ns, reach_s = self._coarsener.rounded_ns(time_ns, subject=subject, step_s=step_s)
        return told_ns, (sigma_s**2 + CELL_SHARE * reach_s**2) ** 0.5

    def _count(self, body: LaunchBody | AssessmentBody, grant: Grant, product: Product) -> int:
        if not grant.selective:
            return body.count_at_least
        key = (grant.partner, product.event_id or body.event)
        told = self._objects.pop(key, frozenset()) | {body.event}
        self._objects[key] = told
        if len(self._objects) > limits.MAX_RELEASE_SUBJECTS:
            del self._objects[next(iter(self._objects))]
        return min(body.count_at_least, len(told))


def added_variance_m2(grant: Grant, kind: Kind) -> float:
    """Return the least that obligations add to the variance (m², each axis) of a point."""
    coarsened_m = grant.coarsen_launch_m if kind is Kind.LAUNCH else 0.0
    return (coarsened_m / 2.0) ** 2 + CELL_SHARE * grant.round_m**2


def _grown(covariance_m2: Covariance2, added_m2: float) -> Covariance2:
    ee, en, nn = covariance_m2
    return (ee + added_m2, en, nn + added_m2)
