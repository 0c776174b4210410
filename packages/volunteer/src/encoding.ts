// What a round moved, as the bytes of its delta; and what these leave out, where that is carried on.

import { type NamedTensors, namedTensors } from "@homebody/base";
import { type EncodedDelta, encodeDelta, type Residual, withResidual } from "@homebody/codec";
import type { Exchange } from "@homebody/dept";

export interface EncodedRound extends EncodedDelta {
  /** Of each section, what the bytes leave out; null where it is not carried on. */
  readonly residual: readonly NamedTensors[] | null;
}

/** `moved`: a section each, in the exchange's order; `before`: what an earlier delta left out of them, if anything is carried. */
export function encodeRound(
  { sections, feedback }: Pick<Exchange, "sections" | "feedback">,
  moved: readonly NamedTensors[],
  before: readonly Residual[] | null,
  round: number,
): EncodedRound {
  const toEncode = (numbers: readonly NamedTensors[]) =>
    sections.map(({ codec }, i) => ({ codec, numbers: numbers[i]! }));
  if (feedback === null) return { ...encodeDelta(toEncode(moved)), residual: null };
  const whole = moved.map((numbers, i) => withResidual(numbers, before?.[i] ?? null, round, feedback));
  const residual = sections.map(({ held }) => namedTensors(held));
  const encoded = encodeDelta(
    toEncode(whole),
    residual.map(({ data }) => data),
  );
  return { ...encoded, residual };
}
