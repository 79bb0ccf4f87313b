"""Obligations: what a released form must look like. They act on the values themselves, not on how they are shown.

A coarsened launch point is moved by a vector drawn uniformly from a disc of the stated radius and fixed by event and
partner under the node's secret, so that no number of revisions averages it away. The covariance grows by the disc's
own (R²/4 on each axis), whose 95 % ellipse then always holds the whole disc; the form says `coarsened_m`, so that a
receiver, for whom the offset is the same in every revision, fuses by intersection and never sums.
"""

import math

import msgspec

from beaconfire.kernel import limits
from beaconfire.kernel.keyed import pseudonym, uniform_pair
from beaconfire.kernel.products import (
    AlertNoticeBody,
    ImpactBody,
    Kind,
    LaunchBody,
    Product,
    ReleasedBody,
    TrajectoryBody,
    WithdrawalBody,
)
from beaconfire.release.grants import Grant

_METRES_PER_DEGREE = 111_195.0  # of a great circle of the mean radius; an offset needs no more
_PREFIXES = {Kind.LAUNCH: "E", Kind.IMPACT: "E", Kind.TRAJECTORY: "T", Kind.ALERT_NOTICE: "A"}


class Redactor:
    """Makes one nation's released forms; `secret` keys names and offsets."""

    def __init__(self, secret: bytes) -> None:
        """Keep the secret."""
        self._secret = secret
        self._names: dict[tuple[str, str, str], str] = {}

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
        if isinstance(body, TrajectoryBody):
            return self._trajectory(body, grant)
        if isinstance(body, AlertNoticeBody):
            return msgspec.structs.replace(body, alert=self.name(body.alert, kind=product.kind, partner=partner)), ()
        event = self.name(body.event, kind=Kind.LAUNCH, partner=partner)
        if isinstance(body, ImpactBody):
            return msgspec.structs.replace(body, event=event), ()
        assert isinstance(body, LaunchBody)
        return self._launch(body, event, grant, product.event_id or body.event)

    def _trajectory(self, body: TrajectoryBody, grant: Grant) -> tuple[TrajectoryBody, tuple[str, ...]]:
        track = self.name(body.track, kind=Kind.TRAJECTORY, partner=grant.partner)
        event = self.name(body.event, kind=Kind.LAUNCH, partner=grant.partner) if body.event else ""
        sensors = () if grant.drop_sensor_identity else body.sensors
        applied = ("drop_sensor_identity",) if grant.drop_sensor_identity else ()
        return msgspec.structs.replace(body, track=track, event=event, sensors=sensors), applied

    def _launch(self, body: LaunchBody, event: str, grant: Grant, fixed_by: str) -> tuple[LaunchBody, tuple[str, ...]]:
        radius_m = grant.coarsen_launch_m
        if radius_m == 0.0:
            return msgspec.structs.replace(body, event=event), ()
        east_m, north_m = self._offset_m(fixed_by, grant.partner, radius_m)
        latitude_deg, longitude_deg = displace(
            body.latitude_deg, longitude_deg=body.longitude_deg, east_m=east_m, north_m=north_m
        )
        ee, en, nn = body.covariance_m2
        added = (radius_m / 2.0) ** 2
        coarse = msgspec.structs.replace(
            body,
            event=event,
            latitude_deg=latitude_deg,
            longitude_deg=longitude_deg,
            covariance_m2=(ee + added, en, nn + added),
            coarsened_m=radius_m,
        )
        return coarse, (f"coarsen_launch_m={radius_m:g}",)

    def _offset_m(self, event_id: str, partner: str, radius_m: float) -> tuple[float, float]:
        first, second = uniform_pair(self._secret, "coarsen", event_id, partner)
        distance_m, angle_rad = radius_m * math.sqrt(first), math.tau * second
        return distance_m * math.sin(angle_rad), distance_m * math.cos(angle_rad)


def displace(latitude_deg: float, *, longitude_deg: float, east_m: float, north_m: float) -> tuple[float, float]:
    """Return `(latitude_deg, longitude_deg)` moved along a great circle on the sphere of the mean radius."""
    distance_deg = math.hypot(east_m, north_m) / _METRES_PER_DEGREE
    bearing_rad, arc_rad, phi_rad = math.atan2(east_m, north_m), math.radians(distance_deg), math.radians(latitude_deg)
    sine = math.sin(phi_rad) * math.cos(arc_rad) + math.cos(phi_rad) * math.sin(arc_rad) * math.cos(bearing_rad)
    turn_rad = math.atan2(
        math.sin(bearing_rad) * math.sin(arc_rad) * math.cos(phi_rad),
        math.cos(arc_rad) - math.sin(phi_rad) * sine,
    )
    longitude = (longitude_deg + math.degrees(turn_rad) + 180.0) % 360.0 - 180.0
    return math.degrees(math.asin(max(-1.0, min(1.0, sine)))), longitude
