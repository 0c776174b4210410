// A replica of the model that trains: parameters and moments on the backend, one local step at a time.
//
// A step makes loss and gradients, reads the loss and the norm of all gradients back (the only readback), and only
// if both are finite moves the parameters: clipped by the global norm, AdamW, decay on tensors of two axes. All
// tensors made here are owned here, until dispose.

import { InputError, type NamedTensors, namedTensors, random, type TensorLayout } from "@homebody/base";
import {
  type AdamWState,
  adamw,
  crossEntropy,
  crossEntropyValue,
  type RopeTables,
  ropeTables,
  sumOfSquares,
} from "@homebody/kernels";
import {
  dimensions,
  type Group,
  groupLayout,
  groups,
  headLogits,
  hiddenStates,
  type Inputs,
  type ModelConfig,
} from "@homebody/model";
import type { Batch } from "@homebody/text";
import * as tf from "@tensorflow/tfjs";
import { causeOf, deviceFailure } from "./device-errors.ts";
import { NotFiniteError } from "./errors.ts";
import { pick } from "./sample.ts";

export interface TrainerOptions {
  readonly config: ModelConfig;
  readonly betas: readonly [number, number];
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Largest norm of all gradients together. */
  readonly clip: number;
  /** A control for experiments: only phi and psi learn. */
  readonly frozenBody: boolean;
}

export interface StepResult {
  /** Mean over the targets that count, in nats a token. */
  readonly loss: number;
  /** Of all gradients, before clipping. */
  readonly gradNorm: number;
  readonly tokens: number;
}

/** AdamW's memory, over all groups in the order theta, phi, psi. */
export interface Moments {
  /** Steps taken since the moments were zero. */
  readonly step: number;
  readonly first: NamedTensors;
  readonly second: NamedTensors;
}

export interface SampleOptions {
  readonly tokens: number;
  /** 0: always the likeliest. */
  readonly temperature: number;
  readonly topK: number;
  readonly seed: string;
}

export interface Trainer {
  readonly config: ModelConfig;
  /** Copies values in; the layout must be groupLayout's. */
  load(group: Group, tensors: NamedTensors): void;
  read(group: Group): Promise<NamedTensors>;
  /** Throws NotFiniteError or EngineError; in both cases the parameters are those before the step. */
  step(batch: Batch, learningRate: number): Promise<StepResult>;
  /** The sum of -ln p over the targets that count. */
  evaluate(batch: Batch): Promise<{ readonly nats: number; readonly tokens: number }>;
  /** Before clipping; nothing moves. */
  gradients(batch: Batch): Promise<{ readonly loss: number; readonly gradients: NamedTensors }>;
  /** [rows * context, vocabulary]. */
  logits(batch: Batch): Promise<Float32Array>;
  /** Tokens that go on from a prompt, one at a time; at most `tokens` of them. */
  sample(prompt: readonly number[], options: SampleOptions): AsyncGenerator<number>;
  readMoments(): Promise<Moments>;
  /** Null: zeros, as at the start of a round. */
  loadMoments(moments: Moments | null): void;
  dispose(): void;
}

interface Parameter extends AdamWState {
  readonly name: string;
  readonly group: Group;
  readonly shape: readonly number[];
  readonly size: number;
}

