import { beforeAll, expect, test } from "vitest";
import { selfTest, startBackend } from "../src/index.ts";
import { predictorContract } from "./predictor-contract.ts";
import { batch, trainerContract, trainerOf } from "./trainer-contract.ts";

beforeAll(async () => {
  await startBackend("wasm", { threads: 1 });
});

trainerContract();
predictorContract();

test("input that is not what it should be: what was expected, what came, where", async () => {
  const trainer = trainerOf("llama");
  const wrong = { ...batch, inputs: Int32Array.from(batch.inputs, () => 50) };
  await expect(trainer.step(wrong, 1e-3)).rejects.toThrow(
    "batch: inputs: expected tokens from 0 to 49, got 50",
  );
  const masked = { ...batch, targets: batch.targets.map(() => -100) };
  await expect(trainer.evaluate(masked)).rejects.toThrow("expected at least one that counts");
  trainer.dispose();
});

test("momentum from 1 on, or below 0, is an InputError", () => {
  for (const momentum of [1, -0.1, Number.NaN])
    expect(() => trainerOf("gpt2", { optimiser: { kind: "muon", momentum } })).toThrow(
      `optimiser: momentum: expected a number from 0 on, below 1, got ${momentum}`,
    );
});

test("the self-test knows its numbers", async () => {
  expect(await selfTest()).toBeLessThan(1e-5);
});
