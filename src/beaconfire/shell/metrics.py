"""What a node says of itself to machines (`/metrics`) and to people (`/health`): one reading, two forms.

In: the effects of each row, as a window; at a scrape the node's own state, read and not changed. Every family stands in
`FAMILIES` and in docs/metrics.md. Bounded whatever happens: labels are partners, this node's own rules, reasons of a
fixed list and sensors of the file; a rule's name stands beside no partner but its own. No key, no content, no place.
"""

import datetime as dt
import platform
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import beaconfire
from beaconfire.kernel import limits
from beaconfire.kernel.time import format_utc
from beaconfire.node import Effect, ShowAudit
from beaconfire.shell.clock import ClockQuality, read_quality
from beaconfire.shell.openmetrics import Family, Histogram, Labels, Tally, Values, render
from beaconfire.shell.partners import Traffic
from beaconfire.shell.partnerstatus import PartnerStatus

if TYPE_CHECKING:
    from beaconfire.shell.loop import Node

_BY_PARTNER = ("partner",)
_NONE = Histogram(())

FAMILIES = (
    Family("beaconfire_build", "info", ("nation", "realm", "version", "python"), "Whose node this is, and its build"),
    Family("beaconfire_node_time_seconds", "gauge", (), "Node time, as Unix seconds", "seconds"),
    Family("beaconfire_journal_rows", "counter", (), "Rows given to the journal since it began"),
    Family("beaconfire_journal_backlog_rows", "gauge", (), "Rows that are not on disk yet"),
    Family("beaconfire_journal_durable", "gauge", (), "1 while the disk takes the journal"),
    Family("beaconfire_journal_sync_seconds", "histogram", (), "Duration of a commit with its sync", "seconds"),
    Family("beaconfire_clock_synchronised", "gauge", (), "1 while the kernel says that the clock is disciplined"),
    Family("beaconfire_clock_error_seconds", "gauge", (), "The kernel's estimate; absent while unknown", "seconds"),
    Family("beaconfire_clock_trusted", "gauge", (), "1 while wall clock and node time agree"),
    Family("beaconfire_clock_step_seconds", "gauge", (), "Wall clock ahead of node time when last told", "seconds"),
    Family("beaconfire_clock_leap", "gauge", ("kind",), "1 for the leap second that the kernel announces"),
    Family("beaconfire_partner_clock_offset_seconds", "gauge", _BY_PARTNER, "Its clock ahead of ours", "seconds"),
    Family("beaconfire_sensor_clock_trouble", "gauge", ("sensor",), "1 for a sensor whose clock must be wrong"),
    Family("beaconfire_link_up", "gauge", _BY_PARTNER, "1 while the partner is heard"),
    Family("beaconfire_link_connections", "counter", _BY_PARTNER, "Connections to our own broker"),
    Family("beaconfire_partner_silence_seconds", "gauge", _BY_PARTNER, "Since its last verified word", "seconds"),
    Family("beaconfire_lane_age_seconds", "gauge", ("partner", "lane"), "Since the lane last brought", "seconds"),
    Family("beaconfire_lane_lag_messages", "gauge", ("partner", "lane"), "Numbers the lane has not brought yet"),
    Family("beaconfire_sent_number", "gauge", _BY_PARTNER, "Last number given to an envelope for the partner"),
    Family("beaconfire_unreceipted_messages", "gauge", _BY_PARTNER, "Kept envelopes without a receipt"),
    Family("beaconfire_received_number", "gauge", _BY_PARTNER, "Highest number of the partner known to exist"),
    Family("beaconfire_contiguous_number", "gauge", _BY_PARTNER, "Everything up to this number has arrived"),
    Family("beaconfire_missing_messages", "gauge", _BY_PARTNER, "Numbers known to exist that have not arrived"),
    Family("beaconfire_decisions", "counter", ("partner", "verdict", "rule"), "Decisions of release, as journaled"),
    Family("beaconfire_refused", "counter", ("partner", "reason"), "Messages refused at the door or by the step"),
    Family("beaconfire_intake_dropped", "counter", _BY_PARTNER, "Messages beyond the partner's written rate"),
    Family("beaconfire_intake_taken", "counter", _BY_PARTNER, "Verified envelopes taken in"),
    Family("beaconfire_intake_copies", "counter", _BY_PARTNER, "Envelopes another lane had brought before"),
    Family("beaconfire_quarantined", "counter", ("sensor",), "Detections that sense held back"),
    Family("beaconfire_queue_length", "gauge", ("partner", "queue"), "What waits: arrivals, intake, outbox"),
    Family("beaconfire_revocation_age_seconds", "gauge", _BY_PARTNER, "Since it was last cut off", "seconds"),
    Family("beaconfire_revocation_seconds", "gauge", _BY_PARTNER, "How long the last cut took", "seconds"),
)


