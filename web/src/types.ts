/** The words of the feed, as docs/feed.md has them. Angles in degrees, lengths in metres, times ISO 8601 UTC. */

import type { MultiPolygon, Polygon } from "geojson";

export type Realm = "LIVE" | "EXERCISE";
export type Picture = "own" | "fused";
export type Source = "own" | "partner" | "fused";
export type TrackStatus = "tentative" | "confirmed" | "lost" | "ended";
export type EventStatus = "suspected" | "confirmed" | "lost" | "closed" | "retracted";
export type Kind =
  | "ballistic"
  | "quasi_ballistic"
  | "glide"
  | "space_launch"
  | "aircraft"
  | "satellite"
  | "meteor"
  | "unknown";
export type Class = "SRBM" | "MRBM" | "IRBM" | "ICBM" | "space_launch" | "unknown";
export type Phase = "boost" | "ballistic" | "reentry" | "glide" | "powered_air" | "orbital" | "unknown";
export type Link = "up" | "down" | "connecting" | "out";
export type PartnerState = "active" | "silent" | "suspended" | "suspended_by_partner" | "leaving" | "left";

/** Longitude, latitude. */
export type Ring = [number, number][];
export type Probabilities<T extends string> = Partial<Record<T, number | null>>;

export interface Sensor {
  id: string;
  nation: string;
  kind: "radar" | "infrared";
  latitude_deg: number | null;
  longitude_deg: number | null;
  max_range_m: number | null;
  status: "up" | "down";
}

export type AlertStatus =
  | "proposed"
  | "drafted"
  | "submitted"
  | "approved"
  | "sent"
  | "updated"
  | "corrected"
  | "cancelled"
  | "all_clear"
  | "expired"
  | "withdrawn";
export type MessageKind = "shelter" | "update" | "passed" | "debris" | "lost" | "correction" | "cancel" | "all_clear";
export type Action = "draft" | "submit" | "approve" | "send" | "update" | "withdraw" | "correct" | "cancel" | "all_clear";

/** One end-point of an alert channel; `tested_s` is the age of its self-test. */
export interface Channel {
  name: string;
  ok: boolean | null;
  detail: string;
  waiting: number;
  tested_s: number | null;
}

export interface Config {
  nation: string;
  person: string | null;
  csrf: string;
  realm: Realm;
  languages: string[];
  scenario: string | null;
  partners: string[];
  sensors: Sensor[];
  channels?: Channel[];
  version: string;
  /** LIVE: where security keys work, and who has one. */
  signing?: Signing | null;
}

export interface Signing {
  origin: string;
  rp_id: string;
  people: string[];
}

export interface Clock {
  time_utc: string;
  speed: number;
  durable: boolean;
  feed_age_s: number | null;
  state: "running" | "ended" | "waiting";
  synchronised: boolean;
  error_s: number | null;
  trusted: boolean;
  step_s: number;
}

export interface Tracks {
  time_utc: string;
  n: number;
  id: string[];
  latitude_deg: number[];
  longitude_deg: number[];
  altitude_m: number[];
  speed_m_s: number[];
  heading_deg: number[];
  status: TrackStatus[];
  phase: Phase[];
  kind: Kind[];
  event_id: (string | null)[];
  source: Source[];
  ellipse: (Ring | null)[];
}

export interface Ellipse {
  semi_major_m: number;
  semi_minor_m: number;
  azimuth_deg: number;
}

export interface Place {
  time_utc: string | null;
  time_sigma_s: number | null;
  latitude_deg: number | null;
  longitude_deg: number | null;
  ellipse_95: Ellipse | null;
}

export interface Impact extends Place {
  footprint_95: Polygon | MultiPolygon | null;
}

export interface Gain {
  launch_semi_major_m: number | null;
  footprint_km2: number | null;
}

export interface Rings {
  launch_own: Ring | null;
  launch_fused: Ring | null;
  impact_own: Ring | null;
  impact_fused: Ring | null;
}

export interface Revision {
  event_id: string;
  revision: number;
  issued_utc: string;
  status: EventStatus;
  picture: Picture;
  count_at_least: number;
  count_probability: number | null;
  class: Probabilities<Class>;
  kind: Probabilities<Kind>;
  launch: Place | null;
  impact: Impact | null;
  impact_reason?: string | null;
  objects?: { launch?: Place | null; impact?: Impact | null }[];
  ground_range_m: number | null;
  apogee_m: number | null;
  burnout_time_utc: string | null;
  contributors: string[];
  tracks: string[];
  rings?: Rings | null;
  alone?: Gain | null;
  shared?: Gain | null;
  /** Space launches announced in advance that it may be: words for people, on which nothing depends. */
  context?: string[];
}

export interface Partner {
  nation: string;
  link: Link;
  last_heard_utc: string | null;
  sent_number: number;
  received_number: number;
  contiguous: number;
  released: number;
  withheld: number;
  rejected: number;
  epoch: number;
  clock_offset_s: number | null;
  state: PartnerState;
  since_utc: string | null;
  reason: string;
  by: string[];
  effective_utc: string | null;
  last_number: number;
  missed: number;
  catching_up: boolean;
}

export interface Audit {
  time_utc: string;
  partner: string;
  kind: string;
  verdict: "released" | "withheld" | "refused" | "quarantined" | "equivocation" | "told" | "doubted" | "believed";
  rule: string;
  reason: string;
  count: number;
  subject: string;
}

export interface AreaThreat {
  area_id: string;
  names: Record<string, string>;
  hit_p: number;
  pass_p: number;
  first_utc: string;
  last_utc: string;
}

export interface SentMessage {
  kind: MessageKind;
  identifier: string;
  sha256: string;
  stage: AlertStatus;
  sent_utc: string;
}

/** A message that lies ready, or was sent last; `texts` are what the public reads, by language. */
export interface ReadyMessage extends SentMessage {
  hash_words: string;
  author: string;
  approved_by: string[];
  needs: number;
  expires_utc: string;
  count_at_least: number;
  areas: AreaThreat[];
  texts?: { language: string; headline: string; description: string; instruction: string }[];
}

export interface Alert {
  realm: Realm;
  alert_id: string;
  event_ids: string[];
  status: AlertStatus;
  sources: string[];
  measured_utc: string | null;
  draft: ReadyMessage | null;
  ready: Partial<Record<MessageKind, ReadyMessage>>;
  sent: ReadyMessage | null;
  messages: SentMessage[];
  silent: string[];
  conflicts: string[];
  due_utc: string | null;
}

/** One transition: who, when, why, and the probabilities and thresholds it rests on. */
export interface AlertLog {
  alert_id: string;
  event_ids: string[];
  time_utc: string;
  status: AlertStatus;
  previous: AlertStatus | null;
  sources: string[];
  who: string;
  why: string;
  kind: MessageKind | null;
  identifier: string;
  sha256: string;
  areas: AreaThreat[];
  picture: Picture | null;
  regime: string;
  p_hit: number;
  p_pass: number;
  beside: string[];
  due_utc: string | null;
}

export interface AlertRow {
  alert: Alert | null;
  log: AlertLog | null;
  durable: boolean;
}

export interface Gap {
  after: number;
  resumes_after: number;
  reason: "not_kept" | "restarted";
}
