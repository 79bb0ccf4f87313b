/** Where each live track has been since this page looked. */

import type { Tracks } from "./types.ts";

export type Point = [longitude_deg: number, latitude_deg: number, altitude_m: number];

const POINTS = 600; // per track; then every second one goes
const STEP_DEG = 0.02;
const STEP_M = 500;

const trails = new Map<string, Point[]>();

export function trail(id: string): readonly Point[] {
  return trails.get(id) ?? [];
}

export function forgetTrails(): void {
  trails.clear();
}

/** Add the picture's positions; a vanished track's trail goes with it. */
export function followTrails(picture: Tracks): void {
  const live = new Set(picture.id);
  for (const id of trails.keys()) if (!live.has(id)) trails.delete(id);
  picture.id.forEach((id, row) => {
    const point: Point = [picture.longitude_deg[row]!, picture.latitude_deg[row]!, picture.altitude_m[row]!];
    const points = trails.get(id);
    if (points) append(points, point);
    else trails.set(id, [point]);
  });
}

function append(points: Point[], point: Point): void {
  const last = points[points.length - 1]!;
  const moved =
    Math.abs(point[0] - last[0]) > STEP_DEG ||
    Math.abs(point[1] - last[1]) > STEP_DEG ||
    Math.abs(point[2] - last[2]) > STEP_M;
  if (!moved) return;
  points.push(point);
  if (points.length > POINTS) points.splice(0, points.length, ...points.filter((_, index) => index % 2 === 0));
}
