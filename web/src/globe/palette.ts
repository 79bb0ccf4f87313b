/** Okabe–Ito colours (vermilion for threatened areas alone) and one shape per kind, so that colour never stands alone. */

import type { Kind } from "../types.ts";

export const VERMILION = "#d55e00";
export const SKY = "#56b4e9";
export const GREY = "#8a97a3";

export const KIND_COLOUR: Record<Kind, string> = {
  ballistic: "#e69f00",
  quasi_ballistic: "#f0e442",
  glide: "#cc79a7",
  space_launch: "#009e73",
  aircraft: "#56b4e9",
  satellite: "#b9c4ce",
  meteor: "#b9c4ce",
  unknown: "#ffffff",
};

/** Outline of each kind's symbol in a box from -1 to 1, y down. */
export const KIND_SHAPE: Record<Kind, [number, number][]> = {
  ballistic: [[0, -1], [0.95, 0.8], [-0.95, 0.8]],
  quasi_ballistic: [[0, -1.05], [0.85, 0], [0, 1.05], [-0.85, 0]],
  glide: [[0, -1.05], [1, 0.9], [0, 0.35], [-1, 0.9]],
  space_launch: star(5, 0.45),
  aircraft: [[0, -1.1], [0.2, -0.4], [1.05, 0.25], [0.2, 0.15], [0.14, 0.7], [0.45, 1], [-0.45, 1], [-0.14, 0.7], [-0.2, 0.15], [-1.05, 0.25], [-0.2, -0.4]],
  satellite: [[-0.8, -0.8], [0.8, -0.8], [0.8, 0.8], [-0.8, 0.8]],
  meteor: star(4, 0.35),
  unknown: star(6, 0.87),
};

function star(points: number, inner: number): [number, number][] {
  return Array.from({ length: 2 * points }, (_, corner) => {
    const [angle, radius] = [(corner * Math.PI) / points, corner % 2 ? inner : 1];
    return [radius * Math.sin(angle), -radius * Math.cos(angle)];
  });
}

export function colourOf(kind: Kind): string {
  return KIND_COLOUR[kind] ?? KIND_COLOUR.unknown;
}
