/** The moving part of the picture: areas and ellipses of events, tracks with trails and drop lines, labels. */

import { geoPath } from "d3-geo";
import type { MultiPolygon } from "geojson";
import type { EventState } from "../state.ts";
import { trail, type Point } from "../trails.ts";
import type { Revision, Ring, Sensor, Tracks } from "../types.ts";
import { type Lens, type Pixel } from "./camera.ts";
import { colourOf, GREY, SKY, traceKind, VERMILION } from "./palette.ts";
import { placeLabels, type Label, type Line } from "./labels.ts";
import { fromRing, normalise } from "./rings.ts";

export interface Sky {
  tracks: Tracks | null;
  events: readonly EventState[];
  chosen: string | null;
  sensors: readonly Sensor[];
  nation: string;
  stale: boolean;
  /** Words for a place of an event, such as `launch`, and the minutes left. */
  launchLabel: (event: EventState) => string;
  impactLabel: (event: EventState) => string;
  sensorDown: string;
}

/** Draw everything that moves; returns whether an area had to be refused. */
export function drawSky(context: CanvasRenderingContext2D, view: Lens, sky: Sky): boolean {
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, context.canvas.width, context.canvas.height);
  context.restore();
  const pen = new Pen(context, view);
  for (const sensor of sky.sensors) drawSensor(pen, sensor, sky);
  for (const event of sky.events) drawEvent(pen, event, sky);
  if (sky.tracks) drawTracks(pen, sky.tracks, sky);
  placeLabels(context, pen.labels);
  return pen.refused;
}

/** A context and a view with the few strokes that are used again and again. */
class Pen {
  refused = false;
  readonly labels: Label[] = [];
  private readonly path;

  constructor(
    readonly context: CanvasRenderingContext2D,
    readonly view: Lens,
  ) {
    this.path = geoPath(view.projection, context);
  }

  area(area: MultiPolygon | null, colour: string, fill: number, stroke: number, dash: number[], width = 1.5): void {
    if (!area) return;
    this.context.beginPath();
    this.path(area);
    this.context.fillStyle = this.context.strokeStyle = colour;
    this.context.globalAlpha = fill;
    if (fill > 0) this.context.fill();
    this.context.globalAlpha = stroke;
    this.context.lineWidth = width;
    this.context.setLineDash(dash);
    this.context.stroke();
    this.context.setLineDash([]);
    this.context.globalAlpha = 1;
  }
}

function drawSensor(pen: Pen, sensor: Sensor, sky: Sky): void {
  if (sensor.latitude_deg === null || sensor.longitude_deg === null) return;
  const at = pen.view.pixel(sensor.longitude_deg, sensor.latitude_deg, 0);
  if (!at) return;
  const { context } = pen;
  const down = sensor.status === "down";
  const colour = sensor.nation === sky.nation && !down ? SKY : GREY;
  context.fillStyle = context.strokeStyle = colour;
  context.lineWidth = 1.25;
  context.beginPath();
  context.arc(at[0], at[1], 5, Math.PI * 1.15, Math.PI * 1.85);
  context.moveTo(at[0], at[1]);
  context.lineTo(at[0], at[1] + 5);
  context.stroke();
  context.fillRect(at[0] - 1.5, at[1] - 1.5, 3, 3);
  pen.labels.push({ at, gap_px: 8, lines: [[down ? `${sensor.id} (${sky.sensorDown})` : sensor.id, colour]], rank: 3 });
}

