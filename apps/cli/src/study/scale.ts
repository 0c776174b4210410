// How large each study is: everything that its cost depends on, in one place. `--scale` multiplies tokens, and so steps;
// nothing else.

import type { ModelDial } from "@homebody/model";

export interface Scale {
  readonly model: ModelDial;
  /** Rows a step; a row is as long as the model's context. */
  readonly batch: number;
  /** Tokens that a source trains in a federated arm, at scale 1. */
  readonly tokensEach: number;
  readonly rounds: number;
  /** AdamW's learning rate at its peak, for pre-training. */
  readonly peak: number;
  /** Tokens of the vocabulary that all sources share, and of each source's own. */
  readonly globalVocabulary: number;
  readonly ownVocabulary: number;
  /** Steps of continued pre-training, as a share of those of pre-training; and the fewest that tell bodies apart. */
  readonly adaptShare: number;
  readonly adaptLeast: number;
  /** UTF-8 bytes of each source's text, at most. */
  readonly trainBytes: number;
  readonly heldOutBytes: number;
  readonly tokenizerBytes: number;
  /** Held-out rows that each body on the way is evaluated on. */
  readonly curveRows: number;
  readonly seeds: number;
  /** What `--scale` is where it is not given. */
  readonly scale: number;
}

/** A gpt2 with learned positions, as psi has to be something: a body of 0.8 million parameters. */
const body: ModelDial = { family: "gpt2", depth: 4, context: 128, overrides: { width: 128, heads: 4 } };

export const deptScale: Scale = {
  model: body,
  batch: 4,
  tokensEach: 250_000,
  rounds: 10,
  peak: 0.003,
  globalVocabulary: 2048,
  ownVocabulary: 512,
  adaptShare: 0.2,
  // In 20 steps fresh embeddings get as far as a unigram model, whatever the body: measured.
  adaptLeast: 200,
  trainBytes: 1_500_000,
  heldOutBytes: 24_000,
  tokenizerBytes: 300_000,
  curveRows: 12,
  seeds: 3,
  scale: 0.2,
};

/** One dial at a time: one seed, and half of the tokens. */
export const sweepScale: Scale = { ...deptScale, seeds: 1, scale: 0.1 };

/**
 * A third of the founding run (docs/experiments/three-scripts.yaml): its body of a million parameters, its batch and 250 of its 750
 * steps. In rounds of five, since what sends little in a round wants many.
 */
export const codecsScale: Scale = {
  ...deptScale,
  model: {
    ...{ family: "llama", depth: 4, context: 128 },
    overrides: { width: 128, heads: 4, hidden: 480 },
  },
  batch: 8,
  tokensEach: 256_000,
  rounds: 50,
  peak: 0.005,
  ownVocabulary: 2048,
  curveRows: 8,
  scale: 1,
};

/** Secrets in a text, and text from single deltas. */
export const leakageScale: Scale = { ...sweepScale, scale: 0.2 };

/** Many arms of eight volunteers: a body of 41 thousand parameters. */
export const attacksScale: Scale = {
  ...deptScale,
  model: { family: "llama", depth: 1, context: 32, overrides: { width: 64, heads: 2, hidden: 128 } },
  batch: 8,
  tokensEach: 64_000,
  peak: 0.02,
  trainBytes: 500_000,
  curveRows: 32,
  seeds: 1,
  scale: 1,
};

/** The run of three sources whose mixtures are measured in docs/experiments.md, and as many bytes that they write. */
export const distilScale: Scale = {
  ...deptScale,
  model: {
    ...{ family: "llama", depth: 3, context: 128 },
    overrides: { width: 96, heads: 4, hidden: 256 },
  },
  batch: 8,
  tokensEach: 229_376,
  rounds: 14,
  peak: 0.004,
  ownVocabulary: 1024,
  heldOutBytes: 2400,
  seeds: 1,
  scale: 1,
};

/** For text from deltas: a model so small that every token can be tried in every place. */
export const reconstructed = {
  model: { family: "gpt2", depth: 1, context: 8, overrides: { width: 32, heads: 2 } },
  vocabulary: 300,
  tries: 3,
  localSteps: [1, 10],
} as const;
