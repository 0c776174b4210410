// A replica of the model that trains: parameters and moments on the backend, one local step at a time.
//
// Everything is planned (plans.ts): a step writes a batch and a few settings, runs plans that are ready, and reads
// four numbers back, the only readback. Loss, norm, clip and the move stay on the device; where the loss or the norm is
// not finite, nothing moves. A batch may go through in parts whose gradients add up. All memory made here is owned
// here, until dispose.

import { InputError, type NamedTensors, namedTensors, random, type TensorLayout } from "@homebody/base";
import { type KernelTime, runsByItself, type Storage, stepSettings, whole } from "@homebody/kernels";
import {
  dimensions,
  type Group,
  groupLayout,
  groups,
  initialParameters,
  type ModelConfig,
} from "@homebody/model";
import type { Batch } from "@homebody/text";
import { causeOf, deviceFailure } from "./device-errors.ts";
import { createEngine, rowsOfBatch } from "./engine.ts";
import { NotFiniteError } from "./errors.ts";
import type { Helper, HelperResult } from "./helper.ts";
import type { EngineOptions } from "./plans.ts";
import { pick } from "./sample.ts";

export interface TrainerOptions extends EngineOptions {
  /** Other threads, which take a share of each batch; those that work for another trainer are left to it. */
  readonly helpers?: readonly Helper[];
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
  /**
   * Throws NotFiniteError or EngineError; in both cases the parameters are those before the step. The next step may be
   * started before this one's numbers are there: the device then has no pause between them.
   */
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
  /**
   * A step's commands, each with the time that it takes on the device; null where the device has no clock. Moments
   * move: it is for those who measure.
   */
  profile(batch: Batch): Promise<readonly KernelTime[] | null>;
  /** Whether the device goes on by itself, so that a step that is started early saves time. */
  readonly overlaps: boolean;
  /** Of a step, once one has been made. */
  readonly counts: { readonly dispatches: number; readonly submits: number };
  dispose(): void;
}

