// Whole simulated runs: what is drawn follows from the seed, and so do the bytes.

import { expect, test } from "vitest";
import { manifest as manifestOf } from "../../dept/test/manifests.ts";
import { simulate } from "../src/index.ts";

const plain = manifestOf({ sources: ["a", "b"] });
const run = {
  ...plain,
  rounds: 3,
  round: { ...plain.round, minimum: 3, graceSeconds: 10, deadlineSeconds: 120, evaluationSeconds: 60 },
};

test("the same seed gives the same journal and body, byte for byte; another seed others", async () => {
  const options = { volunteers: 12, seed: 5, stubTraining: true } as const;
  const first = await simulate(run, options);
  expect(first).toMatchObject({ seed: 5, volunteers: 12, rounds: 3 });
  expect(first.accepted).toBeGreaterThan(12);
  expect(await simulate(run, options)).toEqual(first);
  const other = await simulate(run, { ...options, seed: 6 });
  expect(other.journal).not.toBe(first.journal);
  expect(other.body).not.toBe(first.body);
});

test("real training on the engine gives the same bytes too, and a body that trained", async () => {
  const options = { volunteers: 4, seed: 1, stubTraining: false } as const;
  const short = { ...run, rounds: 2 };
  const first = await simulate(short, options);
  expect(first.rounds).toBe(2);
  expect(await simulate(short, options)).toEqual(first);
  const stub = await simulate(short, { ...options, stubTraining: true });
  expect(stub.body).not.toBe(first.body);
});
