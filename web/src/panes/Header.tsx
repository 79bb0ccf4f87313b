/** Who, in which realm, how fresh: the line that must be read before anything below it is believed. */

import * as state from "../state.ts";
import { clockKst, clockUtc, dateUtc } from "../time.ts";
import { isLanguage, language, LANGUAGES, words, type Language } from "../words/index.ts";

export function Realm() {
  const text = words.value;
  const realm = state.config.value?.realm;
  if (!realm) return null;
  if (realm === "LIVE")
    return (
      <p class="realm live">
        <strong>{text.live}</strong> <span>{text.liveNote}</span>
      </p>
    );
  const names = [...new Set([text.exercise, ...Object.values(LANGUAGES).map((each) => each.exercise)])];
  return (
    <p class="realm exercise">
      <strong>{names.join(" · ")}</strong> <span>{text.exerciseNote}</span>
    </p>
  );
}

export function Facts() {
  const text = words.value;
  const { value: config } = state.config;
  const now_ms = state.node_ms.value;
  return (
    <div class="bar">
      <h1>
        Beaconfire <b>{config?.nation ?? "···"}</b>
      </h1>
      {config?.scenario && (
        <p class="fact">
          <small>{text.scenario}</small> {config.scenario}
        </p>
      )}
      <Feed />
      <Speed />
      <p class="clock" aria-label="UTC">
        <small>{now_ms === null ? "UTC" : dateUtc(now_ms)}</small> {now_ms === null ? "--:--:--" : clockUtc(now_ms)}Z
      </p>
      <p class="clock">
        <small>KST/JST</small> {now_ms === null ? "--:--:--" : clockKst(now_ms)}
      </p>
      <a class="record" href="/record" target="_blank" rel="noopener">
        {text.record}
      </a>
      <LanguageSwitch offered={config?.languages ?? []} />
    </div>
  );
}

/** Freshness in words: the heartbeat first, then the age of the newest detection. */
function Feed() {
  const text = words.value;
  const [silence_ms, beat] = [state.silence_ms.value, state.clock.value];
  const mood = state.stale.value ? "bad" : "good";
  document.documentElement.dataset["feed"] = state.stale.value ? "stale" : "live";
  return (
    <p class={`feed ${mood}`}>
      <i aria-hidden="true">{state.stale.value ? "■" : "●"}</i> <span>{feedWords(silence_ms, beat?.feed_age_s ?? null)}</span>
      <span class="unseen" role="status">
        {state.stale.value && silence_ms !== null ? text.noHeartbeat(state.STALE_MS / 1000) : ""}
      </span>
      {beat && !beat.durable && <strong class="durable">{text.notDurable}</strong>}
      {beat?.trusted === false && <strong class="durable">{text.clockStepped(signed(beat.step_s))}</strong>}
      {beat?.trusted && beat.synchronised === false && <span class="dim">{text.clockWild}</span>}
      {beat?.trusted && beat.synchronised && beat.error_s !== null && beat.error_s > GOOD_CLOCK_S && (
        <span class="dim">{text.clockError(beat.error_s.toFixed(2))}</span>
      )}
    </p>
  );
}

const GOOD_CLOCK_S = 0.05;

function signed(seconds: number): string {
  return `${seconds < 0 ? "−" : "+"}${Math.abs(seconds).toFixed(1)}`;
}

function feedWords(silence_ms: number | null, feed_age_s: number | null): string {
  const text = words.value;
  if (state.sessionLost.value) return text.noSession;
  if (silence_ms === null) return text.noFeedYet;
  if (silence_ms > state.STALE_MS) return text.noHeartbeat(Math.floor(silence_ms / 1000));
  if (feed_age_s === null) return text.feed;
  return `${text.feed} · ${text.feedAge(feed_age_s.toFixed(feed_age_s < 10 ? 1 : 0))}`;
}

function Speed() {
  const text = words.value;
  const beat = state.clock.value;
  if (!beat) return null;
  return (
    <p class="fact">
      <small>{text.speed}</small> {beat.speed}× <span class={`state ${beat.state}`}>{text[beat.state]}</span>
    </p>
  );
}

function LanguageSwitch({ offered }: { offered: string[] }) {
  const every = Object.keys(LANGUAGES) as Language[];
  const first = every.filter((each) => offered.includes(each));
  const order = [...new Set([...first, ...every])].filter(isLanguage);
  return (
    <nav class="languages" aria-label={words.value.language}>
      {order.map((each) => (
        <button type="button" key={each} lang={each} aria-pressed={each === language.value} onClick={() => (language.value = each)}>
          {LANGUAGES[each].name}
        </button>
      ))}
    </nav>
  );
}
