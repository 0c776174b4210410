// Where a replica begins a round whose body is not there yet: eager updates (Kale et al. 2025, arXiv 2502.12996).
//
// The next body is the latest one with a step that is not known. The step before it is, and so is this device's own delta of the
// round: what others moved a round ago stands for what they move now, its own part of that step gives way to the fresh one.

import { type NamedTensors, namedTensors } from "@homebody/base";
import type { Section } from "./exchange.ts";

/** Of one section, in the rows that are held. */
export interface KnownAhead {
  /** The latest body. */
  readonly body: NamedTensors;
  /** The one that a round's deltas made it of; null where that is not known, or it came otherwise. */
  readonly before: NamedTensors | null;
  /** This device's delta to the latest body, as the coordinator reads it. */
  readonly own: NamedTensors;
  /** Its delta that is in the latest body; null where there is none. */
  readonly ownBefore: NamedTensors | null;
}

/** body + (body - before) + share (own - ownBefore), in float64; what is not known is left out. */
export function startAhead({ body, before, own, ownBefore }: KnownAhead, share: number): NamedTensors {
  const start = namedTensors(body.layout);
  const late = before === null ? null : ownBefore;
  for (let i = 0; i < start.data.length; i++) {
    const latest = body.data[i]!;
    const step = before === null ? 0 : latest - before.data[i]!;
    const fresh = own.data[i]! - (late === null ? 0 : late.data[i]!);
    start.data[i] = latest + step + share * fresh;
  }
  return start;
}

/** Of an outer step, what one delta moves; `slots`: volunteers of its source, `sources`: those that take part in the round. */
export function shareOfStep(
  { source, outer }: Pick<Section, "source" | "outer">,
  { slots, sources }: { readonly slots: number; readonly sources: number },
): number {
  const moves = outer.kind === "nesterov" ? outer.lr * (1 + outer.momentum) : 1;
  return moves / (source === null ? slots * sources : slots);
}
