// Commands over shapes drawn at random, run on the backend that is started, beside their references in tfjs's own ops on
// its cpu backend: forward and gradient commands alike, and all that they write.

import { type Random, random } from "@homebody/base";
import * as tf from "@tensorflow/tfjs";
import {
  adamw,
  add,
  cast,
  causalAttention,
  causalAttentionGrad,
  chains,
  columnSums,
  crossEntropy,
  type ElementType,
  embedding,
  embeddingGrad,
  gradientNorm,
  matmul,
  newtonSchulz,
  norm,
  normGrad,
  normWeightGrad,
  type Operand,
  Plan,
  rope,
  ropeTables,
  settingsSize,
  sizeOf,
  startRuntime,
  stepSettings,
  swiglu,
  swigluGrad,
  type Workspace,
  whole,
} from "../src/index.ts";
import { Workspace as Space } from "../src/plan/workspace.ts";
import { references } from "../src/references.ts";

/** Gives operands with values; builds one command, or several, on them. */
export interface Draw {
  readonly dice: Random;
  readonly plan: Plan;
  /** Numbers from a normal distribution, or those given. */
  tensor(shape: readonly number[], values?: ArrayLike<number>): Operand;
  integers(values: ArrayLike<number>): Operand;
  /** In half precision; sizes are multiples of 4. */
  half(shape: readonly number[]): Operand;
  /** A size from 1 on: small, odd, now and then beyond a tile or a workgroup. */
  size(most?: number): number;
}

export type Case = (draw: Draw) => void;

const chance = (dice: Random) => dice.below(2) === 1;

export const cases: Readonly<Record<string, Case>> = {
  "matmul, all transpositions": (draw) => {
    const { dice, plan, tensor, size } = draw;
    const [m, k, n] = [size(), size(), size()];
    const [transposeA, transposeB] = [chance(dice), chance(dice)];
    const a = tensor(transposeA ? [k, m] : [m, k]);
    const b = tensor(transposeB ? [n, k] : [k, n]);
    const bias = chance(dice) ? tensor([n]) : undefined;
    const other = () => tensor([m, n]);
    const after = [
      {},
      { residual: other() },
      { accumulate: true, into: other() },
      { activation: { kind: "gelu", pre: other() } },
      { activation: { kind: "geluGrad", pre: other() } },
    ] as const;
    matmul(plan, a, b, { transposeA, transposeB, bias, ...after[dice.below(after.length)]! });
  },
  "matmul, blended": ({ plan, tensor, size }) => {
    const [m, k, n] = [size(), size(), size()];
    matmul(plan, tensor([m, k]), tensor([k, n]), { alpha: -0.5, beta: 2, residual: tensor([m, n]) });
  },
  embedding: ({ dice, plan, tensor, integers, size }) => {
    const [batch, context, rows, width] = [1 + dice.below(3), size(40), size(60), size()];
    const ids = integers(Int32Array.from({ length: batch * context }, () => dice.below(rows)));
    embedding(plan, ids, tensor([rows, width]), chance(dice) ? tensor([context, width]) : undefined);
  },
  embeddingGrad: ({ dice, plan, tensor, integers, size }) => {
    const [count, rows, width] = [size(40), size(60), size()];
    const found = chains(
      Array.from({ length: count }, () => dice.below(rows)),
      rows,
    );
    const links = { heads: integers(found.heads), links: integers(found.links) };
    embeddingGrad(plan, links, tensor([count, width]), tensor([rows, width]), chance(dice));
  },
  "LayerNorm and its gradient": (draw) => normCase(draw, true),
  "RMSNorm and its gradient": (draw) => normCase(draw, false),
  columnSums: ({ dice, plan, tensor, size }) => {
    const [rows, columns] = [size(), size()];
    columnSums(plan, tensor([rows, columns]), tensor([columns]), chance(dice));
  },
  "attention and its gradient": ({ dice, plan, tensor }) => {
    const kvHeads = 1 + dice.below(2);
    const heads = kvHeads * (1 + dice.below(3));
    const [batch, context, headSize] = [1 + dice.below(2), 1 + dice.below(70), 1 + dice.below(9)];
    const shape = { batch, heads, kvHeads };
    const columns = (heads + 2 * kvHeads) * headSize * (chance(dice) ? 4 : 1);
    const qkv = tensor([batch * context, columns]);
    const attended = causalAttention(plan, qkv, shape);
    causalAttentionGrad(plan, qkv, attended, tensor(attended.y.shape), shape);
  },
  rope: ({ dice, plan, tensor }) => {
    const [batch, context, heads, half] = [
      1 + dice.below(2),
      1 + dice.below(20),
      1 + dice.below(3),
      1 + dice.below(9),
    ];
    const tables = ropeTables(context, 2 * half, 100);
    const shape = [context, half];
    const [cos, sin] = [tensor(shape, tables.cos), tensor(shape, tables.sin)];
    const x = tensor([batch * context, heads * 2 * half + dice.below(5)]);
    rope(plan, x, { cos, sin }, heads, chance(dice) ? 1 : -1);
  },
  "SwiGLU and its gradient": ({ plan, tensor, size }) => {
    const [rows, columns] = [size(), size()];
    const x = tensor([rows, 2 * columns]);
    swiglu(plan, x);
    swigluGrad(plan, x, tensor([rows, columns]));
  },
  "cross-entropy, masked targets and large logits": ({ dice, plan, tensor, integers, size }) => {
    const [rows, vocabulary] = [size(40), 1 + size()];
    const scale = chance(dice) ? 30 : 1;
    const logits = Float32Array.from({ length: rows * vocabulary }, () => scale * dice.normal());
    const targets = Int32Array.from({ length: rows }, (_, i) =>
      i % 4 === 3 ? -100 : dice.below(vocabulary),
    );
    const inputs = {
      targets: integers(targets),
      settings: tensor([settingsSize], settings()),
      losses: tensor([rows]),
    };
    const options = { gradient: chance(dice), accumulate: chance(dice) };
    crossEntropy(plan, tensor([rows, vocabulary], logits), inputs, options);
  },
  "gradient norm": ({ dice, plan, tensor, size }) => {
    const gradients = tensor([dice.below(3) === 0 ? 5000 + dice.below(5000) : size()]);
    gradientNorm(plan, gradients, tensor([size()]), tensor([4]), chance(dice) ? 1 : 1000);
  },
  AdamW: ({ dice, plan, tensor, size }) => {
    const n = size();
    const squares = Float32Array.from({ length: n }, () => dice.normal() ** 2);
    const states = {
      parameter: tensor([n]),
      gradient: tensor([n]),
      first: tensor([n]),
      second: tensor([n], squares),
      control: tensor([4], [3, 2, dice.below(4) === 0 ? 0 : 0.5, 0]),
      settings: tensor([settingsSize], settings()),
    };
    adamw(plan, states, { beta1: 0.9, beta2: 0.95, epsilon: 1e-8 }, chance(dice));
  },
  add: ({ plan, tensor, size }) => {
    const n = size();
    add(plan, tensor([n]), tensor([n]));
  },
  "Newton-Schulz": ({ plan, tensor, size }) => {
    newtonSchulz(plan, tensor([size(), size()]));
  },
};

