// What both transformers are made of, a position at a time, in float64. None of the project's own code.

import type { Tensor } from "./safetensors.ts";

export type Vector = Float64Array;

export const add = (a: Vector, b: ArrayLike<number>): Vector => a.map((value, i) => value + b[i]!);

/** x W + b, with W as [in, out]: GPT-2's Conv1D. */
export function conv1d(x: Vector, { shape, values }: Tensor, bias: Tensor): Vector {
  const out = shape[1]!;
  return Float64Array.from({ length: out }, (_, j) =>
    x.reduce((sum, value, i) => sum + value * values[i * out + j]!, bias.values[j]!),
  );
}

/** W x, with W as [out, in]: torch.nn.Linear without a bias. */
export function linear(x: Vector, { shape, values }: Tensor): Vector {
  const [out, from] = shape as [number, number];
  return Float64Array.from({ length: out }, (_, j) =>
    x.reduce((sum, value, i) => sum + value * values[j * from + i]!, 0),
  );
}

export const row = ({ shape, values }: Tensor, i: number): Vector =>
  values.slice(i * shape[1]!, (i + 1) * shape[1]!);

export function softmax(scores: readonly number[]): number[] {
  const most = Math.max(...scores);
  const powers = scores.map((score) => Math.exp(score - most));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}

/**
 * Scaled dot-product attention (Vaswani et al. 2017, section 3.2) of the last position over all up to it. Heads lie one after
 * another in a query; of keys and values there may be fewer, each for as many heads in a row (Ainslie et al. 2023).
 */
export function attend(
  query: Vector,
  keys: readonly Vector[],
  values: readonly Vector[],
  { heads, kvHeads, size }: { readonly heads: number; readonly kvHeads: number; readonly size: number },
): Vector {
  const result = new Float64Array(heads * size);
  for (let head = 0; head < heads; head++) {
    const shared = Math.floor(head / (heads / kvHeads)) * size;
    const scores = keys.map((key) => {
      let dot = 0;
      for (let i = 0; i < size; i++) dot += query[head * size + i]! * key[shared + i]!;
      return dot / Math.sqrt(size);
    });
    for (const [at, weight] of softmax(scores).entries())
      for (let i = 0; i < size; i++) result[head * size + i]! += weight * values[at]![shared + i]!;
  }
  return result;
}
