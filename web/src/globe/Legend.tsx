/** What the shapes, colours and lines mean. */

import type { Kind } from "../types.ts";
import { words } from "../words/index.ts";
import { colourOf, KIND_SHAPE, SKY, VERMILION } from "./palette.ts";

const SHOWN: Kind[] = ["ballistic", "quasi_ballistic", "glide", "space_launch", "aircraft", "satellite", "meteor", "unknown"];

export function KindMark({ kind, size = 12 }: { kind: Kind; size?: number }) {
  const points = (KIND_SHAPE[kind] ?? KIND_SHAPE.unknown).map(([x, y]) => `${x},${y}`).join(" ");
  return (
    <svg width={size} height={size} viewBox="-1.2 -1.2 2.4 2.4" aria-hidden="true">
      <polygon points={points} fill={colourOf(kind)} />
    </svg>
  );
}

export function Legend() {
  const text = words.value;
  return (
    <details class="legend" open>
      <summary>{text.legend}</summary>
      <ul>
        {SHOWN.map((kind) => (
          <li key={kind}>
            <KindMark kind={kind} /> {text.kinds[kind]}
          </li>
        ))}
        <li class="wide"><Line colour="#d7e0e8" dashed /> {text.legendOwn}</li>
        <li class="wide"><Line colour="#d7e0e8" /> {text.legendFused}</li>
        <li class="wide"><Line colour={SKY} thin /> {text.legendRadar}</li>
        <li class="wide"><Patch /> {text.legendFootprint}</li>
      </ul>
    </details>
  );
}

function Line({ colour, dashed = false, thin = false }: { colour: string; dashed?: boolean; thin?: boolean }) {
  return (
    <svg width="20" height="8" aria-hidden="true">
      <line x1="0" y1="4" x2="20" y2="4" stroke={colour} stroke-width={thin ? 1 : 2} stroke-dasharray={dashed ? "4 3" : "none"} />
    </svg>
  );
}

function Patch() {
  return (
    <svg width="20" height="10" aria-hidden="true">
      <rect x="1" y="1" width="18" height="8" fill={VERMILION} fill-opacity="0.35" stroke={VERMILION} stroke-width="1.5" />
    </svg>
  );
}
