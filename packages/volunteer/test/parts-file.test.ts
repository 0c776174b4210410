import fc from "fast-check";
import { expect, test } from "vitest";
import { bytesOf, decodeParts, encodeParts, numbersOf } from "../src/parts-file.ts";

const parts = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 });

test("meta and parts come back as they were, in memory of their own", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.integer()), parts, (meta, parts) => {
      const file = encodeParts({ meta, parts });
      const back = decodeParts<typeof meta>(file, "x.parts");
      expect(back.meta).toEqual(meta);
      expect(back.parts.map((part) => [...part])).toEqual(parts.map((part) => [...part]));
      expect(back.parts.every(({ buffer }) => buffer !== file.buffer)).toBe(true);
    }),
  );
});

test("a file cut anywhere, or too long, is refused by name", () => {
  const file = encodeParts({ meta: { step: 3 }, parts: [new Uint8Array(8), new Uint8Array(3)] });
  for (let length = 0; length < file.length; length++)
    expect(() => decodeParts(file.subarray(0, length), "snapshot")).toThrow(/snapshot/);
  expect(() => decodeParts(Uint8Array.of(...file, 0), "snapshot")).toThrow(/snapshot/);
});

test("numbers come back bit for bit, from any place in a file; another count is refused", () => {
  const numbers = Float32Array.of(1.5, -0, Number.NaN, 3e-45, Number.POSITIVE_INFINITY);
  const at1 = new Uint8Array(21);
  at1.set(bytesOf(numbers), 1);
  expect(numbersOf(at1.subarray(1), 5, "moments")).toEqual(numbers);
  expect(() => numbersOf(at1, 5, "moments")).toThrow("moments: expected 20 bytes, got 21");
});
