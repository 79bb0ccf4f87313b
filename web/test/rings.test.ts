/** Orientation and size of areas: the wrong way round paints the planet as threatened. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { geoArea } from "d3-geo";
import type { Polygon, Position } from "geojson";
import { fromRing, MAX_PART_OF_SPHERE, normalise } from "../src/globe/rings.ts";

const SPHERE = 4 * Math.PI;
const counterClockwise: Position[] = [[130, 40], [132, 40], [132, 41], [130, 41], [130, 40]];
const square = (ring: Position[]): Polygon => ({ type: "Polygon", coordinates: [ring] });
const cap = (radius_deg: number): Position[] =>
  Array.from({ length: 73 }, (_, step) => [((5 * step + 180) % 360) - 180, 90 - radius_deg]);

test("GeoJSON's direction would paint the planet: it is turned", () => {
  assert.ok(geoArea(square(counterClockwise)) > 0.99 * SPHERE);
  assert.ok(geoArea(normalise(square(counterClockwise))!) < 1e-3);
});

test("an area already in d3's direction stays", () => {
  const clockwise = [...counterClockwise].reverse();
  assert.deepEqual(normalise(square(clockwise))!.coordinates[0]![0], clockwise);
});

test("both directions enclose the same area", () => {
  const [one, other] = [counterClockwise, [...counterClockwise].reverse()].map((ring) => geoArea(normalise(square(ring))!));
  assert.equal(one, other);
});

test("an area above 5 % of the sphere is refused, one below is drawn", () => {
  const radius_deg = (Math.acos(1 - 2 * MAX_PART_OF_SPHERE) * 180) / Math.PI; // a cap of exactly that part
  assert.equal(normalise(square(cap(radius_deg + 0.5))), null);
  assert.notEqual(normalise(square(cap(radius_deg - 0.5))), null);
});

test("many small parts that together are large are refused", () => {
  const part = [[0, 0], [0, 20], [20, 20], [20, 0], [0, 0]];
  const parts = [0, 25, 50, 75, 100, 125, 150].map((shift) => [part.map(([x, y]) => [x! + shift, y!])]);
  assert.equal(normalise({ type: "MultiPolygon", coordinates: parts }), null);
  assert.notEqual(normalise({ type: "MultiPolygon", coordinates: parts.slice(0, 1) }), null);
});

test("an area split at the antimeridian keeps its two small halves", () => {
  const halves = [[[[178, 50], [180, 50], [180, 52], [178, 52], [178, 50]]], [[[-180, 50], [-178, 50], [-178, 52], [-180, 52], [-180, 50]]]];
  const area = normalise({ type: "MultiPolygon", coordinates: halves })!;
  assert.equal(area.coordinates.length, 2);
  assert.ok(geoArea(area) < 1e-2);
});

test("a hole stays a hole", () => {
  const hole = [[130.5, 40.2], [131.5, 40.2], [131.5, 40.8], [130.5, 40.8], [130.5, 40.2]];
  const whole = geoArea(normalise(square(counterClockwise))!);
  const pierced = normalise({ type: "Polygon", coordinates: [counterClockwise, hole] })!;
  assert.ok(geoArea(pierced) < 0.8 * whole);
});

test("what is no area is none", () => {
  for (const nothing of [null, undefined, square([]), square([[0, 0], [1, 1]]), square([[0, 0], [NaN, 1], [1, 1], [0, 0]])])
    assert.equal(normalise(nothing), null);
  assert.equal(fromRing(null), null);
});

test("an open ring is closed", () => {
  const ring = fromRing(counterClockwise.slice(0, 4))!.coordinates[0]![0]!;
  assert.deepEqual(ring[0], ring[ring.length - 1]);
});
