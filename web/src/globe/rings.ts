/**
 * Areas as d3-geo wants them. GeoJSON rings run counter-clockwise, d3's clockwise; the wrong one paints the whole planet
 * as threatened. So every polygon is turned to enclose the smaller side, and one that is still large is refused.
 */

import { geoArea } from "d3-geo";
import type { MultiPolygon, Polygon, Position } from "geojson";

/** A warning area above this part of the sphere is an error, not an area (CONSOLE, traps). */
export const MAX_PART_OF_SPHERE = 0.05;
const SPHERE = 4 * Math.PI;

/** The same area in d3's orientation, or null if it is empty, malformed, or above 5 % of the sphere. */
export function normalise(area: Polygon | MultiPolygon | null | undefined): MultiPolygon | null {
  if (!area) return null;
  const polygons = area.type === "Polygon" ? [area.coordinates] : area.coordinates;
  const turned = polygons.filter(wellFormed).map(turn);
  if (turned.length === 0) return null;
  const result: MultiPolygon = { type: "MultiPolygon", coordinates: turned };
  return geoArea(result) > MAX_PART_OF_SPHERE * SPHERE ? null : result;
}

/** The area of one ring of longitude, latitude pairs. */
export function fromRing(ring: readonly Position[] | null | undefined): MultiPolygon | null {
  if (!ring || ring.length < 3) return null;
  return normalise({ type: "Polygon", coordinates: [close(ring)] });
}

function wellFormed(rings: Position[][]): boolean {
  const outer = rings[0];
  return !!outer && outer.length >= 4 && outer.every((point) => point.length >= 2 && point.every(Number.isFinite));
}

function turn(rings: Position[][]): Position[][] {
  const [outer, ...holes] = rings as [Position[], ...Position[][]];
  return [enclosing(outer), ...holes.map((hole) => [...enclosing(hole)].reverse())];
}

/** The ring in the direction in which d3 takes its smaller side as inside. */
function enclosing(ring: Position[]): Position[] {
  return geoArea({ type: "Polygon", coordinates: [ring] }) > SPHERE / 2 ? [...ring].reverse() : ring;
}

function close(ring: readonly Position[]): Position[] {
  const [first, last] = [ring[0]!, ring[ring.length - 1]!];
  return first[0] === last[0] && first[1] === last[1] ? [...ring] : [...ring, first];
}
