import { expect, test } from "vitest";
import { learningRate } from "./index.ts";

const settings = { peak: 3e-3, schedule: "cosine", warmupSteps: 4, finalFraction: 0.1 } as const;

test("warm-up is linear and reaches the peak; the cosine ends at the final fraction and stays", () => {
  const at = (step: number) => learningRate(settings, step, 24);
  expect([0, 1, 2, 3].map(at)).toEqual([1, 2, 3, 4].map((n) => (3e-3 * n) / 4));
  expect(at(4)).toBeCloseTo(3e-3, 15);
  expect(at(14)).toBeCloseTo(3e-3 * 0.55, 15); // half-way
  expect(at(24)).toBeCloseTo(3e-4, 15);
  expect(at(100)).toBeCloseTo(3e-4, 15);
  for (let step = 4; step < 24; step++) expect(at(step + 1)).toBeLessThan(at(step));
});

test("a constant schedule keeps the peak after its warm-up; no warm-up begins at the peak", () => {
  const constant = { ...settings, schedule: "constant" } as const;
  expect([0, 4, 23, 99].map((step) => learningRate(constant, step, 24))).toEqual([7.5e-4, 3e-3, 3e-3, 3e-3]);
  expect(learningRate({ ...settings, warmupSteps: 0 }, 0, 24)).toBe(3e-3);
});

test("a warm-up longer than the run is no division by zero", () => {
  expect(learningRate({ ...settings, warmupSteps: 50 }, 23, 24)).toBeCloseTo((3e-3 * 24) / 50, 15);
  expect(learningRate({ ...settings, warmupSteps: 24 }, 24, 24)).toBe(3e-3);
});