/** Of activations and matrices in half precision, where the backend has it. */
export const halfCases: Readonly<Record<string, Case>> = {
  "cast to halves and back": ({ plan, tensor, half }) => {
    cast(plan, tensor([12]), half([12]));
    cast(plan, half([400]), tensor([400]));
  },
  "matmul, halves in and out": ({ dice, plan, tensor, half, size }) => {
    const [m, k, n] = [4 * size(20), 4 * size(20), 4 * size(20)];
    const [transposeA, transposeB] = [chance(dice), chance(dice)];
    const a = half(transposeA ? [k, m] : [m, k]);
    const b = (chance(dice) ? tensor : half)(transposeB ? [n, k] : [k, n]);
    const kind = chance(dice) ? "gelu" : "geluGrad";
    const activation = { kind, pre: half([m, n]) } as const;
    matmul(plan, a, b, { transposeA, transposeB, type: "f16", ...(chance(dice) && { activation }) });
  },
  "LayerNorm to halves": ({ plan, tensor, size }) => {
    const [rows, columns] = [size(), 4 * size(20)];
    norm(plan, tensor([rows, columns]), { weight: tensor([columns]), bias: tensor([columns]) }, 1e-5, "f16");
  },
  "attention of halves, and its gradient": ({ plan, tensor, half }) => {
    const shape = { batch: 2, heads: 4, kvHeads: 2 };
    const qkv = half([2 * 19, 8 * 8]);
    const attended = causalAttention(plan, qkv, shape, "f16");
    causalAttentionGrad(plan, qkv, attended, tensor([2 * 19, 4 * 8]), shape);
  },
  "SwiGLU of halves, and its gradient": ({ plan, tensor, half, size }) => {
    const [rows, columns] = [size(), 4 * size(20)];
    const x = half([rows, 2 * columns]);
    swiglu(plan, x, "f16");
    swigluGrad(plan, x, tensor([rows, columns]));
  },
};

function settings(): Float32Array {
  return stepSettings({ share: 1 / 7, learningRate: 0.01, decay: 0.1, step: 3 }, { beta1: 0.9, beta2: 0.95 });
}

function normCase({ dice, plan, tensor, size }: Draw, centred: boolean): void {
  const [rows, columns] = [size(), 1 + size()];
  const vector = () => tensor([columns]);
  const [x, dy] = [tensor([rows, columns]), tensor([rows, columns])];
  const parameters = { weight: vector(), bias: centred ? vector() : undefined };
  const { stats } = norm(plan, x, parameters, 1e-5);
  const skip = chance(dice) ? tensor([rows, columns]) : undefined;
  normGrad(plan, { x, stats, weight: parameters.weight, centred, skip }, dy);
  const into = { weight: vector(), bias: centred ? vector() : undefined };
  normWeightGrad(plan, { x, stats }, dy, into, chance(dice));
}

