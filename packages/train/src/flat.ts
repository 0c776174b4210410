// Tensors by name, and the flat array that they stand in on the device (packages/model, arrangement.ts).

import { InputError, type NamedTensors, namedTensors, type TensorLayout } from "@homebody/base";
import type { Operand, Storage, Workspace } from "@homebody/kernels";
import { type Arrangement, type Group, groupLayout, groups, type ModelConfig } from "@homebody/model";
import { type Span, spansOf } from "./rates.ts";

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

export const pieceOf = (storage: Storage, { offset, size }: Span): Operand => ({
  storage,
  offset,
  shape: [size],
});

/** Where values of a whole model are. */
export interface ValuesPlace {
  readonly space: Workspace;
  readonly arrangement: Arrangement;
  readonly values: Storage;
}

/** Copies a group's tensors there; `layout` is the group's. Throws an InputError unless they have as many numbers. */
export function writeGroup(
  { space, arrangement, values }: ValuesPlace,
  group: Group,
  layout: TensorLayout,
  { data }: NamedTensors,
): void {
  if (data.length !== layout.size) throw new InputError(group, `${layout.size} numbers`, `${data.length}`);
  for (const span of spansOf(arrangement, [group])) // one, or none
    space.write(pieceOf(values, span), scatter(arrangement, { data, layout }, span));
}