export function createTrainer(options: TrainerOptions): Trainer {
  const { config, betas, epsilon, weightDecay, clip, frozenBody } = options;
  const { context, headSize, vocabulary } = dimensions(config);
  const layouts = Object.fromEntries(groups.map((group) => [group, groupLayout(config, group)])) as Record<
    Group,
    TensorLayout
  >;
  const everything = layoutOfAll(groups.map((group) => layouts[group]));
  const parameters: Parameter[] = groups.flatMap((group) =>
    layouts[group].slots.map(({ name, shape, size }) => {
      const zeros = () => tf.zeros([...shape]);
      return { name, group, shape, size, parameter: zeros(), first: zeros(), second: zeros() };
    }),
  );
  const index = new Map(parameters.map(({ name }, i) => [name, i]));
  const learning = parameters.flatMap(({ group }, i) => (frozenBody && group === "theta" ? [] : [i]));
  const turns = new Map<number, RopeTables>();
  let steps = 0;

  /** Tables for a context length; a trainer sees one or two of them. */
  function tablesFor(length: number): RopeTables | null {
    if (config.model_type === "gpt2") return null;
    let tables = turns.get(length);
    if (tables === undefined) {
      tables = ropeTables(length, headSize, config.rope_theta);
      turns.set(length, tables);
    }
    return tables;
  }

  /** Tensors of a batch; the caller disposes of them. */
  function inputsOf({ inputs, rows, context: length }: Pick<Batch, "inputs" | "rows" | "context">): Inputs {
    if (length > context) throw new InputError("batch: context", `at most ${context}`, `${length}`);
    if (inputs.length !== rows * length)
      throw new InputError("batch: inputs", `${rows} x ${length} tokens`, `${inputs.length}`);
    const outside = inputs.findIndex((id) => id < 0 || id >= vocabulary);
    if (outside >= 0)
      throw new InputError("batch: inputs", `tokens from 0 to ${vocabulary - 1}`, `${inputs[outside]}`);
    const positions = Int32Array.from({ length: rows * length }, (_, i) => i % length);
    return {
      ids: tf.tensor1d(inputs, "int32"),
      positions: tf.tensor1d(positions, "int32"),
      batch: rows,
      tables: tablesFor(length),
    };
  }

  function targetsOf({ targets, inputs }: Batch): { targets: tf.Tensor1D; count: number } {
    if (targets.length !== inputs.length)
      throw new InputError("batch: targets", `${inputs.length}`, `${targets.length}`);
    let count = 0;
    for (const target of targets) {
      if (target >= vocabulary)
        throw new InputError("batch: targets", `tokens below ${vocabulary}`, `${target}`);
      if (target >= 0) count += 1;
    }
    if (count === 0) throw new InputError("batch: targets", "at least one that counts", "none");
    return { targets: tf.tensor1d(targets, "int32"), count };
  }

  const lookUp = (tensors: readonly tf.Tensor[]) => (name: string) => tensors[index.get(name)!]!;
  const current = () => parameters.map(({ parameter }) => parameter);

  function disposeInputs({ ids, positions }: Inputs): void {
    ids.dispose();
    positions.dispose();
  }

  /** Loss and gradients of the parameters that learn; the caller disposes of all. */
  function differentiate(inputs: Inputs, targets: tf.Tensor1D, count: number) {
    const tensors = current();
    const lossOf = (...wanted: tf.Tensor[]) => {
      const all = [...tensors];
      learning.forEach((place, i) => {
        all[place] = wanted[i]!;
      });
      const weights = lookUp(all);
      return crossEntropy(headLogits(config, weights, hiddenStates(config, weights, inputs)), targets, count);
    };
    const { value, grads } = tf.valueAndGrads(lossOf)(learning.map((place) => tensors[place]!));
    return { loss: value as tf.Scalar, grads };
  }

  async function step(batch: Batch, learningRate: number): Promise<StepResult> {
    const inputs = inputsOf(batch);
    const { targets, count } = targetsOf(batch);
    const { loss, grads } = differentiate(inputs, targets, count);
    try {
      const numbers = tf.tidy(() => tf.stack([loss, ...grads.map((gradient) => sumOfSquares(gradient))]));
      const read = await numbers.data();
      numbers.dispose();
      const [lossNow = Number.NaN, ...squares] = read;
      const gradNorm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
      const failure = deviceFailure();
      if (failure !== null) throw failure;
      if (!Number.isFinite(lossNow)) throw new NotFiniteError("loss", lossNow);
      if (!Number.isFinite(gradNorm)) throw new NotFiniteError("gradient norm", gradNorm);
      steps += 1;
      const scale = gradNorm > clip ? clip / gradNorm : 1;
      learning.forEach((place, i) => {
        const decay = parameters[place]!.shape.length === 2 ? weightDecay : 0;
        const settings = {
          learningRate,
          beta1: betas[0],
          beta2: betas[1],
          epsilon,
          decay,
          scale,
          step: steps,
        };
        parameters[place] = { ...parameters[place]!, ...adamw(parameters[place]!, grads[i]!, settings) };
      });
      return { loss: lossNow, gradNorm, tokens: count };
    } finally {
      loss.dispose();
      for (const gradient of grads) gradient.dispose();
      targets.dispose();
      disposeInputs(inputs);
    }
  }

  async function evaluate(batch: Batch) {
    const inputs = inputsOf(batch);
    const { targets, count } = targetsOf(batch);
    const weights = lookUp(current());
    const loss = tf.tidy(() =>
      crossEntropyValue(headLogits(config, weights, hiddenStates(config, weights, inputs)), targets, count),
    );
    const [mean = Number.NaN] = await loss.data();
    loss.dispose();
    targets.dispose();
    disposeInputs(inputs);
    const failure = deviceFailure();
    if (failure !== null) throw failure;
    if (!Number.isFinite(mean)) throw new NotFiniteError("loss", mean);
    return { nats: mean * count, tokens: count };
  }

  async function gradients(batch: Batch) {
    const inputs = inputsOf(batch);
    const { targets, count } = targetsOf(batch);
    const { loss, grads } = differentiate(inputs, targets, count);
    const [value = Number.NaN] = await loss.data();
    const result = namedTensors(everything);
    for (const [i, place] of learning.entries())
      result.data.set((await grads[i]!.data()) as Float32Array, everything.slots[place]!.offset);
    for (const tensor of [loss, targets, ...grads]) tensor.dispose();
    disposeInputs(inputs);
    return { loss: value, gradients: result };
  }

  async function logits(batch: Batch): Promise<Float32Array> {
    const inputs = inputsOf(batch);
    const weights = lookUp(current());
    const result = tf.tidy(() => headLogits(config, weights, hiddenStates(config, weights, inputs)));
    const values = (await result.data()) as Float32Array;
    result.dispose();
    disposeInputs(inputs);
    return values.slice();
  }

  async function* sample(prompt: readonly number[], options: SampleOptions): AsyncGenerator<number> {
    if (prompt.length === 0) throw new InputError("prompt", "at least one token", "none");
    const dice = random(options.seed);
    const tokens = [...prompt];
    for (let made = 0; made < options.tokens; made++) {
      // Static shapes: the window is as long as the context, and what is after the last token is not looked at.
      const window = tokens.slice(-context);
      const ids = new Int32Array(context);
      ids.set(window);
      const inputs = inputsOf({ inputs: ids, rows: 1, context });
      const weights = lookUp(current());
      const row = tf.tidy(() => {
        const states = hiddenStates(config, weights, inputs);
        return headLogits(config, weights, tf.slice(states, [window.length - 1, 0], [1, -1]));
      });
      const values = (await row.data()) as Float32Array;
      row.dispose();
      disposeInputs(inputs);
      const next = pick(values, options, dice);
      tokens.push(next);
      yield next;
    }
  }

  function load(group: Group, tensors: NamedTensors): void {
    const layout = layouts[group];
    if (tensors.data.length !== layout.size)
      throw new InputError(group, `${layout.size} numbers`, `${tensors.data.length}`);
    for (const { name, offset, size } of layout.slots) {
      const place = index.get(name)!;
      const before = parameters[place]!;
      const parameter = tensorOf(tensors.data.slice(offset, offset + size), before.shape);
      before.parameter.dispose();
      parameters[place] = { ...before, parameter };
    }
  }

  async function read(group: Group): Promise<NamedTensors> {
    const result = namedTensors(layouts[group]);
    for (const { name, offset } of layouts[group].slots)
      result.data.set((await parameters[index.get(name)!]!.parameter.data()) as Float32Array, offset);
    return result;
  }

  async function readMoments(): Promise<Moments> {
    const moments = { step: steps, first: namedTensors(everything), second: namedTensors(everything) };
    for (const which of ["first", "second"] as const)
      for (const [i, { offset }] of everything.slots.entries())
        moments[which].data.set((await parameters[i]![which].data()) as Float32Array, offset);
    return moments;
  }

  function loadMoments(moments: Moments | null): void {
    steps = moments?.step ?? 0;
    for (const [i, { offset, size }] of everything.slots.entries()) {
      const before = parameters[i]!;
      const fresh = (values: NamedTensors | undefined) =>
        values === undefined
          ? tf.zeros([...before.shape])
          : tensorOf(values.data.slice(offset, offset + size), before.shape);
      const [first, second] = [fresh(moments?.first), fresh(moments?.second)];
      before.first.dispose();
      before.second.dispose();
      parameters[i] = { ...before, first, second };
    }
  }

  return {
    config,
    load,
    read: explained(read),
    step: explained(step),
    evaluate: explained(evaluate),
    gradients: explained(gradients),
    logits: explained(logits),
    sample,
    readMoments: explained(readMoments),
    loadMoments,
    dispose: () => {
      for (const { parameter, first, second } of parameters)
        for (const tensor of [parameter, first, second]) tensor.dispose();
      for (const { cos, sin } of turns.values()) for (const tensor of [cos, sin]) tensor.dispose();
      parameters.length = 0;
      turns.clear();
    },
  };
}

/** Failures of the device come as what they are. */
function explained<A extends unknown[], T>(work: (...args: A) => Promise<T>): (...args: A) => Promise<T> {
  return async (...args) => {
    try {
      return await work(...args);
    } catch (error) {
      throw error instanceof NotFiniteError || error instanceof InputError ? error : await causeOf(error);
    }
  };
}

function tensorOf(values: Float32Array, shape: readonly number[]): tf.Tensor {
  return tf.tensor(values, [...shape], "float32");
}

function layoutOfAll(parts: readonly TensorLayout[]): TensorLayout {
  let offset = 0;
  const slots = parts.flatMap(({ slots }) =>
    slots.map((slot) => {
      const placed = { ...slot, offset };
      offset += slot.size;
      return placed;
    }),
  );
  return { slots, size: offset };
}
