// The deltas of a group of one source as one: whole deltas are compared in a first pass, numbers are combined in a second. A slice of
// all deltas is in memory at a time, so memory is bounded however many and large they are; in turn they are read once a slice. Between
// pieces of a slice others have their turn.

import {
  type Combination,
  type Contribution,
  combinationOf,
  combine,
  distances,
  needsDistances,
  piecesOf,
  type RobustSettings,
} from "@homebody/aggregate";
import type { RunManifest } from "@homebody/protocol";
import type { ClosingDelta, DeltaNumbers } from "./deltas.ts";
import { oneByOne } from "./one-by-one.ts";
import type { Part, PartsInputs } from "./part.ts";
import { type GroupSection, sectionsOfGroup, slicesOf } from "./slices.ts";

export function robustPart(
  members: readonly ClosingDelta[],
  settings: RobustSettings,
  inputs: PartsInputs,
): Part {
  const sections = sectionsOfGroup(members);
  const weights = weightsOf(members, inputs.manifest.weighting);
  const votes = members.map(({ fact }) => fact.seniority);
  return {
    weighed: together(members, weights),
    sections: sections.map(({ name, rows }) => ({ name, rows })),
    numbers: async () => {
      const found = needsDistances(settings) ? await measured(members, sections, inputs) : null;
      return combined(members, sections, combinationOf(settings, { weights, votes }, found), inputs);
    },
  };
}

async function measured(
  members: readonly ClosingDelta[],
  sections: readonly GroupSection[],
  inputs: PartsInputs,
) {
  const found = distances(members.length);
  for (const section of sections)
    for await (const { slice } of slicesOf(members, section, inputs))
      await oneByOne(piecesOf(slice), inputs.clock, async (piece) => found.add(piece.slice));
  return found.result();
}

async function combined(
  members: readonly ClosingDelta[],
  sections: readonly GroupSection[],
  combination: Combination,
  inputs: PartsInputs,
): Promise<DeltaNumbers> {
  const all: Float32Array[] = [];
  for (const section of sections) {
    const numbers = new Float32Array(section.size);
    for await (const { at, slice } of slicesOf(members, section, inputs))
      await oneByOne(piecesOf(slice), inputs.clock, async (piece) =>
        numbers.set(combine(combination, piece.slice).numbers, at + piece.at),
      );
    all.push(numbers);
  }
  return all;
}

/** Of members beside each other, as `sourceWeights` has it within a source; above 0, so that each number has an average. */
function weightsOf(members: readonly ClosingDelta[], weighting: RunManifest["weighting"]): readonly number[] {
  const byTokens = weighting === "tokens" && members.some(({ fact }) => fact.tokens > 0);
  return members.map(({ fact: { seniority, tokens } }) =>
    byTokens ? seniority * Math.max(1, tokens) : seniority,
  );
}

/** What a group weighs beside others of its source: what its members do together. */
function together(members: readonly ClosingDelta[], weights: readonly number[]): Contribution {
  const seniority = members.reduce((sum, { fact }) => sum + fact.seniority, 0);
  const weight = weights.reduce((sum, own) => sum + own, 0);
  return { source: members[0]!.fact.source, seniority, tokens: weight / seniority };
}
