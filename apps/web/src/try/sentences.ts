// What a trial found and what it is doing, in a visitor's words.

import type { TextProblem } from "@homebody/volunteer/looking";
import type { TrialProgress, TrialResult, TrialStage } from "@homebody/volunteer/trial";
import { leastTrialBytes } from "@homebody/volunteer/trial";
import { bytes, count, fixed, percent, plural } from "../format/numbers.ts";
import type { TrialPhase } from "./trial.ts";

export const stageWords: Readonly<Record<TrialStage, string>> = {
  read: "Read your text",
  engine: "Start the engine",
  body: "Get the body",
  vocabulary: "Learn your text’s vocabulary",
  speed: "Measure the speed",
  learn: "Let both models learn",
};

/** How far the stage is, where that can be said. */
export function progressSentence({ stage, done, of }: TrialProgress): string {
  if (of === 0) return "";
  if (stage === "body") return `${bytes(done)} of ${bytes(of)}`;
  if (stage === "learn") return `${count(done)} of ${plural(of, "step")}, both models together`;
  return percent(done / of);
}

/** Within this share of each other nobody can tell two ends apart. */
const level = 0.01;

export interface Verdict {
  readonly kind: "ahead" | "level" | "behind";
  readonly title: string;
  readonly sentence: string;
}

export function verdictOf({ steps, last, otherLast, reachedAfter }: TrialResult): Verdict {
  const [ours, theirs] = [fixed(last, 2), fixed(otherLast, 2)];
  if (Math.abs(last / otherLast - 1) < level)
    return {
      kind: "level",
      title: "No difference that counts",
      sentence: `After ${plural(steps, "step")} your language takes ${ours} bits per byte with this body and ${theirs} with a random one. Either this body has not learnt what your language could use, or the text is too short to show it: try more of it.`,
    };
  if (last > otherLast)
    return {
      kind: "behind",
      title: "The random body did better here",
      sentence: `After ${plural(steps, "step")} your language takes ${ours} bits per byte with this body and ${theirs} with a random one. That happens while a run is young, and with short texts; a later body or more text may tell another story.`,
    };
  const reached =
    reachedAfter === null
      ? ""
      : `With this body your language reaches after ${plural(reachedAfter, "step")} what a random body reaches after ${count(steps)}. `;
  return {
    kind: "ahead",
    title: "This body knows something that your language can use",
    sentence: `${reached}At the end it takes ${ours} bits per byte against ${theirs}: ${percent(1 - last / otherLast)} less.`,
  };
}

/** From here on held-out text has some thousand tokens. */
const steadyBytes = 80_000;

/** How much text there is, and what is missing. */
export function amountSentence(given: number): string {
  if (given === 0)
    return `At least ${leastTrialBytes / 1000} kB, about three pages. Some thirty pages are better.`;
  if (given < leastTrialBytes)
    return `${bytes(given)} so far: ${bytes(leastTrialBytes - given)} more are needed.`;
  if (given < steadyBytes) return `${bytes(given)}. That is enough; with more the result is steadier.`;
  return `${bytes(given)}.`;
}

/** What to do about it; null where nothing is wrong. */
export function wrongWords(problems: readonly TextProblem[]): string | null {
  if (problems.length === 0) return null;
  return problems.some(({ file }) => file !== null)
    ? "Take out the files that are marked, or choose them anew."
    : "Add text first.";
}

export const ofAllText = (problems: readonly TextProblem[]) => problems.filter(({ file }) => file === null);

/** For the live region: changes with the stage only. */
export function spoken(phase: TrialPhase): string {
  switch (phase.kind) {
    case "choosing":
      return phase.problems.length > 0 ? "Something is wrong with the text." : "";
    case "running":
      return `${stageWords[phase.progress?.stage ?? "read"]}.`;
    case "done":
      return `Done. ${verdictOf(phase.result).sentence}`;
    case "failed":
      return `It failed: ${phase.message}`;
    default:
      return phase satisfies never;
  }
}
