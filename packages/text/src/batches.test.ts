import fc from "fast-check";
import { expect, test } from "vitest";
import { type Batch, type Draw, drawBatch, heldOutBatches } from "./batches.ts";
import { bitsPerByte, unigram } from "./bits-per-byte.ts";
import type { Shard } from "./shard.ts";

/** Row r holds the numbers r * context to (r + 1) * context: a row is known by its first input. */
function shardOf(rows: number, context = 2, missing = 0): Shard {
  const stream = Uint16Array.from({ length: rows * context + 1 - missing }, (_, i) => i);
  return { context, rows, stream, rowBytes: Uint32Array.from({ length: rows }, (_, i) => i + 1) };
}

const rowsOf = ({ inputs, rows, context }: Batch) =>
  Array.from({ length: rows }, (_, i) => inputs[i * context]! / context);

const draw = { seed: 1, source: "es", slot: 0, slots: 1, round: 0, step: 0, localSteps: 5, batch: 4 };

test("a batch is rows of the shard: inputs, and targets one further", () => {
  const batch = drawBatch(shardOf(50), draw);
  expect([batch.rows, batch.context, batch.inputs.length]).toEqual([4, 2, 8]);
  expect([...batch.targets]).toEqual([...batch.inputs].map((token) => token + 1));
});

test("the same draw gives the same batch; another seed, source, round, step or slot another", () => {
  const shard = shardOf(1000);
  expect(drawBatch(shardOf(1000), draw)).toEqual(drawBatch(shard, draw));
  const others: Partial<Draw>[] = [
    { seed: 2 },
    { source: "ja" },
    { round: 1 },
    { step: 1 },
    { slot: 2, slots: 3 },
  ];
  const seen = new Set(
    [draw, ...others.map((other) => ({ ...draw, ...other }))].map((d) => rowsOf(drawBatch(shard, d)).join()),
  );
  expect(seen.size).toBe(others.length + 1);
});

test("volunteers of one source draw disjoint rows in a round", () => {
  const shape = fc.record({
    slots: fc.integer({ min: 1, max: 5 }),
    batch: fc.integer({ min: 1, max: 6 }),
    round: fc.nat(20),
  });
  fc.assert(
    fc.property(shape, ({ slots, batch, round }) => {
      const localSteps = 4;
      const shard = shardOf(slots * batch * localSteps);
      // The round's rows are one epoch's when a round is an epoch long, and start at its beginning.
      const drawn = Array.from({ length: slots * localSteps }, (_, i) =>
        rowsOf(
          drawBatch(shard, {
            ...draw,
            slots,
            slot: i % slots,
            step: Math.floor(i / slots),
            localSteps,
            batch,
            round,
          }),
        ),
      ).flat();
      expect(drawn.sort((a, b) => a - b)).toEqual([...Array(shard.rows).keys()]);
    }),
  );
});

test("over rounds, each row is drawn once before any is drawn again", () => {
  const shard = shardOf(37);
  const drawn: number[] = [];
  for (let round = 0; round < 8; round++)
    for (let step = 0; step < 5; step++)
      for (let slot = 0; slot < 2; slot++)
        drawn.push(...rowsOf(drawBatch(shard, { ...draw, round, step, slot, slots: 2 })));
  const epochs = Array.from({ length: Math.floor(drawn.length / 37) }, (_, i) =>
    drawn.slice(i * 37, (i + 1) * 37),
  );
  expect(epochs.length).toBe(8);
  for (const epoch of epochs) expect(new Set(epoch).size).toBe(37);
  expect(epochs[0]).not.toEqual(epochs[1]);
});

test("a shard smaller than a batch is drawn more than once", () => {
  expect(rowsOf(drawBatch(shardOf(3), { ...draw, batch: 6 })).sort()).toEqual([0, 0, 1, 1, 2, 2]);
});

test("places after the end of the text do not count", () => {
  const batch = drawBatch(shardOf(1, 4, 2), { ...draw, batch: 1 });
  expect([...batch.inputs]).toEqual([0, 1, 0, 0]);
  expect([...batch.targets]).toEqual([1, 2, -100, -100]);
});

test("a slot or a step that the round does not have is our own error", () => {
  expect(() => drawBatch(shardOf(3), { ...draw, slot: 1 })).toThrow("draw, slot: expected 0 to 0, got 1");
  expect(() => drawBatch(shardOf(3), { ...draw, step: 5 })).toThrow("draw, step: expected 0 to 4, got 5");
});

test("held-out rows: all of them once, or a sample that stays", () => {
  const shard = shardOf(10);
  const rows = (sampleRows: number | "all", seed: number) =>
    [...heldOutBatches(shard, { batch: 4, sampleRows, seed })].flatMap((batch) =>
      rowsOf(batch).filter((_, i) => batch.targets[i * 2]! >= 0),
    );
  expect(rows("all", 1)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(rows(100, 1)).toEqual(rows("all", 1));
  expect(rows(5, 1).length).toBe(5);
  expect(rows(5, 1)).toEqual(rows(5, 1));
  expect(rows(5, 1)).not.toEqual(rows(5, 2));
  expect(new Set(rows(5, 1)).size).toBe(5);
});

test("held-out batches have one shape, and count the bytes and tokens of their real rows", () => {
  const batches = [...heldOutBatches(shardOf(10, 2, 1), { batch: 4, sampleRows: "all", seed: 1 })];
  expect(batches.map(({ rows, inputs }) => [rows, inputs.length])).toEqual([
    [4, 8],
    [4, 8],
    [4, 8],
  ]);
  expect(batches.map(({ bytes }) => bytes)).toEqual([1 + 2 + 3 + 4, 5 + 6 + 7 + 8, 9 + 10]);
  expect(batches.map(({ tokens }) => tokens)).toEqual([8, 8, 3]);
});

test("bits per byte of a unigram model, by hand", () => {
  const train: Shard = {
    context: 3,
    rows: 2,
    stream: Uint16Array.of(0, 1, 1, 2, 0),
    rowBytes: Uint32Array.of(4, 0),
  };
  const heldOut: Shard = {
    context: 2,
    rows: 2,
    stream: Uint16Array.of(0, 1, 3, 0),
    rowBytes: Uint32Array.of(3, 0),
  };
  // Counted: 1 twice, 2 and 0 once; with one added to each of 4 tokens: 2, 3, 2, 1 of 8.
  const score = unigram(train, heldOutBatches(heldOut, { batch: 4, sampleRows: "all", seed: 1 }), 4);
  expect(score.tokens).toBe(3);
  expect(score.bytes).toBe(3);
  expect(score.nats).toBeCloseTo(Math.log(8 / 3) + Math.log(8 / 1) + Math.log(8 / 2), 12);
  expect(score.bitsPerByte).toBeCloseTo((Math.log2(8 / 3) + 3 + 2) / 3, 12);
  expect(bitsPerByte(Math.LN2 * 6, 3)).toBe(2);
  expect(() => unigram(train, [], 2)).toThrow("unigram, token: expected a token below 2, got 2");
});