class Metrics:
    """Counts as a window and reads on demand."""

    def __init__(self, node: "Node") -> None:
        """Watch a node; nothing has happened yet."""
        self._node = node
        self._decisions, self._refused, self._quarantined = Tally(), Tally(), Tally()

    def show(self, *, seq: int, now_ns: int, effects: Sequence[Effect], durable: bool) -> None:
        """Count the decisions among a row's effects."""
        for effect in effects:
            if isinstance(effect, ShowAudit):
                self._count(effect)

    def close(self) -> None:
        """End; nothing is held."""

    def text(self) -> str:
        """Return the OpenMetrics text."""
        values = self._values(read_quality())
        return render((family, values.get(family.name, {})) for family in FAMILIES)

    def report(self) -> dict[str, object]:
        """Return the same for people and programs, by subject; `trouble` says in words what is not as it should be."""
        node, quality = self._node, read_quality()
        engine = node.engine
        sync = _NONE if node.store is None else node.store.sync
        trusted = node.exchange.beats.clock_trusted
        return {
            "nation": node.config.nation, "realm": str(node.config.realm), "version": beaconfire.__version__,
            "time_utc": format_utc(engine.now_ns) if engine is not None and engine.now_ns else None,
            "journal": {
                "rows": 0 if engine is None else engine.seq, "backlog": 0 if engine is None else engine.backlog,
                "durable": node.trouble is None, "sync_p50_s": sync.quantile(0.5), "sync_p99_s": sync.quantile(0.99),
            },
            "clock": {
                "synchronised": quality.synchronised, "error_s": quality.error_s, "leap": quality.leap,
                "trusted": trusted, "step_s": node.exchange.beats.clock_offset_s, "words": quality.words,
            },
            "partners": {nation: self._partner(nation, row) for nation, row in node.partner_status().items()},
            "decisions": _nested(self._decisions), "refused": _nested(self._all_refused()),
            "quarantined": {labels[0]: count for labels, count in self._quarantined.counts.items()},
            "trouble": list(self._trouble(quality)),
        }  # fmt: skip

    def _count(self, effect: ShowAudit) -> None:
        if effect.verdict in ("released", "withheld"):
            verdict = "redacted" if effect.verdict == "released" and effect.reason else effect.verdict
            self._decisions.add(effect.partner, verdict, effect.rule or effect.reason, count=effect.count)
        elif effect.verdict == "refused":
            self._refused.add(effect.partner, effect.rule, count=effect.count)
        elif effect.verdict == "equivocation":
            self._refused.add(effect.partner, "equivocation", count=effect.count)
        elif effect.verdict == "quarantined":
            self._quarantined.add(effect.subject if self._is_sensor(effect.subject) else "unknown", count=effect.count)

    def _is_sensor(self, name: str) -> bool:
        state = self._node.state
        known = () if state is None else state.sense.known[: limits.METRIC_SENSORS]
        return any(sensor.id == name for sensor in known)

    def _all_refused(self) -> Tally:
        """What the step refused, and what the door did before it."""
        refused = Tally()
        refused.counts.update(self._refused.counts)
        for nation, traffic in self._node.exchange.traffic().items():
            for reason, count in traffic.intake.refused.items():
                refused.add(nation, reason, count=count)
        return refused

    def _values(self, quality: ClockQuality) -> dict[str, Values]:
        node = self._node
        engine, beats, store = node.engine, node.exchange.beats, node.store
        values: dict[str, Values] = {
            "beaconfire_build": {
                (node.config.nation, str(node.config.realm), beaconfire.__version__, platform.python_version()): 1.0
            },
            "beaconfire_journal_durable": {(): float(node.trouble is None)},
            "beaconfire_journal_sync_seconds": _NONE if store is None else store.sync,
            "beaconfire_clock_synchronised": {(): float(quality.synchronised)},
            "beaconfire_clock_error_seconds": {} if quality.error_s is None else {(): quality.error_s},
            "beaconfire_clock_trusted": {(): float(beats.clock_trusted)},
            "beaconfire_clock_step_seconds": {(): beats.clock_offset_s},
            "beaconfire_clock_leap": {(kind,): float(kind == quality.leap) for kind in ("insert", "delete")},
            "beaconfire_decisions": dict(self._decisions.counts),
            "beaconfire_refused": dict(self._all_refused().counts),
            "beaconfire_quarantined": dict(self._quarantined.counts),
        }
        if engine is not None:
            values |= {
                "beaconfire_node_time_seconds": {(): _unix_s(engine.now_ns)} if engine.now_ns else {},
                "beaconfire_journal_rows": {(): float(engine.seq)},
                "beaconfire_journal_backlog_rows": {(): float(engine.backlog)},
                "beaconfire_sensor_clock_trouble": {(name,): 1.0 for name in self._wrong_sensors()},
            }
        return values | _by_partner(node)

    def _wrong_sensors(self) -> Mapping[str, str]:
        state = self._node.state
        return {} if state is None else state.sense.clock_troubles()

    def _partner(self, nation: str, status: PartnerStatus) -> dict[str, object]:
        row: dict[str, object] = {
            "standing": status.standing.state, "link": status.link, "silent_s": _rounded(status.silent_s),
            "epoch": status.epoch, "sent": status.sent_number, "unreceipted": status.unreceipted,
            "received": status.received_number, "contiguous": status.contiguous, "missing": status.missing,
            "clock_offset_s": _rounded(status.clock_offset_s),
        }  # fmt: skip
        traffic = self._node.exchange.traffic().get(nation)
        if traffic is None:
            return row
        lanes = traffic.intake.lanes().items()
        return {
            **row,
            "lanes": {lane: {"age_s": _rounded(seen.age_s), "number": seen.number} for lane, seen in lanes},
            "waiting": {"arrivals": traffic.arrivals.waiting, "intake": traffic.intake.waiting,
                        "outbox": traffic.link.pending},
        }  # fmt: skip

    def _trouble(self, quality: ClockQuality) -> Iterator[str]:
        node = self._node
        if node.trouble is not None:
            yield f"the journal is not durable: {node.trouble}"
        if not quality.synchronised:
            yield f"clock {quality.words}"
        elif not quality.good:
            yield f"the clock's estimated error is {quality.error_s} s"
        if not node.exchange.beats.clock_trusted:
            yield f"the wall clock stepped by {node.exchange.beats.clock_offset_s:+.3f} s"
        for nation, status in node.partner_status().items():
            if status.link in ("down", "connecting"):
                yield f"{nation}: link {status.link}"
            if status.missing:
                yield f"{nation}: {status.missing} messages missing"
            if status.clock_offset_s is not None and abs(status.clock_offset_s) > limits.PARTNER_OFFSET_S:
                yield f"{nation}: its clock is {status.clock_offset_s:+.2f} s off ours"
        for sensor, words in self._wrong_sensors().items():
            yield f"sensor {sensor}: {words}"


