import fc from "fast-check";
import { expect, test } from "vitest";
import {
  leastTrialMs,
  leastTrialSteps,
  planTrial,
  trialBatch,
  trialBudget,
  trialVocabulary,
} from "./trial-plan.ts";

const long = { batch: 8, rows: 5000 };

test("as many steps as both arms make in the time, with sixteen evaluations and one before", () => {
  // 90 s for two arms: 45 s each, of which 17 turns of 0.2 s take 3.4 s; 41.6 s are 208 steps of 0.2 s.
  const plan = planTrial({ stepMs: 200, turnMs: 200 }, 90_000, long);
  expect(plan).toEqual({ steps: 208, evaluateEvery: 13, expectedMs: 2 * (208 * 200 + 3400) });
  expect(plan.expectedMs).toBeLessThanOrEqual(90_000);
});

test("a fast device stops at 400 steps, a small text when it was read eight times", () => {
  expect(planTrial({ stepMs: 1, turnMs: 1 }, 90_000, long).steps).toBe(400);
  expect(planTrial({ stepMs: 1, turnMs: 1 }, 90_000, { batch: 8, rows: 160 }).steps).toBe(160);
});

test("whatever the device and the text: never past the time where the least fits into it, and never less than that", () => {
  const numbers = fc.record({
    stepMs: fc.double({ min: 0.1, max: 5000, noNaN: true }),
    turnMs: fc.double({ min: 0.1, max: 5000, noNaN: true }),
    budgetMs: fc.integer({ min: 30_000, max: 95_000 }),
    batch: fc.integer({ min: 1, max: 16 }),
    rows: fc.integer({ min: 1, max: 20_000 }),
  });
  let [fitted, slow] = [0, 0];
  fc.assert(
    fc.property(numbers, ({ budgetMs, batch, rows, ...speed }) => {
      const { steps, evaluateEvery, expectedMs } = planTrial(speed, budgetMs, { batch, rows });
      expect(steps).toBeGreaterThanOrEqual(leastTrialSteps);
      expect(steps / evaluateEvery).toBe(16);
      if (leastTrialMs(speed) > budgetMs) slow += 1;
      else {
        fitted += 1;
        expect(expectedMs).toBeLessThanOrEqual(budgetMs);
      }
    }),
  );
  expect(fitted).toBeGreaterThan(0);
  expect(slow).toBeGreaterThan(0);
});

test("learning gets what two minutes leave, but 30 s at least", () => {
  expect([0, 15_000, 40_000, 300_000].map(trialBudget)).toEqual([95_000, 95_000, 70_000, 30_000]);
});

test("the vocabulary grows with the text up to the run's; the batch is the run's where device and text bear it", () => {
  expect(trialVocabulary(20_000, 2048)).toBe(673);
  expect(trialVocabulary(2_000_000, 2048)).toBe(2048);
  expect(trialBatch({ batch: 8, context: 128 }, 1000)).toBe(8);
  expect(trialBatch({ batch: 256, context: 128 }, 1000)).toBe(16);
  expect(trialBatch({ batch: 8, context: 128 }, 10)).toBe(3);
  expect(trialBatch({ batch: 4, context: 4096 }, 1)).toBe(1);
});
