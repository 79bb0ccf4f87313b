/**
 * A camera above the globe, and the same perspective twice: as a d3-geo projection for lines on the ground, and as a
 * plain function for points at a height. Snyder's tilted perspective (USGS PP 1395, chapter 23), seen from a camera that
 * orbits a point on the ground.
 *
 * Traps: d3 re-centres a projection on `raw(0, 0)`, which is not the origin when tilted, so it is added back; a tilt that
 * brings the horizon behind the image plane turns the picture inside out, so it is limited.
 */

import { geoProjection, type GeoProjection } from "d3-geo";

export const EARTH_M = 6_371_008.8; // mean radius; heights are drawn on a sphere
const RAD = Math.PI / 180;
const HALF_VIEW_RAD = 20 * RAD; // half of the vertical field of view
const MAX_AXIS_RAD = 88 * RAD;

export interface Camera {
  /** The point on the ground in the middle of the view. */
  longitude_deg: number;
  latitude_deg: number;
  /** From that point to the eye, in Earth radii. */
  distance: number;
  /** From straight down. */
  tilt_deg: number;
  /** What is up in the view, from true north to east. */
  bearing_deg: number;
}

/** The region of the first view: the seas around Korea and Japan. */
export const FIRST_VIEW: Camera = { longitude_deg: 133.6, latitude_deg: 38.9, distance: 0.43, tilt_deg: 32, bearing_deg: 0 };

export type Pixel = [x: number, y: number];

export interface Lens {
  projection: GeoProjection;
  /** Pixel of a point at a height, or null where the globe hides it. */
  pixel: (longitude_deg: number, latitude_deg: number, altitude_m: number) => Pixel | null;
  /** How many radians on the ground one pixel in the middle is. */
  ground_rad_per_px: number;
  /** Radius of the visible cap around `nadir`, in radians. */
  horizon_rad: number;
  nadir: [number, number];
}

export function clampCamera(camera: Camera): Camera {
  const distance = Math.min(6, Math.max(0.03, camera.distance));
  return {
    longitude_deg: ((((camera.longitude_deg + 180) % 360) + 360) % 360) - 180,
    latitude_deg: Math.min(85, Math.max(-85, camera.latitude_deg)),
    distance,
    tilt_deg: Math.min(65, Math.max(0, camera.tilt_deg)),
    bearing_deg: ((camera.bearing_deg % 360) + 360) % 360,
  };
}

/** Build the perspective of `camera` for a picture of `width` by `height` pixels. */
export function lens(camera: Camera, width: number, height: number): Lens {
  const orbit = placeEye(camera);
  const [sinAxis, cosAxis] = [Math.sin(orbit.axis_rad), Math.cos(orbit.axis_rad)];
  const focal_px = height / 2 / Math.tan(HALF_VIEW_RAD);
  const tilted = (right: number, up: number): Pixel => {
    const forward = up * sinAxis + cosAxis;
    return [right / forward, (up * cosAxis - sinAxis) / forward];
  };
  const raw = (lambda: number, phi: number): Pixel => {
    const depth = orbit.eye - Math.cos(phi) * Math.cos(lambda);
    return tilted((Math.cos(phi) * Math.sin(lambda)) / depth, Math.sin(phi) / depth);
  };
  const rotate: [number, number, number] = [-orbit.nadir[0], -orbit.nadir[1], orbit.azimuth_rad / RAD];
  const horizon_rad = Math.acos(1 / orbit.eye);
  const projection = geoProjection(raw)
    .rotate(rotate)
    .scale(focal_px)
    .translate([width / 2, height / 2 - focal_px * raw(0, 0)[1]])
    .clipAngle(horizon_rad / RAD - 1e-3)
    .clipExtent([
      [-50, -50],
      [width + 50, height + 50],
    ])
    .precision(0.6);
  return {
    projection,
    pixel: pointer(orbit, tilted, focal_px, width, height),
    ground_rad_per_px: camera.distance / focal_px,
    horizon_rad,
    nadir: orbit.nadir,
  };
}

interface Orbit {
  /** Distance of the eye from the Earth's centre, in Earth radii. */
  eye: number;
  /** The ground below the eye. */
  nadir: [number, number];
  /** From straight down to the axis of view. */
  axis_rad: number;
  /** Direction at the nadir in which the axis leans. */
  azimuth_rad: number;
}

