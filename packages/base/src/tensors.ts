// Named tensors over one flat buffer: what the codec, the aggregation and the optimiser work on.
//
// A layout says which tensor lies where; it has no numbers. The numbers are one Float32Array, in the layout's
// order, without gaps. Anything that treats all parameters alike (a delta, a mean, a norm) is one loop.

import { InputError } from "./errors.ts";

export interface TensorSlot {
  readonly name: string;
  readonly shape: readonly number[];
  /** In elements, from the start of the flat buffer. */
  readonly offset: number;
  /** In elements: the product of the shape. */
  readonly size: number;
}

export interface TensorLayout {
  readonly slots: readonly TensorSlot[];
  /** Elements in all. */
  readonly size: number;
}

export interface NamedTensors {
  readonly layout: TensorLayout;
  readonly data: Float32Array;
}

export function tensorLayout(
  tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
): TensorLayout {
  const seen = new Set<string>();
  let offset = 0;
  const slots = tensors.map(({ name, shape }) => {
    if (seen.has(name)) throw new InputError("layout", "each tensor once", `${name} twice`);
    seen.add(name);
    const size = shape.reduce((product, side) => product * side, 1);
    const slot = { name, shape, offset, size };
    offset += size;
    return slot;
  });
  return { slots, size: offset };
}

/** Zeros, or the given numbers (not copied). */
export function namedTensors(
  layout: TensorLayout,
  data: Float32Array = new Float32Array(layout.size),
): NamedTensors {
  if (data.length !== layout.size)
    throw new InputError("tensors", `${layout.size} numbers`, `${data.length}`);
  return { layout, data };
}

/** The numbers of one slot: a view on the flat buffer. */
export function slotView(tensors: NamedTensors, slot: TensorSlot): Float32Array {
  return tensors.data.subarray(slot.offset, slot.offset + slot.size);
}

export function tensorByName(tensors: NamedTensors, name: string): Float32Array {
  const slot = tensors.layout.slots.find((slot) => slot.name === name);
  if (slot === undefined) throw new InputError("tensors", `a tensor named ${name}`, "none");
  return slotView(tensors, slot);
}

/** Throws an InputError that names the first difference. */
export function requireSameLayout(got: TensorLayout, expected: TensorLayout, where: string): void {
  const show = (slot: TensorSlot | undefined) =>
    slot ? `${slot.name} [${slot.shape.join(", ")}]` : "nothing";
  const count = Math.max(got.slots.length, expected.slots.length);
  for (let i = 0; i < count; i++) {
    const [a, b] = [show(expected.slots[i]), show(got.slots[i])];
    if (a !== b) throw new InputError(`${where}, tensor ${i}`, a, b);
  }
}
