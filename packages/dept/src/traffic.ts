// What travelling costs, by DEPT's formulas (table 1): parameters that one worker sends, one way.
//
// STD, ordinary data-parallel training, exchanges the whole model at each step; DEPT exchanges once in a round of
// local steps, and only what its variant lets travel. Counts are those of the worker's own model: under TRIM phi has
// the rows of the source's vocabulary.

import { type Group, travels, type Variant } from "./variants.ts";

export type GroupCounts = Readonly<Record<Group, number>>;

const groups: readonly Group[] = ["theta", "phi", "psi"];
const bytesPerParameter = 4; // float32, uncompressed

/** Bytes that a worker would have sent if it had exchanged the whole model at each of these steps (STD). */
export function wouldHaveSent(counts: GroupCounts, steps: number): number {
  return bytesPerParameter * steps * groups.reduce((sum, group) => sum + counts[group], 0);
}

/** Parameters that a worker sends in a round, averaged over its local steps. */
export function sentPerStep(method: Variant | "std", counts: GroupCounts, localSteps: number): number {
  const sent = groups.filter((group) => method === "std" || travels(method, group));
  const parameters = sent.reduce((sum, group) => sum + counts[group], 0);
  return method === "std" ? parameters : parameters / localSteps;
}
