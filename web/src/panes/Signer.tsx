/** LIVE: who sits here, and a new security key for somebody whom the nation's root is to add. */

import { signal } from "@preact/signals";
import { signer } from "../orders.ts";
import { enrol, type Enrolment } from "../securitykey.ts";
import * as state from "../state.ts";
import { words } from "../words/index.ts";

/** Whether this page can have anything signed: somebody is chosen, at the address that keys are made for. */
export function canSign(): boolean {
  const { value: config } = state.config;
  if (config?.realm !== "LIVE") return Boolean(config?.person);
  return signer.value !== "" && config.signing?.origin === location.origin;
}

export function Signer() {
  const text = words.value.key;
  const signing = state.config.value?.signing;
  if (!signing) return null;
  if (signing.origin !== location.origin) return <p class="signer warn">{text.elsewhere(signing.origin)}</p>;
  return (
    <div class="signer">
      <label>
        {text.who}{" "}
        <select value={signer.value} onChange={(event) => (signer.value = event.currentTarget.value)}>
          <option value="">–</option>
          {signing.people.map((person) => (
            <option key={person} value={person}>
              {person}
            </option>
          ))}
        </select>
      </label>
      <Registration />
    </div>
  );
}

const newcomer = signal("");
const made = signal<{ person: string; enrolment?: Enrolment; trouble?: string } | null>(null);

function Registration() {
  const text = words.value.key;
  const press = async () => {
    const person = newcomer.value.trim();
    const { value: config } = state.config;
    if (!person || !config?.signing) return;
    try {
      const { nation, realm, signing } = config;
      made.value = { person, enrolment: await enrol(person, { nation, realm, rp_id: signing.rp_id }) };
    } catch (error) {
      made.value = { person, trouble: error instanceof Error ? error.message : String(error) };
    }
  };
  return (
    <details class="registration">
      <summary>{text.register}</summary>
      <p class="dim">{text.registerNote}</p>
      <label>
        {text.id}{" "}
        <input value={newcomer.value} maxLength={64} onInput={(event) => (newcomer.value = event.currentTarget.value)} />
      </label>{" "}
      <button type="button" onClick={() => void press()}>
        {text.make}
      </button>
      {made.value?.trouble && <p class="refused">{made.value.trouble}</p>}
      {made.value?.enrolment && <Made person={made.value.person} enrolment={made.value.enrolment} />}
    </details>
  );
}

function Made({ person, enrolment }: { person: string; enrolment: Enrolment }) {
  const text = words.value.key;
  const address = URL.createObjectURL(new Blob([enrolment.file], { type: "application/json" }));
  return (
    <p role="status">
      <a href={address} download={`${person}.security-key.json`}>
        {person}.security-key.json
      </a>{" "}
      {text.compare} <b class="hash">{enrolment.words}</b>
    </p>
  );
}
