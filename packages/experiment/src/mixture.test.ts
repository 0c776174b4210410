import { InputError } from "@homebody/base";
import type { Shard } from "@homebody/text";
import { expect, test } from "vitest";
import { mixture, mixtureShares } from "./mixture.ts";

const context = 4;

/** A shard of so many rows whose tokens say which source and row they are of: 1000 x source + row. */
function shardOf(source: number, rows: number): Shard {
  const stream = Uint16Array.from({ length: rows * context + 1 }, (_, i) =>
    Math.min(1000 * source + Math.floor(i / context), 1000 * source + rows - 1),
  );
  return { context, rows, stream, rowBytes: new Uint32Array(rows).fill(context) };
}

const sizes = [1000, 4000, 9000];
const sources = sizes.map((size, i) => ({ id: `s${i}`, shard: shardOf(i, 50), size }));

/** The first input of each row of the first so many steps. */
function rowsDrawn(temperature: number, steps: number, rows = 8): number[] {
  const batchOf = mixture({ sources, temperature, rows, seed: "a" });
  return Array.from({ length: steps }, (_, step) => {
    const { inputs } = batchOf(step);
    return Array.from({ length: rows }, (_, row) => inputs[row * context]!);
  }).flat();
}

test.each([
  [0, [1 / 3, 1 / 3, 1 / 3]],
  [0.5, [1 / 6, 2 / 6, 3 / 6]], // the roots of 1000, 4000 and 9000 are as 1, 2 and 3
  [1, [1 / 14, 4 / 14, 9 / 14]],
] as const)("with temperature %d sources come as often as size to its power says", (temperature, wanted) => {
  const drawn = rowsDrawn(temperature, 2500);
  for (const [i, share] of wanted.entries()) {
    const count = drawn.filter((token) => Math.floor(token / 1000) === i).length;
    const deviation = Math.sqrt(drawn.length * share * (1 - share));
    expect(Math.abs(count - drawn.length * share)).toBeLessThan(3.5 * deviation);
  }
  expect(mixtureShares(sizes, temperature)).toEqual(wanted.map((share) => expect.closeTo(share, 12)));
});

test("no row of a source comes again before all others came", () => {
  const drawn = rowsDrawn(0.5, 100);
  for (const [i] of sizes.entries()) {
    const own = drawn.filter((token) => Math.floor(token / 1000) === i);
    expect(own.length).toBeGreaterThan(100);
    for (let epoch = 0; (epoch + 1) * 50 <= own.length; epoch++)
      expect(new Set(own.slice(epoch * 50, (epoch + 1) * 50)).size).toBe(50);
    expect(own.slice(0, 50)).not.toEqual(own.slice(50, 100)); // another epoch, another order
  }
});

test("a step's batch is the same in whatever order steps are asked for, and another by another seed", () => {
  const options = { sources, temperature: 0, rows: 3, seed: "a" };
  const forward = mixture(options);
  const all = [0, 1, 2, 3].map(forward);
  const back = mixture(options);
  expect([3, 1, 0, 2].map(back)).toEqual([3, 1, 0, 2].map((step) => all[step]));
  expect(all.map(mixture({ ...options, seed: "b" }).bind(null, 0))).not.toEqual(all);
});

test("what cannot be mixed is said", () => {
  const mix = (change: object) => () => mixture({ sources, temperature: 0, rows: 1, seed: "", ...change });
  expect(mix({ temperature: 1.5 })).toThrow(InputError);
  expect(mix({ sources: [] })).toThrow(InputError);
  expect(mix({ sources: [{ ...sources[0]!, size: 0 }] })).toThrow(InputError);
  const short = { ...shardOf(1, 5), context: 2 };
  expect(mix({ sources: [sources[0]!, { id: "x", shard: short, size: 1 }] })).toThrow(/source x/);
});
