// Which bodies the deltas of a round may start from [C81]: where the run is eager, volunteers train on before the round's is there.

import { once } from "@homebody/base";
import type { EagerRound } from "@homebody/protocol";
import type { Phase, RunState } from "./state.ts";

/** The number of the oldest one, for the body that there is now. What the host went back from is no start. */
export function oldestStart({
  manifest,
  body,
  backAt,
}: Pick<RunState, "manifest" | "body" | "backAt">): number {
  if (manifest.overlap === "off") return body.number;
  return Math.max(body.number - 1, backAt);
}

type Assigned = Extract<Phase, { kind: "training" }>["assigned"];

/** Sources of which somebody was assigned: counted once a round, however many are told. */
const sourcesOf = once(
  (assigned: Assigned) => new Set([...assigned.values()].map(({ source }) => source)).size,
);

/** What is told of the open round of an eager run [P64]. */
export function eagerRound(state: RunState, assigned: Assigned): EagerRound {
  return { oldest: oldestStart(state), sources: sourcesOf(assigned) };
}
