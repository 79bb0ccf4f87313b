/** One way of showing the picture. Another, for a machine with a graphics card, needs these five methods only. */

import type { Camera, Pixel } from "./camera.ts";
import type { Ground } from "./ground.ts";
import type { Sky } from "./sky.ts";

export interface View {
  setCamera(camera: Camera, moving: boolean): void;
  setGround(ground: Omit<Ground, "moving" | "land">): void;
  setSky(sky: Sky): void;
  pick(at: Pixel): string | null;
  destroy(): void;
}
