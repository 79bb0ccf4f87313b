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
export type Link = "up" | "down" | "connecting";

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

export interface Config {
  nation: string;
  realm: Realm;
  languages: string[];
  scenario: string | null;
  partners: string[];
  sensors: Sensor[];
  version: string;
}

export interface Clock {
  time_utc: string;
  speed: number;
  durable: boolean;
  feed_age_s: number | null;
  state: "running" | "ended" | "waiting";
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
}

export interface Audit {
  time_utc: string;
  partner: string;
  kind: string;
  verdict: "released" | "withheld";
  rule: string;
  reason: string;
  count: number;
  subject: string;
}

export interface Gap {
  after: number;
  resumes_after: number;
  reason: "not_kept" | "restarted";
}
