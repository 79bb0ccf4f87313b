/** Bytes as browsers write them, and a hash in words as the node says it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { bytesOf, hashWords, textOf } from "../src/securitykey.ts";

test("base64url is read and written without padding", () => {
  for (const [bytes, text] of [
    [[], ""],
    [[0], "AA"],
    [[251, 255, 191], "-_-_"],
    [[1, 2, 3, 4], "AQIDBA"],
  ] as [number[], string][]) {
    assert.equal(textOf(Uint8Array.from(bytes).buffer), text);
    assert.deepEqual([...bytesOf(text)], bytes);
  }
});

test("a hash is said in the words that the node uses", () => {
  // The first words are Wilkerson's own example, 127.0.0.1; the others from the node's command line.
  assert.match(hashWords(Uint8Array.from([127, 0, 0, 1, 0, 0, 0, 0])), /^lusab-babad-/);
  assert.equal(hashWords(Uint8Array.from([1, 35, 69, 103, 137, 171, 205, 239])), "bahog-hijol-mokor-suloz");
});
