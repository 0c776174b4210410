// A model folder as others write it, by the published description of safetensors (https://huggingface.co/docs/safetensors) and
// none of the project's own code: float32 or bfloat16, in one file or several, named with or without the prefix of the model's
// base class, and with tensors that are no parameters.

interface Header {
  readonly [name: string]: {
    readonly dtype: string;
    readonly shape: readonly number[];
    readonly data_offsets: readonly [number, number];
  };
}

export interface OthersWay {
  readonly files?: number;
  readonly type?: "F32" | "BF16";
  /** `transformer.` or `model.` is left out. */
  readonly bare?: boolean;
  /** Also a mask of booleans, as old GPT-2 files have. */
  readonly mask?: boolean;
}

interface Tensor {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** `weights`: a file of float32 tensors, read byte by byte. Files by their names, without config.json and tokenizer.json. */
export function asOthersWrite(
  weights: Uint8Array,
  { files = 1, type = "F32", bare = false, mask = false }: OthersWay = {},
): Record<string, Uint8Array> {
  const tensors = tensorsOf(weights).map(({ name, shape, bytes }) => ({
    name: bare ? name.replace(/^(transformer|model)\./, "") : name,
    shape,
    dtype: type,
    bytes: type === "F32" ? bytes : upperHalves(bytes),
  }));
  const extra = {
    name: "h.0.attn.bias",
    dtype: "BOOL",
    shape: [1, 1, 2, 2],
    bytes: new Uint8Array([1, 0, 1, 1]),
  };
  const all: readonly Tensor[] = mask ? [...tensors, extra] : tensors;
  if (files === 1) return { "model.safetensors": fileOf(all) };
  const written: Record<string, Uint8Array> = {};
  const map: Record<string, string> = {};
  for (let i = 0; i < files; i++) {
    const name = `model-${String(i + 1).padStart(5, "0")}-of-${String(files).padStart(5, "0")}.safetensors`;
    const own = all.filter((_, j) => j % files === i);
    written[name] = fileOf(own);
    for (const one of own) map[one.name] = name;
  }
  const index = { metadata: { total_size: 1 }, weight_map: map };
  return { ...written, "model.safetensors.index.json": new TextEncoder().encode(JSON.stringify(index)) };
}

function tensorsOf(file: Uint8Array) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const start = 8 + Number(view.getBigUint64(0, true));
  const { __metadata__: _, ...header } = JSON.parse(
    new TextDecoder().decode(file.subarray(8, start)),
  ) as Header;
  return Object.entries(header).map(
    ([
      name,
      {
        shape,
        data_offsets: [from, to],
      },
    ]) => ({
      name,
      shape,
      bytes: file.slice(start + from, start + to),
    }),
  );
}

function upperHalves(bytes: Uint8Array): Uint8Array {
  return bytes.filter((_, i) => i % 4 >= 2);
}

function fileOf(tensors: readonly Tensor[]): Uint8Array {
  const header: Record<string, object> = {};
  let end = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    header[name] = { dtype, shape, data_offsets: [end, end + bytes.length] };
    end += bytes.length;
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  let at = 8 + text.length;
  for (const { bytes } of tensors) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}
