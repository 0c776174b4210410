import { expect, test } from "vitest";
import { type Clippable, clips } from "./index.ts";

/** A delta by the root mean square of each of its tensors, of four numbers each. */
const delta = (
  source: string,
  sizes: Readonly<Record<string, number>>,
  numbers = 4,
  carries = 1,
): Clippable => ({
  source,
  carries,
  tensors: new Map(
    Object.entries(sizes).map(([name, size]) => [name, { numbers, squares: numbers * size ** 2 }]),
  ),
});
const of = (all: readonly Clippable[], multiple = 3) =>
  clips(all, multiple).map(
    ({ factors, kept }): Readonly<Record<string, number>> => ({ ...rounded(factors), kept }),
  );
const rounded = (factors: ReadonlyMap<string, number>) =>
  Object.fromEntries([...factors].map(([name, factor]) => [name, Number(factor.toFixed(12))]));

test("[C26] what is no longer than the multiple of the median counts whole; one tensor of one delta is clipped alone", () => {
  const honest = [delta("a", { w: 1, b: 2 }), delta("a", { w: 1.2, b: 1 }), delta("a", { w: 3, b: 2.5 })];
  expect(of(honest)).toEqual(honest.map(() => ({ w: 1, b: 1, kept: 1 })));
  const [, , , far] = of([...honest, delta("a", { w: 1, b: 60 })]);
  // The lower median of 1, 2, 2.5 and 60 is 2; what is left of it is within the median of all.
  expect(far).toEqual({ w: 1, b: 0.1, kept: expect.closeTo(Math.sqrt(37 / 3601), 9) });
});

test("[C26] of two the longer one is clipped, and cannot set the median; who moved nothing has no say", () => {
  const [short, long] = of([delta("a", { w: 1 }), delta("a", { w: 30 })]);
  expect([short!.w, long!.w]).toEqual([1, 0.1]);
  expect(of([delta("a", { w: 0 }), delta("a", { w: 30 })]).map(({ w }) => w)).toEqual([1, 1]);
  expect(of([delta("a", { w: 0 }), delta("a", { w: 0 })]).map(({ kept }) => kept)).toEqual([1, 1]);
});

test("[C26] a crowd in one source has no more of the median than the only volunteer of another", () => {
  const crowd = Array.from({ length: 9 }, () => delta("b", { w: 50 }));
  const found = of([delta("a", { w: 1 }), ...crowd]);
  expect(found[0]!.w).toBe(1);
  for (const one of found.slice(1)) expect(one.w).toBeCloseTo(3 / 50, 12);
});

test("[C26] small in every tensor, and yet long in all: clipped in all; a tensor has the median of its holders", () => {
  const many = (size: number) => Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`t${i}`, size]));
  // Each of the others is large in a tensor of its own, so that in no tensor the last one stands out.
  const spread = [0, 1, 2].map((i) => delta("a", { ...many(1), [`t${i}`]: 4 }));
  const [, , , last] = clips([...spread, delta("a", many(3))], 1.2);
  expect(last!.kept).toBeLessThan(0.41);
  const own = of([
    delta("a", { w: 1, "phi/a": 1 }),
    delta("b", { w: 1, "phi/b": 9 }),
    delta("b", { w: 1, "phi/b": 9 }),
  ]);
  expect(own.map((one) => ("phi/b" in one ? one["phi/b"] : 1))).not.toContain(0);
  expect(own[0]).toEqual({ w: 1, "phi/a": 1, kept: 1 });
});

test("[C26] sizes are root mean squares: who holds fewer rows is not shorter for it", () => {
  const found = clips(
    [delta("a", { phi: 1 }, 4), delta("a", { phi: 1 }, 400), delta("a", { phi: 3 }, 4000)],
    3,
  );
  expect(found.map(({ kept }) => kept)).toEqual([1, 1, 1]);
});

test("[C62] whoever carries more than the median one may be longer by as much, and nobody shorter for it", () => {
  const sized = (size: number, carries: number) => delta("a", { w: size }, 4, carries);
  const newcomers = [sized(1, 1), sized(1, 1), sized(1, 1)];
  // Among newcomers one that carries is longer, and yet not without end.
  expect(of([...newcomers, sized(6, 2)]).map(({ w }) => w)).toEqual([1, 1, 1, 1]);
  expect(of([...newcomers, sized(12, 2)]).map(({ w }) => w)).toEqual([1, 1, 1, 0.5]);
  // Where all carry alike it is as if nobody did; among them a newcomer may be as long as they.
  expect(of([...newcomers.map(() => sized(1, 2)), sized(6, 2)]).map(({ w }) => w)).toEqual([1, 1, 1, 0.5]);
  expect(of([...newcomers.map(() => sized(1, 2)), sized(6, 1)]).map(({ w }) => w)).toEqual([1, 1, 1, 0.5]);
});
