/** What the page knows, as signals. Only `feed.ts` writes here, but for the choice of an event. */

import { batch, computed, signal } from "@preact/signals";
import { millis } from "./time.ts";
import { forgetTrails, followTrails } from "./trails.ts";
import type { Alert, AlertLog, AlertRow, Audit, Clock, Config, Gap, Partner, Picture, Revision, Tracks } from "./types.ts";

/** A page without a heartbeat for this long says so and greys the tracks (CONSOLE: 2 s). */
export const STALE_MS = 2000;
const AUDIT_ROWS = 200;

/** The latest revision of an event, and the latest of each picture. */
export interface EventState {
  id: string;
  latest: Revision;
  pictures: Partial<Record<Picture, Revision>>;
}

/** An alert as it stood when its last line was written; not recorded while the journal could not be written. */
export interface AlertState {
  alert: Alert;
  time_utc: string | null;
  durable: boolean;
}

export const config = signal<Config | null>(null);
export const clock = signal<Clock | null>(null);
export const tracks = signal<Tracks | null>(null);
export const events = signal<ReadonlyMap<string, EventState>>(new Map());
export const partners = signal<ReadonlyMap<string, Partner>>(new Map());
export const audit = signal<readonly Audit[]>([]);
export const alerts = signal<ReadonlyMap<string, AlertState>>(new Map());
export const alertLog = signal<readonly AlertLog[]>([]);
export const gap = signal<Gap | null>(null);
export const sessionLost = signal(false);
export const chosen = signal<string | null>(null);
export const areaRefused = signal(false);

/** Monotonic milliseconds of this browser: now, and at the last heartbeat. */
export const wall_ms = signal(performance.now());
export const heard_ms = signal<number | null>(null);

export const silence_ms = computed(() => (heard_ms.value === null ? null : wall_ms.value - heard_ms.value));
export const stale = computed(() => silence_ms.value === null || silence_ms.value > STALE_MS);

/** Node time in milliseconds since 1970, to the second: the later of heartbeat and picture. */
export const node_ms = computed<number | null>(() => {
  const beats = [millis(clock.value?.time_utc), millis(tracks.value?.time_utc)].filter((time) => time !== null);
  return beats.length ? Math.floor(Math.max(...beats) / 1000) * 1000 : null;
});

/** What an event shows: the fused picture where there is one, else the own. */
export function shown(event: EventState): Revision {
  return event.pictures.fused ?? event.pictures.own ?? event.latest;
}

/** Milliseconds to impact at node time; null while the impact is open. */
export function toImpact(event: EventState): number | null {
  const impact = millis(shown(event).impact?.time_utc);
  return impact === null || node_ms.value === null ? null : impact - node_ms.value;
}

const RANK: Record<Revision["status"], number> = { confirmed: 0, suspected: 0, lost: 1, closed: 2, retracted: 3 };

/** Open events first, by time to impact. */
export const eventList = computed<EventState[]>(() => {
  const order = (event: EventState) => RANK[shown(event).status] * 1e12 + (toImpact(event) ?? 1e10);
  return [...events.value.values()].sort((a, b) => order(a) - order(b));
});

export const chosenEvent = computed<EventState | null>(() => {
  const wanted = chosen.value === null ? undefined : events.value.get(chosen.value);
  return wanted ?? eventList.value[0] ?? null;
});

export function takeEvent(revision: Revision): void {
  const next = new Map(events.value);
  const before = next.get(revision.event_id)?.pictures ?? {};
  const pictures = { ...before, [revision.picture]: revision };
  next.set(revision.event_id, { id: revision.event_id, latest: revision, pictures });
  events.value = next;
}

const OVER: readonly Alert["status"][] = ["cancelled", "all_clear", "expired", "withdrawn"];

export function isOver(alert: Alert): boolean {
  return OVER.includes(alert.status);
}

/** Alerts that still run first, the newest first among them. */
export const alertList = computed<AlertState[]>(() =>
  [...alerts.value.values()].reverse().sort((a, b) => Number(isOver(a.alert)) - Number(isOver(b.alert))),
);

export function takeAlert(row: AlertRow): void {
  batch(() => {
    if (row.log) alertLog.value = [row.log, ...alertLog.value].slice(0, AUDIT_ROWS);
    if (row.alert) {
      const time_utc = row.log?.time_utc ?? clock.value?.time_utc ?? null;
      alerts.value = new Map(alerts.value).set(row.alert.alert_id, { alert: row.alert, time_utc, durable: row.durable });
    }
  });
}

export function takePartner(partner: Partner): void {
  partners.value = new Map(partners.value).set(partner.nation, partner);
}

export function takeAudit(row: Audit): void {
  audit.value = [row, ...audit.value].slice(0, AUDIT_ROWS);
}

export function takeTracks(picture: Tracks): void {
  followTrails(picture);
  tracks.value = picture;
}

export function takeClock(beat: Clock): void {
  batch(() => {
    wall_ms.value = heard_ms.value = performance.now();
    clock.value = beat;
  });
}

/** Another journal begins: nothing of the old one may stay on the page. */
export function forget(): void {
  forgetTrails();
  batch(() => {
    tracks.value = clock.value = chosen.value = null;
    events.value = new Map();
    partners.value = new Map();
    audit.value = [];
    alerts.value = new Map();
    alertLog.value = [];
  });
}
