/** Times, words and trails. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { clockKst, clockUtc, dateUtc, millis, span } from "../src/time.ts";
import { followTrails, forgetTrails, trail } from "../src/trails.ts";
import type { Tracks } from "../src/types.ts";
import { en } from "../src/words/en.ts";
import { ja } from "../src/words/ja.ts";
import { ko } from "../src/words/ko.ts";

test("times are UTC and KST/JST, whatever the browser's zone", () => {
  const noon = millis("2025-01-06T03:00:00.123456789Z")!;
  assert.equal(dateUtc(noon), "2025-01-06");
  assert.equal(clockUtc(noon), "03:00:00");
  assert.equal(clockKst(noon), "12:00:00");
  assert.equal(millis("nonsense"), null);
  assert.equal(millis(null), null);
});

test("a span is minutes and seconds, with hours only where there are some", () => {
  assert.equal(span(252_000), "4:12");
  assert.equal(span(-9_900), "0:09");
  assert.equal(span(4_140_000), "1:09:00");
});

test("no language leaves a word empty", () => {
  const empty = (words: object): string[] =>
    Object.entries(words).flatMap(([key, value]) =>
      typeof value === "object" ? empty(value as object).map((inner) => `${key}.${inner}`) : value === "" ? [key] : [],
    );
  for (const words of [en, ko, ja]) assert.deepEqual(empty(words), []);
});

test("numbers appear in every language's sentence", () => {
  for (const words of [en, ko, ja]) {
    assert.match(words.count(7), /7/);
    assert.match(words.noHeartbeat(12), /12/);
    assert.match(words.feedAge("0.3"), /0\.3/);
    assert.match(words.clockStepped("−18.0"), /−18\.0/);
    assert.match(words.clockError("0.25"), /0\.25/);
    assert.match(words.partnerClock("3.0"), /3\.0/);
  }
});

function picture(id: string[], longitude_deg: number): Tracks {
  const each = <T,>(value: T): T[] => id.map(() => value);
  return {
    time_utc: "2025-01-06T03:00:00Z", n: id.length, id, latitude_deg: each(38), longitude_deg: each(longitude_deg),
    altitude_m: each(1e4), speed_m_s: each(240), heading_deg: each(90), status: each("confirmed"), phase: each("powered_air"),
    kind: each("aircraft"), event_id: each(null), source: each("own"), ellipse: each(null),
  };
}

test("a trail grows with movement, is bounded, and goes with its track", () => {
  forgetTrails();
  followTrails(picture(["a", "b"], 130));
  followTrails(picture(["a", "b"], 130.001));
  assert.equal(trail("a").length, 1);
  for (let step = 1; step <= 5000; step++) followTrails(picture(["a"], 130 + step * 0.03));
  assert.equal(trail("b").length, 0);
  assert.ok(trail("a").length > 100 && trail("a").length <= 600);
  assert.deepEqual(trail("a")[0], [130, 38, 1e4]);
});
