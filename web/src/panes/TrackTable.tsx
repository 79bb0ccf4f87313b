/** What the globe shows, as text: one row per live track, those of events first. */

import { computed } from "@preact/signals";
import { colourOf } from "../globe/palette.ts";
import { KindMark } from "../globe/Legend.tsx";
import * as state from "../state.ts";
import type { Tracks } from "../types.ts";
import { words } from "../words/index.ts";
import { degrees } from "./Events.tsx";

const ROWS = 60;
const REFRESH_MS = 1000;

/** The picture at a pace that can be read. */
const readable = computed<Tracks | null>(() => {
  void beat.value;
  return state.tracks.peek();
});
const beat = computed(() => Math.floor(state.wall_ms.value / REFRESH_MS));

export function TrackTable() {
  const text = words.value;
  const tracks = readable.value;
  const rows = tracks ? order(tracks) : [];
  const columns = Object.entries(text.columns);
  return (
    <section class="pane table" aria-label={text.tracks}>
      <h2>
        {text.tracks} <small>{tracks?.id.length ?? 0}</small>
      </h2>
      {rows.length === 0 ? <p class="empty">{text.noTracks}</p> : null}
      <div class="scroll" tabIndex={0}>
        <table hidden={rows.length === 0} class={state.stale.value ? "old" : ""}>
          <thead>
            <tr>
              {columns.map(([key, title]) => (
                <th scope="col" key={key} class={`column-${key}`}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>{tracks && rows.slice(0, ROWS).map((row) => <Row key={tracks.id[row]} tracks={tracks} row={row} />)}</tbody>
        </table>
        {rows.length > ROWS && <p class="empty">{text.tracksMore(rows.length - ROWS)}</p>}
      </div>
    </section>
  );
}

function order(tracks: Tracks): number[] {
  const rank = (row: number) => (tracks.event_id[row] ? 0 : 1) + (tracks.status[row] === "confirmed" ? 0 : 0.5);
  return tracks.id.map((_, row) => row).sort((a, b) => rank(a) - rank(b) || (tracks.id[a]! < tracks.id[b]! ? -1 : 1));
}

function Row({ tracks, row }: { tracks: Tracks; row: number }) {
  const text = words.value;
  const kind = tracks.kind[row]!;
  return (
    <tr>
      <th scope="row">{tracks.id[row]}</th>
      <td style={{ color: colourOf(kind) }}>
        <KindMark kind={kind} size={11} /> {text.kinds[kind] ?? kind}
      </td>
      <td>{text.trackStatus[tracks.status[row]!]}</td>
      <td>{text.phases[tracks.phase[row]!] ?? tracks.phase[row]}</td>
      <td>{text.sources[tracks.source[row]!]}</td>
      <td class="number">
        {degrees(tracks.latitude_deg[row]!, "N", "S")} {degrees(tracks.longitude_deg[row]!, "E", "W")}
      </td>
      <td class="number">{(tracks.altitude_m[row]! / 1000).toFixed(1)}</td>
      <td class="number">{(tracks.speed_m_s[row]! / 1000).toFixed(2)}</td>
      <td class="number">{String(Math.round(tracks.heading_deg[row]!)).padStart(3, "0")}°</td>
      <td>{tracks.event_id[row] ?? ""}</td>
    </tr>
  );
}
