// Reads a safetensors file by its published description: https://huggingface.co/docs/safetensors. None of the project's own code.

export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

export function tensorsIn(file: Uint8Array): (name: string) => Tensor {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headerEnd = 8 + Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(file.subarray(8, headerEnd))) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  return (name) => {
    const entry = header[name];
    if (entry === undefined || entry.dtype !== "F32") throw new Error(`${name}: no float32 tensor`);
    const [start, end] = entry.data_offsets;
    const values = Float64Array.from({ length: (end - start) / 4 }, (_, i) =>
      view.getFloat32(headerEnd + start + 4 * i, true),
    );
    return { shape: entry.shape, values };
  };
}

export const hasTensor = (file: Uint8Array, name: string): boolean => {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  return Object.hasOwn(JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + length))), name);
};
