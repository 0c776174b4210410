import { namedTensors, tensorLayout } from "@homebody/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  averaging,
  canonicalise,
  cosine,
  cosineToOthers,
  type Holding,
  nesterov,
  normOf,
  type OuterOptimiser,
  outerOptimiser,
  outerStep,
  sectionMean,
  sourceWeights,
  type Weighting,
} from "./index.ts";

const numbers = fc.array(fc.float({ min: -1000, max: 1000, noNaN: true }), { minLength: 1, maxLength: 8 });

test("equal weighting: a hundred volunteers of one source weigh as much as the only one of another", () => {
  const crowd = Array.from({ length: 100 }, () => ({ source: "es", tokens: 1000, seniority: 3 }));
  const weights = sourceWeights([...crowd, { source: "ja", tokens: 1, seniority: 1 }], "equal");
  expect(weights.at(-1)).toBe(0.5);
  expect(weights[0]).toBe(0.005);
});

test("weighting by tokens is within a source; sources still count alike", () => {
  const given = [
    { source: "es", tokens: 300, seniority: 1 },
    { source: "es", tokens: 100, seniority: 1 },
    { source: "ja", tokens: 7, seniority: 1 },
  ];
  expect(sourceWeights(given, "tokens")).toEqual([0.375, 0.125, 0.5]);
  const idle = given.map((one) => ({ ...one, tokens: 0 }));
  expect(sourceWeights(idle, "tokens")).toEqual(sourceWeights(given, "equal"));
});

test("[C38] newcomers weigh less within their source; where all are equally new nothing changes, bit for bit", () => {
  const of = (seniorities: readonly number[]) =>
    seniorities.map((seniority, i) => ({ source: i < 3 ? "es" : "ja", tokens: 10 + i, seniority }));
  expect(sourceWeights(of([1, 2, 3, 1]), "equal")).toEqual([1 / 12, 2 / 12, 3 / 12, 1 / 2]);
  expect(sourceWeights(of([1, 1, 3, 3]), "tokens")).toEqual([10 / 57 / 2, 11 / 57 / 2, 36 / 57 / 2, 1 / 2]);
  for (const weighting of ["equal", "tokens"] as const)
    for (const seniority of [2, 3, 7])
      expect(sourceWeights(of(Array(4).fill(seniority)), weighting)).toEqual(
        sourceWeights(of([1, 1, 1, 1]), weighting),
      );
});

