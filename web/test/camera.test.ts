/** The perspective: d3's lines on the ground and our own points at a height must meet. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { geoDistance } from "d3-geo";
import { clampCamera, destination, EARTH_M, FIRST_VIEW, lens, type Camera } from "../src/globe/camera.ts";

const [WIDTH, HEIGHT] = [1200, 800];
const VIEWS: Camera[] = [
  FIRST_VIEW,
  { ...FIRST_VIEW, tilt_deg: 0 },
  { ...FIRST_VIEW, bearing_deg: 130, tilt_deg: 50 },
  { longitude_deg: 179, latitude_deg: -60, distance: 2, tilt_deg: 20, bearing_deg: 270 },
  { longitude_deg: 0, latitude_deg: 84, distance: 0.2, tilt_deg: 65, bearing_deg: 10 },
];
const near = (a: number, b: number, within: number) => assert.ok(Math.abs(a - b) < within, `${a} is not ${b} ± ${within}`);

test("the target is in the middle of the view, however tilted and turned", () => {
  for (const camera of VIEWS) {
    const [x, y] = lens(camera, WIDTH, HEIGHT).pixel(camera.longitude_deg, camera.latitude_deg, 0)!;
    near(x, WIDTH / 2, 1e-6);
    near(y, HEIGHT / 2, 1e-6);
  }
});

test("d3's projection and the points at height zero agree over the view", () => {
  for (const camera of VIEWS) {
    const view = lens(camera, WIDTH, HEIGHT);
    let compared = 0;
    for (let azimuth = 0; azimuth < 6; azimuth += 0.5)
      for (const part of [0.05, 0.2, 0.4]) {
        const place = destination([camera.longitude_deg, camera.latitude_deg], azimuth, part * view.horizon_rad);
        const own = view.pixel(...place, 0);
        if (!own) continue;
        const theirs = view.projection(place)!;
        near(own[0], theirs[0], 1e-6);
        near(own[1], theirs[1], 1e-6);
        compared += 1;
      }
    assert.ok(compared > 10);
  }
});

test("the bearing is up in the view", () => {
  for (const bearing_deg of [0, 90, 200]) {
    const camera = { ...FIRST_VIEW, bearing_deg };
    const ahead = destination([camera.longitude_deg, camera.latitude_deg], (bearing_deg * Math.PI) / 180, 0.01);
    const [x, y] = lens(camera, WIDTH, HEIGHT).pixel(...ahead, 0)!;
    near(x, WIDTH / 2, 0.5);
    assert.ok(y < HEIGHT / 2 - 2);
  }
});

test("height lifts a point in a tilted view and not in one from above", () => {
  const at = (tilt_deg: number, altitude_m: number) =>
    lens({ ...FIRST_VIEW, tilt_deg }, WIDTH, HEIGHT).pixel(FIRST_VIEW.longitude_deg, FIRST_VIEW.latitude_deg, altitude_m)!;
  near(at(0, 100e3)[1], HEIGHT / 2, 1e-6);
  assert.ok(at(40, 100e3)[1] < HEIGHT / 2 - 10);
});

test("the far side is hidden, a high object above its horizon is not", () => {
  const view = lens({ ...FIRST_VIEW, tilt_deg: 0 }, WIDTH, HEIGHT);
  const here: [number, number] = [FIRST_VIEW.longitude_deg, FIRST_VIEW.latitude_deg];
  const beyond = destination(here, 1, view.horizon_rad + 0.05);
  assert.equal(view.pixel(...destination(here, 1, Math.PI), 1000e3), null);
  assert.equal(view.pixel(...beyond, 0), null);
  assert.notEqual(view.pixel(...beyond, 0.02 * EARTH_M), null);
});

test("a tilt beyond the horizon is held back", () => {
  for (const distance of [0.03, 0.4, 3]) {
    const view = lens({ ...FIRST_VIEW, distance, tilt_deg: 89 }, WIDTH, HEIGHT);
    assert.ok(view.pixel(FIRST_VIEW.longitude_deg, FIRST_VIEW.latitude_deg, 0)!.every(Number.isFinite));
  }
});

test("a camera stays in its bounds", () => {
  const camera = clampCamera({ longitude_deg: 541, latitude_deg: 99, distance: 100, tilt_deg: -5, bearing_deg: -90 });
  assert.deepEqual(camera, { longitude_deg: -179, latitude_deg: 85, distance: 6, tilt_deg: 0, bearing_deg: 270 });
});

test("a destination is as far as was asked", () => {
  near(geoDistance([126, 39.2], destination([126, 39.2], 0.87, 0.17)), 0.17, 1e-12);
});
