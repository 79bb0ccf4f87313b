/** Words beside symbols, placed so that none covers another; the least important give way. */

import type { Pixel } from "./camera.ts";

export type Line = [words: string, colour: string];

export interface Label {
  at: Pixel;
  /** Distance kept from the symbol. */
  gap_px: number;
  lines: Line[];
  /** 0 and 1 are always drawn; higher ranks only where there is room. */
  rank: number;
}

type Box = [left: number, top: number, right: number, bottom: number];

const FONT = `12px system-ui, "Noto Sans CJK KR", "Noto Sans CJK JP", sans-serif`;
const LINE_PX = 15;
const ALWAYS = 1;

export function placeLabels(context: CanvasRenderingContext2D, labels: readonly Label[]): void {
  const taken: Box[] = labels.map(({ at: [x, y] }) => [x - 5, y - 5, x + 5, y + 5]);
  context.lineJoin = "round";
  for (const label of [...labels].sort((a, b) => a.rank - b.rank)) {
    context.font = label.rank < 3 ? `600 ${FONT}` : FONT;
    const boxes = candidates(label, Math.max(...label.lines.map(([words]) => context.measureText(words).width)));
    const free = boxes.find((box) => !taken.some((other) => overlap(box, other)));
    const box = free ?? (label.rank <= ALWAYS ? boxes[0]! : null);
    if (!box) continue;
    taken.push(box);
    label.lines.forEach((line, row) => write(context, line, box[0], box[1] + (row + 0.8) * LINE_PX));
  }
}

/** Right, left, above, below. */
function candidates({ at: [x, y], gap_px, lines }: Label, width: number): Box[] {
  const height = lines.length * LINE_PX;
  const box = (left: number, top: number): Box => [left, top, left + width, top + height];
  return [
    box(x + gap_px, y - height / 2),
    box(x - gap_px - width, y - height / 2),
    box(x - width / 2, y - gap_px - height),
    box(x - width / 2, y + gap_px),
  ];
}

function overlap(a: Box, b: Box): boolean {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}

/** With a dark rim, so that it is readable on land and sea. */
function write(context: CanvasRenderingContext2D, [words, colour]: Line, x: number, y: number): void {
  context.lineWidth = 3.5;
  context.strokeStyle = "rgba(8, 13, 18, 0.9)";
  context.strokeText(words, x, y);
  context.fillStyle = colour;
  context.fillText(words, x, y);
}
