import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tableModel } from "../test/table-model.ts";
import { drawnVocabulary } from "../test/vocabularies.ts";
import { byteModelOf, endOfText } from "./byte-model.ts";
import { mixtureOf } from "./mixture.ts";
import { logProbabilities, mixtureNats } from "./text.ts";
import { firstWeights, type MixtureRule, weightsAfter } from "./weights.ts";

const models = [0, 20, 50].map((merges, i) =>
  byteModelOf(tableModel(drawnVocabulary(200 + i, merges).vocabulary, `${i}`)),
);
const rules: readonly MixtureRule[] = [
  { kind: "uniform" },
  { kind: "likelihood", share: 0 },
  { kind: "likelihood", share: 0.02 },
];
const text = "a's  éa\n日 l'll 1";
const bytes = new TextEncoder().encode(text);
const given = await Promise.all(models.map((model) => logProbabilities(model, text)));
const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);

describe("[M8] an outcome has the weighted mean of what the models give it", () => {
  test.each(rules)("byte by byte and over a text: %o", async (rule) => {
    let state = mixtureOf(models, rule).start();
    let nats = 0;
    for (const [i, byte] of bytes.entries()) {
      const next = await state.next();
      expect(sum(next)).toBeCloseTo(1, 12);
      expect(sum(state.weights)).toBeCloseTo(1, 12);
      const mean = sum(given.map((one, model) => state.weights[model]! * Math.exp(one[i]!)));
      expect(next[byte]! / mean).toBeCloseTo(1, 10);
      expect(await state.logProbability(byte)).toBeCloseTo(Math.log(mean), 10);
      nats -= Math.log(mean);
      state = await state.after(byte);
    }
    nats -= await state.logProbability(endOfText);
    expect(mixtureNats(given, rule)).toBeCloseTo(nats, 9);
  });

  test("one model alone is itself", () => {
    for (const rule of rules) expect(mixtureNats([given[0]!], rule)).toBeCloseTo(-sum(given[0]!), 9);
  });
});

const logs = (length: number) =>
  fc
    .array(fc.array(fc.double({ min: -30, max: 0, noNaN: true }), { minLength: length, maxLength: length }), {
      minLength: 1,
      maxLength: 4,
    })
    .map((list) => list.map((one) => Float64Array.from(one)));

test("[M9] by likelihood without a share, a text has the mean of the probabilities that the models give all of it", () => {
  fc.assert(
    fc.property(logs(12), (some) => {
      const totals = some.map(sum);
      const most = Math.max(...totals);
      const mean = most + Math.log(sum(totals.map((total) => Math.exp(total - most))) / some.length);
      const nats = mixtureNats(some, { kind: "likelihood", share: 0 });
      expect(nats).toBeCloseTo(-mean, 6);
      expect(nats).toBeLessThanOrEqual(-most + Math.log(some.length) + 1e-9);
    }),
  );
});

test("[M10] with a share, a text that goes over to another model costs little more than both of them on their own parts", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }),
      fc.integer({ min: 1, max: 40 }),
      fc.constantFrom(0.001, 0.02, 0.2),
      (first, second, share) => {
        const [good, bad] = [-1, -25];
        const one = Float64Array.from({ length: first + second }, (_, i) => (i < first ? good : bad));
        const other = one.map((value) => good + bad - value);
        const nats = mixtureNats([one, other], { kind: "likelihood", share });
        const bound =
          first + second + Math.log(2) - Math.log(share / 2) - (first + second) * Math.log(1 - share);
        expect(nats).toBeLessThanOrEqual(bound + 1e-9);
      },
    ),
  );
});

test("weights: equal at first, and again where all that had weight gave nothing", () => {
  const never = Number.NEGATIVE_INFINITY;
  const rule = { kind: "likelihood", share: 0 } as const;
  const first = firstWeights(2);
  expect([...first]).toEqual([0.5, 0.5]);
  const after = weightsAfter(first, [-1, never], rule);
  expect([...after]).toEqual([1, 0]);
  expect([...weightsAfter(after, [never, -1], rule)]).toEqual([0.5, 0.5]);
  expect(() => mixtureNats(given, { kind: "likelihood", share: 1 })).toThrow(
    "mixture, share: expected a number from 0 on, below 1, got 1",
  );
  expect(() => mixtureOf([], rule)).toThrow("mixture: expected at least one model, got none");
});
