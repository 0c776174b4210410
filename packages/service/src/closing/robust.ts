// The deltas of a group of one source as one: whole deltas are compared in a first pass, numbers are combined in a second. A slice of
// all deltas is in memory at a time, so memory is bounded however many and large they are; in turn they are read once a slice. Between
// pieces of a slice others have their turn. With time boxes deltas are as long as their devices are fast: before anything else they
// become equally long [C88].

import {
  type Combination,
  type Contribution,
  combinationOf,
  combine,
  distances,
  evenFactors,
  needsDistances,
  normOf,
  piecesOf,
  type RobustSettings,
  type Slice,
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
  const say = { weights, votes: members.map(({ fact }) => fact.seniority) };
  return {
    weighed: together(members, weights),
    sections: sections.map(({ name, rows }) => ({ name, rows })),
    numbers: async () => {
      const isBoxed = inputs.manifest.training.timeBox !== "off";
      const factors = isBoxed ? evenFactors(await lengthsOf(members, inputs), say, settings.attackers) : null;
      const group = { members, sections, factors };
      const found = needsDistances(settings) ? await measured(group, inputs) : null;
      return combined(group, combinationOf(settings, say, found), inputs);
    },
  };
}

interface Group {
  readonly members: readonly ClosingDelta[];
  readonly sections: readonly GroupSection[];
  /** By member, what its numbers are multiplied by; null: nothing is. */
  readonly factors: readonly number[] | null;
}

/** Root mean squares of what counts of each. */
async function lengthsOf(members: readonly ClosingDelta[], { reader, clock }: PartsInputs) {
  const lengths: number[] = [];
  await oneByOne(members, clock, async (delta) => {
    const numbers = await reader.read(delta);
    const size = numbers.reduce((sum, { length }) => sum + length, 0);
    lengths.push(normOf(numbers) / Math.sqrt(Math.max(1, size)));
  });
  return lengths;
}

async function measured({ members, sections, factors }: Group, inputs: PartsInputs) {
  const found = distances(members.length);
  for (const section of sections)
    for await (const { slice } of slicesOf(members, section, inputs))
      await oneByOne(piecesOf(slice), inputs.clock, async (piece) => found.add(times(piece.slice, factors)));
  return found.result();
}

async function combined(
  { members, sections, factors }: Group,
  combination: Combination,
  inputs: PartsInputs,
): Promise<DeltaNumbers> {
  const all: Float32Array[] = [];
  for (const section of sections) {
    const numbers = new Float32Array(section.size);
    for await (const { at, slice } of slicesOf(members, section, inputs))
      await oneByOne(piecesOf(slice), inputs.clock, async (piece) =>
        numbers.set(combine(combination, times(piece.slice, factors), inputs.place).numbers, at + piece.at),
      );
    all.push(numbers);
  }
  return all;
}

function times(slice: Slice, factors: Group["factors"]): Slice {
  if (factors === null) return slice;
  return { ...slice, values: slice.values.map((own, m) => own.map((x) => x * factors[m]!)) };
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
