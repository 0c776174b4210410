import fc from "fast-check";
import { expect, test } from "vitest";
import { emptyLedger, withReceived, withSent } from "../src/ledger.ts";

const sections = [
  { name: "theta", sizeBytes: 300 },
  { name: "phi", sizeBytes: 120 },
  { name: "psi", sizeBytes: 7 },
] as const;

/** A delta in the middle of other memory, as it is when it was read from a file. */
const delta = { bytes: new Uint8Array(1000).subarray(200, 627), sections };

test("bytes of a delta are counted by section, wherever chunks are cut and however often they go out", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 500 }), (size) => {
      let ledger = emptyLedger;
      for (let at = 0; at < delta.bytes.length; at += size)
        ledger = withSent(ledger, delta.bytes.subarray(at, at + size), delta);
      expect(ledger.sent).toEqual({ theta: 300, phi: 120, psi: 7, messages: 0 });
      const again = withSent(ledger, delta.bytes.subarray(290, 310), delta);
      expect(again.sent).toEqual({ theta: 310, phi: 130, psi: 7, messages: 0 });
    }),
  );
});

test("what is not of the delta is a message: text, and bytes of other memory", () => {
  const text = withSent(emptyLedger, "é", delta);
  const rows = withSent(text, new Uint8Array(16), delta);
  expect(withSent(rows, delta.bytes.subarray(0, 4), null).sent).toEqual({
    theta: 0,
    phi: 0,
    psi: 0,
    messages: 2 + 16 + 4,
  });
  expect(withReceived(rows, "phi", 50).received).toEqual({
    theta: 0,
    phi: 50,
    psi: 0,
    texts: 0,
    messages: 0,
  });
});
