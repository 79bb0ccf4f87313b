/** Alerts: whom they warn and in how many minutes, whose word stands behind which bytes, and what may be ordered next. */

import { signal } from "@preact/signals";
import { answer, busy, order, signer } from "../orders.ts";
import * as state from "../state.ts";
import { clockUtc, millis, span } from "../time.ts";
import type { Action, Alert, AlertLog, AreaThreat, ReadyMessage } from "../types.ts";
import { language, words } from "../words/index.ts";
import { Context } from "./Events.tsx";
import { canSign, Signer } from "./Signer.tsx";

const SHOWN = 4;
const LINES = 12;

export function AlertPane() {
  const text = words.value.alert;
  const alerts = state.alertList.value;
  return (
    <section class="pane alerts" aria-label={text.title} tabIndex={0}>
      <h2>
        {text.title} <small>{whose()}</small>
      </h2>
      <Signer />
      {alerts.length === 0 && <p class="empty">{text.none}</p>}
      {alerts.slice(0, SHOWN).map((each) => (
        <Card key={each.alert.alert_id} shown={each} />
      ))}
      <DraftByHand />
      <Channels />
      <Log />
    </section>
  );
}

/** Whose session this is; LIVE, who says to sit here. */
function whose(): string {
  const text = words.value.alert;
  const person = state.config.value?.person ?? (canSign() ? signer.value : "");
  return person ? text.you(person) : text.onlyLooking;
}

function Card({ shown }: { shown: state.AlertState }) {
  const text = words.value.alert;
  const { alert, time_utc, durable } = shown;
  const [time, measured, now] = [millis(time_utc), millis(alert.measured_utc), state.node_ms.value];
  const message = alert.draft ?? alert.sent;
  return (
    <article class={state.isOver(alert) ? "over" : ""} aria-label={alert.alert_id}>
      <p class="line">
        <RealmMark realm={alert.realm} />
        <b>{alert.alert_id}</b>
        <span class={`status alert-${alert.status}`}>{text.statuses[alert.status]}</span>
        <span class="grow" />
        <span class="dim">{time !== null && now !== null ? text.age(span(Math.max(0, now - time))) : ""}</span>
      </p>
      <p class="dim">
        {text.sources} {alert.sources.join(" + ") || "–"}
        {measured !== null && now !== null && `, ${text.old(span(Math.max(0, now - measured)))}`} · {alert.event_ids.join(", ")}
      </p>
      {!durable && <p class="warn">{text.unrecorded}</p>}
      {alert.silent.length > 0 && <p class="warn">{text.silent(alert.silent.join(", "))}</p>}
      {alert.conflicts.length > 0 && <p class="warn">{text.conflict(alert.conflicts.join(", "))}</p>}
      {alert.event_ids.map((id) => (
        <Context key={id} lines={contextOf(id)} />
      ))}
      {message && <Message message={message} draft={message === alert.draft} />}
      {!state.isOver(alert) && <Buttons alert={alert} />}
      {answer.value?.alert_id === alert.alert_id && answer.value.refused && (
        <p class="refused" role="alert">
          {text.refused} {answer.value.refused}
        </p>
      )}
    </article>
  );
}

/** What the last word on an event says of announced space launches. */
function contextOf(id: string): string[] | undefined {
  const event = state.events.value.get(id);
  return event && state.shown(event).context;
}

function RealmMark({ realm }: { realm: Alert["realm"] }) {
  const text = words.value;
  return <span class={`mark ${realm.toLowerCase()}`}>{realm === "EXERCISE" ? text.exercise : text.live}</span>;
}

function Message({ message, draft }: { message: ReadyMessage; draft: boolean }) {
  const text = words.value.alert;
  const until = millis(message.expires_utc);
  const said = message.texts?.find((each) => each.language.startsWith(language.value)) ?? message.texts?.[0];
  return (
    <>
      <p class="line">
        <b>{text.kinds[message.kind]}</b>
        <span>{draft ? text.statuses[message.stage] : text.wasSent}</span>
        <span class="dim">
          {draft && text.approvals(message.approved_by.length, message.needs)} {message.approved_by.join(", ")}
          {until !== null && ` · ${text.until} ${clockUtc(until)}Z`}
        </span>
      </p>
      <AreaTable areas={message.areas} />
      {said && (
        <details>
          <summary lang={said.language}>{said.headline}</summary>
          <p lang={said.language}>{said.description}</p>
          <p lang={said.language}>{said.instruction}</p>
        </details>
      )}
      <p class="hash" title={message.sha256}>
        <span class="dim">{text.hash}</span> {message.hash_words} <span class="dim">{message.sha256.slice(0, 16)}…</span>
      </p>
    </>
  );
}

