// The mean of a round's deltas, and how far each of them points its way.

import { cosine, type Holding, type Mean, normOf, type SectionMean, sectionMean } from "@homebody/aggregate";
import { namedTensors, type VolunteerId } from "@homebody/base";
import type { Clock } from "@homebody/clock";
import { type Exchange, heldOf, type Section } from "@homebody/dept";
import type { RunManifest, SectionName } from "@homebody/protocol";
import type { ClippedDeltas } from "./clipping.ts";
import type { ClosingDelta } from "./deltas.ts";
import { oneByOne } from "./one-by-one.ts";
import type { Part } from "./part.ts";

export type Means = ReadonlyMap<SectionName, Mean>;

export interface Comparison {
  readonly volunteer: VolunteerId;
  readonly cosine: number;
}

/** The mean of each section that any of these parts has; they are added in their order. */
export async function meansOf(
  parts: readonly Part[],
  sections: readonly Section[],
  weighting: RunManifest["weighting"],
  clock: Clock,
): Promise<Means> {
  const holdings = holdingsOf(parts);
  const sums = new Map<SectionName, { readonly mean: SectionMean; added: number }>();
  for (const { name, layout } of sections) {
    const own = holdings.get(name);
    if (own !== undefined) sums.set(name, { mean: sectionMean(layout, own, weighting), added: 0 });
  }
  await oneByOne(parts, clock, async (part) => {
    const numbers = await part.numbers();
    for (const [s, { name }] of part.sections.entries()) {
      const sum = sums.get(name)!;
      sum.mean.add(sum.added++, numbers[s]!);
    }
  });
  return new Map([...sums].map(([name, { mean }]) => [name, mean.result()]));
}

/** By section: those who have it, in the order of the parts. */
function holdingsOf(parts: readonly Part[]): ReadonlyMap<SectionName, readonly Holding[]> {
  const holdings = new Map<SectionName, Holding[]>();
  for (const { weighed, sections } of parts)
    for (const { name, rows } of sections) {
      const own = holdings.get(name) ?? [];
      holdings.set(name, own);
      own.push({ ...weighed, rows });
    }
  return holdings;
}

/** Of each delta, as it counts, with the mean of what it holds. */
export async function comparisons(
  deltas: readonly ClosingDelta[],
  means: Means,
  { reader, clock, clipped: some }: ClippedDeltas & { readonly clock: Clock },
): Promise<readonly Comparison[]> {
  const clipped = new Set(some.map(({ volunteer }) => volunteer));
  const found: Comparison[] = [];
  let last:
    | { readonly exchange: Exchange; readonly mean: readonly Float32Array[]; readonly norm: number }
    | undefined;
  await oneByOne(deltas, clock, async (delta) => {
    const { fact, exchange } = delta;
    if (last?.exchange !== exchange) {
      // Those who hold the same stand together: for them it is taken once.
      const mean = exchange.sections.map(
        (section) => heldOf(section, namedTensors(section.layout, means.get(section.name)!.numbers)).data,
      );
      last = { exchange, mean, norm: normOf(mean) };
    }
    const numbers = await reader.read(delta);
    // That of the whole was taken when it was accepted.
    const norm = clipped.has(fact.volunteer) ? normOf(numbers) : fact.norm;
    const own = cosine(numbers, last.mean, [norm, last.norm]);
    found.push({ volunteer: fact.volunteer, cosine: own });
  });
  return found;
}
