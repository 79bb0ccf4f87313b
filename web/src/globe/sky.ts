/** The moving part of the picture: areas and ellipses of events, tracks with trails and drop lines, labels. */

import { geoPath } from "d3-geo";
import type { MultiPolygon } from "geojson";
import type { EventState } from "../state.ts";
import { trail, type Point } from "../trails.ts";
import type { Revision, Ring, Sensor, Tracks } from "../types.ts";
import { type Lens, type Pixel } from "./camera.ts";
import { Lines } from "./lines.ts";
import { colourOf, GREY, SKY, VERMILION } from "./palette.ts";
import { placeLabels, type Label, type Line } from "./labels.ts";
import { fromRing, normalise } from "./rings.ts";
import { stamp } from "./symbols.ts";

const MANY = 300; // tracks above which only those of events have trails and drop lines
const LABELLED = 12; // tracks up to which all carry their name

export interface Sky {
  tracks: Tracks | null;
  events: readonly EventState[];
  chosen: string | null;
  sensors: readonly Sensor[];
  nation: string;
  stale: boolean;
  /** Words for a place of an event, such as `launch`, and the minutes left. */
  launchLabel: (event: EventState) => string;
  impactLabel: (impact: Revision["impact"]) => string;
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
  if (sensor.latitude_deg == null || sensor.longitude_deg == null) return;
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
  for (const impact of impacts(revision))
    drawPlace(pen, impact, "impact", sky.impactLabel(impact), sky.stale ? GREY : "#ff8a3d");
}

/** Of every object of a salvo; of an event that names none, its own. */
function impacts(revision: Revision): Revision["impact"][] {
  const each = (revision.objects ?? []).map((object) => object.impact ?? null).filter((impact) => impact !== null);
  return each.length > 0 ? each : [revision.impact];
}

function footprints(revision: Revision): NonNullable<Revision["impact"]>["footprint_95"][] {
  const each = (revision.objects ?? []).map((object) => object.impact?.footprint_95);
  const areas = each.some(Boolean) ? each : [revision.impact?.footprint_95];
  return areas.filter((area) => area !== null && area !== undefined);
}

function drawPlace(pen: Pen, place: Revision["launch"], shape: "launch" | "impact", words: string, colour: string): void {
  if (!place || place.latitude_deg == null || place.longitude_deg == null) return;
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
  const lines = new Lines();
  const many = tracks.id.length > MANY;
  const symbols: (() => void)[] = [];
  tracks.id.forEach((id, row) => {
    const { longitude_deg, latitude_deg, altitude_m } = tracks;
    const place: Point = [longitude_deg[row]!, latitude_deg[row]!, altitude_m[row]!];
    const colour = sky.stale ? GREY : colourOf(tracks.kind[row]!);
    if (tracks.event_id[row]) drawTrail(lines, pen.view, trail(id), colour);
    else if (!many) lines.add(colour, 0.5, 1.25, pen.view, trail(id).slice(-40));
    const at = pen.view.pixel(...place);
    if (!at) return;
    if (!many || tracks.event_id[row]) drop(lines, pen.view, place, at, colour);
    encircle(lines, pen.view, tracks.ellipse[row] ?? null, place[2], colour, tracks.source[row] === "fused");
    symbols.push(() => drawSymbol(pen.context, tracks, row, at, colour));
    if (tracks.event_id[row] || tracks.id.length <= LABELLED) labelTrack(pen, tracks, row, at, colour);
  });
  lines.stroke(pen.context);
  for (const draw of symbols) draw();
}

/** The way of an event's object: fading towards the past, with its trace on the ground. */
function drawTrail(lines: Lines, view: Lens, points: readonly Point[], colour: string): void {
  const pieces = 4;
  for (let piece = 0; piece < pieces; piece++) {
    const [from, to] = [0, 1].map((end) => Math.floor(((piece + end) * (points.length - 1)) / pieces)) as [number, number];
    lines.add(colour, 0.2 + (0.65 * (piece + 1)) / pieces, 2.25, view, points.slice(from, to + 1));
  }
  lines.add(colour, 0.35, 1, view, points.map(([longitude_deg, latitude_deg]) => [longitude_deg, latitude_deg, 0]), "2 4");
}

/** From the object straight down to the ground, so that height is seen. */
function drop(lines: Lines, view: Lens, [longitude_deg, latitude_deg]: Point, at: Pixel, colour: string): void {
  const foot = view.pixel(longitude_deg, latitude_deg, 0);
  if (!foot || Math.hypot(foot[0] - at[0], foot[1] - at[1]) < 6) return;
  const path = lines.path(colour, 0.6, 1);
  path.moveTo(...at);
  path.lineTo(...foot);
  path.moveTo(foot[0] + 3.5, foot[1]);
  path.ellipse(foot[0], foot[1], 3.5, 2, 0, 0, 2 * Math.PI);
}

/** The 95 % ellipse at the object's height; dashed where own sensors alone speak. */
function encircle(lines: Lines, view: Lens, ring: Ring | null, altitude_m: number, colour: string, fused: boolean): void {
  if (!ring) return;
  const closed = [...ring, ring[0]!].map(([longitude_deg, latitude_deg]): Point => [longitude_deg, latitude_deg, altitude_m]);
  lines.add(colour, 0.8, 1, view, closed, fused ? "" : "4 3");
}

function drawSymbol(context: CanvasRenderingContext2D, tracks: Tracks, row: number, at: Pixel, colour: string): void {
  const [status, kind] = [tracks.status[row]!, tracks.kind[row]!];
  const heading_deg = kind === "aircraft" || kind === "glide" ? tracks.heading_deg[row]! : 0;
  const [large, ringed] = [tracks.event_id[row] !== null, tracks.source[row] !== "own"];
  stamp(context, { kind, status, colour, large, ringed, heading_deg }, at);
}

function labelTrack(pen: Pen, tracks: Tracks, row: number, at: Pixel, colour: string): void {
  const height = `${(tracks.altitude_m[row]! / 1000).toFixed(tracks.altitude_m[row]! < 20_000 ? 1 : 0)} km`;
  const speed = `${(tracks.speed_m_s[row]! / 1000).toFixed(2)} km/s`;
  const name: Line = [tracks.id[row]!, colour];
  if (tracks.event_id[row]) pen.labels.push({ at, gap_px: 16, lines: [name, [`${height}  ${speed}`, "#d7e0e8"]], rank: 1 });
  else pen.labels.push({ at, gap_px: 11, lines: [name, [height, GREY]], rank: 2 });
}
