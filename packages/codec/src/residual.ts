// Error feedback: what a section's bytes left out goes into a later delta, less with every round [W15] to [W18].
//
// A residual is a value: whoever keeps it decides, by whether the delta counted, which of the two he has from then on.

import { InputError, type NamedTensors, namedTensors, requireSameLayout } from "@homebody/base";
import type { Codec } from "./codec.ts";

export interface Residual {
  /** Whose delta left it out. */
  readonly round: number;
  readonly numbers: NamedTensors;
}

export interface Feedback {
  /** What is left of a residual a round later: 0 to 1. */
  readonly decay: number;
  /** A residual of more rounds before is dropped: 1 or more. */
  readonly mostRounds: number;
}

export interface EncodedWithResidual {
  readonly bytes: Uint8Array;
  /** From now on if the delta counts; else the one before stays. */
  readonly residual: Residual;
}

/**
 * What was trained in `round` and what the residual still carries, as bytes, and what these leave out. Null: nothing is carried.
 * Throws an InputError for a residual of another layout or of this round or a later one, and what the codec throws.
 */
export function encodeWithResidual(
  codec: Codec,
  trained: NamedTensors,
  before: Residual | null,
  round: number,
  feedback: Feedback,
): EncodedWithResidual {
  const { layout } = trained;
  const sum = namedTensors(layout, trained.data.slice());
  if (before !== null) add(sum, before, round, feedback);
  const dropped = namedTensors(layout);
  const bytes = codec.encode(sum, dropped.data);
  return { bytes, residual: { round, numbers: dropped } };
}

function add(sum: NamedTensors, before: Residual, round: number, { decay, mostRounds }: Feedback): void {
  requireSameLayout(before.numbers.layout, sum.layout, "residual");
  const rounds = round - before.round;
  if (!(rounds >= 1)) throw new InputError("residual", `one of a round before ${round}`, `${before.round}`);
  if (rounds > mostRounds) return;
  let factor = 1;
  for (let i = 0; i < rounds; i++) factor *= decay; // the same in every engine, as a power need not be
  for (let i = 0; i < sum.data.length; i++) sum.data[i]! += factor * before.numbers.data[i]!;
}
