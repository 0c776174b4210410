// The runs that the bench serves: every volunteer is waited for, and a round opens as soon as the one before it is over.

import { checkRunFile, type RunFile } from "@homebody/protocol";

/** Of a body of one layer whose delta in half precision has about so many bytes, for so many volunteers. */
export function runOf(deltaBytes: number, volunteers: number): RunFile {
  const parameters = deltaBytes / 2;
  // A layer has 4 w^2 + 3 w h + 3 w of them: four times as wide inside, or as near as makes the sum.
  const width = 4 * Math.max(2, Math.round(Math.sqrt(parameters / 16) / 4));
  const hidden = Math.ceil((parameters - 4 * width ** 2 - 3 * width) / (3 * width));
  const source = (id: string) => ({ id, title: id, language: id, text: "brought", vocabulary: 300 }) as const;
  return checkRunFile({
    name: "line",
    description: "a run without devices",
    model: { family: "llama", depth: 1, context: 16, overrides: { width, heads: 2, hidden } },
    sources: sources.map(source),
    training: { localSteps: 6, batch: 4, learningRate: { peak: 0.01, warmupSteps: 0 } },
    outer: { kind: "averaging" },
    rounds: 10_000,
    round: { minimum: volunteers, quorum: "all", deadlineSeconds: 86_400, minimumSeconds: 0 },
  });
}

const sources = ["a", "b", "c", "d"];

export const sourceOf = (volunteer: number): string => sources[volunteer % sources.length]!;
