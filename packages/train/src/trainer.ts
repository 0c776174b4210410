// A replica of the model that trains: parameters and moments on the backend, one local step at a time.
//
// Everything is planned (plans.ts): a step writes a batch and a few settings, runs plans that are ready, and reads
// four numbers back, the only readback. Loss, norm, clip and the move stay on the device; where the loss or the norm is
// not finite, nothing moves. A batch may go through in parts whose gradients add up. All memory made here is owned
// here, until dispose.

import { InputError, type NamedTensors, random, type TensorLayout } from "@homebody/base";
import { type KernelTime, runsByItself, type Storage, whole } from "@homebody/kernels";
import {
  dimensions,
  type Group,
  groupLayout,
  groups,
  initialParameters,
  type ModelConfig,
} from "@homebody/model";
import type { Batch } from "@homebody/text";
import { checkBatch, checkInputs } from "./check-batch.ts";
import { causeOf, deviceFailure } from "./device-errors.ts";
import { createEngine, rowsOfBatch } from "./engine.ts";
import { NotFiniteError } from "./errors.ts";
import { gather, layoutOfAll, scatter } from "./flat.ts";
import type { Helper, HelperResult } from "./helper.ts";
import type { EngineOptions } from "./plans.ts";
import { allOf, type Moving, movingOf, type Rates, ratesOf, type Span, spansOf } from "./rates.ts";
import { pick } from "./sample.ts";

export interface TrainerOptions extends EngineOptions {
  /** Other threads, which take a share of each batch; those that work for another trainer are left to it. */
  readonly helpers?: readonly Helper[];
}

export interface StepResult {
  /** Mean over the targets that count, in nats a token. */
  readonly loss: number;
  /** Of the gradients of all that moves, before clipping. */
  readonly gradNorm: number;
  readonly tokens: number;
}

export type GroupSteps = Readonly<Record<Group, number>>;

/** AdamW's memory, over all groups in the order theta, phi, psi. */
export interface Moments {
  /** That moved a group since its moments were zero. */
  readonly steps: GroupSteps;
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
   * Throws InputError, NotFiniteError or EngineError; in all cases the parameters are those before the step. The next step may be
   * started before this one's numbers are there: the device then has no pause between them.
   */
  step(batch: Batch, rates: Rates): Promise<StepResult>;
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
  /** Zeros for some groups, which begin anew; the others go on. */
  clearMoments(some: readonly Group[]): void;
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
  const { config } = own;
  const { context, vocabulary } = dimensions(config);
  const layouts = Object.fromEntries(groups.map((group) => [group, groupLayout(config, group)])) as Record<
    Group,
    TensorLayout
  >;
  const everything = layoutOfAll(groups.map((group) => layouts[group]));
  const engine = createEngine(own);
  const { arrangement, space, model } = engine;
  const all = allOf(arrangement);
  const helpers = offered.filter((helper) => helper.begin(own));
  const steps: Record<Group, number> = { theta: 0, phi: 0, psi: 0 };
  let counts = { dispatches: 0, submits: 0 };
  /** Whether helpers have the values as they are now. */
  let helpersCurrent = false;

  /** The share of a batch that stays here, and what helpers make of the rest. */
  async function divide(batch: Batch, share: number, moving: Moving | null) {
    const workers = Math.min(helpers.length + 1, batch.rows);
    const cut = (i: number) => Math.ceil((i * batch.rows) / workers);
    const values =
      workers === 1 || helpersCurrent ? null : await space.read(whole(model.values), arrangement.size);
    const results = helpers.slice(0, workers - 1).map((helper, i) =>
      helper.work({
        values: values === null ? null : values.slice(),
        batch: copyOf(rowsOfBatch(batch, cut(i + 1), cut(i + 2))),
        share,
        moving,
      }),
    );
    helpersCurrent = workers === helpers.length + 1;
    return { mine: rowsOfBatch(batch, 0, cut(1)), others: Promise.all(results) };
  }

  /** Losses of this thread's share are in `first`; gradients are those of the whole batch. */
  async function makeGradients(batch: Batch, count: number, moving: Moving) {
    const { mine, others } = await divide(batch, 1 / count, moving);
    const { first, plans } = engine.startGradients(mine, moving);
    const results: readonly HelperResult[] = helpers.length === 0 ? [] : await others;
    for (const { gradients } of results) engine.addGradients(moving, gradients!);
    return { first, plans, othersLoss: sum(results.map(({ loss }) => loss)) };
  }

