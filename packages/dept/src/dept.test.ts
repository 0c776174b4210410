import { expect, test } from "vitest";
import { learningRate, sentPerStep, travels, wouldHaveSent } from "./index.ts";

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

test("SPEC: the body travels, the words stay home", () => {
  const groups = ["theta", "phi", "psi"] as const;
  expect(groups.map((group) => travels("spec", group))).toEqual([true, false, false]);
  expect(groups.map((group) => travels("glob", group))).toEqual([true, true, true]);
  expect(groups.map((group) => travels("trim", group))).toEqual([true, true, true]);
});

// Table 1 on the 24-block multilingual model: 1.71 B parameters, of which 512.2 M embedding, 500 local steps.
const large = { theta: 1_197_800_000, phi: 512_200_000, psi: 0 };

test("the paper's 714 times less communication follows from the formulas", () => {
  const ratio = sentPerStep("std", large, 500) / sentPerStep("spec", large, 500);
  expect(Math.round(ratio)).toBe(714);
  expect(sentPerStep("glob", large, 500)).toBe(1_710_000_000 / 500);
  expect(sentPerStep("trim", large, 500)).toBe(sentPerStep("glob", large, 500));
});

test("what would have been sent is the whole model at each step, 4 bytes a parameter", () => {
  expect(wouldHaveSent(large, 500)).toBe(1_710_000_000 * 4 * 500);
});
