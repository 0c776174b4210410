// FIPS 180-4's longest example for SHA-256, by what a browser has: its own code later, JavaScript now.

import { expect, test } from "vitest";
import { hasher, sha256Of, sha256OfMany } from "./index.ts";

const million = new TextEncoder().encode("a".repeat(1e6));
const expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

test("the same hash now, later and in pieces", async () => {
  expect(crypto.subtle).toBeDefined();
  expect(await sha256OfMany(million)).toBe(expected);
  expect(sha256Of(million)).toBe(expected);
  const pieces = hasher();
  for (let at = 0; at < million.length; at += 99_991) pieces.add(million.subarray(at, at + 99_991));
  expect(pieces.done()).toBe(expected);
});