  async function step(batch: Batch, given: Rates): Promise<StepResult> {
    const count = checkBatch(batch, vocabulary);
    const rates = ratesOf(given);
    const moving = movingOf(rates, arrangement);
    for (const group of moving) steps[group] += 1;
    engine.writeSettings(
      1 / count,
      Object.fromEntries(moving.map((group) => [group, { learningRate: rates[group]!, step: steps[group] }])),
    );
    // Without helpers nothing is waited for until the step is on its way.
    const made =
      helpers.length === 0
        ? { ...engine.startGradients(batch, moving), othersLoss: 0 }
        : await makeGradients(batch, count, moving);
    const move = made.first.move(moving);
    move.run();
    helpersCurrent = false;
    const plans = [...made.plans, move];
    counts = {
      dispatches: sum(plans.map((plan) => plan.dispatches)),
      submits: sum(plans.map((plan) => plan.submits)),
    };
    const [own = Number.NaN, gradNorm = Number.NaN] = await space.read(whole(model.control), 4);
    failIfRefused();
    const loss = own + made.othersLoss;
    for (const [what, number] of [
      ["loss", loss],
      ["gradient norm", gradNorm],
    ] as const) {
      if (Number.isFinite(number)) continue;
      for (const group of moving) steps[group] -= 1;
      throw new NotFiniteError(what, number);
    }
    return { loss, gradNorm, tokens: count };
  }

  let before: Promise<unknown> = Promise.resolve();

  /** With helpers a step waits for the one before it; alone, its commands follow those of the one before. */
  function stepInTurn(batch: Batch, rates: Rates): Promise<StepResult> {
    const result = helpers.length === 0 ? step(batch, rates) : before.then(() => step(batch, rates));
    before = result.catch(() => {});
    return result;
  }

  async function evaluate(batch: Batch) {
    const count = checkBatch(batch, vocabulary);
    engine.writeSettings(1);
    const { mine, others } = await divide(batch, 1, null);
    const own = await engine.losses(mine);
    const nats = own + sum((await others).map(({ loss }) => loss));
    failIfRefused();
    if (!Number.isFinite(nats)) throw new NotFiniteError("loss", nats);
    return { nats, tokens: count };
  }

  async function gradients(batch: Batch) {
    const count = checkBatch(batch, vocabulary);
    engine.writeSettings(1 / count);
    const { first, othersLoss } = await makeGradients(batch, count, all);
    const flat = await space.read(whole(model.gradients), arrangement.size);
    const gradients = gather(arrangement, flat, everything);
    return { loss: (await first.sumOfLosses()) + othersLoss, gradients };
  }

  async function profile(batch: Batch): Promise<readonly KernelTime[] | null> {
    engine.writeSettings(1 / checkBatch(batch, vocabulary));
    const times: KernelTime[] = [];
    const parts = engine.partsOf(batch, all);
    for (const { part, at, plan } of parts) {
      at.writeBatch(part);
      times.push(...((await plan.profile()) ?? []));
    }
    times.push(...((await parts[0]!.at.move(all).profile()) ?? []));
    helpersCurrent = false;
    return times.length === 0 ? null : times;
  }

  async function logits(batch: Batch): Promise<Float32Array> {
    checkInputs(batch, vocabulary);
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
      checkInputs({ inputs: ids, rows: 1, context }, vocabulary);
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

  function load(group: Group, tensors: NamedTensors): void {
    const layout = layouts[group];
    if (tensors.data.length !== layout.size)
      throw new InputError(group, `${layout.size} numbers`, `${tensors.data.length}`);
    for (const span of spansOf(arrangement, [group])) // one, or none
      space.write(pieceOf(model.values, span), scatter(arrangement, { ...tensors, layout }, span));
    helpersCurrent = false;
  }

  async function read(group: Group): Promise<NamedTensors> {
    const [span = { offset: 0, size: 0 }] = spansOf(arrangement, [group]);
    const flat = await space.read(pieceOf(model.values, span), span.size);
    return gather(arrangement, flat, layouts[group], span.offset);
  }

  async function readMoments(): Promise<Moments> {
    const moment = async (storage: Storage) =>
      gather(arrangement, await space.read(whole(storage), arrangement.size), everything);
    return { steps: { ...steps }, first: await moment(model.first), second: await moment(model.second) };
  }

  function loadMoments(moments: Moments | null): void {
    if (moments === null) {
      clearMoments(groups);
      return;
    }
    Object.assign(steps, moments.steps);
    const { size } = arrangement;
    for (const which of ["first", "second"] as const) {
      const tensors = { ...moments[which], layout: everything };
      space.write(whole(model[which]), scatter(arrangement, tensors, { offset: 0, size }));
    }
  }

  function clearMoments(some: readonly Group[]): void {
    for (const group of some) steps[group] = 0;
    for (const span of spansOf(arrangement, some))
      for (const storage of [model.first, model.second])
        space.write(pieceOf(storage, span), new Float32Array(span.size));
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
    clearMoments,
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

const pieceOf = (storage: Storage, { offset, size }: Span) => ({ storage, offset, shape: [size] });

const sum = (numbers: readonly number[]) => numbers.reduce((total, x) => total + x, 0);

/** Arrays of its own, to be handed to another thread. */
function copyOf(batch: Batch): Batch {
  return { ...batch, inputs: batch.inputs.slice(), targets: batch.targets.slice() };
}
