import fc from "fast-check";
import { expect, test } from "vitest";
import { halfFrom, halfValue, halfValues } from "./half.ts";

const finite = Array.from({ length: 0x7c00 }, (_, half) => half);

test("every half survives the way through its number", () => {
  for (let half = 0; half < 65536; half++) {
    const value = halfValue(half);
    if (Number.isNaN(value)) expect(halfFrom(value) & 0x7fff).toBeGreaterThan(0x7c00);
    else if (halfFrom(value) !== half) expect([half, halfFrom(value)]).toEqual([half, half]);
  }
  expect([0, 0x3c00, 0xc000, 0x7bff, 1, 0x400].map(halfValue)).toEqual([0, 1, -2, 65504, 2 ** -24, 2 ** -14]);
});

/** The nearest of all finite halves, by search; on a tie the one whose last bit is 0. */
function nearest(value: number): number {
  let [low, high] = [0, finite.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (halfValue(middle) <= value) low = middle;
    else high = middle;
  }
  const [down, up] = [value - halfValue(low), halfValue(high) - value];
  if (down === up) return low % 2 === 0 ? low : high;
  return down < up ? low : high;
}

test("rounding is to the nearest half, ties to even", () => {
  fc.assert(
    fc.property(fc.float({ min: 0, max: 65504, noNaN: true }), (value) => {
      expect(halfFrom(value)).toBe(nearest(value));
      expect(halfFrom(-value)).toBe(nearest(value) | 0x8000);
    }),
    { numRuns: 2000 },
  );
  for (const low of [0, 1, 2, 0x3ff, 0x400, 0x3c00, 0x3c01, 0x7bfe]) {
    const tie = (halfValue(low) + halfValue(low + 1)) / 2;
    expect(halfFrom(tie)).toBe(low % 2 === 0 ? low : low + 1);
    expect(halfFrom(Math.fround(tie * (1 + 2 ** -20)))).toBe(low + 1);
    expect(halfFrom(Math.fround(tie * (1 - 2 ** -20)))).toBe(low);
  }
});

test("too large is infinity", () => {
  expect([65519, 65520, 1e30, -65520].map(halfFrom)).toEqual([0x7bff, 0x7c00, 0x7c00, 0xfc00]);
});

test("the table of all halves has the number of each", () => {
  const values = halfValues();
  expect(values).toHaveLength(2 ** 16);
  expect(values.findIndex((value, half) => !Object.is(value, halfValue(half)))).toBe(-1);
});
