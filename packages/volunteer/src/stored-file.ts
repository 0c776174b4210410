// A file of what a device keeps: named tensors, as safetensors, and what belongs to them as JSON in one metadata key.
//
// Tensors are found by name and never by position. Who reads takes the names that it knows; others may stand beside
// them. A write of the disk is whole or not at all, so what belongs together is in one file.

import {
  decodeSafetensors,
  encodeSafetensorsFile,
  InputError,
  inARow,
  type NamedTensors,
  namedTensors,
  type SafetensorsEntry,
  safetensorsType,
  slotView,
  type TensorLayout,
} from "@homebody/base";

export interface StoredFile<M> {
  readonly meta: M;
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
}

const metaKey = "homebody";

export function encodeStored<M>({ meta, tensors }: StoredFile<M>): Uint8Array {
  return encodeSafetensorsFile({ metadata: { [metaKey]: JSON.stringify(meta) }, tensors });
}

/** The meta is what this device wrote itself; its form is not checked again. */
export function decodeStored<M>(bytes: Uint8Array, where: string): StoredFile<M> {
  const { metadata, tensors } = decodeSafetensors(bytes, where);
  const text = metadata[metaKey];
  if (text === undefined) throw new InputError(where, `metadata named ${metaKey}`, "none");
  try {
    return { meta: JSON.parse(text) as M, tensors };
  } catch {
    throw new InputError(`${where}, metadata`, "JSON", "something else");
  }
}

/** Entries for tensors, each under `prefix/name`. */
export function entriesOf(prefix: string, tensors: NamedTensors): readonly [string, SafetensorsEntry][] {
  return tensors.layout.slots.map((slot) => [
    `${prefix}/${slot.name}`,
    { shape: slot.shape, data: slotView(tensors, slot) },
  ]);
}

/**
 * The tensors of a layout from under `prefix/`, in the file's own memory where they lie there as the layout has them: not to be
 * changed. Throws an InputError that names one that is missing or misshapen.
 */
export function tensorsOf(
  { tensors }: Pick<StoredFile<unknown>, "tensors">,
  prefix: string,
  layout: TensorLayout,
  where: string,
): NamedTensors {
  const found = layout.slots.map(({ name, shape }) => {
    const entry = tensors.get(`${prefix}/${name}`);
    const [expected, got] = [shown("F32", shape), entry && shown(safetensorsType(entry.data), entry.shape)];
    if (got !== expected)
      throw new InputError(`${where}, tensor ${prefix}/${name}`, expected, got ?? "nothing");
    return entry!.data as Float32Array;
  });
  return namedTensors(layout, inARow(found));
}

/** Bytes that stand as one tensor. */
export function bytesEntry(data: Uint8Array): SafetensorsEntry {
  return { shape: [data.length], data };
}

export function bytesOf({ tensors }: Pick<StoredFile<unknown>, "tensors">, name: string, where: string) {
  const data = tensors.get(name)?.data;
  if (data instanceof Uint8Array) return data;
  throw new InputError(
    `${where}, tensor ${name}`,
    "bytes",
    data === undefined ? "nothing" : safetensorsType(data),
  );
}

const shown = (type: string, shape: readonly number[]) => `${type} [${shape.join(", ")}]`;