function placeEye(camera: Camera): Orbit {
  const { distance } = camera;
  let tilt_rad = camera.tilt_deg * RAD;
  const at = (tilt: number) => {
    const eye = Math.sqrt(1 + distance * distance + 2 * distance * Math.cos(tilt));
    const behind_rad = Math.atan2(distance * Math.sin(tilt), 1 + distance * Math.cos(tilt));
    return { eye, behind_rad, axis_rad: tilt - behind_rad };
  };
  while (at(tilt_rad).axis_rad > MAX_AXIS_RAD - Math.asin(1 / at(tilt_rad).eye)) tilt_rad -= RAD;
  const { eye, behind_rad, axis_rad } = at(tilt_rad);
  const back_rad = camera.bearing_deg * RAD + Math.PI;
  const nadir = destination([camera.longitude_deg, camera.latitude_deg], back_rad, behind_rad);
  const azimuth_rad =
    behind_rad > 1e-9 ? azimuth(nadir, [camera.longitude_deg, camera.latitude_deg]) : camera.bearing_deg * RAD;
  return { eye, nadir, axis_rad, azimuth_rad };
}

/** Where one comes to from `from`, going `angle_rad` of arc towards `azimuth_rad`, on a sphere. */
export function destination(from: [number, number], azimuth_rad: number, angle_rad: number): [number, number] {
  const [lambda, phi] = [from[0] * RAD, from[1] * RAD];
  const sinPhi = Math.sin(phi) * Math.cos(angle_rad) + Math.cos(phi) * Math.sin(angle_rad) * Math.cos(azimuth_rad);
  const y = Math.sin(azimuth_rad) * Math.sin(angle_rad) * Math.cos(phi);
  const x = Math.cos(angle_rad) - Math.sin(phi) * sinPhi;
  return [(lambda + Math.atan2(y, x)) / RAD, Math.asin(sinPhi) / RAD];
}

function azimuth(from: [number, number], to: [number, number]): number {
  const [phi1, phi2, dLambda] = [from[1] * RAD, to[1] * RAD, (to[0] - from[0]) * RAD];
  const y = Math.sin(dLambda) * Math.cos(phi2);
  return Math.atan2(y, Math.cos(phi1) * Math.sin(phi2) - Math.sin(phi1) * Math.cos(phi2) * Math.cos(dLambda));
}

function pointer(
  orbit: Orbit,
  tilted: (right: number, up: number) => Pixel,
  focal_px: number,
  width: number,
  height: number,
): Lens["pixel"] {
  const [sinPhi0, cosPhi0] = [Math.sin(orbit.nadir[1] * RAD), Math.cos(orbit.nadir[1] * RAD)];
  const [sinGamma, cosGamma] = [Math.sin(orbit.azimuth_rad), Math.cos(orbit.azimuth_rad)];
  return (longitude_deg, latitude_deg, altitude_m) => {
    const radius = 1 + altitude_m / EARTH_M;
    const [lambda, phi] = [(longitude_deg - orbit.nadir[0]) * RAD, latitude_deg * RAD];
    const [x, east, z] = [Math.cos(phi) * Math.cos(lambda), Math.cos(phi) * Math.sin(lambda), Math.sin(phi)];
    const north = z * cosPhi0 - x * sinPhi0;
    const towards = radius * (x * cosPhi0 + z * sinPhi0);
    const right = radius * (east * cosGamma - north * sinGamma);
    const up = radius * (north * cosGamma + east * sinGamma);
    if (hidden(orbit.eye, towards, right, up)) return null;
    const depth = orbit.eye - towards;
    const [u, v] = tilted(right / depth, up / depth);
    return [width / 2 + focal_px * u, height / 2 - focal_px * v];
  };
}

/** Does the unit sphere lie between the eye and the point? */
function hidden(eye: number, towards: number, right: number, up: number): boolean {
  const [dx, dy, dz] = [towards - eye, right, up];
  const length2 = dx * dx + dy * dy + dz * dz;
  const along = (-eye * dx) / length2; // of the closest point to the centre; 1 is the point itself
  if (dx >= 0) return true;
  return along < 1 && eye * eye - along * along * length2 < 0.9999;
}
