/** The console of one node: one page, one stream, no authority of its own. */

import { effect } from "@preact/signals";
import { render } from "preact";
import { follow } from "./feed.ts";
import { Globe } from "./globe/Globe.tsx";
import { AlertNotice, AlertPane } from "./panes/Alerts.tsx";
import { EventDetail, EventList } from "./panes/Events.tsx";
import { Facts, Realm } from "./panes/Header.tsx";
import { AuditLog, PartnerList } from "./panes/Partners.tsx";
import { TrackTable } from "./panes/TrackTable.tsx";
import { config, stale } from "./state.ts";
import "./style.css";
import { followLanguage, words } from "./words/index.ts";

function Console() {
  return (
    <div class={stale.value ? "console stale" : "console"}>
      <header>
        <Realm />
        <Facts />
      </header>
      <main>
        <div class="side left">
          <EventList />
          <PartnerList />
        </div>
        <div class="middle">
          <Globe />
          <TrackTable />
        </div>
        <div class="side right">
          <AlertPane />
          <EventDetail />
          <AuditLog />
        </div>
      </main>
      <AlertNotice />
    </div>
  );
}

effect(() => {
  const { realm, nation } = config.value ?? {};
  const mark = realm === "EXERCISE" ? `[${words.value.exercise}] ` : "";
  document.title = `${mark}Beaconfire ${nation ?? ""}`.trim();
});
followLanguage();
render(<Console />, document.getElementById("console")!);
follow();
