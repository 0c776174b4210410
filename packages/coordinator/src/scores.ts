// Which evaluations are facts: of whom [C33], and what of them is believed [C39].

import type { ManifestSource, Refusal } from "@homebody/protocol";
import type { Command } from "./commands.ts";
import type { Fact } from "./facts.ts";
import { standingOf } from "./standings.ts";
import type { RunState } from "./state.ts";

/** Nats a byte: no model of any text does better. */
const leastNats = 0.01;
/** Times what a guess costs that takes every token of the vocabulary for equally likely, were each byte a token. */
const mostGuesses = 2;
/** Of a held-out text whose size nobody said. */
const mostBytes = 1e9;
/** Times the bytes of a volunteer's first evaluation: its text may grow, by as much. */
const mostGrowth = 2;

type Evaluate = Omit<Extract<Command, { kind: "evaluate" }>, "kind">;
type Evaluated = Extract<Fact, { kind: "evaluated" }>;

/** [C33] A round counts on it or did, its delta is in the body, or the last evaluation waits for it. */
export function mayEvaluate(
  { lastAssigned, contributors, phase }: RunState,
  { volunteer }: Pick<Evaluate, "volunteer">,
): boolean {
  if (phase.kind === "evaluating" && phase.pending.has(volunteer)) return true;
  return lastAssigned.has(volunteer) || contributors.has(volunteer);
}

/** The fact of an evaluation, undefined for one of too little text to be shown, or why it is not believed [C39]. */
export function scored(state: RunState, evaluation: Evaluate): Evaluated | Refusal | undefined {
  const { id: _, heldOutBytes, ...claim } = evaluation;
  const source = state.manifest.sources.find((one) => one.id === claim.source);
  if (source === undefined) return "unknown-source";
  if (claim.bytes < state.manifest.heldOut.leastBytes) return undefined;
  const before = standingOf(state, claim).scoredBytes;
  if (before !== null && claim.bytes > mostGrowth * before) return "implausible";
  if (!isPlausible(source, claim, heldOutBytes)) return "implausible";
  return { kind: "evaluated", ...claim, nats: Math.min(claim.nats, mostNats(source, claim.bytes)) };
}

/** [C39] Not of more than is held out, nor better than any model. `heldOutBytes`: as who brings the text announced it. */
export function isPlausible(
  source: ManifestSource,
  { nats, bytes }: Pick<Evaluated, "nats" | "bytes">,
  heldOutBytes?: number,
): boolean {
  return bytes <= heldOutMost(source, heldOutBytes) && nats >= leastNats * bytes;
}

/** [C39] As many count of a text of so many bytes. */
export function mostNats({ vocabulary }: ManifestSource, bytes: number): number {
  return mostGuesses * Math.log(vocabulary) * bytes;
}

/** UTF-8 bytes that an evaluation of this source can have been of. */
function heldOutMost({ served }: ManifestSource, announced: number | undefined): number {
  if (served === null) return Math.min(announced ?? mostBytes, mostBytes);
  return served.heldOut === null ? served.trainBytes : served.heldOutBytes;
}