function drawEvent(pen: Pen, event: EventState, sky: Sky): void {
  const revision = event.pictures.fused ?? event.pictures.own ?? event.latest;
  const over = revision.status === "closed" || revision.status === "retracted";
  const strength = sky.stale || over ? 0.45 : 1;
  const colour = sky.stale ? GREY : VERMILION;
  for (const area of footprints(revision)) {
    const drawn = normalise(area);
    if (!drawn) pen.refused = true;
    pen.area(drawn, colour, 0.26 * strength, 0.95 * strength, [], 1.75);
  }
  if (event.pictures.fused && event.pictures.own)
    for (const area of footprints(event.pictures.own)) pen.area(normalise(area), colour, 0, 0.75 * strength, [6, 5]);
  const ring = (points: Ring | null | undefined, paint: string, fused: boolean) => {
    if (!points) return;
    const drawn = fromRing(points);
    if (!drawn) pen.refused = true;
    pen.area(drawn, sky.stale ? GREY : paint, fused ? 0.12 * strength : 0, strength, fused ? [] : [5, 4], fused ? 2 : 1.25);
  };
  ring(revision.rings?.launch_own, SKY, false);
  ring(revision.rings?.launch_fused, SKY, true);
  ring(revision.rings?.impact_own, VERMILION, false);
  ring(revision.rings?.impact_fused, VERMILION, true);
  drawPlace(pen, revision.launch, "launch", sky.launchLabel(event), sky.stale ? GREY : SKY);
  drawPlace(pen, revision.impact, "impact", sky.impactLabel(event), sky.stale ? GREY : "#ff8a3d");
}

function footprints(revision: Revision): NonNullable<Revision["impact"]>["footprint_95"][] {
  const each = (revision.objects ?? []).map((object) => object.impact?.footprint_95);
  const areas = each.some(Boolean) ? each : [revision.impact?.footprint_95];
  return areas.filter((area) => area !== null && area !== undefined);
}

function drawPlace(pen: Pen, place: Revision["launch"], shape: "launch" | "impact", words: string, colour: string): void {
  if (!place || place.latitude_deg === null || place.longitude_deg === null) return;
  const at = pen.view.pixel(place.longitude_deg, place.latitude_deg, 0);
  if (!at) return;
  const { context } = pen;
  const [x, y] = at;
  context.strokeStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  if (shape === "launch") {
    context.moveTo(x - 6, y + 5);
    context.lineTo(x, y - 6);
    context.lineTo(x + 6, y + 5);
  } else {
    context.moveTo(x - 5, y - 5);
    context.lineTo(x + 5, y + 5);
    context.moveTo(x + 5, y - 5);
    context.lineTo(x - 5, y + 5);
  }
  context.stroke();
  pen.labels.push({ at, gap_px: 10, lines: [[words, colour]], rank: 0 });
}

function drawTracks(pen: Pen, tracks: Tracks, sky: Sky): void {
  const many = tracks.id.length > 300;
  tracks.id.forEach((id, row) => {
    const point: [number, number, number] = [tracks.longitude_deg[row]!, tracks.latitude_deg[row]!, tracks.altitude_m[row]!];
    const at = pen.view.pixel(...point);
    const colour = sky.stale ? GREY : colourOf(tracks.kind[row]!);
    if (!many || tracks.event_id[row]) drawTrail(pen, id, colour, tracks.event_id[row] !== null);
    if (!at) return;
    drawDrop(pen, point, at, colour);
    drawEllipse(pen, tracks.ellipse[row] ?? null, point[2], colour, tracks.source[row] === "fused");
    drawSymbol(pen, tracks, row, at, colour);
    if (tracks.event_id[row] || tracks.id.length <= 12) labelTrack(pen, tracks, row, at, colour);
  });
}

function drawTrail(pen: Pen, id: string, colour: string, ofEvent: boolean): void {
  const points = ofEvent ? trail(id) : trail(id).slice(-40);
  const { context, view } = pen;
  if (ofEvent) drawGroundTrace(pen, points, colour);
  context.strokeStyle = colour;
  context.lineWidth = ofEvent ? 2.25 : 1.25;
  const pieces = 4; // fading towards the past
  for (let piece = 0; piece < pieces; piece++) {
    const [from, to] = [0, 1].map((end) => Math.floor(((piece + end) * (points.length - 1)) / pieces)) as [number, number];
    context.globalAlpha = 0.2 + (0.65 * (piece + 1)) / pieces;
    context.beginPath();
    let down = false;
    for (let index = from; index <= to; index++) {
      const point = points[index];
      const at = point ? view.pixel(...point) : null;
      if (at) context[down ? "lineTo" : "moveTo"](...at);
      down = at !== null;
    }
    context.stroke();
  }
  context.globalAlpha = 1;
}