export function createTrainer(options: TrainerOptions): Trainer {
  const { helpers: offered = [], ...own } = options;
  const { config, betas, weightDecay } = own;
  const { context, vocabulary } = dimensions(config);
  const layouts = Object.fromEntries(groups.map((group) => [group, groupLayout(config, group)])) as Record<
    Group,
    TensorLayout
  >;
  const everything = layoutOfAll(groups.map((group) => layouts[group]));
  const engine = createEngine(own);
  const { arrangement, space, model } = engine;
  const helpers = offered.filter((helper) => helper.begin(own));
  let steps = 0;
  let counts = { dispatches: 0, submits: 0 };
  /** Whether helpers have the values as they are now. */
  let helpersCurrent = false;

  function checkInputs({ inputs, rows, context: length }: Pick<Batch, "inputs" | "rows" | "context">): void {
    if (inputs.length !== rows * length)
      throw new InputError("batch: inputs", `${rows} x ${length} tokens`, `${inputs.length}`);
    const outside = inputs.findIndex((id) => id < 0 || id >= vocabulary);
    if (outside >= 0)
      throw new InputError("batch: inputs", `tokens from 0 to ${vocabulary - 1}`, `${inputs[outside]}`);
  }

  /** How many targets count. */
  function checkBatch(batch: Batch): number {
    checkInputs(batch);
    const { targets, inputs } = batch;
    if (targets.length !== inputs.length)
      throw new InputError("batch: targets", `${inputs.length}`, `${targets.length}`);
    let count = 0;
    for (const target of targets) {
      if (target >= vocabulary)
        throw new InputError("batch: targets", `tokens below ${vocabulary}`, `${target}`);
      if (target >= 0) count += 1;
    }
    if (count === 0) throw new InputError("batch: targets", "at least one that counts", "none");
    return count;
  }

  const writeSettings = (share: number, learningRate: number, step: number) =>
    space.write(
      whole(model.settings),
      stepSettings({ share, learningRate, decay: weightDecay, step }, { beta1: betas[0], beta2: betas[1] }),
    );

  /** The share of a batch that stays here, and what helpers make of the rest. */
  async function divide(batch: Batch, share: number, gradient: boolean) {
    const workers = Math.min(helpers.length + 1, batch.rows);
    const cut = (i: number) => Math.ceil((i * batch.rows) / workers);
    const values =
      workers === 1 || helpersCurrent ? null : await space.read(whole(model.values), arrangement.size);
    const results = helpers.slice(0, workers - 1).map((helper, i) =>
      helper.work({
        values: values === null ? null : values.slice(),
        batch: copyOf(rowsOfBatch(batch, cut(i + 1), cut(i + 2))),
        share,
        gradient,
      }),
    );
    helpersCurrent = workers === helpers.length + 1;
    return { mine: rowsOfBatch(batch, 0, cut(1)), others: Promise.all(results) };
  }

  /** Losses of this thread's share are in `first`; gradients are those of the whole batch. */
  async function makeGradients(batch: Batch, count: number) {
    const { mine, others } = await divide(batch, 1 / count, true);
    const { first, plans } = engine.startGradients(mine);
    const results: readonly HelperResult[] = helpers.length === 0 ? [] : await others;
    for (const { gradients } of results) engine.addGradients(gradients!);
    return { first, plans, othersLoss: sum(results.map(({ loss }) => loss)) };
  }

  async function step(batch: Batch, learningRate: number): Promise<StepResult> {
    const count = checkBatch(batch);
    steps += 1;
    writeSettings(1 / count, learningRate, steps);
    // Without helpers nothing is waited for until the step is on its way.
    const made =
      helpers.length === 0
        ? { ...engine.startGradients(batch), othersLoss: 0 }
        : await makeGradients(batch, count);
    const move = made.first.plan("move");
    move.run();
    helpersCurrent = false;
    const all = [...made.plans, move];
    counts = {
      dispatches: sum(all.map((plan) => plan.dispatches)),
      submits: sum(all.map((plan) => plan.submits)),
    };
    const [own = Number.NaN, gradNorm = Number.NaN] = await space.read(whole(model.control), 4);
    failIfRefused();
    const loss = own + made.othersLoss;
    for (const [what, number] of [
      ["loss", loss],
      ["gradient norm", gradNorm],
    ] as const) {
      if (Number.isFinite(number)) continue;
      steps -= 1;
      throw new NotFiniteError(what, number);
    }
    return { loss, gradNorm, tokens: count };
  }

  let before: Promise<unknown> = Promise.resolve();

  /** With helpers a step waits for the one before it; alone, its commands follow those of the one before. */
  function stepInTurn(batch: Batch, learningRate: number): Promise<StepResult> {
    const result =
      helpers.length === 0 ? step(batch, learningRate) : before.then(() => step(batch, learningRate));
    before = result.catch(() => {});
    return result;
  }

  async function evaluate(batch: Batch) {
    const count = checkBatch(batch);
    writeSettings(1, 0, 1);
    const { mine, others } = await divide(batch, 1, false);
    const own = await engine.losses(mine);
    const nats = own + sum((await others).map(({ loss }) => loss));
    failIfRefused();
    if (!Number.isFinite(nats)) throw new NotFiniteError("loss", nats);
    return { nats, tokens: count };
  }

  async function gradients(batch: Batch) {
    const count = checkBatch(batch);
    writeSettings(1 / count, 0, 1);
    const { first, othersLoss } = await makeGradients(batch, count);
    const flat = await space.read(whole(model.gradients), arrangement.size);
    return { loss: (await first.sumOfLosses()) + othersLoss, gradients: gather(flat, everything) };
  }

  async function profile(batch: Batch): Promise<readonly KernelTime[] | null> {
    writeSettings(1 / checkBatch(batch), 0, steps + 1);
    const times: KernelTime[] = [];
    const parts = engine.partsOf(batch);
    for (const { part, at, plan } of parts) {
      at.writeBatch(part);
      times.push(...((await plan.profile()) ?? []));
    }
    times.push(...((await parts[0]!.at.plan("move").profile()) ?? []));
    helpersCurrent = false;
    return times.length === 0 ? null : times;
  }

  async function logits(batch: Batch): Promise<Float32Array> {
    checkInputs(batch);
    const at = engine.readyFor(batch);
    at.write("ids", batch.inputs);
    at.plan("logits").run();
    return at.readLogits("logits");
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
      checkInputs({ inputs: ids, rows: 1, context });
      const at = engine.readyFor({ rows: 1, context });
      const plan = at.plan("row");
      at.write("ids", ids);
      at.write("row", Int32Array.of(window.length - 1));
      plan.run();
      const next = pick(await at.readLogits("row"), options, dice);
      tokens.push(next);
      yield next;
    }
  }

  /** Tensors of a layout from a flat array of the arrangement that begins at `start`. */
  function gather(flat: Float32Array, layout: TensorLayout, start = 0): NamedTensors {
    const result = namedTensors(layout);
    for (const { name, offset, size } of layout.slots) {
      const from = arrangement.places.get(name)!.offset - start;
      result.data.set(flat.subarray(from, from + size), offset);
    }
    return result;
  }

  /** Where a group's tensors begin and end. */
  function spanOf(group: Group): { start: number; size: number } {
    const own = arrangement.ranges.filter((range) => range.group === group);
    const start = own[0]?.offset ?? 0;
    return { start, size: own.reduce((sum, { size }) => sum + size, 0) };
  }

  function scatter({ data }: NamedTensors, layout: TensorLayout, start: number, size: number): Float32Array {
    const flat = new Float32Array(size);
    for (const { name, offset, size } of layout.slots)
      flat.set(data.subarray(offset, offset + size), arrangement.places.get(name)!.offset - start);
    return flat;
  }

  function load(group: Group, tensors: NamedTensors): void {
    const layout = layouts[group];
    if (tensors.data.length !== layout.size)
      throw new InputError(group, `${layout.size} numbers`, `${tensors.data.length}`);
    const { start, size } = spanOf(group);
    if (size === 0) return;
    const place = { storage: model.values, offset: start, shape: [size] };
    space.write(place, scatter(tensors, layout, start, size));
    helpersCurrent = false;
  }

  async function read(group: Group): Promise<NamedTensors> {
    const { start, size } = spanOf(group);
    const place = { storage: model.values, offset: start, shape: [size] };
    return gather(await space.read(place, size), layouts[group], start);
  }

  async function readMoments(): Promise<Moments> {
    const moment = async (storage: Storage) =>
      gather(await space.read(whole(storage), arrangement.size), everything);
    return { step: steps, first: await moment(model.first), second: await moment(model.second) };
  }

  function loadMoments(moments: Moments | null): void {
    steps = moments?.step ?? 0;
    for (const which of ["first", "second"] as const) {
      const values = moments?.[which];
      const flat = new Float32Array(arrangement.size);
      space.write(
        whole(model[which]),
        values === undefined ? flat : scatter(values, everything, 0, arrangement.size),
      );
    }
  }

  return {
    config,
    load,
    read: explained(read),
    step: explained(stepInTurn),
    evaluate: explained(evaluate),
    gradients: explained(gradients),
    logits: explained(logits),
    sample,
    readMoments: explained(readMoments),
    loadMoments,
    profile: explained(profile),
    overlaps: runsByItself() && helpers.length === 0,
    get counts() {
      return counts;
    },
    dispose: () => {
      for (const helper of helpers) helper.end();
      engine.dispose();
    },
  };
}

/** First values of everything, by a seed. */
export function loadFirst(trainer: Trainer, seed: string): void {
  for (const group of groups) trainer.load(group, initialParameters(trainer.config, [group], seed));
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

function failIfRefused(): void {
  const failure = deviceFailure();
  if (failure !== null) throw failure;
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, x) => total + x, 0);

/** Arrays of its own, to be handed to another thread. */
function copyOf(batch: Batch): Batch {
  return { ...batch, inputs: batch.inputs.slice(), targets: batch.targets.slice() };
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
