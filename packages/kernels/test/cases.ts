// Commands over shapes drawn at random, run on the backend that is started, beside their references in tfjs's own ops on
// its cpu backend: forward and gradient commands alike, and all that they write.

import { random } from "@homebody/base";
import * as tf from "@tensorflow/tfjs";
import * as adamw from "../src/adamw/cases.ts";
import * as add from "../src/add/cases.ts";
import * as castCases from "../src/cast/cases.ts";
import * as causalAttention from "../src/causal-attention/cases.ts";
import * as columnSums from "../src/column-sums/cases.ts";
import * as crossEntropy from "../src/cross-entropy/cases.ts";
import * as embedding from "../src/embedding/cases.ts";
import * as gradientNorm from "../src/gradient-norm/cases.ts";
import {
  cast,
  type ElementType,
  type Operand,
  Plan,
  sizeOf,
  startRuntime,
  Workspace,
  whole,
} from "../src/index.ts";
import * as matmul from "../src/matmul/cases.ts";
import * as muon from "../src/muon/cases.ts";
import * as newtonSchulz from "../src/newton-schulz/cases.ts";
import * as norm from "../src/norm/cases.ts";
import { references } from "../src/references.ts";
import * as rope from "../src/rope/cases.ts";
import * as swiglu from "../src/swiglu/cases.ts";
import type { Case } from "./draw.ts";

export const cases: Readonly<Record<string, Case>> = {
  ...matmul.cases,
  ...embedding.cases,
  ...norm.cases,
  ...columnSums.cases,
  ...causalAttention.cases,
  ...rope.cases,
  ...swiglu.cases,
  ...crossEntropy.cases,
  ...gradientNorm.cases,
  ...adamw.cases,
  ...add.cases,
  ...muon.cases,
  ...newtonSchulz.cases,
};

/** Of activations and matrices in half precision, where the backend has it. */
export const halfCases: Readonly<Record<string, Case>> = {
  ...matmul.halfCases,
  ...norm.halfCases,
  ...causalAttention.halfCases,
  ...swiglu.halfCases,
  ...castCases.halfCases,
};

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
  const space = new Workspace(startRuntime());
  const plan = new KeptPlan(space);
  const run = (add: (plan: Plan) => void) => {
    const single = new Plan();
    add(single);
    space.prepare(single).run();
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
