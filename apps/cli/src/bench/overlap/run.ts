// The run of a volunteer's time: few bytes a round, and rounds that wait for everybody.

import { checkRunFile, type RunFile, type RunManifest } from "@homebody/protocol";

/** Of one size of body. */
export interface Size {
  readonly model: RunFile["model"];
  /** Of each source. */
  readonly vocabulary: number;
  /** Held-out rows that a device evaluates. */
  readonly sampleRows: number;
}

export const tenMillion: Size = {
  model: { family: "llama", depth: 6, context: 32, overrides: { width: 384, heads: 6 } },
  vocabulary: 300,
  sampleRows: 8,
};

export const oneMillion: Size = {
  model: { family: "llama", depth: 4, context: 128, overrides: { width: 128, heads: 4, hidden: 480 } },
  vocabulary: 2048,
  sampleRows: 64,
};

export interface Rounds {
  readonly overlap: RunManifest["overlap"];
  readonly sources: readonly string[];
  readonly localSteps: number;
  readonly rounds: number;
  /** Of volunteers. */
  readonly minimum: number;
}

export function runFile(given: Size & Rounds): RunFile {
  const { model, vocabulary, sampleRows, overlap, sources, localSteps, rounds, minimum } = given;
  return checkRunFile({
    ...{ name: "overlap", description: "a run on the bench", model },
    sources: sources.map((id) => ({
      ...{ id, title: id, language: id, text: "brought", vocabulary },
    })),
    training: { localSteps, batch: 8, learningRate: { peak: 0.005, warmupSteps: 40 } },
    ...{ codec: { kind: "sparse2", k: 64 }, down: "int4", overlap, rounds },
    round: { minimum, deadlineSeconds: 3600, minimumSeconds: 0, evaluationSeconds: 3600 },
    newcomerRounds: 1,
    hold: "off",
    keep: { bodies: { last: 1 }, undoBodies: 1, deltaRounds: 0 },
    heldOut: { sampleRows },
  });
}
