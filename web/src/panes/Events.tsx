/** Events by time to impact, and all that is known of the chosen one. */

import { KindMark } from "../globe/Legend.tsx";
import * as state from "../state.ts";
import { clockKst, clockUtc, millis, span } from "../time.ts";
import type { Gain, Kind, Place, Probabilities, Revision } from "../types.ts";
import { language, words } from "../words/index.ts";

export function EventList() {
  const text = words.value;
  const events = state.eventList.value;
  const chosen = state.chosenEvent.value?.id;
  return (
    <section class="pane" aria-label={text.events}>
      <h2>{text.events}</h2>
      {events.length === 0 && <p class="empty">{text.noEvents}</p>}
      <ul class="events">
        {events.map((event) => (
          <li key={event.id}>
            <button type="button" aria-pressed={event.id === chosen} onClick={() => (state.chosen.value = event.id)}>
              <EventLine event={event} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function EventLine({ event }: { event: state.EventState }) {
  const text = words.value;
  const revision = state.shown(event);
  const [kind, kindPart] = mostProbable(revision.kind);
  const [className, classPart] = mostProbable(revision.class);
  return (
    <>
      <span class="line">
        <KindMark kind={kind as Kind} size={15} />
        <b>{event.id}</b>
        <span class={`status ${revision.status}`}>{text.eventStatus[revision.status]}</span>
        <span class="grow" />
        <TimeToImpact event={event} />
      </span>
      <span class="line dim">
        {text.kinds[kind as Kind] ?? kind} {percent(kindPart)} · {className} {percent(classPart)} · {text.count(revision.count_at_least)}
      </span>
    </>
  );
}

function TimeToImpact({ event }: { event: state.EventState }) {
  const text = words.value;
  const left_ms = state.toImpact(event);
  if (left_ms === null) return <span class="remaining open">{reason(state.shown(event))}</span>;
  return (
    <span class={left_ms >= 0 ? "remaining" : "remaining past"}>
      {left_ms >= 0 ? text.impactIn : text.impactPast} <b>{span(left_ms)}</b>
    </span>
  );
}

function reason(revision: Revision): string {
  const why = revision.impact_reason ?? "";
  return words.value.reasons[why] ?? why;
}

export function EventDetail() {
  const text = words.value;
  const event = state.chosenEvent.value;
  if (!event) return <section class="pane empty">{text.chooseEvent}</section>;
  const revision = state.shown(event);
  return (
    <section class="pane detail" aria-label={event.id}>
      <h2>
        {event.id} <small>{text.revision} {revision.revision} · {text.sources[revision.picture]}</small>
      </h2>
      <p class="headline">
        <span class={`status ${revision.status}`}>{text.eventStatus[revision.status]}</span>
        <b>{text.count(revision.count_at_least)}</b> {percent(revision.count_probability)}
        <span class="grow" />
        <TimeToImpact event={event} />
      </p>
      <div class="two">
        <Bars title={text.kindOf} parts={revision.kind} names={text.kinds} />
        <Bars title={text.classOf} parts={revision.class} names={text.classes} />
      </div>
      <Context lines={revision.context} />
      <Facts revision={revision} />
      <Sharing revision={revision} />
    </section>
  );
}

/** Space launches announced in advance that an event may be. */
export function Context({ lines }: { lines: string[] | undefined }) {
  return lines && lines.length > 0 ? <p class="context">{lines.join(" ")}</p> : null;
}

function Bars({ title, parts, names }: { title: string; parts: Probabilities<string>; names: Record<string, string> }) {
  const rows = Object.entries(parts ?? {}).filter(([, part]) => (part ?? 0) >= 0.005);
  rows.sort((a, b) => (b[1] ?? 0) - (a[1] ?? 0));
  return (
    <div class="bars">
      <h3>{title}</h3>
      {rows.slice(0, 5).map(([name, part]) => (
        <p key={name}>
          <span>{names[name] ?? name}</span>
          <meter min={0} max={1} value={part ?? 0} aria-label={names[name] ?? name} />
          <span class="number">{percent(part)}</span>
        </p>
      ))}
    </div>
  );
}

function Facts({ revision }: { revision: Revision }) {
  const text = words.value;
  const burnout = millis(revision.burnout_time_utc);
  const impactOpen = revision.impact?.latitude_deg == null ? text.impactOpen(reason(revision)) : null;
  return (
    <dl class="facts">
      <dt>{text.launch}</dt>
      <dd>{placeWords(revision.launch)}</dd>
      <dt>{text.impact}</dt>
      <dd>{impactOpen ?? placeWords(revision.impact)}</dd>
      <dt>{text.range}</dt>
      <dd>{kilometres(revision.ground_range_m)}</dd>
      <dt>{text.apogee}</dt>
      <dd>{kilometres(revision.apogee_m)}</dd>
      <dt>{text.burnout}</dt>
      <dd>{burnout === null ? "–" : `${clockUtc(burnout)}Z`}</dd>
      <dt>{text.contributors}</dt>
      <dd>{(revision.contributors ?? []).join(" · ") || "–"}</dd>
    </dl>
  );
}

function placeWords(place: Place | null): string {
  if (!place || place.latitude_deg == null || place.longitude_deg == null) return "–";
  const time = millis(place.time_utc);
  const sigma = place.time_sigma_s == null ? "" : ` ±${(2 * place.time_sigma_s).toFixed(0)} s`;
  const when = time === null ? "" : ` · ${clockUtc(time)}Z (${clockKst(time)})${sigma}`;
  return `${degrees(place.latitude_deg, "N", "S")} ${degrees(place.longitude_deg, "E", "W")}${when}`;
}

/** What the partners' data do to the ellipse and to the area: alone and shared, side by side. */
function Sharing({ revision }: { revision: Revision }) {
  const text = words.value;
  const [alone, shared] = [revision.alone ?? null, revision.shared ?? null];
  if (!alone && !shared) return null;
  const row = (title: string, of: (gain: Gain) => number | null, unit: string) => {
    const [a, s] = [alone && of(alone), shared && of(shared)];
    return (
      <tr>
        <th scope="row">{title}</th>
        <td>{whole(a, unit)}</td>
        <td class="strong">{whole(s, unit)}</td>
        <td class="change">{a && s !== null ? change(s / a) : ""}</td>
      </tr>
    );
  };
  return (
    <table class="sharing">
      <caption>{text.sharing}</caption>
      <thead>
        <tr><td /><th scope="col">{text.alone}</th><th scope="col">{text.shared}</th><td /></tr>
      </thead>
      <tbody>
        {row(text.launchAxis, (gain) => gain.launch_semi_major_m && gain.launch_semi_major_m / 1000, "km")}
        {row(text.footprint, (gain) => gain.footprint_km2, "km²")}
      </tbody>
    </table>
  );
}

function mostProbable(parts: Probabilities<string>): [string, number | null] {
  const best = Object.entries(parts ?? {}).reduce<[string, number]>((a, [name, part]) => ((part ?? 0) > a[1] ? [name, part ?? 0] : a), ["unknown", 0]);
  return best[1] > 0 ? best : ["unknown", null];
}

export function degrees(value: number, positive: string, negative: string): string {
  return `${Math.abs(value).toFixed(2)}°${value < 0 ? negative : positive}`;
}

function percent(part: number | null | undefined): string {
  if (part === null || part === undefined) return "";
  return part > 0.99 && part < 1 ? ">99 %" : `${Math.round(part * 100)} %`;
}

function whole(value: number | null, unit: string): string {
  return value === null ? "–" : `${value.toLocaleString(language.value, { maximumFractionDigits: value < 10 ? 1 : 0 })} ${unit}`;
}

function kilometres(length_m: number | null): string {
  return whole(length_m == null ? null : length_m / 1000, "km");
}

function change(ratio: number): string {
  const part = Math.round((ratio - 1) * 100);
  return part < 0 ? `−${-part} %` : `+${part} %`;
}
