/** Each partner's link and completeness, and every release decision with its reason. */

import * as state from "../state.ts";
import { clockUtc, millis } from "../time.ts";
import type { Audit, Partner } from "../types.ts";
import { words } from "../words/index.ts";

export function PartnerList() {
  const text = words.value;
  const names = [...new Set([...(state.config.value?.partners ?? []), ...state.partners.value.keys()])].sort();
  return (
    <section class="pane" aria-label={text.partners}>
      <h2>{text.partners}</h2>
      {names.length === 0 && <p class="empty">{text.noPartners}</p>}
      <ul class="partners">
        {names.map((name) => (
          <li key={name}>
            <PartnerCard name={name} partner={state.partners.value.get(name) ?? null} />
          </li>
        ))}
      </ul>
    </section>
  );
}

const LINK_MARK = { up: "●", down: "■", connecting: "◌", out: "⊘" };

function PartnerCard({ name, partner }: { name: string; partner: Partner | null }) {
  const text = words.value;
  const link = partner?.link ?? "connecting";
  const heard = millis(partner?.last_heard_utc);
  return (
    <>
      <p class="line">
        <b>{name}</b>
        <span class={`link ${link}`}>
          {LINK_MARK[link]} {text.links[link]}
        </span>
        <span class="grow" />
        <span class="dim">
          {text.lastHeard} {heard === null ? text.never : `${clockUtc(heard)}Z`}
        </span>
      </p>
      {partner && <Standing partner={partner} />}
      {partner && (
        <p class="line dim">
          {text.received} {partner.received_number} · {completeness(partner)} · {text.sent} {partner.sent_number}
          <br />
          {text.released} {partner.released} · {text.withheld} {partner.withheld} · {text.rejected} {partner.rejected} · {text.epoch}{" "}
          {partner.epoch}
          {typeof partner.clock_offset_s === "number" && (
            <>
              <br />
              <strong>{text.partnerClock(partner.clock_offset_s.toFixed(1))}</strong>
            </>
          )}
        </p>
      )}
    </>
  );
}

/** What people decided of a partner, or it of us: since when, why, what is kept for it. Nothing while all is well. */
function Standing({ partner }: { partner: Partner }) {
  const text = words.value;
  const since = millis(partner.since_utc);
  const until = millis(partner.effective_utc);
  const parted = partner.state !== "active" && partner.state !== "silent";
  if (!parted && !partner.catching_up) return null;
  return (
    <p class={`standing ${parted ? partner.state : "returning"}`} role="status">
      <strong>{parted ? text.standings[partner.state] : text.tellingAgain}</strong>
      {parted && since !== null && ` ${clockUtc(since)}Z`}
      {until !== null && ` → ${new Date(until).toISOString().slice(0, 16)}Z`}
      {partner.reason && partner.reason !== "suspended" && ` · ${partner.reason}`}
      {partner.missed > 0 && ` · ${text.kept(partner.missed)}`}
    </p>
  );
}

function completeness(partner: Partner): string {
  const missing = partner.received_number - partner.contiguous;
  return missing > 0 ? words.value.missing(missing) : words.value.complete;
}

export function AuditLog() {
  const text = words.value;
  const rows = state.audit.value;
  return (
    <section class="pane audit" aria-label={text.audit}>
      <h2>{text.audit}</h2>
      {rows.length === 0 && <p class="empty">{text.noAudit}</p>}
      <ol tabIndex={0}>
        {rows.slice(0, 60).map((row, index) => (
          <AuditRow key={rows.length - index} row={row} />
        ))}
      </ol>
    </section>
  );
}

function AuditRow({ row }: { row: Audit }) {
  const text = words.value;
  const time = millis(row.time_utc);
  return (
    <li>
      <span class="time">{time === null ? "" : clockUtc(time)}</span>
      <span class={`verdict ${row.verdict}`}>
        {row.verdict === "released" ? "✓" : "✗"} {text.verdicts[row.verdict] ?? row.verdict}
      </span>
      <span class="what">
        {row.kind} {row.partner && `${text.to} ${row.partner}`}
        {row.count > 1 && ` ×${row.count}`} <span class="dim">{row.subject}</span>
        <br />
        <span class="dim">
          {text.rule} {row.rule}
          {row.reason && ` · ${row.reason}`}
        </span>
      </span>
    </li>
  );
}
