// The weighted mean of many deltas, one at a time: sums in float64, so memory is that of one delta and the order of
// addition is the caller's. Equal deltas in an equal order give equal bytes.

import { InputError } from "@homebody/base";

export interface MeanAccumulator {
  add(delta: Float32Array, weight: number): void;
  /** The weighted mean of all that was added. */
  result(): Float32Array;
}

export function meanAccumulator(size: number): MeanAccumulator {
  const sum = new Float64Array(size);
  let total = 0;
  return {
    add(delta, weight) {
      if (delta.length !== size) throw new InputError("mean", `${size} numbers`, `${delta.length}`);
      if (!(weight >= 0 && weight < Infinity)) throw new InputError("mean, weight", "0 or more", `${weight}`);
      total += weight;
      for (let i = 0; i < size; i++) sum[i] = sum[i]! + weight * delta[i]!;
    },
    result() {
      if (total <= 0) throw new InputError("mean", "a weight above 0", `${total}`);
      const mean = new Float32Array(size);
      for (let i = 0; i < size; i++) mean[i] = sum[i]! / total;
      return mean;
    },
  };
}
