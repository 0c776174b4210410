// Every op as a function of plain arrays, so that it can be computed on one backend by our kernels and on another by
// tfjs's own ops, and compared: its value, and the gradient of a random weighing of its value.

import { random } from "@homebody/base";
import * as tf from "@tensorflow/tfjs";
import { columnSums } from "../src/column-sums/index.ts";
import {
  type AdamWState,
  adamw,
  causalAttention,
  crossEntropy,
  crossEntropyValue,
  embedding,
  gelu,
  layerNorm,
  matmul,
  rmsNorm,
  rope,
  ropeTables,
  sumOfSquares,
  swiglu,
} from "../src/index.ts";

export interface OpCase {
  readonly name: string;
  /** Shapes of the inputs that are differentiated. */
  readonly shapes: readonly (readonly number[])[];
  /** Makes what is not differentiated, and gives the op. */
  readonly prepare: () => (...inputs: tf.Tensor[]) => tf.Tensor;
}

export type Values = readonly Float32Array[];

const matmuls = [
  [1, 1, 1],
  [5, 7, 3],
  [13, 8, 12],
  [8, 16, 4],
  [68, 37, 20],
  [33, 64, 36],
] as const;

const norms = [
  [1, 4],
  [3, 7],
  [70, 12],
] as const;

/** batch, heads, key-value heads, context, head size. */
const attentions = [
  [1, 1, 1, 1, 4],
  [2, 2, 1, 5, 6],
  [1, 4, 2, 9, 8],
  [1, 1, 1, 70, 32],
] as const;

const two = (x: tf.Tensor | undefined) => x as tf.Tensor2D;
const one = (x: tf.Tensor | undefined) => x as tf.Tensor1D;

function indices(count: number, below: number, seed: string): Int32Array {
  const dice = random(seed);
  return Int32Array.from({ length: count }, () => dice.below(below));
}

export function opCases(): OpCase[] {
  return [
    ...matmuls.flatMap(([m, n, k]) =>
      [false, true].flatMap((transposeA) =>
        [false, true].flatMap((transposeB) =>
          (transposeA === transposeB ? [false, true] : [false]).map((bias): OpCase => {
            const a = transposeA ? [k, m] : [m, k];
            const b = transposeB ? [n, k] : [k, n];
            return {
              name: `matmul ${m}x${n}x${k}${transposeA ? " Aᵀ" : ""}${transposeB ? " Bᵀ" : ""}${bias ? " + bias" : ""}`,
              shapes: bias ? [a, b, [n]] : [a, b],
              prepare: () => (a, b, bias) =>
                matmul(two(a), two(b), transposeA, transposeB, bias === undefined ? undefined : one(bias)),
            };
          }),
        ),
      ),
    ),
    ...norms.flatMap(([rows, width]): OpCase[] => [
      {
        name: `layerNorm ${rows}x${width}`,
        shapes: [[rows, width], [width], [width]],
        prepare: () => (x, weight, bias) => layerNorm(two(x), one(weight), one(bias), 1e-5),
      },
      {
        name: `rmsNorm ${rows}x${width}`,
        shapes: [[rows, width], [width]],
        prepare: () => (x, weight) => rmsNorm(two(x), one(weight), 1e-6),
      },
    ]),
    ...attentions.flatMap(([batch, heads, kvHeads, context, size]): OpCase[] => [
      {
        name: `causalAttention B${batch} H${heads}/${kvHeads} T${context} D${size}`,
        shapes: [
          [batch * context, heads * size],
          [batch * context, kvHeads * size],
          [batch * context, kvHeads * size],
        ],
        prepare: () => (q, k, v) => causalAttention(two(q), two(k), two(v), { batch, heads, kvHeads }),
      },
      {
        name: `rope B${batch} H${heads} T${context} D${size}`,
        shapes: [[batch * context, heads * size]],
        prepare: () => {
          const tables = ropeTables(context, size, 100);
          return (x) => rope(two(x), tables, heads);
        },
      },
    ]),
    ...[
      [3, 5],
      [6, 8],
    ].flatMap((shape): OpCase[] => [
      { name: `gelu ${shape}`, shapes: [shape], prepare: () => (x) => gelu(tf.mul(two(x), 4)) },
      {
        name: `swiglu ${shape}`,
        shapes: [shape, shape],
        prepare: () => (gate, up) => swiglu(two(gate), two(up)),
      },
    ]),
    ...[
      [7, 5, 3],
      [40, 9, 8],
    ].map(
      ([positions = 0, rows = 0, width = 0]): OpCase => ({
        name: `embedding ${positions} of ${rows}x${width}`,
        shapes: [[rows, width]],
        prepare: () => {
          const ids = tf.tensor1d(indices(positions, rows, "ids"), "int32");
          return (table) => embedding(ids, two(table));
        },
      }),
    ),
    ...[
      [1, 2],
      [5, 7],
      [9, 260],
    ].map(
      ([rows = 0, vocabulary = 0]): OpCase => ({
        name: `crossEntropy ${rows}x${vocabulary}`,
        shapes: [[rows, vocabulary]],
        prepare: () => {
          const goals = indices(rows, vocabulary, "targets").map((goal, i) => (i % 4 === 3 ? -100 : goal));
          const targets = tf.tensor1d(goals, "int32");
          return (logits) => crossEntropy(two(logits), targets, goals.filter((goal) => goal >= 0).length);
        },
      }),
    ),
  ];
}

