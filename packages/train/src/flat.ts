// Tensors by name, and the flat array that they stand in on the device (packages/model, arrangement.ts).

import { type NamedTensors, namedTensors, type TensorLayout } from "@homebody/base";
import { type Arrangement, groupLayout, groups, type ModelConfig } from "@homebody/model";
import type { Span } from "./rates.ts";

/** Tensors of a layout out of a piece of the flat array that begins at `start`. */
export function gather(
  { places }: Arrangement,
  flat: Float32Array,
  layout: TensorLayout,
  start = 0,
): NamedTensors {
  const result = namedTensors(layout);
  for (const { name, offset, size } of layout.slots) {
    const from = places.get(name)!.offset - start;
    result.data.set(flat.subarray(from, from + size), offset);
  }
  return result;
}

/** Tensors of a layout as a piece of the flat array; zeros between them. */
export function scatter(
  { places }: Arrangement,
  { data, layout }: NamedTensors,
  { offset: start, size }: Span,
): Float32Array {
  const flat = new Float32Array(size);
  for (const { name, offset, size } of layout.slots)
    flat.set(data.subarray(offset, offset + size), places.get(name)!.offset - start);
  return flat;
}

/** Of all groups, one after another. */
export function layoutOfModel(config: ModelConfig): TensorLayout {
  let offset = 0;
  const slots = groups.flatMap((group) =>
    groupLayout(config, group).slots.map((slot) => {
      const placed = { ...slot, offset };
      offset += slot.size;
      return placed;
    }),
  );
  return { slots, size: offset };
}
