// What the bodies and deltas of a run take of its coordinator's disk, for whoever is about to start it.

import { noun } from "@homebody/base";
import { bytesInWords, modelSize } from "@homebody/dept";
import { type RunManifest, totalBytes } from "@homebody/protocol";
import { bodiesOfLate, isKeptForGood } from "./retention.ts";
import type { RunState } from "./state.ts";
import { bodiesBack } from "./undo.ts";

export interface DiskNeed {
  /** Kept at the end of the run. */
  readonly bodies: number;
  /** Of these bodies, and of what outer optimisers keep and steps leave out beside those that the host may go back to. */
  readonly bodyBytes: number;
  /** Of which each volunteer's delta is kept, the open one included. */
  readonly deltaRounds: number;
  /** Of the deltas of one volunteer that takes part in every round, at most. */
  readonly deltaBytes: number;
}

/** Numbers that an outer optimiser keeps for each of a body. */
const outerNumbers = { averaging: 0, nesterov: 1, adam: 2 } as const;

/** At the end of the planned rounds. Texts, which the host has anyway, and the journal do not count. */
export function diskNeeded({ manifest, body }: Pick<RunState, "manifest" | "body">): DiskNeed {
  const { rounds, keep, outer, down, body: numbers, review } = manifest;
  const back = bodiesBack(manifest);
  const late = Math.min(rounds + 1, bodiesOfLate(manifest));
  let bodies = late;
  for (let number = 0; number <= rounds - late; number++) if (isKeptForGood(number, manifest)) bodies += 1;
  const size = totalBytes(body.sections);
  /** What is kept beside a body has 4 bytes a number. */
  const times = numbers === "fp16" ? 2 : 1;
  const kept = outerNumbers[outer.kind] + (down === "off" && numbers === "fp32" ? 0 : 1);
  const after = keep.deltaRounds === "all" ? rounds : Math.max(keep.deltaRounds, review === "off" ? 0 : 1);
  const deltaRounds = Math.min(rounds, after + 1);
  return {
    bodies,
    bodyBytes: size * (bodies + times * kept * Math.min(rounds + 1, back)),
    deltaRounds,
    deltaBytes: deltaRounds * modelSize(manifest).upBytes,
  };
}

/** `2.4 MB for 12 bodies (the first, every 10th and the last 5); deltas of 4 rounds, at most 1.1 MB a volunteer`. */
export function diskInWords(state: Pick<RunState, "manifest" | "body">): string {
  const { bodies, bodyBytes, deltaRounds, deltaBytes } = diskNeeded(state);
  const deltas = `deltas of ${deltaRounds} ${noun(deltaRounds, "round")}, at most ${bytesInWords(deltaBytes)} a volunteer`;
  return `${bytesInWords(bodyBytes)} for ${bodies} bodies (${bodiesKept(state.manifest)}); ${deltas}`;
}

/** Which bodies stay [C57]: `the first, every 10th and the last 5`. */
export function bodiesKept(manifest: Pick<RunManifest, "keep">): string {
  const { bodies } = manifest.keep;
  if (bodies === "all") return "all";
  const late = bodiesOfLate(manifest);
  const last = late === 1 ? "the last" : `the last ${late}`;
  return "every" in bodies
    ? `the first, every ${ordinal(bodies.every)} and ${last}`
    : `the first and ${last}`;
}

const endings: Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> = { one: "st", two: "nd", few: "rd" };

function ordinal(number: number): string {
  return `${number}${endings[new Intl.PluralRules("en", { type: "ordinal" }).select(number)] ?? "th"}`;
}
