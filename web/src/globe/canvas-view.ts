/** The view on two Canvas 2D layers: the ground, redrawn when the camera moves, and the sky, redrawn with every picture. */

import { areaRefused } from "../state.ts";
import { clampCamera, FIRST_VIEW, lens, type Camera, type Lens, type Pixel } from "./camera.ts";
import { drawGround, loadLand, type Ground, type Land } from "./ground.ts";
import { drawSky, type Sky } from "./sky.ts";
import type { View } from "./view.ts";

const PICK_PX = 18;

export class CanvasView implements View {
  private camera: Camera = FIRST_VIEW;
  private moving = false;
  private land: Land | null = null;
  private ground: Omit<Ground, "moving" | "land"> = { sensors: [], nation: "" };
  private sky: Sky | null = null;
  private lens: Lens | null = null;
  private groundIsOld = true;
  private frame = 0;
  private readonly observer: ResizeObserver;

  /** `ready` is called when the first ground with land has been drawn. */
  constructor(
    private readonly groundCanvas: HTMLCanvasElement,
    private readonly skyCanvas: HTMLCanvasElement,
    private readonly ready: () => void,
  ) {
    this.observer = new ResizeObserver(() => this.resize());
    this.observer.observe(groundCanvas);
    void loadLand((land) => {
      this.land = land;
      this.redraw(true);
    });
  }

  setCamera(camera: Camera, moving: boolean): void {
    this.camera = clampCamera(camera);
    this.moving = moving;
    this.lens = null;
    this.redraw(true);
  }

  setGround(ground: Omit<Ground, "moving" | "land">): void {
    this.ground = ground;
    this.redraw(true);
  }

  setSky(sky: Sky): void {
    this.sky = sky;
    this.redraw(false);
  }

  /** The track within reach of a pixel, or null. */
  pick(at: Pixel): string | null {
    const [tracks, view] = [this.sky?.tracks, this.lens];
    if (!tracks || !view) return null;
    let best: [distance_px: number, id: string] | null = null;
    tracks.id.forEach((id, row) => {
      const place = view.pixel(tracks.longitude_deg[row]!, tracks.latitude_deg[row]!, tracks.altitude_m[row]!);
      const distance_px = place ? Math.hypot(place[0] - at[0], place[1] - at[1]) : Infinity;
      if (distance_px < PICK_PX && distance_px < (best?.[0] ?? Infinity)) best = [distance_px, id];
    });
    return best ? best[1] : null;
  }

  destroy(): void {
    this.observer.disconnect();
    cancelAnimationFrame(this.frame);
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.groundCanvas;
    for (const canvas of [this.groundCanvas, this.skyCanvas]) {
      canvas.width = Math.round(clientWidth * devicePixelRatio);
      canvas.height = Math.round(clientHeight * devicePixelRatio);
      canvas.getContext("2d")!.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    }
    this.lens = null;
    this.redraw(true);
  }

  private redraw(ground: boolean): void {
    this.groundIsOld ||= ground;
    this.frame ||= requestAnimationFrame(() => this.draw());
  }

  private draw(): void {
    this.frame = 0;
    const { clientWidth, clientHeight } = this.groundCanvas;
    if (!clientWidth || !clientHeight) return;
    this.lens ??= lens(this.camera, clientWidth, clientHeight);
    if (this.groundIsOld) {
      this.groundIsOld = false;
      const { land, moving } = this;
      drawGround(this.groundCanvas.getContext("2d")!, this.lens, { ...this.ground, land, moving });
    }
    if (this.sky) areaRefused.value = drawSky(this.skyCanvas.getContext("2d")!, this.lens, this.sky);
    if (this.land && this.sky) this.ready();
  }
}