function AreaTable({ areas }: { areas: AreaThreat[] }) {
  const text = words.value.alert;
  if (areas.length === 0) return null;
  return (
    <table class="areas">
      <thead>
        <tr>
          <th scope="col">{text.area}</th>
          <th scope="col">{text.left}</th>
          <th scope="col">{text.hit}</th>
          <th scope="col">{text.over}</th>
        </tr>
      </thead>
      <tbody>
        {areas.map((area) => (
          <tr key={area.area_id}>
            <th scope="row">
              {area.names[language.value] ?? area.names["en"] ?? ""} <small>{area.area_id}</small>
            </th>
            <td class="number minutes">{left(area)}</td>
            <td class="number">{share(area.hit_p)}</td>
            <td class="number">{share(area.pass_p)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function left(area: AreaThreat): string {
  const [first, last, now] = [millis(area.first_utc), millis(area.last_utc), state.node_ms.value];
  if (first === null || now === null || (last !== null && last < now)) return "–"; // over is never "now"
  return first > now ? span(first - now) : words.value.alert.now;
}

function share(p: number): string {
  return p > 0 && p < 0.001 ? "<0.1 %" : `${(100 * p).toFixed(p < 0.1 ? 1 : 0)} %`;
}

/** The button that was pressed once: the second press signs exactly the bytes whose hash it names. */
const armed = signal<string | null>(null);

function Buttons({ alert }: { alert: Alert }) {
  const { draft, ready } = alert;
  const offers: [Action, ReadyMessage][] = [];
  if (draft?.stage === "drafted") offers.push(["submit", draft]);
  if (draft?.stage === "submitted") offers.push(["approve", draft]);
  if (draft?.stage === "approved") offers.push(["send", draft]);
  if (draft) offers.push(["withdraw", draft]);
  if (alert.sent) {
    if (ready.correction) offers.push(["correct", ready.correction]);
    if (ready.cancel) offers.push(["cancel", ready.cancel]);
    if (ready.all_clear) offers.push(["all_clear", ready.all_clear]);
  }
  const text = words.value.alert;
  const looking = !canSign();
  return (
    <div class="orders">
      {offers.map(([action, message]) => (
        <OrderButton key={action} action={action} alert_id={alert.alert_id} message={message} disabled={looking} />
      ))}
      {looking && <p class="dim">{alert.realm === "LIVE" ? text.liveByKey : text.howToOrder}</p>}
    </div>
  );
}

interface Offer {
  action: Action;
  alert_id: string;
  message: ReadyMessage;
  disabled: boolean;
}

function OrderButton({ action, alert_id, message, disabled }: Offer) {
  const text = words.value.alert;
  const id = `${action} ${message.sha256}`;
  const press = () => {
    if (armed.value !== id) armed.value = id;
    else {
      armed.value = null;
      void order(action, alert_id, message.sha256);
    }
  };
  const strong = action === "approve" || action === "send" ? "strong" : "";
  return (
    <button type="button" class={strong} disabled={disabled || busy.value || state.stale.value} onClick={press}>
      {armed.value === id ? text.confirm(`${state.config.value?.realm} ${text.actions[action]}`, message.hash_words) : text.actions[action]}
    </button>
  );
}

/** A draft by hand for the chosen event, where no alert is open for it. */
function DraftByHand() {
  const text = words.value.alert;
  const event = state.chosenEvent.value;
  const open = state.alertList.value.some(({ alert }) => !state.isOver(alert) && alert.event_ids.includes(event?.id ?? ""));
  if (!event || open || !canSign()) return null;
  const refused = answer.value?.alert_id === event.id ? answer.value.refused : null;
  return (
    <div class="orders">
      <button type="button" disabled={busy.value || state.stale.value} onClick={() => void order("draft", event.id)}>
        {text.actions.draft} · {event.id}
      </button>
      {refused && (
        <p class="refused" role="alert">
          {text.refused} {refused}
        </p>
      )}
    </div>
  );
}

/** Every channel to the public, and how old its self-test is; one that is down is named. */
function Channels() {
  const text = words.value.alert;
  const channels = state.config.value?.channels ?? [];
  if (channels.length === 0) return null;
  return (
    <p class="channels">
      <span class="dim">{text.channels}</span>{" "}
      {channels.map((each) => (
        <span key={each.name} class={each.ok === false ? "warn" : ""}>
          {each.ok === false ? "■" : "●"} {each.name}{" "}
          <span class={each.ok === false ? "" : "dim"}>
            {each.ok === false ? each.detail : each.tested_s === null ? text.untested : text.tested(each.tested_s)}
          </span>
        </span>
      ))}
    </p>
  );
}

function Log() {
  const text = words.value.alert;
  const rows = state.alertLog.value;
  if (rows.length === 0) return null;
  return (
    <details class="log">
      <summary>
        {text.log} <small>{rows.length}</small>
      </summary>
      <ol>
        {rows.slice(0, LINES).map((row, index) => (
          <LogLine key={rows.length - index} row={row} />
        ))}
      </ol>
    </details>
  );
}

function LogLine({ row }: { row: AlertLog }) {
  const text = words.value.alert;
  const time = millis(row.time_utc);
  const most = row.areas.reduce((best, area) => Math.max(best, area.hit_p, area.pass_p), 0);
  return (
    <li>
      <span class="time">{time === null ? "" : clockUtc(time)}</span> {row.previous && `${text.statuses[row.previous]} → `}
      {text.statuses[row.status]} {row.kind && text.kinds[row.kind]} <span class="dim">{row.who}: {row.why}</span>
      {row.picture && (
        <span class="dim">
          {" "}
          {words.value.sources[row.picture]} · {text.thresholds(share(most), share(row.p_hit), share(row.p_pass))}
        </span>
      )}
    </li>
  );
}

/** For screen readers: that an alert needs somebody, said once per change. */
export function AlertNotice() {
  const text = words.value.alert;
  const waiting = state.alertList.value.filter(({ alert }) => alert.draft && !state.isOver(alert));
  return (
    <p class="unseen" role="status" aria-live="assertive">
      {waiting.map(({ alert }) => `${text.title} ${alert.alert_id} ${text.statuses[alert.draft!.stage]}`).join(". ")}
    </p>
  );
}

