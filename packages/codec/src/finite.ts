// A delta with an infinity or a NaN is none, on either side.

import { type NamedTensors, slotView } from "@homebody/base";
import { DeltaError } from "./delta-error.ts";

/** Throws a DeltaError that names the first number that is not finite. */
export function requireFinite(numbers: NamedTensors): void {
  for (const slot of numbers.layout.slots) {
    const values = slotView(numbers, slot);
    for (let i = 0; i < values.length; i++)
      if (!Number.isFinite(values[i])) throw notFinite(slot.name, i, values[i]!);
  }
}

export function notFinite(name: string, at: number, got: number): DeltaError {
  return new DeltaError("not-finite", `${name}[${at}]: expected a finite number in range, got ${got}`);
}
