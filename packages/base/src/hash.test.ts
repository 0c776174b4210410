// FIPS 180-4's examples for SHA-256, by Node's own code.

import { sha256 as script } from "@noble/hashes/sha2.js";
import { expect, test } from "vitest";
import { hasher, sha256Of, sha256OfMany, sha256OfText, toHex } from "./index.ts";

const ofText = (text: string) => new TextEncoder().encode(text);

const examples = [
  ["nothing", ofText(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", ofText("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  [
    "448 bits",
    ofText("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
  ],
  [
    "a million a",
    ofText("a".repeat(1e6)),
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
  ],
] as const;

test.each(examples)("%s: whole, in pieces, later, and by JavaScript alone", async (_, bytes, expected) => {
  expect(sha256Of(bytes)).toBe(expected);
  expect(await sha256OfMany(bytes)).toBe(expected);
  expect(toHex(script(bytes))).toBe(expected); // what serves a host that has none of its own
  const pieces = hasher();
  for (let at = 0; at < bytes.length; at += 99_991) pieces.add(bytes.subarray(at, at + 99_991));
  expect(pieces.done()).toBe(expected);
});

test("a view into a larger buffer is hashed as what it shows", () => {
  expect(sha256Of(ofText("xabcx").subarray(1, 4))).toBe(examples[1][2]);
});

test("a text is hashed as its UTF-8, also where half of a character has no bytes", () => {
  for (const text of ["", "Español, 日本語, 🏠", "half \ud83c of one"])
    expect(sha256OfText(text), text).toBe(toHex(script(ofText(text))));
});
