// Every kernel of ours on wasm beside its reference, forward and gradient, over shapes that no vector divides.

import { random } from "@homebody/base";
import * as tf from "@tensorflow/tfjs";
import "@tensorflow/tfjs-backend-wasm";
import { beforeAll, describe, expect, test } from "vitest";
import {
  adamw,
  causalAttention,
  crossEntropy,
  embedding,
  gelu,
  layerNorm,
  matmul,
  registerWasmKernels,
  rmsNorm,
  rope,
  ropeTables,
  sumOfSquares,
  swiglu,
  withReferences,
} from "../src/index.ts";

beforeAll(async () => {
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  await tf.setBackend("wasm");
  expect(await registerWasmKernels()).toBe(true);
});

const dice = random("kernels on wasm");
function tensor<R extends tf.Rank>(shape: tf.ShapeMap[R], scale = 1): tf.Tensor<R> {
  const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => scale * dice.normal());
  return tf.tensor(values, shape) as tf.Tensor<R>;
}

/** Value and gradients of a weighted sum of an op's result. */
async function differentiate(
  inputs: tf.Tensor[],
  op: (...inputs: tf.Tensor[]) => tf.Tensor,
): Promise<Float32Array[]> {
  const weight = random("weights");
  const run = (...given: tf.Tensor[]): tf.Scalar => {
    const y = op(...given);
    if (y.rank === 0) return y as tf.Scalar;
    const values = Float32Array.from({ length: y.size }, () => weight.normal());
    return tf.sum(tf.mul(y, tf.tensor(values, y.shape)));
  };
  const value = tf.tidy(() => op(...inputs));
  const { grads } = tf.valueAndGrads(run)(inputs);
  return Promise.all([value, ...grads].map(async (one) => (await one.data()) as Float32Array));
}

function relative(got: Float32Array, expected: Float32Array): number {
  let [difference, norm] = [0, 0];
  expected.forEach((value, i) => {
    difference += (got[i]! - value) ** 2;
    norm += value ** 2;
  });
  return Math.sqrt(difference) / Math.max(Math.sqrt(norm), 1e-12);
}

async function compare(inputs: tf.Tensor[], op: (...inputs: tf.Tensor[]) => tf.Tensor): Promise<void> {
  const own = await differentiate(inputs, op);
  const reference = await withReferences(() => differentiate(inputs, op));
  expect(own.length).toBe(reference.length);
  own.forEach((one, i) => {
    expect(one.length).toBe(reference[i]!.length);
    expect(relative(one, reference[i]!), i === 0 ? "value" : `gradient ${i}`).toBeLessThan(2e-5);
  });
  for (const input of inputs) input.dispose();
}

const shapes = [
  [1, 1, 1],
  [1, 7, 5],
  [3, 4, 8],
  [5, 13, 17],
  [37, 300, 41],
  [64, 33, 515],
] as const;

describe("matmul", () => {
  for (const [m, k, n] of shapes)
    for (const transposeA of [false, true])
      for (const transposeB of [false, true])
        test(`${m} x ${k} x ${n}${transposeA ? ", A transposed" : ""}${transposeB ? ", B transposed" : ""}`, async () => {
          const a = tensor<tf.Rank.R2>(transposeA ? [k, m] : [m, k]);
          const b = tensor<tf.Rank.R2>(transposeB ? [n, k] : [k, n]);
          const bias = tensor<tf.Rank.R1>([n]);
          await compare([a, b, bias], (a, b, bias) =>
            matmul(a as tf.Tensor2D, b as tf.Tensor2D, transposeA, transposeB, bias as tf.Tensor1D),
          );
        });
});

describe("norms and activations", () => {
  for (const [rows, width] of [
    [1, 1],
    [1, 7],
    [5, 32],
    [33, 50],
  ] as const) {
    const x = () => tensor<tf.Rank.R2>([rows, width], 3);
    test(`layerNorm ${rows} x ${width}`, async () => {
      if (width === 1) return; // nothing to normalise: the gradient is rounding noise
      await compare([x(), tensor<tf.Rank.R1>([width]), tensor<tf.Rank.R1>([width])], (x, w, b) =>
        layerNorm(x as tf.Tensor2D, w as tf.Tensor1D, b as tf.Tensor1D, 1e-5),
      );
    });
    test(`rmsNorm ${rows} x ${width}`, async () => {
      if (width === 1) return;
      await compare([x(), tensor<tf.Rank.R1>([width])], (x, w) =>
        rmsNorm(x as tf.Tensor2D, w as tf.Tensor1D, 1e-5),
      );
    });
    test(`gelu ${rows} x ${width}`, async () => compare([x()], (x) => gelu(x as tf.Tensor2D)));
    test(`swiglu ${rows} x ${width}`, async () =>
      compare([x(), x()], (gate, up) => swiglu(gate as tf.Tensor2D, up as tf.Tensor2D)));
  }
});

