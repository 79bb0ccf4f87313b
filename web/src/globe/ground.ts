/**
 * The still part of the picture: sea, land outline, graticule, sensor ranges. Drawn only when the camera, the size or a
 * sensor changes; coarse while the camera moves. The land is Natural Earth, one outline without countries.
 */

import { geoCircle, geoDistance, geoGraticule, geoPath } from "d3-geo";
import type { MultiPolygon, Polygon } from "geojson";
import { feature } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import coarseUrl from "world-atlas/land-110m.json?url";
import fineUrl from "world-atlas/land-50m.json?url";
import type { Sensor } from "../types.ts";
import { EARTH_M, type Lens } from "./camera.ts";
import { GREY, SKY } from "./palette.ts";

const RETRY_MS = 2000;

interface Piece {
  shape: Polygon;
  centre: [number, number];
  radius_rad: number;
}

export interface Land {
  coarse: Piece[];
  fine: Piece[];
}

/** Fetch the coarse outline, then the fine one; `done` is called after each. */
export async function loadLand(done: (land: Land) => void): Promise<void> {
  const coarse = await loadPieces(coarseUrl);
  done({ coarse, fine: coarse });
  done({ coarse, fine: await loadPieces(fineUrl) });
}

/** A node that is away now may be back soon; until then there is sea. */
async function loadAtlas(url: string): Promise<Topology<{ land: GeometryCollection }>> {
  for (;;) {
    try {
      return (await (await fetch(url)).json()) as Topology<{ land: GeometryCollection }>;
    } catch {
      await new Promise((again) => setTimeout(again, RETRY_MS));
    }
  }
}

async function loadPieces(url: string): Promise<Piece[]> {
  const atlas = await loadAtlas(url);
  const shapes = feature(atlas, atlas.objects.land).features.flatMap(({ geometry }) => {
    if (geometry.type === "Polygon") return [geometry.coordinates];
    return (geometry as MultiPolygon).coordinates;
  });
  return shapes.map((coordinates) => {
    const outer = coordinates[0] as [number, number][];
    const centre = outer[0]!;
    const radius_rad = outer.reduce((most, point) => Math.max(most, geoDistance(centre, point)), 0);
    return { shape: { type: "Polygon", coordinates }, centre, radius_rad };
  });
}

export interface Ground {
  land: Land | null;
  sensors: readonly Sensor[];
  nation: string;
  moving: boolean;
}

export function drawGround(context: CanvasRenderingContext2D, view: Lens, ground: Ground): void {
  const path = geoPath(view.projection, context);
  const { width, height } = context.canvas;
  context.save();
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, width, height);
  context.restore();
  drawSea(context, path);
  if (ground.land) drawLand(context, path, view, ground.moving ? ground.land.coarse : ground.land.fine);
  drawGraticule(context, path, view);
  for (const sensor of ground.sensors) drawRange(context, path, sensor, sensor.nation === ground.nation);
}

type Path = ReturnType<typeof geoPath>;

function drawSea(context: CanvasRenderingContext2D, path: Path): void {
  context.beginPath();
  path({ type: "Sphere" });
  context.fillStyle = "#0d1822";
  context.fill();
  for (const [width, alpha] of [[9, 0.05], [5, 0.1], [1.25, 0.8]] as const) {
    context.strokeStyle = `rgba(79, 140, 188, ${alpha})`;
    context.lineWidth = width;
    context.stroke();
  }
}

function drawLand(context: CanvasRenderingContext2D, path: Path, view: Lens, pieces: readonly Piece[]): void {
  context.beginPath();
  for (const { shape, centre, radius_rad } of pieces)
    if (geoDistance(view.nadir, centre) < view.horizon_rad + radius_rad) path(shape);
  context.fillStyle = "#1b2934";
  context.fill();
  context.strokeStyle = "#5b7486";
  context.lineWidth = 0.8;
  context.stroke();
}

function drawGraticule(context: CanvasRenderingContext2D, path: Path, view: Lens): void {
  const step_deg = view.horizon_rad > 0.9 ? 15 : 5;
  context.beginPath();
  path(geoGraticule().step([step_deg, step_deg])());
  context.strokeStyle = "rgba(140, 170, 195, 0.13)";
  context.lineWidth = 0.8;
  context.stroke();
  context.fillStyle = "rgba(150, 178, 200, 0.5)";
  context.font = "10px system-ui, sans-serif";
  const [longitude_deg, latitude_deg] = view.nadir.map((angle) => Math.round(angle / step_deg) * step_deg) as [number, number];
  for (let step = -6; step <= 6; step++) {
    label(context, view, longitude_deg + 3 * step_deg, latitude_deg + step * step_deg, "latitude");
    label(context, view, longitude_deg + step * step_deg, latitude_deg, "longitude");
  }
}

function label(context: CanvasRenderingContext2D, view: Lens, longitude_deg: number, latitude_deg: number, of: "latitude" | "longitude"): void {
  const at = Math.abs(latitude_deg) < 85 ? view.pixel(longitude_deg, latitude_deg, 0) : null;
  if (!at) return;
  const longitude = ((longitude_deg + 540) % 360) - 180;
  const text =
    of === "latitude"
      ? `${Math.abs(latitude_deg)}°${latitude_deg < 0 ? "S" : "N"}`
      : `${Math.abs(longitude)}°${longitude < 0 ? "W" : "E"}`;
  context.fillText(text, at[0] + 3, at[1] - 3);
}

/** A radar's range as a circle on the ground; dim and dashed when it is down. An infrared sensor sees a hemisphere. */
function drawRange(context: CanvasRenderingContext2D, path: Path, sensor: Sensor, own: boolean): void {
  const { latitude_deg, longitude_deg, max_range_m } = sensor;
  if (sensor.kind !== "radar" || latitude_deg == null || longitude_deg == null || max_range_m == null) return;
  const radius_deg = ((max_range_m / EARTH_M) * 180) / Math.PI;
  if (radius_deg > 25) return;
  const down = sensor.status === "down";
  context.beginPath();
  path(geoCircle().center([longitude_deg, latitude_deg]).radius(radius_deg).precision(3)());
  context.globalAlpha = down ? 0.25 : own ? 0.055 : 0.02;
  context.fillStyle = own ? SKY : GREY;
  if (!down) context.fill();
  context.globalAlpha = down ? 0.35 : own ? 0.5 : 0.3;
  context.strokeStyle = own && !down ? SKY : GREY;
  context.lineWidth = 1;
  context.setLineDash(down ? [3, 5] : []);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}
