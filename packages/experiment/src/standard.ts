// The baselines that know of no rounds: one trainer, one mixture of all sources, one vocabulary.
//
// STD is ordinary synchronous training (what data-parallel workers that exchange gradients at each step compute). ACT is
// active forgetting (Chen et al., arXiv 2307.01163, section 3; DEPT's baseline, section 3.2): the same, but the
// embeddings begin anew every so many steps, with moments of zero and a learning rate of their own that begins anew too,
// so that the body learns to be of use to any. The body's rate and moments go on as if nothing had happened.

import { tensorByName } from "@homebody/base";
import { type LearningRateSettings, learningRate } from "@homebody/dept";
import { type Group, initialParameters } from "@homebody/model";
import type { Trainer } from "@homebody/train";
import { type MixtureSource, mixture } from "./mixture.ts";
import { type Cancel, type StepMade, trainSteps } from "./training.ts";

export interface StandardSettings {
  readonly steps: number;
  /** Rows of a step; a row is as long as the context. */
  readonly rows: number;
  /** Of the sources' sizes: 0 takes each equally often, 1 in proportion. */
  readonly temperature: number;
  readonly learningRate: LearningRateSettings;
  readonly seed: string;
  /** ACT: embeddings begin anew each `every` steps. Null: STD. */
  readonly forgetting: { readonly every: number } | null;
}

const embeddings: readonly Group[] = ["phi", "psi"];

/**
 * Trains what the trainer has, from step `from` (its moments are then those after `from` steps; at 0 they are made
 * zero). The same inputs give the same numbers, whether it is interrupted or not.
 */
export async function* standard(
  trainer: Trainer,
  sources: readonly MixtureSource[],
  settings: StandardSettings,
  from = 0,
  cancel?: Cancel,
): AsyncGenerator<StepMade, void> {
  const { steps, rows, temperature, seed, forgetting } = settings;
  const batchOf = mixture({ sources, temperature, rows, seed });
  const every = forgetting?.every ?? steps;
  const ratesOf = (step: number) => {
    const theta = learningRate(settings.learningRate, step, steps);
    const words = forgetting === null ? theta : wordsRate(settings.learningRate, step, every);
    return { theta, phi: words, psi: words };
  };
  if (from === 0) trainer.loadMoments(null);
  for (let begin = from; begin < steps; ) {
    if (begin > 0 && begin % every === 0) await forget(trainer, `${seed}/forgetting/${begin / every}`);
    const end = Math.min(steps, (Math.floor(begin / every) + 1) * every);
    yield* trainSteps(trainer, { from: begin, to: end, batchOf, ratesOf, pauseBefore: () => false }, cancel);
    begin = end;
  }
}

/** ACT's embeddings have a cosine that begins anew with them; its warm-up is the run's in the first of them alone. */
function wordsRate(settings: LearningRateSettings, step: number, every: number): number {
  const { warmupSteps } = settings;
  if (step < warmupSteps) return learningRate(settings, step, every);
  return learningRate({ ...settings, warmupSteps: 0 }, step % every, every);
}

/** Embeddings as they begin, by a seed, with moments of zero; those of the body stay. */
export async function forget(trainer: Trainer, seed: string): Promise<void> {
  const moments = await trainer.readMoments();
  for (const group of embeddings) {
    const fresh = initialParameters(trainer.config, [group], seed);
    trainer.load(group, fresh);
    for (const slot of fresh.layout.slots)
      for (const moment of [moments.first, moments.second]) tensorByName(moment, slot.name).fill(0);
  }
  trainer.loadMoments({ ...moments, steps: { ...moments.steps, phi: 0, psi: 0 } });
}
