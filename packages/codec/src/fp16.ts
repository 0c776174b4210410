// Half precision with a power-of-two scale a tensor. After the header:
//
//  20  i16 a tensor     the power of two that its halves are multiplied with
//  ..  the numbers      as halves, in the layout's order

import { namedTensors, slotView, type TensorLayout, type TensorSlot } from "@homebody/base";
import { infinity } from "./arithmetic.ts";
import type { Codec } from "./codec.ts";
import { DeltaError } from "./delta-error.ts";
import { fastest } from "./fastest.ts";
import { notFinite, requireFinite } from "./finite.ts";
import { checkHeader, headerBytes, writeHeader } from "./header.ts";

const halvesAt = ({ slots }: TensorLayout) => headerBytes + slots.length * 2;
const mostBytes = (layout: TensorLayout) => halvesAt(layout) + layout.size * 2;

/** `arithmetic`: of this machine, where none is given. */
export function halfCodec(arithmetic = fastest): Codec {
  return {
    name: "fp16",
    exact: true,
    mostBytes,
    encode(numbers, dropped) {
      const { layout } = numbers;
      const { largest, writeHalves } = arithmetic();
      const bytes = new Uint8Array(mostBytes(layout));
      writeHeader(bytes, "fp16", layout);
      const view = new DataView(bytes.buffer);
      for (const [i, slot] of layout.slots.entries()) {
        const values = slotView(numbers, slot);
        const most = largest(values);
        if (most >= infinity) requireFinite(numbers);
        const exponent = scaleExponent(most);
        view.setInt16(headerBytes + i * 2, exponent, true);
        if (exponent === mostExponent) requireInHalf(values, slot.name);
        writeHalves(
          values,
          exponent,
          halvesOf(bytes, layout, slot),
          dropped?.subarray(slot.offset, slot.offset + slot.size),
        );
      }
      return bytes;
    },
    decode(bytes, layout, into) {
      const sizeBytes = mostBytes(layout);
      checkHeader(bytes, "fp16", layout, sizeBytes);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const numbers = namedTensors(layout, into);
      for (const [i, slot] of layout.slots.entries()) {
        const exponent = view.getInt16(headerBytes + i * 2, true);
        if (exponent < leastExponent || exponent > mostExponent)
          throw new DeltaError(
            "format",
            `${slot.name} exponent: expected ${leastExponent} to ${mostExponent}, got ${exponent}`,
          );
        const ok = arithmetic().readHalves(halvesOf(bytes, layout, slot), exponent, slotView(numbers, slot));
        if (!ok) throw new DeltaError("not-finite", `${slot.name}: expected halves in range`);
      }
      return { numbers, sizeBytes };
    },
  };
}

function halvesOf(bytes: Uint8Array, layout: TensorLayout, { offset, size }: TensorSlot): Uint8Array {
  const at = halvesAt(layout) + offset * 2;
  return bytes.subarray(at, at + size * 2);
}

// The largest number of a tensor comes to lie in [2^14, 2^15): half has no larger binade that rounding cannot leave.
// What is 2^38 times smaller still has a bit, so the small deltas at a schedule's end do not underflow.
const top = 14;
const leastExponent = -149 - top; // of the smallest float32
const mostExponent = 127 - top;
/** What is larger rounds to 2^128, which is no float32. */
const largestInHalf = (2 - 2 ** -10) * 2 ** 127;

/** The tensor's whose largest magnitude has these bits of a float32; zero for a tensor of zeros. */
function scaleExponent(largest: number): number {
  if (largest === 0) return 0;
  const field = largest >>> 23;
  return (field > 0 ? field - 127 : 31 - Math.clz32(largest) - 149) - top;
}

function requireInHalf(values: Float32Array, name: string): void {
  const beyond = values.findIndex((x) => Math.abs(x) > largestInHalf);
  if (beyond >= 0) throw notFinite(name, beyond, values[beyond]!);
}

export const fp16 = halfCodec();