describe("attention and RoPE", () => {
  for (const [batch, context, heads, kvHeads, size] of [
    [1, 1, 1, 1, 4],
    [2, 5, 4, 2, 6],
    [1, 33, 2, 2, 8],
    [1, 130, 3, 1, 5],
  ] as const)
    test(`B ${batch}, T ${context}, ${heads} heads on ${kvHeads}, of ${size}`, async () => {
      const rows = batch * context;
      const inputs = [heads, kvHeads, kvHeads].map((count) => tensor<tf.Rank.R2>([rows, count * size], 2));
      // At T = 1 the probabilities are 1 whatever q and k are: their gradients are zero.
      if (context === 1) return await compareValue(inputs, { batch, heads, kvHeads });
      await compare(inputs, (q, k, v) =>
        causalAttention(q as tf.Tensor2D, k as tf.Tensor2D, v as tf.Tensor2D, { batch, heads, kvHeads }),
      );
    });

  async function compareValue(inputs: tf.Tensor2D[], shape: Parameters<typeof causalAttention>[3]) {
    const [q, k, v] = inputs as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    const y = (await causalAttention(q, k, v, shape).data()) as Float32Array;
    expect(relative(y, (await v.data()) as Float32Array)).toBeLessThan(1e-6);
  }

  test.each([
    [1, 3, 2, 2],
    [2, 7, 3, 6],
    [3, 16, 2, 10],
  ])("rope B %d, T %d, %d heads of %d", async (batch, context, heads, size) => {
    const tables = ropeTables(context, size, 10_000);
    await compare([tensor<tf.Rank.R2>([batch * context, heads * size])], (x) =>
      rope(x as tf.Tensor2D, tables, heads),
    );
  });
});

describe("embedding, cross-entropy, the optimiser", () => {
  test.each([
    [1, 3, 5],
    [9, 4, 6],
    [40, 7, 33],
  ])("embedding of %d ids in %d rows of %d", async (count, rows, width) => {
    const ids = tf.tensor1d(
      Int32Array.from({ length: count }, () => dice.below(rows)),
      "int32",
    );
    await compare([tensor<tf.Rank.R2>([rows, width])], (table) => embedding(ids, table as tf.Tensor2D));
  });

  test.each([
    [1, 2, 1],
    [5, 17, 1],
    [12, 301, 30],
  ])("cross-entropy %d x %d, logits of size %d, some targets masked", async (rows, width, scale) => {
    const targets = Int32Array.from({ length: rows }, (_, i) => (i % 4 === 3 ? -100 : dice.below(width)));
    const count = targets.filter((target) => target >= 0).length;
    await compare([tensor<tf.Rank.R2>([rows, width], scale)], (logits) =>
      crossEntropy(logits as tf.Tensor2D, tf.tensor1d(targets, "int32"), count),
    );
  });

  test("AdamW, three steps in place, as by the reference", async () => {
    const start = { parameter: tensor<tf.Rank.R1>([103]), first: tf.zeros([103]), second: tf.zeros([103]) };
    const copy = () => ({
      parameter: start.parameter.add(0),
      first: start.first.add(0),
      second: start.second.add(0),
    });
    const gradients = [1, 2, 3].map(() => tensor<tf.Rank.R1>([103]));
    const settings = { learningRate: 0.01, beta1: 0.9, beta2: 0.95, epsilon: 1e-8, decay: 0.1, scale: 0.5 };
    const three = async () => {
      let state: Parameters<typeof adamw>[0] = copy();
      for (const [i, gradient] of gradients.entries())
        state = adamw(state, gradient, { ...settings, step: i + 1 });
      return Promise.all(
        [state.parameter, state.first, state.second].map(async (one) => (await one.data()) as Float32Array),
      );
    };
    const own = await three();
    const reference = await withReferences(three);
    own.forEach((one, i) => {
      expect(relative(one, reference[i]!)).toBeLessThan(1e-6);
    });
  });

  test("sum of squares", async () => {
    const x = tensor<tf.Rank.R1>([1001]);
    const expected = ((await x.data()) as Float32Array).reduce((sum, value) => sum + value * value, 0);
    expect((await sumOfSquares(x).data())[0]).toBeCloseTo(expected, 2);
  });
});
