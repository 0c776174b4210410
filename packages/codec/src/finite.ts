// A delta with an infinity or a NaN is none, on either side.

import { type NamedTensors, slotView } from "@homebody/base";
import { DeltaError } from "./delta-error.ts";

/** Throws a DeltaError that names the first number that is not finite. */
export function requireFinite(numbers: NamedTensors): void {
  if (areFinite(numbers.data)) return;
  for (const slot of numbers.layout.slots) {
    const values = slotView(numbers, slot);
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) throw notFinite(slot.name, at, values[at]!);
  }
}

/** A number's bits have an exponent of ones where it is not finite: one more carries into the sign. */
function areFinite({ buffer, byteOffset, length }: Float32Array): boolean {
  const bits = new Int32Array(buffer, byteOffset, length);
  let carried = 0;
  for (let i = 0; i < bits.length; i++) carried |= (bits[i]! & 0x7f800000) + 0x00800000;
  return carried >= 0;
}

export function notFinite(name: string, at: number, got: number): DeltaError {
  return new DeltaError("not-finite", `${name}[${at}]: expected a finite number in range, got ${got}`);
}