def _by_partner(node: "Node") -> dict[str, Values]:
    found: dict[str, dict[Labels, float]] = {}

    def note(name: str, labels: Labels, value: float | None) -> None:
        if value is not None:
            found.setdefault(f"beaconfire_{name}", {})[labels] = float(value)

    traffic = node.exchange.traffic()
    for nation, status in node.partner_status().items():
        own, parts = (nation,), traffic.get(nation)
        note("link_up", own, status.link == "up")
        note("partner_silence_seconds", own, status.silent_s)
        note("partner_clock_offset_seconds", own, status.clock_offset_s)
        note("sent_number", own, status.sent_number)
        note("unreceipted_messages", own, status.unreceipted)
        note("received_number", own, status.received_number)
        note("contiguous_number", own, status.contiguous)
        note("missing_messages", own, status.missing)
        if parts is not None:
            _note_traffic(note, status, parts)
    for nation, cut in node.exchange.cuts.items():
        note("revocation_age_seconds", (nation,), time.monotonic() - cut.at_s)
        note("revocation_seconds", (nation,), cut.took_s)
    return dict(found)


def _note_traffic(note: Callable[[str, Labels, float | None], None], status: PartnerStatus, parts: Traffic) -> None:
    own = (status.nation,)
    note("link_connections", own, parts.link.connections)
    note("intake_dropped", own, parts.intake.refused["rate"])
    note("intake_taken", own, parts.intake.taken)
    note("intake_copies", own, parts.intake.copies)
    for lane, seen in parts.intake.lanes().items():
        note("lane_age_seconds", (status.nation, lane), seen.age_s)
        if lane != "control":
            note("lane_lag_messages", (status.nation, lane), max(0, status.received_number - seen.number))
    waiting = {"arrivals": parts.arrivals.waiting, "intake": parts.intake.waiting, "outbox": parts.link.pending}
    for queue, length in waiting.items():
        note("queue_length", (status.nation, queue), length)


def _nested(tally: Tally) -> dict[str, object]:
    """Return counts as objects in objects, label by label."""
    tree: dict[str, object] = {}
    for labels, count in sorted(tally.counts.items()):
        place = tree
        for label in labels[:-1]:
            place = place.setdefault(label, {})  # type: ignore[assignment]
        place[labels[-1]] = count
    return tree


def _unix_s(time_ns: int) -> float:
    return dt.datetime.fromisoformat(format_utc(time_ns, decimals=6)).timestamp()


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