/** Ops without a gradient; each gives the same tensors, whichever way it went. */
export function plainCases(): OpCase[] {
  return [
    ...[
      [1, 1],
      [65, 7],
      [1100, 3],
    ].map((shape) => ({
      name: `columnSums ${shape}`,
      shapes: [shape],
      prepare: () => (x: tf.Tensor) => columnSums(two(x)),
    })),
    ...[[1], [2049], [70, 300]].map((shape) => ({
      name: `sumOfSquares ${shape}`,
      shapes: [shape],
      prepare: () => (x: tf.Tensor) => sumOfSquares(x),
    })),
    {
      name: "crossEntropyValue",
      shapes: [[5, 12]],
      prepare: () => (logits: tf.Tensor) =>
        crossEntropyValue(two(logits), tf.tensor1d(indices(5, 12, "targets"), "int32"), 5),
    },
  ];
}

/** Three steps; parameter, first and second moment side by side. */
export function adamwSteps(size: number): tf.Tensor {
  const [parameter, gradient] = [values([size], "parameter"), values([size], "gradient")];
  let state: AdamWState = {
    parameter: tf.tensor1d(parameter),
    first: tf.zeros([size]),
    second: tf.zeros([size]),
  };
  for (let step = 1; step <= 3; step++) {
    const settings = {
      learningRate: 0.01,
      beta1: 0.9,
      beta2: 0.95,
      epsilon: 1e-8,
      decay: 0.1,
      scale: 0.5,
      step,
    };
    const given = tf.tensor1d(gradient.map((x) => x / step));
    state = adamw(state, given, settings);
    given.dispose();
  }
  return tf.stack([state.parameter, state.first, state.second]);
}

export function values(shape: readonly number[], seed: string): Float32Array {
  const dice = random(`${seed} ${shape}`);
  return Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, () => 2 * dice.uniform() - 1);
}

const inputsOf = (shapes: OpCase["shapes"]) =>
  shapes.map((shape, i) => tf.tensor(values(shape, `input ${i}`), [...shape], "float32"));

/** Of the running backend: the value, and gradients where there are any. */
export async function valueAndGradients({ shapes, prepare }: OpCase): Promise<Values> {
  const tensors = tf.tidy(() => {
    const op = prepare();
    const inputs = inputsOf(shapes);
    const weighed = (...xs: tf.Tensor[]) => {
      const y = op(...xs);
      if (y.rank === 0) return y as tf.Scalar;
      return tf.sum(tf.mul(y, tf.tensor(values(y.shape, "weights"), y.shape))) as tf.Scalar;
    };
    const { grads } = tf.valueAndGrads(weighed)(inputs);
    return [op(...inputs), ...grads];
  });
  return download(tensors);
}

export async function valueOnly({ shapes, prepare }: OpCase): Promise<Values> {
  return download(tf.tidy(() => [prepare()(...inputsOf(shapes))]));
}

export async function download(tensors: readonly tf.Tensor[]): Promise<Values> {
  const all: Float32Array[] = [];
  for (const tensor of tensors) {
    all.push(Float32Array.from(await tensor.data()));
    tensor.dispose();
  }
  return all;
}

/** The largest difference, relative to the largest number expected. */
export function worstDifference(got: Values, expected: Values): number {
  let worst = got.length === expected.length ? 0 : Number.POSITIVE_INFINITY;
  got.forEach((numbers, i) => {
    const other = expected[i]!;
    if (numbers.length !== other.length) worst = Number.POSITIVE_INFINITY;
    const scale = other.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-6);
    numbers.forEach((x, j) => {
      const difference = Math.abs(x - other[j]!) / scale;
      worst = Number.isNaN(difference) ? Number.NaN : Math.max(worst, difference);
    });
  });
  return worst;
}
