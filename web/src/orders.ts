/** What a person of this session orders: posted with the session's own CSRF token; the node judges it, not the page. */

import { signal } from "@preact/signals";
import * as state from "./state.ts";
import type { Action } from "./types.ts";

/** What became of the last order: refused reasons in the node's own words, or nothing when it was carried out. */
export const answer = signal<{ alert_id: string; refused: string | null } | null>(null);
export const busy = signal(false);

export async function order(action: Action, alert_id: string, sha256 = "", words = ""): Promise<void> {
  busy.value = true;
  answer.value = null;
  try {
    const reply = await fetch("/alert", {
      method: "POST",
      headers: { "content-type": "application/json", "x-csrf-token": state.config.value?.csrf ?? "" },
      body: JSON.stringify({ action, alert_id, sha256, words }),
    });
    const refused = reply.ok ? ((await reply.json()) as { refused: string[] }).refused.join("; ") : await reply.text();
    answer.value = { alert_id, refused: refused.trim() || null };
  } catch (error) {
    answer.value = { alert_id, refused: String(error) };
  } finally {
    busy.value = false;
  }
}
