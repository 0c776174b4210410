// The trainer on WebGPU in a real browser, and what becomes of a step when the device refuses or is gone.

import * as tf from "@tensorflow/tfjs";
import { beforeAll, expect, test } from "vitest";
import { DeviceLostError, selfTest, startBackend } from "../src/index.ts";
import { predictorContract } from "./predictor-contract.ts";
import { batch, trainerContract, trainerOf } from "./trainer-contract.ts";

const deviceNow = () => (tf.backend() as unknown as { device: GPUDevice }).device;

beforeAll(async () => {
  const started = await startBackend("webgpu", { tuned: false });
  expect(started).toMatchObject({ backend: "webgpu", fallback: null, tuning: null });
});

trainerContract();
predictorContract();

test("the self-test knows its numbers", async () => {
  expect(await selfTest()).toBeLessThan(1e-5);
});

test("what suits the adapter is measured once, kept, and measured again where what was kept is broken", async () => {
  const kept = new Map<string, string>();
  const memory = {
    read: async (key: string) => kept.get(key) ?? null,
    write: async (key: string, text: string) => void kept.set(key, text),
  };
  const { tuning } = await startBackend("webgpu", { memory });
  expect(tuning).toMatchObject({ rows: "software", matmul: expect.stringMatching(/^storage/) });
  expect([...kept.values()]).toEqual([JSON.stringify(tuning)]);
  const [key] = [...kept.keys()];
  kept.set(key!, JSON.stringify({ ...tuning, gflops: 12345 }));
  expect((await startBackend("webgpu", { memory })).tuning!.gflops).toBe(12345);
  kept.set(key!, JSON.stringify({ matmul: "another", rows: "software", gflops: 1 }));
  expect((await startBackend("webgpu", { memory })).tuning!.matmul).toMatch(/^storage/);
});

test.each(["gpt2", "llama"] as const)("%s in half precision learns as in single", async (family) => {
  const [single, half] = [trainerOf(family), trainerOf(family, { half: true })];
  for (let i = 0; i < 40; i++) {
    const [one, other] = [await single.step(batch, 2e-3), await half.step(batch, 2e-3)];
    expect(Math.abs(other.loss / one.loss - 1)).toBeLessThan(0.01);
  }
  single.dispose();
  half.dispose();
});

test("a command that WebGPU refuses fails the step, once", async () => {
  const trainer = trainerOf("llama");
  await trainer.step(batch, 1e-3);
  const device = deviceNow();
  device.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
  await device.queue.onSubmittedWorkDone();
  await expect(trainer.step(batch, 1e-3)).rejects.toThrow("WebGPU refused a command");
  expect((await trainer.step(batch, 1e-3)).loss).toBeGreaterThan(0);
  trainer.dispose();
});

test("a device that is gone is an error, and another can be started", async () => {
  const trainer = trainerOf("gpt2");
  await trainer.step(batch, 1e-3);
  deviceNow().destroy();
  await deviceNow().lost;
  await expect(trainer.step(batch, 1e-3)).rejects.toBeInstanceOf(DeviceLostError);
  await expect(trainer.read("theta")).rejects.toBeInstanceOf(DeviceLostError);
  trainer.dispose();
  await startBackend("webgpu", { tuned: false });
  const other = trainerOf("gpt2");
  expect((await other.step(batch, 1e-3)).loss).toBeGreaterThan(0);
  other.dispose();
});
