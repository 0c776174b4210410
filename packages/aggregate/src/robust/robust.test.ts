import { memory } from "@homebody/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  combinationOf,
  combine,
  type Distances,
  distances,
  evenFactors,
  groupsOf,
  mostInGroup,
  needsDistances,
  type RobustSettings,
  type Slice,
} from "../index.ts";

const wholes = (list: readonly (readonly number[])[]): Slice => ({
  values: list.map((own) => Float32Array.from(own)),
  held: null,
});

function distancesOf(...slices: readonly Slice[]): Distances {
  const measured = distances(slices[0]!.values.length);
  for (const slice of slices) measured.add(slice);
  return measured.result();
}

function averageOf(
  settings: RobustSettings,
  slice: Slice,
  weights = slice.values.map(() => 1),
  votes = weights,
) {
  const found = needsDistances(settings) ? distancesOf(slice) : null;
  return combine(combinationOf(settings, { weights, votes }, found), slice);
}

const all: readonly RobustSettings[] = [
  ...(["trimmed-mean", "median"] as const).flatMap((rule) =>
    (["nearest", "off"] as const).map((mixing) => ({ rule, mixing, attackers: 0.3 })),
  ),
  ...(["multi-krum", "centred-clipping"] as const).map((rule) => ({ rule, attackers: 0.3 })),
];

test("[C65] by hand: trimmed mean with weights, median of odd and even, without what is not held", () => {
  const trimmed = { rule: "trimmed-mean", mixing: "off", attackers: 0.25 } as const;
  const slice = wholes([[1], [100], [3], [-50]]);
  // A quarter of the weight of 6 at each end: all of -50 and of 100, half of 1 and half a sixth of 3.
  expect(averageOf(trimmed, slice, [1, 1, 3, 1]).numbers[0]).toBeCloseTo((0.5 * 1 + 2.5 * 3) / 3, 6);
  const median = { rule: "median", mixing: "off", attackers: 0 } as const;
  expect([...averageOf(median, slice).numbers]).toEqual([2]);
  expect([...averageOf(median, wholes([[1], [100], [3]])).numbers]).toEqual([3]);
  const some: Slice = {
    values: [Float32Array.of(1, 7, 9), Float32Array.of(99, 3, 9), Float32Array.of(5, 99, 9)],
    held: [Uint8Array.of(1, 1, 0), Uint8Array.of(0, 1, 0), Uint8Array.of(1, 0, 0)],
  };
  const { numbers, held } = averageOf(median, some);
  expect([...numbers]).toEqual([3, 5, 0]);
  expect([...held!]).toEqual([1, 1, 0]);
});

test("[C87] by hand: what is left out is a share of votes, and what is left weighs as it does", () => {
  const trimmed = { rule: "trimmed-mean", mixing: "off", attackers: 0.25 } as const;
  const slice = wholes([[1], [100], [3], [-50]]);
  expect(averageOf(trimmed, slice, [1, 1000, 3, 1000], [1, 1, 1, 1]).numbers[0]).toBeCloseTo(2.5, 6);
  // Half of the votes of 100 stay.
  const few = { ...trimmed, attackers: 0.125 };
  const [sum, weight] = [1 * 1 + 3 * 3 - 50 * 5 + 100 * 5, 1 + 3 + 5 + 5];
  expect(averageOf(few, slice, [1, 10, 3, 10], [1, 1, 1, 1]).numbers[0]).toBeCloseTo(sum / weight, 5);
});

test("[C87] two of seven that claim all tokens there are move no number out of what the others span", () => {
  const honest = [[1], [1.2], [1.4], [1.6], [2]];
  for (const mixing of ["nearest", "off"] as const) {
    const settings = { rule: "trimmed-mean", mixing, attackers: 0.3 } as const;
    const slice = wholes([[-9], ...honest, [-9]]);
    const weights = [500, 50, 20, 100, 40, 60, 500];
    const [x] = averageOf(settings, slice, weights, Array(7).fill(1)).numbers;
    expect(x).toBeGreaterThanOrEqual(1);
    expect(x).toBeLessThanOrEqual(2);
  }
});

test("[C88] deltas become as long as the trimmed mean of their lengths; one of zeros stays", () => {
  const say = { weights: [1, 2, 10, 500, 1], votes: [1, 1, 1, 1, 1] };
  // A fifth of the votes at each end: those of 0 and 50.
  const usual = (1 * 1 + 2 * 2 + 10 * 5) / 13;
  const factors = evenFactors([1, 2, 5, 50, 0], say, 0.2);
  expect(factors).toEqual([usual, usual / 2, usual / 5, usual / 50, 1].map((x) => expect.closeTo(x, 6)));
});

test("[C65] by hand: nearest-neighbour mixing leaves each with the mean of its nearest, itself included", () => {
  const slice = wholes([[0], [1], [3], [100]]);
  const settings = { rule: "trimmed-mean", mixing: "nearest", attackers: 0.25 } as const;
  // Three of four: 0, 1 and 3 each become their mean 4/3; 100 becomes that of 1, 3 and 100, and is cut.
  expect(averageOf(settings, slice).numbers[0]).toBeCloseTo(4 / 3, 6);
});

test("[C65] by hand: Multi-Krum takes the mean of those that stand together; centred clipping moves no further than the median", () => {
  const slice = wholes([[0], [1], [2], [50], [3]]);
  const krum = { rule: "multi-krum", attackers: 0.2 } as const;
  expect([...averageOf(krum, slice).numbers]).toEqual([1.5]);
  const centred = { rule: "centred-clipping", attackers: 0.2 } as const;
  // From 1, whose nearest are nearest; the distances are 1, 0, 1, 49 and 2, the median is 1: pulls of -1, 0, 1, 1 and 1 over 5.
  const first = 1 + 2 / 5;
  const next = (centre: number) => {
    const away = [0, 1, 2, 50, 3].map((x) => x - centre);
    const radius = away.map(Math.abs).sort((a, b) => a - b)[2]!;
    return centre + away.reduce((sum, x) => sum + Math.sign(x) * Math.min(Math.abs(x), radius), 0) / 5;
  };
  expect(averageOf(centred, slice).numbers[0]).toBeCloseTo(next(next(first)), 5);
});

