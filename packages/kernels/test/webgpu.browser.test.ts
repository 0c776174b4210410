// The WGSL kernels against tfjs's own ops on its cpu backend, in a real browser: over shapes that divide by nothing,
// values and gradients, both variants. No refused command may pass unseen.

import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-webgpu";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { adamw } from "../src/index.ts";
import { connect, forceVariant, registerWebgpuKernels, type Variant } from "../src/webgpu/index.ts";
import {
  adamwSteps,
  download,
  opCases,
  plainCases,
  type Values,
  valueAndGradients,
  valueOnly,
  worstDifference,
} from "./webgpu-cases.ts";

const variants: readonly Variant[] = ["software", "hardware"];
const refused: string[] = [];

/** What tfjs's cpu backend finds, and what our kernels do. */
async function compare(run: () => Promise<Values>): Promise<number> {
  await tf.setBackend("cpu");
  const expected = await run();
  await tf.setBackend("webgpu");
  const got = await run();
  return worstDifference(got, expected);
}

beforeAll(async () => {
  tf.env().set("WEBGPU_CPU_FORWARD", false);
  registerWebgpuKernels();
  await tf.setBackend("webgpu");
  const { device } = tf.backend() as unknown as { device: GPUDevice };
  device.addEventListener("uncapturederror", (event) => {
    refused.push((event as GPUUncapturedErrorEvent).error.message);
  });
});

afterAll(() => forceVariant(null));

describe.each(variants)("%s kernels", (variant) => {
  beforeAll(() => forceVariant(variant));

  test("agree with tfjs's own ops, values and gradients", async () => {
    for (const { name, ...rest } of opCases())
      expect(await compare(() => valueAndGradients({ name, ...rest })), name).toBeLessThan(1e-5);
    for (const plain of plainCases())
      expect(await compare(() => valueOnly(plain)), plain.name).toBeLessThan(1e-5);
    expect(refused).toEqual([]);
  });

  test("move parameters in place as AdamW does, and what was read before is not given out again", async () => {
    for (const size of [5, 64])
      expect(await compare(async () => download([adamwSteps(size)])), `${size}`).toBeLessThan(1e-5);
    const [parameter, first, second] = [tf.tensor1d([1, 2]), tf.zeros([2]), tf.zeros([2])];
    const gradient = tf.tensor1d([1, -1]);
    const before = Array.from(await tf.add(parameter, 0).data());
    await parameter.data();
    const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0, scale: 1, step: 1 };
    adamw({ parameter, first, second }, gradient, { ...settings, learningRate: 0.5 });
    expect(before).toEqual([1, 2]);
    const moved = await parameter.data();
    expect(moved[0]).toBeCloseTo(0.5, 5);
    expect(moved[1]).toBeCloseTo(2.5, 5);
    tf.dispose([parameter, first, second, gradient]);
    expect(refused).toEqual([]);
  });
});

test("a parameter whose values another tensor shares is not changed in place", () => {
  const [parameter, first, second] = [tf.tensor1d([1, 2]), tf.zeros([2]), tf.zeros([2])];
  const other = tf.clone(parameter);
  const settings = { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0, scale: 1, step: 1, learningRate: 1 };
  expect(() => adamw({ parameter, first, second }, tf.ones([2]), settings)).toThrow(/values of its own/);
  tf.dispose([parameter, first, second, other]);
});

test("nothing is left behind", async () => {
  const tensors = tf.memory().numTensors;
  const buffers = tf.engine().backend.numDataIds();
  for (const kase of opCases().slice(-12)) await valueAndGradients(kase);
  expect(tf.memory().numTensors).toBe(tensors);
  expect(tf.engine().backend.numDataIds()).toBe(buffers);
  expect(connect(tf.backend()).dispatches).toBeGreaterThan(0);
});
