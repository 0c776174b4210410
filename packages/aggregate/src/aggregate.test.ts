import fc from "fast-check";
import { expect, test } from "vitest";
import { averaging, cosine, deltaNorm, meanAccumulator, nesterov, sourceWeights } from "./index.ts";

const numbers = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 1, maxLength: 8 });

test("equal weighting: a hundred volunteers of one source weigh as much as the only one of another", () => {
  const crowd = Array.from({ length: 100 }, () => ({ source: "es", tokens: 1000 }));
  const weights = sourceWeights([...crowd, { source: "ja", tokens: 1 }], "equal");
  expect(weights.at(-1)).toBe(0.5);
  expect(weights[0]).toBe(0.005);
});

test("weighting by tokens is within a source; sources still count alike", () => {
  const given = [
    { source: "es", tokens: 300 },
    { source: "es", tokens: 100 },
    { source: "ja", tokens: 7 },
  ];
  expect(sourceWeights(given, "tokens")).toEqual([0.375, 0.125, 0.5]);
  const idle = given.map(({ source }) => ({ source, tokens: 0 }));
  expect(sourceWeights(idle, "tokens")).toEqual(sourceWeights(given, "equal"));
});

test("weights sum to 1 and every source has the same share", () => {
  const contribution = fc.record({ source: fc.constantFrom("a", "b", "c"), tokens: fc.nat(100_000) });
  fc.assert(
    fc.property(
      fc.array(contribution, { minLength: 1 }),
      fc.constantFrom("equal" as const, "tokens" as const),
      (contributions, weighting) => {
        const weights = sourceWeights(contributions, weighting);
        const share = new Map<string, number>();
        for (const [i, { source }] of contributions.entries())
          share.set(source, (share.get(source) ?? 0) + weights[i]!);
        for (const sum of share.values()) expect(sum).toBeCloseTo(1 / share.size, 12);
      },
    ),
  );
});

test("the mean is the weighted mean, the mean of one delta that delta", () => {
  fc.assert(
    fc.property(numbers, (list) => {
      const delta = Float32Array.from(list);
      const one = meanAccumulator(delta.length);
      one.add(delta, 1);
      expect(one.result()).toEqual(delta.map((x) => x + 0));
      const three = meanAccumulator(delta.length);
      three.add(delta, 0.25);
      three.add(
        delta.map((x) => -x),
        0.5,
      );
      three.add(new Float32Array(delta.length), 0.25);
      expect(three.result()).toEqual(delta.map((x) => -x / 4 + 0));
    }),
  );
});

test("sums are float64: a small delta is not lost beside large ones that cancel", () => {
  const mean = meanAccumulator(1);
  for (const x of [1e8, 1, -1e8]) mean.add(Float32Array.of(x), 1);
  expect(mean.result()[0]).toBe(Math.fround(1 / 3));
});

test("a mean of nothing, of another size or with an impossible weight is an error", () => {
  expect(() => meanAccumulator(2).result()).toThrow("mean: expected a weight above 0, got 0");
  expect(() => meanAccumulator(2).add(new Float32Array(3), 1)).toThrow("mean: expected 2 numbers, got 3");
  expect(() => meanAccumulator(2).add(new Float32Array(2), Number.NaN)).toThrow(/weight/);
  expect(() => meanAccumulator(2).add(new Float32Array(2), -1)).toThrow(/weight/);
});

test("norm and cosine", () => {
  expect(deltaNorm(Float32Array.of(3, -4))).toBe(5);
  expect(deltaNorm(Float32Array.of(Number.NaN))).toBeNaN();
  expect(cosine(Float32Array.of(1, 0), Float32Array.of(0, 2))).toBe(0);
  expect(cosine(Float32Array.of(1, 2), Float32Array.of(-2, -4))).toBeCloseTo(-1, 15);
  expect(cosine(Float32Array.of(0, 0), Float32Array.of(1, 1))).toBe(0);
  expect(() => cosine(new Float32Array(1), new Float32Array(2))).toThrow("expected 1 numbers, got 2");
});

test("averaging adds the mean and leaves what it was given", () => {
  const body = Float32Array.of(1, 2);
  const optimiser = averaging();
  const step = optimiser.update(optimiser.init(2), body, Float32Array.of(0.5, -1));
  expect([...step.body]).toEqual([1.5, 1]);
  expect([...body]).toEqual([1, 2]);
});

test("nesterov with lr 1 and no momentum is averaging", () => {
  fc.assert(
    fc.property(numbers, (list) => {
      const mean = Float32Array.from(list);
      const body = mean.map((x) => 1 - x / 3);
      const plain = nesterov({ lr: 1, momentum: 0 });
      const { body: next } = plain.update(plain.init(body.length), body, mean);
      const { body: averaged } = averaging().update(new Float32Array(0), body, mean);
      expect(next).toEqual(averaged);
    }),
  );
});

test("nesterov by hand: two rounds of the same mean", () => {
  const outer = nesterov({ lr: 0.7, momentum: 0.9 });
  const mean = Float32Array.of(1);
  const first = outer.update(outer.init(1), Float32Array.of(0), mean);
  expect(first.state[0]).toBe(-1);
  expect(first.body[0]).toBeCloseTo(0.7 * 1.9, 6);
  const second = outer.update(first.state, first.body, mean);
  expect(second.state[0]).toBeCloseTo(-1.9, 6);
  expect(second.body[0]).toBeCloseTo(0.7 * 1.9 + 0.7 * (1 + 0.9 * 1.9), 6);
  expect(first.state[0]).toBe(-1);
  expect(() => outer.update(new Float32Array(0), first.body, mean)).toThrow(/momentum: expected 1 numbers/);
});
