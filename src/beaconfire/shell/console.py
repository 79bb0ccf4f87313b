"""The console as a window of the node: effects become rows of the feed, and the page's server runs beside the step.

Numbered rows (events, alerts, partners, audit) are published as their journal row commits; the tracks of the picture
are gathered here and encoded at most ten times a second, and only while somebody looks.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import beaconfire
from beaconfire.assess import phase_probabilities
from beaconfire.earth import ecef_to_geodetic, enu_axes
from beaconfire.kernel import limits, results
from beaconfire.kernel.alerts import AlertRow, AlertView
from beaconfire.kernel.keyed import keyed_digest
from beaconfire.kernel.labels import Realm
from beaconfire.kernel.records import KINDS, PHASES, EventRevision, PictureName, Sensor, TrackStatus, TrackUpdate
from beaconfire.kernel.sensors import parse_sensors, site_geodetic
from beaconfire.kernel.time import format_utc
from beaconfire.node import Effect, ShowAlert, ShowAudit, ShowEvent, ShowTrack
from beaconfire.shell.alertrows import alert_row, log_row
from beaconfire.shell.channels import Health
from beaconfire.shell.clock import read_quality
from beaconfire.shell.config import read_bounded
from beaconfire.shell.feedhub import FeedHub
from beaconfire.shell.gateway import Gateway, build_app, serve
from beaconfire.shell.metrics import Metrics
from beaconfire.shell.noticestore import NoticeStore
from beaconfire.shell.pageorders import PageOrders
from beaconfire.shell.rings import Ring, ellipse_ring, track_ellipse
from beaconfire.shell.securitykeys import RP_ID, origin_of
from beaconfire.shell.sessions import OneTimeTokens
from beaconfire.shell.tasks import ended

if TYPE_CHECKING:
    from beaconfire.shell.loop import Node
    from beaconfire.shell.partnerstatus import PartnerStatus

TRACKS_S = 0.1
CLOCK_S = 1.0
_SENSOR_DOWN_PERIODS = 5  # a sensor that missed so many of its own periods is shown as down


class ConsoleWindow:
    """Shows one node to its people. `open` starts the server; as a window it takes the effects of each row."""

    def __init__(self, node: "Node") -> None:
        """Prepare the console of a node that is about to run; raises `InvalidInput` for a wrong sensors file."""
        self._node = node
        self._hub = FeedHub()
        self._picture: PictureName = "fused" if node.partners else "own"
        self._tracks: dict[str, TrackUpdate] = {}
        self._events: dict[tuple[str, str], EventRevision] = {}
        self._of_track: dict[str, tuple[str, str]] = {}  # track → event and most probable kind
        self._counts: dict[str, Counter[str]] = {}
        self._told: dict[str, tuple[object, ...]] = {}
        self._heard_at: dict[str, tuple[float, int]] = {}  # how long it was silent when last looked, and when heard
        self._alerts_told = False
        self._notices = NoticeStore(node.config.record_path)
        self._now_ns = 0
        self._durable = True
        self._fed_s: float | None = None
        self._metrics = Metrics(node)
        self._tokens = OneTimeTokens()
        self._gateway: Gateway | None = None
        self._tasks: list[asyncio.Task[None]] = []
        path = node.config.path(node.config.sensors)
        self._sensors = parse_sensors(read_bounded(path), where=str(path))

    async def open(self) -> str:
        """Start serving and return the address with its one-time token; raises `PortInUse`."""
        config = self._node.config
        key = keyed_digest(self._node.identity.id_secret, "console-session")
        orders = PageOrders(self._node.office)
        app = build_app(
            self._hub,
            self._configuration,
            token=self._tokens,
            session_key=key,
            orders=orders,
            standing=self._metrics,
            record=config.record_path,
        )
        self._gateway = await serve(app, hub=self._hub, host=config.console.host, port=config.console.port)
        self._tasks = [asyncio.create_task(self._every(TRACKS_S, self._publish_tracks)),
                       asyncio.create_task(self._every(CLOCK_S, self._publish_clock))]  # fmt: skip
        self._node.office.page = self._address
        return self._address()

    def _address(self) -> str:
        """An address that opens the page once; LIVE by the name that security keys are made for."""
        assert self._gateway is not None, "served before anybody is told where"
        live = self._node.config.realm is Realm.LIVE
        host = RP_ID if live else self._node.config.console.host
        return f"http://{host}:{self._gateway.port}/?token={self._tokens.new()}"

    async def shut(self) -> None:
        """Say the last clock and end the server."""
        await ended(self._tasks)
        if self._gateway is not None:
            await self._gateway.close()

    def show(self, *, seq: int, now_ns: int, effects: Sequence[Effect], durable: bool) -> None:
        """Take the effects of journal row `seq`."""
        for task in self._tasks:
            if task.done():
                task.result()  # a fault in drawing must not pass as an empty picture
        self._now_ns, self._durable, self._fed_s = now_ns, durable, time.monotonic()
        self._metrics.show(seq=seq, now_ns=now_ns, effects=effects, durable=durable)
        for effect in effects:
            if isinstance(effect, ShowTrack):
                self._take_track(effect.update)
            elif isinstance(effect, ShowEvent):
                self._take_event(effect.revision, seq)
            elif isinstance(effect, ShowAudit):
                self._counts.setdefault(effect.partner, Counter())[effect.verdict] += effect.count
                self._hub.publish("audit", _audit(effect), seq)
        self._publish_alerts([effect.row for effect in effects if isinstance(effect, ShowAlert)], seq, durable=durable)
        self._publish_partners(seq)

    def close(self) -> None:
        """End the streams; the server itself ends with `shut`."""
        self._hub.close()

    async def _every(self, period_s: float, publish: Callable[[], None]) -> None:
        while True:
            if self._hub.subscribers:
                publish()
            await asyncio.sleep(period_s)

    def _take_track(self, update: TrackUpdate) -> None:
        if update.picture != self._picture:
            return
        if update.replaces is not None:
            self._tracks.pop(update.replaces, None)
        if update.status is TrackStatus.ENDED:
            self._tracks.pop(update.track_id, None)
        else:
            self._tracks[update.track_id] = update

    def _take_event(self, revision: EventRevision, seq: int) -> None:
        self._events[revision.event_id, revision.picture] = revision
        if revision.picture == self._picture:
            for assessed in revision.objects:
                kind = KINDS[max(range(len(KINDS)), key=assessed.kinds.__getitem__)]
                for track_id in assessed.track_ids:
                    self._of_track[track_id] = (revision.event_id, kind)
        own = self._events.get((revision.event_id, "own"))
        fused = self._events.get((revision.event_id, "fused"))
        row = results.event_row(revision, realm=self._node.config.realm)
        rings = {
            "launch_own": _launch_ring(own), "launch_fused": _launch_ring(fused),
            "impact_own": _impact_ring(own), "impact_fused": _impact_ring(fused),
        }  # fmt: skip
        self._hub.publish("event", {**row, "rings": rings, "alone": _figures(own), "shared": _figures(fused),
                                    "context": self._notices.context(row)}, seq)  # fmt: skip

    def _publish_alerts(self, rows: Sequence[AlertRow], seq: int, *, durable: bool) -> None:
        """Publish each new line of an alert's log with the alert as it stands; at first all that stand."""
        views: dict[str, AlertView] = {}
        realm = self._node.config.realm
        if self._node.state is not None and (rows or not self._alerts_told):  # else a replay: only lines are known
            views = {view.alert_id: view for view in self._node.office.views()}
            named = {row.alert_id for row in rows}
            for view in () if self._alerts_told else views.values():
                if view.alert_id not in named:
                    self._hub.publish(
                        "alert", {"log": None, "alert": alert_row(view, realm=realm), "durable": durable}, seq
                    )
            self._alerts_told = True
        for row in rows:
            alert = alert_row(views[row.alert_id], realm=realm) if row.alert_id in views else None
            self._hub.publish("alert", {"log": log_row(row), "alert": alert, "durable": durable}, seq)

    def _publish_tracks(self) -> None:
        if self._now_ns == 0:
            return  # a page may be open before the first turn: there is no time yet, and no picture
        tracks = [update for update in self._tracks.values() if update.status is not TrackStatus.TENTATIVE]
        states = [_state(update) for update in tracks]
        labels = [self._of_track.get(update.track_id, (None, "unknown")) for update in tracks]
        nation = self._node.config.nation
        self._hub.publish("tracks", {
            "time_utc": format_utc(self._now_ns), "n": len(tracks),
            "id": [update.track_id for update in tracks],
            "latitude_deg": [state[0] for state in states], "longitude_deg": [state[1] for state in states],
            "altitude_m": [state[2] for state in states], "speed_m_s": [state[3] for state in states],
            "heading_deg": [state[4] for state in states], "status": [str(update.status) for update in tracks],
            "phase": [_phase(update) for update in tracks], "kind": [label[1] for label in labels],
            "event_id": [label[0] for label in labels],
            "source": [_source(update.nations, nation) for update in tracks],
            "ellipse": [track_ellipse(update) for update in tracks],
        })  # fmt: skip

    def _publish_clock(self) -> None:
        state = "waiting" if self._now_ns == 0 else "ended" if self._node.scenario_over else "running"
        quality, beats = read_quality(), self._node.exchange.beats
        self._hub.publish("clock", {
            "time_utc": format_utc(self._now_ns) if self._now_ns else None, "speed": self._node.config.console.speed,
            "durable": self._durable, "state": state,
            "feed_age_s": None if self._fed_s is None else round(time.monotonic() - self._fed_s, 2),
            "synchronised": quality.synchronised, "error_s": quality.error_s, "trusted": beats.clock_trusted,
            "step_s": round(beats.clock_offset_s, 3),
        })  # fmt: skip

    def _publish_partners(self, seq: int) -> None:
        """Publish what changed of a partner since it was last told."""
        for nation, status in self._node.partner_status().items():
            link, offset_s, heard_utc = status.link, _shown_offset(status), self._heard(status)
            told = (
                link, offset_s, status.sent_number, status.contiguous, status.received_number, status.rejected,
                status.state, status.standing.effective_ns, status.missed, status.catching_up,
            )  # fmt: skip
            if self._told.get(nation) == told:
                continue
            self._told[nation] = told
            counts = self._counts.get(nation, Counter())
            standing = status.standing
            self._hub.publish("partner", {
                "nation": nation, "link": link, "clock_offset_s": offset_s, "last_heard_utc": heard_utc,
                "state": status.state, "since_utc": _utc_or_none(standing.since_ns), "reason": standing.reason,
                "by": standing.by, "effective_utc": _utc_or_none(standing.effective_ns),
                "last_number": standing.number, "missed": status.missed, "catching_up": status.catching_up,
                "sent_number": status.sent_number,
                "received_number": status.received_number, "contiguous": status.contiguous,
                "released": counts["released"], "withheld": counts["withheld"], "rejected": status.rejected,
                "epoch": status.epoch,
            }, seq)  # fmt: skip

    def _heard(self, status: "PartnerStatus") -> str | None:
        """When a partner was last heard, in node time, which may run faster than the link's."""
        if status.silent_s is None:
            return None
        before_s, at_ns = self._heard_at.get(status.nation, (math.inf, 0))
        if status.silent_s < before_s:
            at_ns = self._now_ns
        self._heard_at[status.nation] = (status.silent_s, at_ns)
        return format_utc(at_ns)

    def _configuration(self) -> Mapping[str, object]:
        config = self._node.config
        return {
            "nation": config.nation, "realm": str(config.realm), "languages": config.console.languages,
            "scenario": config.console.scenario or None,
            "partners": [partner.nation for partner in self._node.partners],
            "sensors": [self._sensor_row(index) for index in range(len(self._sensors))],
            "channels": [_channel(health) for health in self._node.office.health()],
            "version": beaconfire.__version__, "signing": self._signing(),
        }  # fmt: skip

    def _signing(self) -> dict[str, object] | None:
        """Who may order by security key at this page, and where that works; None in an exercise."""
        if self._node.config.realm is not Realm.LIVE:
            return None
        origin = origin_of(self._node.config)
        people = [
            person.id
            for person in self._node.office.people().values()
            if any(key.origin == origin for key in person.security_keys)
        ]
        return {"origin": origin, "rp_id": RP_ID, "people": people}

    def _sensor_row(self, index: int) -> dict[str, object]:
        sensor = self._sensors[index]
        site = site_geodetic(sensor)
        return {
            "id": sensor.id, "nation": sensor.nation, "kind": sensor.kind,
            "latitude_deg": None if site is None else site[0], "longitude_deg": None if site is None else site[1],
            "max_range_m": sensor.max_range_m if sensor.kind == "radar" else None,
            "status": "down" if self._down(sensor) else "up",
        }  # fmt: skip

    def _down(self, sensor: Sensor) -> bool:
        """Say whether a sensor that was heard before has sent no scan, not even an empty one, for several periods."""
        state = self._node.state
        silent_s = None if state is None else state.sense.silent_s(sensor.id, now_ns=self._now_ns)
        return silent_s is not None and silent_s > _SENSOR_DOWN_PERIODS * sensor.scan_period_s


