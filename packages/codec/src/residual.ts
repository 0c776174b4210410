// Error feedback: what a section's bytes left out goes into a later delta, less with every round [W15] to [W18].
//
// A residual is a value: whoever keeps it decides, by whether the delta counted, which of the two he has from then on.

import { type NamedTensors, namedTensors, requireSameLayout } from "@homebody/base";

export interface Residual {
  /** Whose delta left it out. */
  readonly round: number;
  readonly numbers: NamedTensors;
}

export interface Feedback {
  /** What is left of a residual a round later: 0 to 1. */
  readonly decay: number;
  /** A residual of more rounds before is dropped: 1 or more. */
  readonly rounds: number;
}

/**
 * What is encoded in `round`: what was trained in it, and what is left of the residual. What this leaves out in turn (`dropped`
 * of `encodeDelta`) is the round's residual. Throws an InputError for a residual of another layout.
 */
export function withResidual(
  trained: NamedTensors,
  residual: Residual | null,
  round: number,
  feedback: Feedback,
): NamedTensors {
  const sum = namedTensors(trained.layout, trained.data.slice());
  addResidual(sum, residual, round, feedback);
  return sum;
}

/** The same, in the memory of what was trained. */
export function addResidual(
  { layout, data }: NamedTensors,
  residual: Residual | null,
  round: number,
  feedback: Feedback,
): void {
  if (residual === null) return;
  requireSameLayout(residual.numbers.layout, layout, "residual");
  const factor = leftAfter(round - residual.round, feedback);
  if (factor === 0) return;
  const left = residual.numbers.data;
  for (let i = 0; i < data.length; i++) data[i]! += factor * left[i]!;
}

/** Of a residual, so many rounds after its own. */
function leftAfter(rounds: number, feedback: Feedback): number {
  if (rounds < 1 || rounds > feedback.rounds) return 0;
  let factor = 1;
  for (let i = 0; i < rounds; i++) factor *= feedback.decay; // the same in every engine, as a power need not be
  return factor;
}