/** A plan all of whose tensors are kept, so that what it writes can be read. */
class KeptPlan extends Plan {
  readonly #space: Workspace;

  constructor(space: Workspace) {
    super();
    this.#space = space;
  }

  override temporary(shape: readonly number[], type: ElementType = "f32"): Operand {
    return whole(this.#space.keep("temporary", sizeOf(shape), type), shape);
  }
}

const scratch = new Set(["parts", "norm", "delta"]);

/** The largest difference of all that the commands write, relative to the largest number of each; halves apart. */
export async function worstDifference(
  name: string,
  seed: string,
): Promise<{ worst: number; worstHalf: number; where: string }> {
  const dice = random(`${name} ${seed}`);
  const ours = tf.getBackend();
  const space = new Space(startRuntime());
  const plan = new KeptPlan(space);
  const run = (add: (plan: Plan) => void) => {
    const single = new Plan();
    add(single);
    const prepared = space.prepare(single);
    prepared.run();
    return prepared;
  };
  const keep = (shape: readonly number[], values: Float32Array | Int32Array) => {
    const type = values instanceof Int32Array ? "i32" : "f32";
    const operand = whole(space.keep("operand", sizeOf(shape), type), shape);
    space.write(operand, values);
    return operand;
  };
  const normals = (shape: readonly number[]) =>
    keep(
      shape,
      Float32Array.from({ length: sizeOf(shape) }, () => dice.normal()),
    );
  const read = async (operand: Operand) => {
    if (operand.storage.type !== "f16") return space.read(operand, sizeOf(operand.shape));
    const wide = whole(space.keep("wide", sizeOf(operand.shape)), operand.shape);
    run((conversion) => cast(conversion, operand, wide));
    return space.read(wide, sizeOf(operand.shape));
  };
  const readAll = async (operands: Readonly<Record<string, Operand>>) => {
    const all: Record<string, Float32Array> = {};
    for (const [name, operand] of Object.entries(operands)) all[name] = await read(operand);
    return all;
  };
  const draw = { ...cases, ...halfCases }[name]!;
  draw({
    dice,
    plan,
    tensor: (shape, values) =>
      values === undefined ? normals(shape) : keep(shape, Float32Array.from(values)),
    integers: (values) => keep([values.length], Int32Array.from(values)),
    half: (shape) => {
      const halves = whole(space.keep("halves", sizeOf(shape), "f16"), shape);
      run((conversion) => cast(conversion, normals(shape), halves));
      return halves;
    },
    size: (most = 140) => 1 + dice.below([4, 9, 33, most][dice.below(4)]!),
  });
  const found = { worst: 0, worstHalf: 0, where: "" };
  for (const command of plan.commands) {
    const { kernel, operands, attributes } = command;
    const before = await readAll(operands);
    run((single) => single.commands.push(command));
    const after = await readAll(operands);
    await tf.setBackend("cpu");
    const expected = await referenceOf(kernel, operands, before, attributes).finally(() =>
      tf.setBackend(ours),
    );
    for (const [operand, numbers] of Object.entries(after)) {
      const { shape, storage } = operands[operand]!;
      if (scratch.has(operand) || storage.type === "i32") continue;
      const difference = differenceOf(numbers, expected[operand] ?? before[operand]!);
      const which = storage.type === "f16" ? "worstHalf" : "worst";
      if (difference <= found[which]) continue;
      found[which] = difference;
      found.where = `${kernel} ${operand} [${shape}] ${JSON.stringify(attributes)}`;
    }
  }
  space.dispose();
  return found;
}

/** Infinite where a number is not one. */
function differenceOf(numbers: Float32Array, wanted: Float32Array): number {
  const scale = wanted.reduce((most, x) => Math.max(most, Math.abs(x)), 1e-6);
  return numbers.reduce((worst, x, i) => {
    const difference = Math.abs(x - wanted[i]!) / scale;
    return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : Math.max(worst, difference);
  }, 0);
}

const isIntegers = ({ storage }: Operand) => storage.type === "i32";

async function referenceOf(
  kernel: string,
  operands: Readonly<Record<string, Operand>>,
  values: Readonly<Record<string, Float32Array>>,
  attributes: Readonly<Record<string, number>>,
): Promise<Record<string, Float32Array>> {
  const outputs = tf.tidy(() => {
    const tensors: Record<string, tf.Tensor> = {};
    for (const [name, operand] of Object.entries(operands)) {
      const numbers = values[name]!;
      const shape = [...operand.shape];
      tensors[name] = isIntegers(operand)
        ? tf.tensor(new Int32Array(numbers.buffer), shape, "int32")
        : tf.tensor(numbers, shape);
    }
    return { ...references[kernel]!(tensors, attributes) };
  });
  const read: Record<string, Float32Array> = {};
  for (const [name, tensor] of Object.entries(outputs)) {
    read[name] = Float32Array.from(await tensor.data());
    tensor.dispose();
  }
  return read;
}