def _utc_or_none(time_ns: int) -> str | None:
    return format_utc(time_ns) if time_ns else None


def _audit(effect: ShowAudit) -> dict[str, object]:
    return {
        "time_utc": format_utc(effect.time_ns), "partner": effect.partner, "kind": effect.kind,
        "verdict": effect.verdict, "rule": effect.rule, "reason": effect.reason, "count": effect.count,
        "subject": effect.subject,
    }  # fmt: skip


def _channel(health: Health) -> dict[str, object]:
    """One end-point of an alert channel; its self-test's age is seconds of link time."""
    return {
        "name": health.channel, "ok": health.ok, "detail": health.detail, "waiting": health.waiting,
        "tested_s": None if health.tested_s is None else round(health.tested_s),
    }  # fmt: skip


def _shown_offset(status: "PartnerStatus") -> float | None:
    """A partner's clock ahead of ours to a tenth of a second, None while it is as good as right or unknown."""
    offset_s = status.clock_offset_s
    return None if offset_s is None or abs(offset_s) <= limits.PARTNER_OFFSET_S else round(offset_s, 1)


def _launch_ring(revision: EventRevision | None) -> Ring | None:
    launch = revision.objects[0].launch if revision is not None and revision.objects else None
    if launch is None:
        return None
    return ellipse_ring(launch.ellipse_95, latitude_deg=launch.latitude_deg, longitude_deg=launch.longitude_deg)