test("weights sum to 1 and every source has the same share", () => {
  const contribution = fc.record({
    source: fc.constantFrom("a", "b", "c"),
    tokens: fc.nat(100_000),
    seniority: fc.integer({ min: 1, max: 3 }),
  });
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

/** Two tensors over the same rows, of 2 and 1 numbers a row. */
const layoutOf = (rows: number) =>
  tensorLayout([
    { name: "embedding", shape: [rows, 2] },
    { name: "head", shape: [rows, 1] },
  ]);

/** A delta by whole rows: what it has of the i-th row, in each tensor; absent where it does not hold the row. */
type Rows = ReadonlyMap<number, readonly [number, number, number]>;

/** Flat, as a delta of these rows has it. */
function flat(rows: Rows): Float32Array {
  const ids = [...rows.keys()].sort((a, b) => a - b);
  const own = ids.map((id) => rows.get(id)!);
  return Float32Array.from([...own.flatMap((row) => row.slice(0, 2)), ...own.map(([, , c]) => c)]);
}

/**
 * The mean of one number of one row, by its definition: within each source that has somebody who holds it, then over
 * these sources. Undefined where nobody holds it.
 */
function meanByDefinition(
  list: readonly { source: string; tokens: number; rows: Rows }[],
  weighting: Weighting,
  row: number,
  column: 0 | 1 | 2,
): number | undefined {
  const bySource: Record<string, { weight: number; value: number }[]> = {};
  for (const { source, tokens, rows } of list) {
    const own = rows.get(row);
    if (own === undefined) continue;
    bySource[source] ??= [];
    bySource[source].push({ weight: weighting === "tokens" ? tokens : 1, value: own[column] });
  }
  const means = Object.values(bySource).map((own) => {
    const whole = own.reduce((sum, { weight }) => sum + weight, 0);
    return own.reduce((sum, { weight, value }) => sum + (weight / whole) * value, 0);
  });
  return means.length === 0 ? undefined : means.reduce((sum, mean) => sum + mean, 0) / means.length;
}

const rowCount = 6;
const number = fc.float({ min: -100, max: 100, noNaN: true });
const rowsOf = (all: boolean): fc.Arbitrary<Rows> =>
  fc
    .tuple(
      fc.array(fc.tuple(number, number, number), { minLength: rowCount, maxLength: rowCount }),
      fc.uniqueArray(fc.nat(rowCount - 1), { minLength: 1, maxLength: rowCount }),
    )
    .map(
      ([values, ids]) => new Map(values.flatMap((value, i) => (all || ids.includes(i) ? [[i, value]] : []))),
    );
const delta = (rows: fc.Arbitrary<Rows>) =>
  fc.record({ source: fc.constantFrom("a", "b", "c"), tokens: fc.integer({ min: 1, max: 1000 }), rows });
const deltas = (rows: fc.Arbitrary<Rows>) => fc.array(delta(rows), { minLength: 1, maxLength: 6 });
const weightings = fc.constantFrom("equal" as const, "tokens" as const);

function meanOf(
  list: readonly { source: string; tokens: number; rows: Rows }[],
  weighting: Weighting,
  mapped = true,
) {
  const holdings = list.map(
    ({ source, tokens, rows }): Holding => ({
      source,
      tokens,
      seniority: 1,
      rows: mapped ? Int32Array.from([...rows.keys()].sort((a, b) => a - b)) : null,
    }),
  );
  const mean = sectionMean(layoutOf(rowCount), holdings, weighting);
  for (const [i, { rows }] of list.entries()) mean.add(i, flat(rows));
  return mean.result();
}

test("a row is averaged within each source and then over sources, by those who hold it alone", () => {
  fc.assert(
    fc.property(deltas(rowsOf(false)), weightings, (list, weighting) => {
      const { numbers, held } = meanOf(list, weighting);
      for (let row = 0; row < rowCount; row++) {
        const at = [2 * row, 2 * row + 1, 2 * rowCount + row];
        for (const column of [0, 1, 2] as const) {
          const expected = meanByDefinition(list, weighting, row, column);
          expect(held![row]).toBe(expected === undefined ? 0 : 1);
          const error = Math.abs(numbers[at[column]!]! - (expected ?? 0));
          expect(error).toBeLessThanOrEqual(1e-5);
        }
      }
    }),
  );
});

test("where everybody holds all rows, the mean is that without row maps, bit for bit", () => {
  fc.assert(
    fc.property(deltas(rowsOf(true)), weightings, (list, weighting) => {
      const whole = meanOf(list, weighting, false);
      expect(whole.held).toBeNull();
      const mapped = meanOf(list, weighting);
      expect(mapped.numbers).toEqual(whole.numbers);
      expect([...mapped.held!]).toEqual(Array(rowCount).fill(1));
    }),
  );
});

/** A section without rows of its own. */
const plain = (size: number) => tensorLayout([{ name: "w", shape: [size] }]);
const one = (source: string): Holding => ({ source, tokens: 1, seniority: 1, rows: null });

test("sums are float64: a small delta is not lost beside large ones that cancel", () => {
  const mean = sectionMean(plain(1), [one("a"), one("b"), one("c")], "equal");
  for (const [i, x] of [1e8, 1, -1e8].entries()) mean.add(i, Float32Array.of(x));
  expect(mean.result().numbers[0]).toBe(Math.fround(1 / 3));
});

test("a mean of nothing, of another size, or of tensors with other rows is an error", () => {
  expect(() => sectionMean(plain(2), [], "equal").result()).toThrow("mean: expected a weight above 0, got 0");
  const mean = sectionMean(plain(2), [one("a")], "equal");
  expect(() => mean.add(0, new Float32Array(3))).toThrow("mean: expected 2 numbers, got 3");
  const holding: Holding = { source: "a", tokens: 1, seniority: 1, rows: Int32Array.of(1) };
  const rows = sectionMean(layoutOf(4), [holding], "equal");
  expect(() => rows.add(0, new Float32Array(4))).toThrow("mean: expected 3 numbers, got 4");
  const uneven = tensorLayout([
    { name: "a", shape: [4, 2] },
    { name: "b", shape: [2, 4] },
  ]);
  expect(() => sectionMean(uneven, [holding], "equal")).toThrow(
    "section: expected tensors of 4 rows, got b of 2,4",
  );
});

test("[C71] the others of a mean are what is left without a delta's share, row by row; of who is alone there is nothing", () => {
  const layout = tensorLayout([{ name: "w", shape: [3, 2] }]);
  const holdings = [
    { source: "a", tokens: 1, seniority: 1, rows: Int32Array.of(0, 1) },
    { source: "a", tokens: 1, seniority: 3, rows: Int32Array.of(1) },
    { source: "b", tokens: 1, seniority: 1, rows: Int32Array.of(1, 2) },
  ];
  const mean = sectionMean(layout, holdings, "equal");
  const deltas = [
    [9, 9, 1, 0],
    [0, 2],
    [2, 2, 5, 5],
  ].map((numbers) => Float32Array.from(numbers));
  for (const [i, delta] of deltas.entries()) mean.add(i, delta);
  const { numbers, shareOf } = mean.result();
  // Row 1: a has half of it, one and three quarters of which are the two's.
  expect([0, 1, 2].map((i) => shareOf(i, 1))).toEqual([1 / 8, 3 / 8, 1 / 2]);
  const own = deltas[0]!;
  const shares = Float64Array.of(shareOf(0, 0), shareOf(0, 1));
  expect(shares[0]).toBe(1);
  // In row 1, the only one that others hold: 3/8 of (0, 2) and 1/2 of (2, 2), beside (1, 0).
  const [x, y] = [1, 1.75];
  const found = cosineToOthers([{ own, mean: numbers.subarray(0, 4), shares }]);
  expect(found).toBeCloseTo(x / Math.hypot(x, y), 6);
  expect(cosineToOthers([{ own, mean: own, shares: Float64Array.of(1) }])).toBe(null);
});

test("canonical numbers: no minus zero is left, and the extent is that of all of them, however many", () => {
  for (let length = 0; length <= 13; length++) {
    const value = (i: number) => (i % 3 === 1 ? -0 : (i + 1) * (i % 2 === 0 ? 1 : -1));
    const plain = Array.from({ length }, (_, i) => (i % 3 === 1 ? 0 : value(i)));
    const numbers = Float32Array.from({ length }, (_, i) => value(i));
    const { largest, rootMeanSquare, squaresUntil } = canonicalise(numbers, 100);
    expect([...numbers]).toEqual(plain); // toEqual tells the zeros apart
    const squares = plain.reduce((sum, each) => sum + each ** 2, 0);
    expect(largest).toBe(Math.max(0, ...plain.map(Math.abs)));
    expect(squaresUntil).toBe(100 + squares);
    expect(rootMeanSquare).toBeCloseTo(Math.sqrt(squares / Math.max(1, length)), 12);
  }
});

test("norm and cosine, over sections as over one long vector", () => {
  expect(normOf([Float32Array.of(3, -4)])).toBe(5);
  expect(normOf([Float32Array.of(3), Float32Array.of(-4)])).toBe(5);
  expect(normOf([Float32Array.of(Number.NaN)])).toBeNaN();
  const [x, y] = [Float32Array.of(1, 0), Float32Array.of(0, 2)];
  expect(cosine([x], [y])).toBe(0);
  expect(cosine([x, y], [x, y])).toBeCloseTo(1, 15);
  expect(cosine([Float32Array.of(1, 2)], [Float32Array.of(-2, -4)])).toBeCloseTo(-1, 15);
  expect(cosine([Float32Array.of(0, 0)], [Float32Array.of(1, 1)])).toBe(0);
  expect(() => cosine([new Float32Array(1)], [new Float32Array(2)])).toThrow("expected 1 numbers, got 2");
});

const step = (
  optimiser: OuterOptimiser,
  numbers: readonly number[],
  mean: readonly number[],
  state?: Float32Array,
) => {
  const layout = plain(numbers.length);
  const kept = namedTensors(optimiser.stateLayout(layout), state);
  const now = namedTensors(layout, Float32Array.from(numbers));
  return outerStep(optimiser, kept, now, { numbers: Float32Array.from(mean), held: null });
};

test("averaging adds the mean, keeps nothing, and leaves what it was given", () => {
  const layout = plain(2);
  const before = namedTensors(layout, Float32Array.of(1, 2));
  const state = namedTensors(averaging().stateLayout(layout));
  expect(state.data).toHaveLength(0);
  const next = outerStep(averaging(), state, before, { numbers: Float32Array.of(0.5, -1), held: null });
  expect([...next.numbers.data]).toEqual([1.5, 1]);
  expect([...before.data]).toEqual([1, 2]);
});

test("nesterov with lr 1 and no momentum is averaging", () => {
  fc.assert(
    fc.property(numbers, (list) => {
      const body = list.map((x) => Math.fround(1 - x / 3));
      const next = step(nesterov({ lr: 1, momentum: 0 }), body, list);
      expect(next.numbers).toEqual(step(averaging(), body, list).numbers);
    }),
  );
});

test("nesterov by hand: two rounds of the same mean", () => {
  const outer = outerOptimiser({ kind: "nesterov", lr: 0.7, momentum: 0.9 });
  const first = step(outer, [0], [1]);
  expect(first.state.layout.slots.map(({ name }) => name)).toEqual(["momentum/w"]);
  expect(first.state.data[0]).toBe(-1);
  expect(first.numbers.data[0]).toBeCloseTo(0.7 * 1.9, 6);
  const second = step(outer, [...first.numbers.data], [1], first.state.data);
  expect(second.state.data[0]).toBeCloseTo(-1.9, 6);
  expect(second.numbers.data[0]).toBeCloseTo(0.7 * 1.9 + 0.7 * (1 + 0.9 * 1.9), 6);
  expect(first.state.data[0]).toBe(-1);
  const other = namedTensors(plain(2));
  expect(() => outer.update(namedTensors(plain(1)), other, new Float32Array(2))).toThrow(
    /momentum: expected 2 numbers/,
  );
});

/** FedAdam (Reddi et al., 2003.00295, algorithm 2) with no bias correction: several tensors of state, and a count. */
const fedAdam: OuterOptimiser = {
  stateLayout: ({ slots }) =>
    tensorLayout([
      ...["first", "second"].flatMap((moment) =>
        slots.map(({ name, shape }) => ({ name: `${moment}/${name}`, shape })),
      ),
      { name: "steps", shape: [1] },
    ]),
  update(state, { layout, data }, mean) {
    const next = namedTensors(layout);
    const kept = namedTensors(state.layout);
    const size = data.length;
    for (let i = 0; i < size; i++) {
      const first = 0.9 * state.data[i]! + 0.1 * mean[i]!;
      const second = 0.99 * state.data[size + i]! + 0.01 * mean[i]! ** 2;
      kept.data[i] = first;
      kept.data[size + i] = second;
      next.data[i] = data[i]! + (0.1 * first) / (Math.sqrt(second) + 1e-3);
    }
    kept.data[2 * size] = state.data[2 * size]! + 1;
    return { numbers: next, state: kept };
  },
};

test.each([
  ["averaging", averaging()],
  ["nesterov", nesterov({ lr: 0.7, momentum: 0.9 })],
  ["an optimiser with several tensors of state", fedAdam],
])("%s: rows that nobody holds stay bit for bit, and so does what is kept of them", (_, optimiser) => {
  const layout = layoutOf(3);
  const before = namedTensors(layout, Float32Array.of(-0, 1, 2, 3, 4, 5, -0, 7, 8));
  const state = namedTensors(optimiser.stateLayout(layout));
  state.data.fill(0.25);
  const mean = { numbers: new Float32Array(9), held: Uint8Array.of(0, 1, 0) };
  for (const i of [2, 3, 7]) mean.numbers[i] = 1;
  const next = outerStep(optimiser, state, before, mean);
  for (const i of [0, 1, 4, 5, 6, 8]) expect(next.numbers.data[i]).toBe(before.data[i]); // -0 too
  for (const i of [2, 3, 7]) expect(next.numbers.data[i]).toBeGreaterThan(before.data[i]!);
  for (const { name, offset, size } of state.layout.slots) {
    if (name === "steps") {
      expect(next.state.data[offset]).toBe(1.25);
      continue;
    }
    const width = size / 3;
    const row = (r: number) => [...next.state.data.subarray(offset + r * width, offset + (r + 1) * width)];
    for (const r of [0, 2]) expect(row(r)).toEqual(Array(width).fill(0.25));
    for (const x of row(1)) expect(x).not.toBe(0.25);
  }
});
