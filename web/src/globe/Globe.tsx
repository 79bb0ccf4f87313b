/** The globe in the page: canvases, mouse, wheel and keys, legend, words over the picture. */

import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import * as state from "../state.ts";
import { clockUtc, millis, span } from "../time.ts";
import type { Revision } from "../types.ts";
import { words } from "../words/index.ts";
import { clampCamera, FIRST_VIEW, type Camera } from "./camera.ts";
import { CanvasView } from "./canvas-view.ts";
import { Legend } from "./Legend.tsx";

const SETTLE_MS = 160; // after the last movement the fine outline is drawn

/** The camera's movements: what the hand does, in the units of the view. */
class Handle {
  private camera: Camera = FIRST_VIEW;
  private settle = 0;

  constructor(
    private readonly view: CanvasView,
    private readonly canvas: HTMLCanvasElement,
  ) {}

  change(next: Partial<Camera>): void {
    this.camera = clampCamera({ ...this.camera, ...next });
    this.view.setCamera(this.camera, true);
    clearTimeout(this.settle);
    this.settle = window.setTimeout(() => this.view.setCamera(this.camera, false), SETTLE_MS);
  }

  /** Move the ground under the view by pixels. */
  pan(dx_px: number, dy_px: number): void {
    const deg_per_px = (this.camera.distance / (1.37 * this.canvas.clientHeight)) * (180 / Math.PI);
    const turn = (this.camera.bearing_deg * Math.PI) / 180;
    const [right, up] = [-dx_px * deg_per_px, dy_px * deg_per_px];
    const [east, north] = [right * Math.cos(turn) + up * Math.sin(turn), up * Math.cos(turn) - right * Math.sin(turn)];
    const shrink = Math.max(0.15, Math.cos((this.camera.latitude_deg * Math.PI) / 180));
    this.change({
      longitude_deg: this.camera.longitude_deg + east / shrink,
      latitude_deg: this.camera.latitude_deg + north,
    });
  }

  lean(dx_px: number, dy_px: number): void {
    this.change({ bearing_deg: this.camera.bearing_deg + dx_px * 0.4, tilt_deg: this.camera.tilt_deg + dy_px * 0.3 });
  }

  zoom(factor: number): void {
    this.change({ distance: this.camera.distance * factor });
  }

  reset(): void {
    this.change(FIRST_VIEW);
  }

  key(event: KeyboardEvent): void {
    const step = 40;
    const arrows: Record<string, [number, number]> = {
      ArrowLeft: [step, 0],
      ArrowRight: [-step, 0],
      ArrowUp: [0, step],
      ArrowDown: [0, -step],
    };
    const arrow = arrows[event.key];
    if (arrow && event.shiftKey) this.lean(-arrow[0] / 4, arrow[1] / 4);
    else if (arrow) this.pan(...arrow);
    else if (event.key === "+" || event.key === "=") this.zoom(0.8);
    else if (event.key === "-") this.zoom(1.25);
    else if (event.key === "Home") this.reset();
    else return;
    event.preventDefault();
  }
}

/** Listen to the hand on `canvas`; returns how to stop. */
function hold(canvas: HTMLCanvasElement, handle: Handle, view: CanvasView): () => void {
  let travelled_px = 0;
  const stop = new AbortController();
  const on = <K extends keyof HTMLElementEventMap>(kind: K, act: (event: HTMLElementEventMap[K]) => void) =>
    canvas.addEventListener(kind, act, { signal: stop.signal, passive: false });
  on("pointerdown", (event) => {
    travelled_px = 0;
    canvas.setPointerCapture(event.pointerId);
  });
  on("pointermove", (event) => {
    if (!canvas.hasPointerCapture(event.pointerId)) return;
    travelled_px += Math.abs(event.movementX) + Math.abs(event.movementY);
    if (event.shiftKey) handle.lean(event.movementX, -event.movementY);
    else handle.pan(event.movementX, event.movementY);
  });
  on("pointerup", (event) => {
    if (travelled_px < 4) choose(view.pick([event.offsetX, event.offsetY]));
  });
  on("wheel", (event) => {
    event.preventDefault();
    handle.zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.003));
  });
  on("keydown", (event) => handle.key(event));
  return () => stop.abort();
}

function choose(track: string | null): void {
  const picture = state.tracks.value;
  const event = track && picture ? picture.event_id[picture.id.indexOf(track)] : null;
  if (event) state.chosen.value = event;
}

/** Words at an object's impact point: the minutes left, at node time. */
function impactLabel(impact: Revision["impact"]): string {
  const time_ms = millis(impact?.time_utc);
  if (time_ms === null || state.node_ms.value === null) return words.value.impact;
  const left_ms = time_ms - state.node_ms.value;
  return left_ms >= 0 ? `${words.value.impactIn} ${span(left_ms)}` : words.value.impact;
}

function launchLabel(event: state.EventState): string {
  const launch = millis(state.shown(event).launch?.time_utc);
  return launch === null ? words.value.launch : `${words.value.launch} ${clockUtc(launch)}Z`;
}

function show(view: CanvasView): () => void {
  const stopGround = effect(() => {
    const config = state.config.value;
    view.setGround({ sensors: config?.sensors ?? [], nation: config?.nation ?? "" });
  });
  const stopSky = effect(() => {
    const config = state.config.value;
    view.setSky({
      tracks: state.tracks.value,
      events: state.eventList.value,
      chosen: state.chosenEvent.value?.id ?? null,
      sensors: config?.sensors ?? [],
      nation: config?.nation ?? "",
      stale: state.stale.value,
      launchLabel,
      impactLabel,
      sensorDown: words.value.sensorDown,
    });
  });
  return () => {
    stopGround();
    stopSky();
  };
}

export function Globe() {
  const ground = useRef<HTMLCanvasElement>(null);
  const sky = useRef<HTMLCanvasElement>(null);
  const handle = useRef<Handle | null>(null);
  useEffect(() => {
    const view = new CanvasView(ground.current!, sky.current!, () => {
      if (state.config.peek()) document.documentElement.dataset["ready"] = "true";
    });
    handle.current = new Handle(view, sky.current!);
    const [release, hide] = [hold(sky.current!, handle.current, view), show(view)];
    return () => {
      release();
      hide();
      view.destroy();
    };
  }, []);
  const text = words.value;
  return (
    <section class="globe" aria-label={text.globe}>
      <canvas ref={ground} class="layer" aria-hidden="true" />
      <canvas ref={sky} class="layer hand" id="sky" tabIndex={0} role="img" aria-label={text.globeHelp} />
      <Legend />
      <div class="zoom">
        <button type="button" aria-label={text.zoomIn} title={text.zoomIn} onClick={() => handle.current?.zoom(0.8)}>+</button>
        <button type="button" aria-label={text.zoomOut} title={text.zoomOut} onClick={() => handle.current?.zoom(1.25)}>−</button>
        <button type="button" aria-label={text.reset} title={text.reset} onClick={() => handle.current?.reset()}>⌂</button>
      </div>
      <Notices />
    </section>
  );
}

/** What must be said over the picture: silence, gaps, refused areas. */
function Notices() {
  const text = words.value;
  const gap = state.gap.value;
  const notices = [
    state.areaRefused.value ? text.areaRefused : null,
    gap ? (gap.reason === "restarted" ? text.gapRestarted : text.gapNotKept) : null,
  ].filter((notice) => notice !== null);
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.map((notice) => (
        <p key={notice}>{notice}</p>
      ))}
    </div>
  );
}