def _impact_ring(revision: EventRevision | None) -> Ring | None:
    impact = revision.objects[0].impact if revision is not None and revision.objects else None
    if impact is None or impact.ellipse_95 is None or impact.latitude_deg is None or impact.longitude_deg is None:
        return None
    return ellipse_ring(impact.ellipse_95, latitude_deg=impact.latitude_deg, longitude_deg=impact.longitude_deg)


def _figures(revision: EventRevision | None) -> dict[str, float | None] | None:
    if revision is None or not revision.objects:
        return None
    first = revision.objects[0]
    return {
        "launch_semi_major_m": None if first.launch is None else first.launch.ellipse_95.semi_major_m,
        "footprint_km2": None if first.impact is None else first.impact.footprint_km2,
    }


def _state(update: TrackUpdate) -> tuple[float, float, float, float, float]:
    """Return latitude, longitude (degrees), altitude (m), speed (m/s) and heading (degrees) of a track."""
    latitude_rad, longitude_rad, altitude_m = ecef_to_geodetic(update.mean[0], update.mean[1], update.mean[2])
    east, north, _ = (enu_axes(latitude_rad, longitude_rad) @ update.mean[3:6]).tolist()
    speed = math.sqrt(sum(component * component for component in update.mean[3:6].tolist()))
    heading = math.degrees(math.atan2(east, north)) % 360.0
    return (
        round(math.degrees(latitude_rad), 5), round(math.degrees(longitude_rad), 5), round(altitude_m, 1),
        round(speed, 1), round(heading, 1),
    )  # fmt: skip


def _phase(update: TrackUpdate) -> str:
    phases = phase_probabilities(update)
    return PHASES[max(range(len(PHASES)), key=phases.__getitem__)]


def _source(nations: Sequence[str], nation: str) -> str:
    if all(code == nation for code in nations):
        return "own"
    return "fused" if nation in nations else "partner"
