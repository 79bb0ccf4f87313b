/**
 * Symbols of tracks, drawn once each and stamped from then on. Trap: without a graphics card a turned or shifted image
 * costs thirty times a plain copy, so there is one drawing per ten degrees and it is put on whole pixels.
 */

import type { Kind, TrackStatus } from "../types.ts";
import type { Pixel } from "./camera.ts";
import { KIND_SHAPE } from "./palette.ts";

export interface Look {
  kind: Kind;
  /** Filled when confirmed, hollow when tentative, hollow and dashed when lost. */
  status: TrackStatus;
  colour: string;
  /** Of an event. */
  large: boolean;
  /** With partners' data in it. */
  ringed: boolean;
  heading_deg: number;
}

const DARK = "#0b1118";
const BOX_PX = 30;
const TURN_DEG = 10;
const sprites = new Map<string, ImageBitmap>();

/** Put a symbol with its middle at a pixel. */
export function stamp(context: CanvasRenderingContext2D, look: Look, at: Pixel): void {
  const turned = { ...look, heading_deg: (Math.round(look.heading_deg / TURN_DEG) * TURN_DEG) % 360 };
  const key = Object.values(turned).join("|") + devicePixelRatio;
  const sprite = sprites.get(key) ?? draw(turned);
  sprites.set(key, sprite);
  const [x, y] = at.map((value) => Math.round((value - BOX_PX / 2) * devicePixelRatio) / devicePixelRatio) as Pixel;
  context.drawImage(sprite, x, y, BOX_PX, BOX_PX);
}

function draw({ kind, status, colour, large, ringed, heading_deg }: Look): ImageBitmap {
  const size = Math.round(BOX_PX * devicePixelRatio);
  const sprite = new OffscreenCanvas(size, size);
  const context = sprite.getContext("2d")!;
  context.scale(devicePixelRatio, devicePixelRatio);
  context.translate(BOX_PX / 2, BOX_PX / 2);
  context.rotate((heading_deg * Math.PI) / 180);
  const size_px = large ? 8.5 : 6.5;
  context.beginPath();
  for (const [x, y] of KIND_SHAPE[kind] ?? KIND_SHAPE.unknown) context.lineTo(x * size_px, y * size_px);
  context.closePath();
  context.fillStyle = status === "confirmed" ? colour : DARK;
  context.strokeStyle = status === "confirmed" ? DARK : colour;
  context.lineWidth = 1.5;
  context.setLineDash(status === "lost" ? [2, 2] : []);
  context.fill();
  context.stroke();
  if (!ringed) return sprite.transferToImageBitmap();
  context.setLineDash([]);
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.beginPath();
  context.arc(0, 0, large ? 13 : 10, 0, 2 * Math.PI);
  context.stroke();
  return sprite.transferToImageBitmap();
}
