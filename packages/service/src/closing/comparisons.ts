// Which way each delta of a round points: beside the step that the body takes, and beside what the others make of it.

import { cosine, cosineToOthers, normOf, type PartOfMean } from "@homebody/aggregate";
import { namedTensors, type VolunteerId } from "@homebody/base";
import type { Clock } from "@homebody/clock";
import { heldOf } from "@homebody/dept";
import type { SectionName } from "@homebody/protocol";
import type { ClippedDeltas } from "./clipping.ts";
import type { ClosingDelta, DeltaNumbers } from "./deltas.ts";
import type { Means } from "./means.ts";
import { oneByOne } from "./one-by-one.ts";

export interface Comparison {
  readonly volunteer: VolunteerId;
  /** With the mean of what it holds, as the body takes it. */
  readonly cosine: number;
  /** With what the others make of the weighted mean of all [C71]; null where it is alone. */
  readonly others: number | null;
}

/** `means`: what the body takes; `weighed`: the weighted mean of just these deltas, the same where no source has a robust average. */
export async function comparisons(
  deltas: readonly ClosingDelta[],
  { means, weighed }: { readonly means: Means; readonly weighed: Means },
  { reader, clock, clipped: some }: ClippedDeltas & { readonly clock: Clock },
): Promise<readonly Comparison[]> {
  const clipped = new Set(some.map(({ volunteer }) => volunteer));
  const beside = heldMeans(means);
  const besideOthers = weighed === means ? beside : heldMeans(weighed);
  const holders = new Map<SectionName, number>();
  const found: Comparison[] = [];
  await oneByOne(deltas, clock, async (delta) => {
    const { volunteer, norm: whole } = delta.fact;
    const numbers = await reader.read(delta);
    // That of the whole was taken when it was accepted.
    const norm = clipped.has(volunteer) ? normOf(numbers) : whole;
    const mean = beside(delta);
    const parts = partsOfMean(delta, numbers, besideOthers(delta).numbers, weighed, holders);
    found.push({
      volunteer,
      cosine: cosine(numbers, mean.numbers, [norm, mean.norm]),
      others: cosineToOthers(parts),
    });
  });
  return found;
}

/** What a delta holds of the means. Those who hold the same stand together: for them it is taken once. */
function heldMeans(means: Means) {
  let last: {
    readonly exchange: ClosingDelta["exchange"];
    readonly numbers: DeltaNumbers;
    readonly norm: number;
  };
  return ({ exchange }: ClosingDelta) => {
    if (last?.exchange === exchange) return last;
    const numbers = exchange.sections.map(
      (section) => heldOf(section, namedTensors(section.layout, means.get(section.name)!.numbers)).data,
    );
    last = { exchange, numbers, norm: normOf(numbers) };
    return last;
  };
}

/** Tensor by tensor. `holders`: by section, how many deltas that have it were before this one. */
function partsOfMean(
  { exchange }: ClosingDelta,
  numbers: DeltaNumbers,
  means: DeltaNumbers,
  weighed: Means,
  holders: Map<SectionName, number>,
): readonly PartOfMean[] {
  return exchange.sections.flatMap(({ name, rows, held }, s) => {
    const i = holders.get(name) ?? 0;
    holders.set(name, i + 1);
    const { shareOf, held: some } = weighed.get(name)!;
    if (rows === null && some === null)
      return [{ own: numbers[s]!, mean: means[s]!, shares: Float64Array.of(shareOf(i, 0)) }];
    const ids = rows?.ids ?? Int32Array.from({ length: held.slots[0]!.shape[0]! }, (_, row) => row);
    const shares = Float64Array.from(ids, (row) => shareOf(i, row));
    return held.slots.map(({ offset, size }) => ({
      own: numbers[s]!.subarray(offset, offset + size),
      mean: means[s]!.subarray(offset, offset + size),
      shares,
    }));
  });
}
