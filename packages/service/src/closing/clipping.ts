// The deltas of a closing round as they count: each clipped to a multiple of the round's median, per tensor and in all [C26].
//
// Their sizes are taken in a pass of its own. What is clipped follows from the round's deltas alone, so it is the same whoever
// takes it, and when.

import { type Clip, type Clippable, clips, type TensorSquares } from "@homebody/aggregate";
import type { VolunteerId } from "@homebody/base";
import type { Clock } from "@homebody/clock";
import type { RunManifest } from "@homebody/protocol";
import type { ClosingDelta, DeltaNumbers, DeltaReader } from "./deltas.ts";
import { oneByOne } from "./one-by-one.ts";

export interface Clipped {
  readonly volunteer: VolunteerId;
  /** The norm of what counts over that of what was sent; below 1. */
  readonly kept: number;
}

export interface ClippedDeltas {
  readonly reader: DeltaReader;
  /** Those that were clipped, in the order of the deltas. */
  readonly clipped: readonly Clipped[];
}

/** Reads of the same deltas what counts of them. */
export async function clippedDeltas(
  deltas: readonly ClosingDelta[],
  clipping: RunManifest["clipping"],
  { reader, clock }: { readonly reader: DeltaReader; readonly clock: Clock },
): Promise<ClippedDeltas> {
  if (clipping === "off" || deltas.length < 2) return { reader, clipped: [] };
  const sizes: Clippable[] = [];
  await oneByOne(deltas, clock, async (delta) => {
    const tensors = squaresOf(delta, await reader.read(delta));
    sizes.push({ source: delta.fact.source, tensors, carries: carriedLength(delta) });
  });
  const found = clips(sizes, clipping.multiple);
  const clipOf = new Map(deltas.map((delta, i) => [delta, found[i]!]));
  return {
    reader: {
      read: async (delta) => clip(delta, await reader.read(delta), clipOf.get(delta)!),
    },
    clipped: deltas.flatMap(({ fact: { volunteer } }, i) => {
      const { kept } = found[i]!;
      return kept < 1 ? [{ volunteer, kept }] : [];
    }),
  };
}

/**
 * How long a delta may be with what it carries, beside what its own round moves [C62]: as rounds go in directions of their own, the
 * root of the sum of their squares, each as much as is left of it.
 */
export function carriedLength({
  fact: { round, carriesFrom },
  exchange: { feedback },
}: ClosingDelta): number {
  if (feedback === null || carriesFrom === null) return 1;
  let squares = 1;
  let left = 1;
  for (let before = 1; before < round && left > negligible; before++) {
    left *= feedback.decay; // the same in every engine, as a power need not be
    if (round - before <= carriesFrom) squares += left * left;
  }
  return Math.sqrt(squares);
}

const negligible = 1e-6;

function squaresOf({ exchange }: ClosingDelta, numbers: DeltaNumbers): ReadonlyMap<string, TensorSquares> {
  const found = new Map<string, TensorSquares>();
  for (const [s, { name, held }] of exchange.sections.entries())
    for (const slot of held.slots) {
      const data = numbers[s]!;
      let squares = 0;
      for (let i = slot.offset; i < slot.offset + slot.size; i++) squares += data[i]! * data[i]!;
      found.set(`${name} ${slot.name}`, { numbers: slot.size, squares });
    }
  return found;
}

/** The numbers themselves where nothing is clipped, else others. */
function clip({ exchange }: ClosingDelta, numbers: DeltaNumbers, { factors, kept }: Clip): DeltaNumbers {
  if (kept === 1) return numbers;
  return exchange.sections.map(({ name, held }, s) => {
    const data = numbers[s]!.slice();
    for (const slot of held.slots) {
      const factor = factors.get(`${name} ${slot.name}`)!;
      if (factor < 1) for (let i = slot.offset; i < slot.offset + slot.size; i++) data[i] = data[i]! * factor;
    }
    return data;
  });
}
