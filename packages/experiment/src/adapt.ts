// Continued pre-training: a body goes on learning, on one text, with embeddings of that text's own vocabulary.
//
// DEPT's second phase (Iacob et al., arXiv 2410.05021, section 2 and appendix A: multi-phase adaptive pre-training). Every body begins
// with fresh random embeddings, so what differs between bodies is what they know; or with embeddings that were trained.
// The learning rate starts again at its peak, after a short warm-up, and falls by a cosine. Body and embeddings train
// together; with `freezeBody` the embeddings alone.

import { InputError, type NamedTensors } from "@homebody/base";
import { type LearningRateSettings, learningRate } from "@homebody/dept";
import { dimensions, initialParameters, type ModelConfig } from "@homebody/model";
import { drawBatch, type PreparedText, type Score } from "@homebody/text";
import type { Trainer, TrainerOptions } from "@homebody/train";
import { evaluateHeldOut } from "./held-out.ts";
import { loadParameters, type Parameters, requireParameters } from "./parameters.ts";
import { type Cancel, type Steps, trainSteps } from "./training.ts";

export interface AdaptSettings {
  readonly steps: number;
  /** Rows of a step, each as long as the text was prepared for. */
  readonly batch: number;
  readonly learningRate: LearningRateSettings;
  /** The body stands still; the embeddings alone learn. */
  readonly freezeBody: boolean;
  /** Gives the order of batches and which held-out rows are evaluated. */
  readonly seed: string;
  /** Steps from one evaluation to the next; before the first step and after the last one there is one anyway. */
  readonly evaluateEvery: number;
  readonly heldOutRows: number | "all";
}

export interface AdaptProgress {
  /** Steps that were made: 0 before the first. */
  readonly step: number;
  readonly of: number;
  /** Of the last step, in nats a token; null before the first. */
  readonly loss: number | null;
  /** Where it is time for an evaluation. */
  readonly heldOut: Score | null;
}

/** What it takes of a trainer; a volunteer's device has one. */
export type AdaptingTrainer = Pick<
  Trainer,
  "config" | "load" | "read" | "step" | "evaluate" | "readMoments" | "loadMoments" | "overlaps"
>;

/** Cosine from the peak to a tenth of it, after a warm-up of a twelfth of the steps (DEPT: 100 of 1,200). */
export function adaptingRate(peak: number, steps: number): LearningRateSettings {
  return { peak, schedule: "cosine", warmupSteps: Math.floor(steps / 12), finalFraction: 0.1 };
}

/** A trainer's options for it: AdamW as DEPT has it (betas 0.9 and 0.95, no decay, gradients clipped at norm 1). */
export function adaptingOptions(config: ModelConfig): TrainerOptions {
  return { config, betas: [0.9, 0.95], epsilon: 1e-8, weightDecay: 0, clip: 1 };
}

/**
 * A body with embeddings: the given ones, and random ones by the seed for what is not given. Throws an InputError where
 * one of them is not of this model: other layers or width, another vocabulary or context.
 */
export function beginningOf(
  config: ModelConfig,
  body: NamedTensors,
  embeddings: Partial<Pick<Parameters, "phi" | "psi">> | null,
  seed: string,
): Parameters {
  requireParameters(config, "theta", body, "body");
  const given = (group: "phi" | "psi", where: string) => {
    const tensors = embeddings?.[group];
    if (tensors === undefined) return initialParameters(config, [group], `${seed}/words`);
    requireParameters(config, group, tensors, where);
    return tensors;
  };
  return { theta: body, phi: given("phi", "token embedding"), psi: given("psi", "position embedding") };
}

/** A body that has learnt nothing, by the seed. */
export function randomBody(config: ModelConfig, seed: string): NamedTensors {
  return initialParameters(config, ["theta"], `${seed}/body`);
}

/**
 * Trains on the text from `beginning`; the trainer has the result when the generator ends. Progress comes before the
 * first step and after each. The same inputs give the same numbers. It gives way only where it yields: who has a page
 * or a signal to attend to waits a moment there. Throws an AbortError between steps when `cancel` says so.
 */
export async function* adapt(
  trainer: AdaptingTrainer,
  text: PreparedText,
  beginning: Parameters,
  settings: AdaptSettings,
  cancel?: Cancel,
): AsyncGenerator<AdaptProgress, void> {
  requireText(trainer.config, text);
  const { steps: of, batch, seed, evaluateEvery, heldOutRows, freezeBody } = settings;
  const isTime = (step: number) => step % evaluateEvery === 0 || step === of;
  const evaluate = () =>
    evaluateHeldOut(trainer, text.heldOut, { batch, sampleRows: heldOutRows, seed: `${seed}/evaluate` });
  const draw = { seed, source: "adapt", slot: 0, slots: 1, round: 0, localSteps: of, batch };
  const steps: Steps = {
    from: 0,
    to: of,
    batchOf: (step) => drawBatch(text.train, { ...draw, step }),
    ratesOf: (step) => {
      const rate = learningRate(settings.learningRate, step, of);
      return { theta: freezeBody ? null : rate, phi: rate, psi: rate };
    },
    pauseBefore: isTime,
  };

  cancel?.throwIfAborted();
  loadParameters(trainer, beginning);
  trainer.loadMoments(null);
  yield { step: 0, of, loss: null, heldOut: await evaluate() };
  for await (const { step, loss } of trainSteps(trainer, steps, cancel))
    yield { step, of, loss, heldOut: isTime(step) ? await evaluate() : null };
}

/** Throws an InputError where the text was not prepared for this model: its rows may be shorter than the context. */
export function requireText(config: ModelConfig, { tokenizer, train, heldOut }: PreparedText): void {
  const { context, vocabulary } = dimensions(config);
  if (tokenizer.vocabularySize > vocabulary)
    throw new InputError(
      "tokenizer",
      `at most ${vocabulary} tokens, the model's vocabulary`,
      `${tokenizer.vocabularySize}`,
    );
  for (const [name, shard] of Object.entries({ train, "held-out": heldOut }))
    if (shard.context > context)
      throw new InputError(
        `${name} text`,
        `rows of at most ${context} tokens, the model's context`,
        `${shard.context}`,
      );
}
