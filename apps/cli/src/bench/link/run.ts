// The run of the bench: that of ../overlap, by one volunteer.

import { checkRunFile, type RunFile, type RunManifest } from "@homebody/protocol";

export function runFile(
  {
    overlap,
    rounds,
    localSteps,
  }: {
    readonly overlap: RunManifest["overlap"];
    readonly rounds: number;
    readonly localSteps: number;
  },
  source: string,
): RunFile {
  return checkRunFile({
    ...{ name: "link", description: "a run on the bench" },
    model: { family: "llama", depth: 6, context: 32, overrides: { width: 384, heads: 6 } },
    sources: [{ id: source, title: source, language: source, text: "brought", vocabulary: 300 }],
    training: { localSteps, batch: 8, learningRate: { peak: 0.005, warmupSteps: 40 } },
    ...{ codec: { kind: "sparse2", k: 64 }, down: "int4", overlap, rounds },
    round: { minimum: 1, deadlineSeconds: 3600, minimumSeconds: 0, evaluationSeconds: 3600 },
    newcomerRounds: 1,
    hold: "off",
    keep: { bodies: { last: 1 }, undoBodies: 1, deltaRounds: 0 },
    heldOut: { sampleRows: 8 },
  });
}
