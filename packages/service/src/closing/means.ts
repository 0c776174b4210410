// The mean of a round's deltas, or of what they have become.

import { type Holding, type MeanOfHoldings, type SectionMean, sectionMean } from "@homebody/aggregate";
import type { Clock } from "@homebody/clock";
import type { Section } from "@homebody/dept";
import type { RunManifest, SectionName } from "@homebody/protocol";
import { oneByOne } from "./one-by-one.ts";
import type { Part } from "./part.ts";

export type Means = ReadonlyMap<SectionName, MeanOfHoldings>;

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
