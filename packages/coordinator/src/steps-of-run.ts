// Steps of the run: how many a round has, and how many there will be in all. The learning rate follows from both [C85].

import { lowerMedian } from "@homebody/aggregate";
import type { RunManifest } from "@homebody/protocol";
import type { AcceptedDelta, RunState } from "./state.ts";

/**
 * Of a round with a time box the lower median of what its deltas claim, each source with as much of it as the others; of any other
 * what the run file says.
 */
export function stepsOfRound(
  { timeBox, localSteps }: RunManifest["training"],
  deltas: readonly Pick<AcceptedDelta, "source" | "steps">[],
): number {
  if (timeBox === "off") return localSteps;
  return lowerMedian(deltas.map(({ source, steps }) => ({ source, size: steps })));
}

/** With time boxes the rounds to come are expected to have what those before had on average, the first one the most. */
export function stepsInAll({ manifest, stepsDone, body }: RunState): number {
  const { rounds, training } = manifest;
  if (training.timeBox === "off" || stepsDone === 0) return rounds * training.localSteps;
  return Math.round((stepsDone * rounds) / body.number);
}
