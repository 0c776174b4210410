import { modelConfig } from "@homebody/model";
import * as tf from "@tensorflow/tfjs";
import { beforeAll, describe, expect, test } from "vitest";
import { largestDepth, planMemory, startBackend, tooLarge, trainingMemory } from "../src/index.ts";
import { batch, trainerOf } from "./trainer-contract.ts";

beforeAll(async () => {
  await startBackend("wasm", { threads: 1 });
});

describe.each(["gpt2", "llama"] as const)("%s", (family) => {
  test.each([
    {},
    { recompute: true },
    { rowsAtOnce: 1 },
    { rowsAtOnce: 1, recompute: true },
    { optimiser: { kind: "muon", momentum: 0.9 } as const },
  ])("what training and evaluation take is known beforehand, to the byte: %j", async (how) => {
    const before = tf.memory().numBytes;
    const trainer = trainerOf(family, how);
    const one = { rows: batch.rows, context: batch.context };
    const { bytes } = trainingMemory(trainer.config, one, how);
    await trainer.step(batch, 1e-3);
    await trainer.evaluate(batch);
    // Fewer groups that move take no more.
    await trainer.step(batch, { theta: null, phi: 1e-3, psi: 1e-3 });
    await trainer.step(batch, { theta: 1e-3, phi: null, psi: 1e-3 });
    expect(tf.memory().numBytes - before).toBe(bytes);
    trainer.dispose();
  });
});

const config = modelConfig({ family: "llama", depth: 6, context: 128 }, 4096);
const shape = { rows: 8, context: 128 };
const all = { bytes: Number.POSITIVE_INFINITY, bufferBytes: Number.POSITIVE_INFINITY };

test("with less memory a batch goes through in parts, then layers run twice, then nothing fits", () => {
  const { bytes } = trainingMemory(config, shape);
  expect(planMemory(config, shape, all)).toEqual({ rowsAtOnce: 8, recompute: false, bytes });
  const tighter = planMemory(config, shape, { ...all, bytes: bytes - 1 })!;
  expect(tighter).toMatchObject({ rowsAtOnce: 4, recompute: false });
  const tightest = planMemory(config, shape, { ...all, bytes: tighter.bytes - 1 })!;
  expect(tightest.recompute).toBe(true);
  expect(tightest.bytes).toBeLessThan(tighter.bytes);
  expect(planMemory(config, shape, { ...all, bytes: 1e6 })).toBeNull();
});

test("the largest model that fits is the largest", () => {
  const limits = { ...all, bytes: 200e6 };
  const layers = largestDepth(config, shape, limits);
  const bytesWith = (layers: number) =>
    trainingMemory({ ...config, num_hidden_layers: layers } as typeof config, shape, {
      rowsAtOnce: 1,
      recompute: true,
    }).bytes;
  expect(layers).toBeGreaterThan(1);
  expect(bytesWith(layers)).toBeLessThanOrEqual(200e6);
  expect(bytesWith(layers + 1)).toBeGreaterThan(200e6);
});

test("a model that is too large: what it takes, what there is, what would fit", () => {
  expect(tooLarge(config, shape, { ...all, bytes: 100e6 })).toMatch(
    /^This model is too large for this device: it takes \d+ MB of memory at least, and the device lends 100 MB\. With \d layers? it would fit\.$/,
  );
  expect(tooLarge(config, shape, { ...all, bufferBytes: 1e6 })).toMatch(
    /it takes \d+ MB of memory in one piece, and the device lends 1 MB\. Not even one layer would fit: its vocabulary alone is too large\.$/,
  );
});
