/**
 * The one stream of the node: read, numbered, reconnected.
 *
 * Several rows may carry one number, given to the last of them only; a cut among them has the node send them all again,
 * and the ones already taken are skipped here. So every numbered row takes effect once.
 */

import * as state from "./state.ts";
import type { AlertRow, Audit, Clock, Config, Gap, Partner, Revision, Tracks } from "./types.ts";

const SILENT_MS = 10_000; // an open stream without a frame for this long is dead on the way
const RETRY_MS = 1000;
const CONFIG_MS = 5000; // sensors go up and down in it

const NUMBERED: Record<string, (data: unknown) => void> = {
  event: (data) => state.takeEvent(data as Revision),
  partner: (data) => state.takePartner(data as Partner),
  audit: (data) => state.takeAudit(data as Audit),
  alert: (data) => state.takeAlert(data as AlertRow),
};

let source: EventSource | null = null;
let offset = -1; // of the last complete row
let place = 0; // rows read after it that await their number
let taken = 0; // how many of those have taken effect; after a cut they come again
let rows = 0;
let frame_ms = 0; // when the last frame came
let config_ms = -CONFIG_MS;

/** Start reading, and keep reading for the life of the page. */
export function follow(): void {
  open();
  setInterval(watch, 250);
}

function open(): void {
  source?.close();
  frame_ms = performance.now();
  source = new EventSource(`/stream?from=${offset}`);
  source.onopen = () => {
    place = 0;
    state.sessionLost.value = false;
  };
  for (const kind of Object.keys(NUMBERED)) source.addEventListener(kind, (message) => numbered(kind, message));
  source.addEventListener("tracks", (message) => state.takeTracks(read<Tracks>(message)));
  source.addEventListener("clock", (message) => state.takeClock(read<Clock>(message)));
  source.addEventListener("gap", (message) => missed(read<Gap>(message)));
}

function read<T>(message: MessageEvent): T {
  frame_ms = performance.now();
  return JSON.parse(message.data as string) as T;
}

function numbered(kind: string, message: MessageEvent): void {
  const data = read<unknown>(message);
  const number = message.lastEventId === "" ? offset : Number(message.lastEventId);
  place += 1;
  if (place > taken) {
    NUMBERED[kind]!(data);
    taken = place;
    rows += 1;
  }
  if (number !== offset) {
    offset = number;
    place = taken = 0;
  }
  Object.assign(document.documentElement.dataset, { offset: String(offset), rows: String(rows) });
}

function missed(gap: Gap): void {
  state.gap.value = gap;
  place = taken = 0;
  if (gap.reason === "restarted") {
    offset = -1;
    state.forget();
    open();
  }
}

/** The browser reconnects by itself after a cut; a refusal or a dead line needs us. */
function watch(): void {
  const now_ms = performance.now();
  state.wall_ms.value = now_ms;
  if (now_ms - config_ms > CONFIG_MS) {
    config_ms = now_ms;
    void readConfig();
  }
  const silent_ms = now_ms - frame_ms;
  const refused = source?.readyState === EventSource.CLOSED && silent_ms > RETRY_MS;
  if (refused || silent_ms > SILENT_MS) open();
}

async function readConfig(): Promise<void> {
  try {
    const answer = await fetch("/config");
    state.sessionLost.value = answer.status === 401;
    if (!answer.ok) return;
    const next = (await answer.json()) as Config;
    if (JSON.stringify(next) !== JSON.stringify(state.config.value)) state.config.value = next;
  } catch {
    // The node is away; the missing heartbeat says so in words.
  }
}
