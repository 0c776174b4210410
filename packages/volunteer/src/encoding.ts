// What a round moved, as the bytes of its delta; and what these leave out, where that is carried on.

import { type NamedTensors, namedTensors } from "@homebody/base";
import { addResidual, type EncodedDelta, encodeDelta, type Residual } from "@homebody/codec";
import type { Exchange } from "@homebody/dept";

export interface EncodedRound extends EncodedDelta {
  /** Of each section, what the bytes leave out; null where it is not carried on. */
  readonly residual: readonly NamedTensors[] | null;
}

/**
 * `moved`: a section each, in the exchange's order; what an earlier delta left out of them (`before`, if anything is carried) is added
 * to them.
 */
export function encodeRound(
  { sections, feedback }: Pick<Exchange, "sections" | "feedback">,
  moved: readonly NamedTensors[],
  before: readonly Residual[] | null,
  round: number,
): EncodedRound {
  const toEncode = sections.map(({ codec }, i) => ({ codec, numbers: moved[i]! }));
  if (feedback === null) return { ...encodeDelta(toEncode), residual: null };
  for (const [i, numbers] of moved.entries()) addResidual(numbers, before?.[i] ?? null, round, feedback);
  const residual = sections.map(({ held }) => namedTensors(held));
  const encoded = encodeDelta(
    toEncode,
    residual.map(({ data }) => data),
  );
  return { ...encoded, residual };
}