/** Where the object passed over the ground. */
function drawGroundTrace(pen: Pen, points: readonly Point[], colour: string): void {
  const { context } = pen;
  context.beginPath();
  for (const [longitude_deg, latitude_deg] of points) {
    const at = pen.view.pixel(longitude_deg, latitude_deg, 0);
    if (at) context.lineTo(...at);
  }
  context.strokeStyle = colour;
  context.globalAlpha = 0.35;
  context.lineWidth = 1;
  context.setLineDash([2, 4]);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

/** From the object straight down to the ground, so that height is seen. */
function drawDrop(pen: Pen, [longitude_deg, latitude_deg]: [number, number, number], at: Pixel, colour: string): void {
  const foot = pen.view.pixel(longitude_deg, latitude_deg, 0);
  if (!foot || Math.hypot(foot[0] - at[0], foot[1] - at[1]) < 6) return;
  const { context } = pen;
  context.globalAlpha = 0.6;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(...at);
  context.lineTo(...foot);
  context.stroke();
  context.beginPath();
  context.ellipse(foot[0], foot[1], 3.5, 2, 0, 0, 2 * Math.PI);
  context.stroke();
  context.globalAlpha = 1;
}

/** The 95 % ellipse at the object's height; dashed where own sensors alone speak. */
function drawEllipse(pen: Pen, ring: Ring | null, altitude_m: number, colour: string, fused: boolean): void {
  if (!ring) return;
  const { context, view } = pen;
  context.beginPath();
  for (const [longitude_deg, latitude_deg] of ring) {
    const at = view.pixel(longitude_deg, latitude_deg, altitude_m);
    if (!at) return;
    context.lineTo(...at);
  }
  context.closePath();
  context.strokeStyle = colour;
  context.globalAlpha = 0.8;
  context.lineWidth = 1;
  context.setLineDash(fused ? [] : [4, 3]);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function drawSymbol(pen: Pen, tracks: Tracks, row: number, at: Pixel, colour: string): void {
  const { context } = pen;
  const [status, kind] = [tracks.status[row]!, tracks.kind[row]!];
  const heading = kind === "aircraft" || kind === "glide" ? (tracks.heading_deg[row]! * Math.PI) / 180 : 0;
  context.save();
  context.translate(...at);
  context.rotate(heading);
  traceKind(context, kind, tracks.event_id[row] ? 8.5 : 6.5);
  context.fillStyle = status === "confirmed" ? colour : "#0b1118";
  context.strokeStyle = status === "confirmed" ? "#0b1118" : colour;
  context.lineWidth = 1.5;
  context.setLineDash(status === "lost" ? [2, 2] : []);
  context.fill();
  context.stroke();
  context.restore();
  if (tracks.source[row] === "own") return;
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  context.arc(at[0], at[1], tracks.event_id[row] ? 13 : 10, 0, 2 * Math.PI);
  context.stroke();
}

function labelTrack(pen: Pen, tracks: Tracks, row: number, at: Pixel, colour: string): void {
  const height = `${(tracks.altitude_m[row]! / 1000).toFixed(tracks.altitude_m[row]! < 20_000 ? 1 : 0)} km`;
  const speed = `${(tracks.speed_m_s[row]! / 1000).toFixed(2)} km/s`;
  const name: Line = [tracks.id[row]!, colour];
  if (tracks.event_id[row]) pen.labels.push({ at, gap_px: 16, lines: [name, [`${height}  ${speed}`, "#d7e0e8"]], rank: 1 });
  else pen.labels.push({ at, gap_px: 11, lines: [name, [height, GREY]], rank: 2 });
}