const number = fc.float({ min: -100, max: 100, noNaN: true });
const groups = fc.integer({ min: 5, max: 11 }).chain((members) =>
  fc.record({
    members: fc.constant(members),
    list: fc.array(fc.array(number, { minLength: 7, maxLength: 7 }), {
      minLength: members,
      maxLength: members,
    }),
    weights: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: members, maxLength: members }),
  }),
);

test.each(all)("[C65] equal deltas are their own average: $rule $mixing", (settings) => {
  fc.assert(
    fc.property(
      fc.array(number, { minLength: 1, maxLength: 9 }),
      fc.integer({ min: 5, max: 12 }),
      (one, n) => {
        const { numbers } = averageOf(settings, wholes(Array.from({ length: n }, () => one)));
        for (const [i, x] of one.entries()) expect(numbers[i]).toBeCloseTo(x, 3);
      },
    ),
  );
});

test.each(all)("[C65] every number is between the smallest and the largest: $rule $mixing", (settings) => {
  fc.assert(
    fc.property(groups, ({ list, weights }) => {
      const { numbers } = averageOf(settings, wholes(list), weights);
      for (const [i, x] of numbers.entries()) {
        const column = list.map((own) => own[i]!);
        expect(x).toBeGreaterThanOrEqual(Math.min(...column) - 1e-4);
        expect(x).toBeLessThanOrEqual(Math.max(...column) + 1e-4);
      }
    }),
  );
});

test.each(all)(
  "[C65] two of seven, wherever they are, move no number out of what the others span: $rule $mixing",
  (settings) => {
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.float({ min: 1, max: 2, noNaN: true }), { minLength: 5, maxLength: 5 }), {
          minLength: 5,
          maxLength: 5,
        }),
        fc.array(fc.constantFrom(-1e6, -3, 0, 3, 1e6), { minLength: 10, maxLength: 10 }),
        (honest, bad) => {
          const list = [bad.slice(0, 5), ...honest, bad.slice(5)];
          const { numbers } = averageOf(settings, wholes(list));
          // Multi-Krum and centred clipping bound what whole deltas do, not each number.
          const [least, most] =
            settings.rule === "trimmed-mean" || settings.rule === "median" ? [1, 2] : [-4, 7];
          if ("mixing" in settings && settings.mixing === "nearest")
            return void expect(Math.max(...numbers.map(Math.abs))).toBeLessThan(7);
          for (const x of numbers) {
            expect(x).toBeGreaterThanOrEqual(least - 1e-4);
            expect(x).toBeLessThanOrEqual(most + 1e-4);
          }
        },
      ),
    );
  },
);

test.each(all)(
  "[C65] taken in slices, and where all hold all said by a mask, it is the same: $rule $mixing",
  (settings) => {
    fc.assert(
      fc.property(groups, ({ list, weights, members }) => {
        const whole = averageOf(settings, wholes(list), weights);
        const part = (from: number, to?: number) => wholes(list.map((own) => own.slice(from, to)));
        const found = distancesOf(wholes(list));
        for (const [i, own] of distancesOf(part(0, 3), part(3)).entries())
          for (const [j, square] of own.entries()) expect(square).toBeCloseTo(found[i]![j]!, 6);
        const combination = combinationOf(settings, { weights, votes: weights }, found);
        const place = memory((size) => new Float64Array(size));
        const [first, last] = [part(0, 4), part(4)].map((slice) => combine(combination, slice, place));
        const parts = [...first!.numbers, ...last!.numbers]; // in the same place, one after the other
        const held = Array.from({ length: members }, () => new Uint8Array(7).fill(1));
        const masked = averageOf(settings, { ...wholes(list), held }, weights);
        for (const [i, x] of whole.numbers.entries()) {
          expect(parts[i]).toBeCloseTo(x, 3);
          expect(masked.numbers[i]).toBeCloseTo(x, 3);
        }
        expect([...masked.held!]).toEqual(Array(7).fill(1));
      }),
    );
  },
);

test("[C65] distances are of what both hold; infinite where that is nothing", () => {
  const slice: Slice = {
    values: [Float32Array.of(1, 5), Float32Array.of(3, 9), Float32Array.of(7, 6)],
    held: [Uint8Array.of(1, 0), Uint8Array.of(1, 1), Uint8Array.of(0, 1)],
  };
  expect(distancesOf(slice).map((own) => [...own])).toEqual([
    [0, 4, Number.POSITIVE_INFINITY],
    [4, 0, 9],
    [Number.POSITIVE_INFINITY, 9, 0],
  ]);
  for (const settings of all) {
    const { numbers } = averageOf(settings, slice);
    expect([...numbers].every(Number.isFinite)).toBe(true);
  }
});

test("[C66] groups have at most so many members, are as equal as can be, hold everybody once, and follow from the seed", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300 }), fc.string(), (members, seed) => {
      const found = groupsOf(members, seed);
      expect(found.length).toBe(Math.ceil(members / mostInGroup));
      expect(found.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: members }, (_, i) => i));
      const sizes = found.map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect(groupsOf(members, seed)).toEqual(found);
    }),
  );
  expect(groupsOf(100, "a")).not.toEqual(groupsOf(100, "b"));
});
