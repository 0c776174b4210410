// A replica of the model that trains: parameters and moments on the backend, one local step at a time.
//
// Everything is planned (plans.ts): a step writes a batch and a few settings, runs plans that are ready, and reads
// four numbers back, the only readback. Loss, norm, clip and the move stay on the device; where the loss or the norm is
// not finite, nothing moves. A batch may go through in parts whose gradients add up. All memory made here is owned
// here, until dispose.

import type { NamedTensors, TensorLayout } from "@homebody/base";
import { runsByItself, type Storage, whole } from "@homebody/kernels";
import {
  dimensions,
  type Group,
  groupLayout,
  groups,
  initialParameters,
  type ModelConfig,
} from "@homebody/model";
import type { Batch } from "@homebody/text";
import { checkBatch } from "./check-batch.ts";
import { type Crew, type CrewOptions, startCrew } from "./crew.ts";
import { explained, failIfRefused } from "./device-errors.ts";
import { NotFiniteError } from "./errors.ts";
import { gather, layoutOfModel, pieceOf, scatter, writeGroup } from "./flat.ts";
import { movingOf, type Rates, ratesOf, spansOf } from "./rates.ts";

export type TrainerOptions = CrewOptions;

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
  readMoments(): Promise<Moments>;
  /** Null: zeros, as at the start of a round. */
  loadMoments(moments: Moments | null): void;
  /** Zeros for some groups, which begin anew; the others go on. */
  clearMoments(some: readonly Group[]): void;
  /** Whether the device goes on by itself, so that a step that is started early saves time. */
  readonly overlaps: boolean;
  dispose(): void;
}

export function createTrainer(options: TrainerOptions): Trainer {
  return trainerOf(startCrew(options));
}

/** Owns the crew from here on. */
export function trainerOf(crew: Crew): Trainer {
  const { engine } = crew;
  const { config } = crew.options;
  const { vocabulary } = dimensions(config);
  const layouts = Object.fromEntries(groups.map((group) => [group, groupLayout(config, group)])) as Record<
    Group,
    TensorLayout
  >;
  const everything = layoutOfModel(config);
  const { arrangement, space, model } = engine;
  const steps: Record<Group, number> = { theta: 0, phi: 0, psi: 0 };

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
    const started = crew.gradients(batch, count, moving);
    const { first, othersLoss } = started instanceof Promise ? await started : started;
    first.move(moving).run();
    crew.valuesChanged();
    const [own = Number.NaN, gradNorm = Number.NaN] = await space.read(whole(model.control), 4);
    failIfRefused();
    const loss = own + othersLoss;
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
    const result = crew.isAlone ? step(batch, rates) : before.then(() => step(batch, rates));
    before = result.catch(() => {});
    return result;
  }

  async function evaluate(batch: Batch) {
    const count = checkBatch(batch, vocabulary);
    engine.writeSettings(1);
    const nats = await crew.losses(batch);
    failIfRefused();
    if (!Number.isFinite(nats)) throw new NotFiniteError("loss", nats);
    return { nats, tokens: count };
  }

  function load(group: Group, tensors: NamedTensors): void {
    writeGroup({ space, arrangement, values: model.values }, group, layouts[group], tensors);
    crew.valuesChanged();
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
    readMoments: explained(readMoments),
    loadMoments,
    clearMoments,
    overlaps: runsByItself() && crew.isAlone,
    dispose: () => crew.dispose(),
  };
}

/** First values of everything, by a seed. */
export function loadFirst(trainer: Trainer, seed: string): void {
  for (const group of groups) trainer.load(group, initialParameters(trainer.config, [group], seed));
}
