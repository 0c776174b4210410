// Commands over shapes drawn at random, run on the backend that is started, beside their references in tfjs's own ops on
// its cpu backend: forward and gradient commands alike, and all that they write.

/// <reference types="vite/types/importMeta.d.ts" />

import { random } from "@homebody/base";
import * as tf from "@tensorflow/tfjs";
import {
  cast,
  type ElementType,
  type KernelName,
  type Operand,
  Plan,
  sizeOf,
  startRuntime,
  Workspace,
  whole,
} from "../src/index.ts";
import { type Command, entriesOf, mapOperands, specOf } from "../src/plan/plan.ts";
import type { References } from "../src/plan/reference.ts";
import * as listed from "../src/references.ts";
import type { Case } from "./draw.ts";

const references: References = listed;

type Cases = Readonly<Record<string, Case>>;

/** Of every folder that has some. */
const files = Object.values(
  import.meta.glob<{ readonly cases?: Cases; readonly halfCases?: Cases }>("../src/*/cases.ts", {
    eager: true,
  }),
);

export const cases: Cases = Object.assign({}, ...files.map((file) => file.cases));

/** Of activations and matrices in half precision, where the backend has it. */
export const halfCases: Cases = Object.assign({}, ...files.map((file) => file.halfCases));

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
  const readAll = async ({ operands }: Command) => {
    const all = new Map<string, Float32Array>();
    for (const [name, operand] of entriesOf<KernelName, Operand>(operands))
      all.set(name, await read(operand));
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
    const before = await readAll(command);
    run((single) => single.commands.push(command));
    const after = await readAll(command);
    await tf.setBackend("cpu");
    const expected = await referenceOf(command, before).finally(() => tf.setBackend(ours));
    for (const [name, { shape, storage }] of entriesOf<KernelName, Operand>(command.operands)) {
      if (specOf(command.kernel).operands[name]?.role === "scratch" || storage.type === "i32") continue;
      const difference = differenceOf(after.get(name)!, expected.get(name) ?? before.get(name)!);
      const which = storage.type === "f16" ? "worstHalf" : "worst";
      if (difference <= found[which]) continue;
      found[which] = difference;
      found.where = `${command.kernel} ${name} [${shape}] ${JSON.stringify(command.attributes)}`;
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

async function referenceOf<N extends KernelName>(
  { kernel, operands, attributes, sizes }: Command<N>,
  values: ReadonlyMap<string, Float32Array>,
): Promise<ReadonlyMap<string, Float32Array>> {
  const outputs = tf.tidy(() => {
    const tensors = mapOperands<N, Operand, tf.Tensor>(operands, ({ storage, shape }, name) => {
      const own = values.get(name)!;
      return storage.type === "i32"
        ? tf.tensor(new Int32Array(own.buffer), [...shape], "int32")
        : tf.tensor(own, [...shape]);
    });
    return { ...references[kernel](tensors, attributes, sizes) } as Record<string, tf.Tensor>;
  });
  const read = new Map<string, Float32Array>();
  for (const [name, tensor] of Object.entries(outputs)) {
    read.set(name, Float32Array.from(await tensor.data()));
    tensor.dispose();
  }
  return read;
}
