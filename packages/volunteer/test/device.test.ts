import { memoryClock } from "@homebody/clock/memory";
import { modelConfig } from "@homebody/model/config";
import { DeviceLostError } from "@homebody/train";
import { expect, test } from "vitest";
import { engineDevice } from "../src/device.ts";
import { memoryDevice } from "../src/memory/index.ts";
import { deviceContract } from "./device-contract.ts";

const clock = memoryClock();

async function during<T>(work: Promise<T>): Promise<T> {
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  over.catch(() => {});
  await clock.until("the work", () => isOver);
  return over;
}

deviceContract("a device in memory", () => memoryDevice(clock), during);
deviceContract(
  "a device in memory whose steps overlap",
  () => memoryDevice(clock, { overlaps: true }),
  during,
);
deviceContract("the engine, on wasm", () => engineDevice("wasm", { threads: 1 }));

test("a device in memory that is lost takes its trainers with it, until it is started again", async () => {
  const config = modelConfig(
    { family: "llama", depth: 1, context: 8, overrides: { width: 8, heads: 1 } },
    16,
  );
  const options = { config, betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0, clip: 1 } as const;
  const device = memoryDevice(clock);
  const trainer = device.trainer(options);
  const batch = { inputs: new Int32Array(8), targets: new Int32Array(8), rows: 1, context: 8 };
  device.fail("lost");
  await expect(during(trainer.step(batch, 1))).rejects.toThrow(DeviceLostError);
  await expect(trainer.read("theta")).rejects.toThrow(DeviceLostError);
  device.lost();
  await device.start();
  const other = device.trainer(options);
  await during(other.step(batch, 1));
  expect([device.steps(), device.starts()]).toEqual([1, 1]);
});
