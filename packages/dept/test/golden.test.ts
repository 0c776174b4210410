// The learning rate of every step of the golden traces, which PyTorch's side computed.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { learningRate } from "../src/index.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const golden = `${process.env.HOMEBODY_SHARED ?? `${root}../shared`}/golden`;
const here = existsSync(golden);
if (!here && process.env.CI)
  throw new Error(`golden cases: expected them at ${golden} (HOMEBODY_SHARED), got nothing`);
if (!here) console.warn(`skipped: no golden cases at ${golden}; set HOMEBODY_SHARED`);

test.skipIf(!here)("the learning rate is that of the golden traces", () => {
  let steps = 0;
  for (const name of readdirSync(golden).filter((name) => name.startsWith("engine-"))) {
    const { optimizer, trace } = JSON.parse(readFileSync(`${golden}/${name}/case.json`, "utf8"));
    const settings = {
      peak: optimizer.peak_lr,
      schedule: "cosine",
      warmupSteps: optimizer.warmup_steps,
      finalFraction: optimizer.final_lr_fraction,
    } as const;
    for (const { step, lr } of trace) {
      expect(learningRate(settings, step, optimizer.total_steps) / lr).toBeCloseTo(1, 14);
      steps += 1;
    }
  }
  expect(steps).toBeGreaterThanOrEqual(24);
});
