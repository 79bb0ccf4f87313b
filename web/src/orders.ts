/** What a person orders: signed by that person's security key when LIVE, by the session's token in an exercise. */

import { signal } from "@preact/signals";
import { sign, type Challenge } from "./securitykey.ts";
import * as state from "./state.ts";
import type { Action } from "./types.ts";

/** What became of the last order: refused reasons in the node's own words, or nothing when it was carried out. */
export const answer = signal<{ alert_id: string; refused: string | null } | null>(null);
export const busy = signal(false);
/** LIVE: who says to sit here. It decides nothing: whose word it was is told by the key that signed. */
export const signer = signal("");

export async function order(action: Action, alert_id: string, sha256 = "", words = ""): Promise<void> {
  busy.value = true;
  answer.value = null;
  try {
    const plain = { action, alert_id, sha256, words };
    const reply = await post("/alert", state.config.value?.realm === "LIVE" ? await signed(plain) : plain);
    const refused = ((await reply.json()) as { refused: string[] }).refused.join("; ");
    answer.value = { alert_id, refused: refused || null };
  } catch (error) {
    answer.value = { alert_id, refused: error instanceof Error ? error.message.trim() : String(error) };
  } finally {
    busy.value = false;
  }
}

/** Ask what is to be signed, have the key sign it, and put the answer beside the order. */
async function signed(plain: object): Promise<object> {
  const asked = { ...plain, person: signer.value };
  const challenge = (await (await post("/alert/challenge", asked)).json()) as Challenge;
  const { nonce, issued_ns } = challenge;
  return { ...asked, nonce, issued_ns, assertion: await sign(challenge) };
}

/** Post with the session's own CSRF token; an answer that is no success is thrown in the node's words. */
async function post(path: string, body: object): Promise<Response> {
  const reply = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-csrf-token": state.config.value?.csrf ?? "" },
    body: JSON.stringify(body),
  });
  if (!reply.ok) throw new Error(await reply.text());
  return reply;
}
