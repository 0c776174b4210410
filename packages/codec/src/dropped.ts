// What a section's bytes leave out: what error feedback carries into the next round.

import type { NamedTensors } from "@homebody/base";

/** `what` minus `decoded`, to `dropped`, which may be the memory of either. */
export function subtract(what: NamedTensors, decoded: NamedTensors, dropped: Float32Array): void {
  for (let i = 0; i < dropped.length; i++) dropped[i] = what.data[i]! - decoded.data[i]!;
}
