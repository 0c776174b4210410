// Softmax of a row of scores, in place.

import { exp4, ln, max4, sum4 } from "./elementary";
import { firstLanes } from "./lanes";

/** Probabilities in place over the first `count`, zeros after them up to `width`; returns the log of the sum. */
export function softmaxRow(row: usize, count: i32, width: i32, scale: f32): f32 {
  let top = f32x4.splat(-Infinity);
  let i = 0;
  for (; i + 4 <= count; i += 4) top = f32x4.max(top, v128.load(row + <usize>(i * 4)));
  for (; i < count; i++) top = f32x4.max(top, f32x4.splat(load<f32>(row + <usize>(i * 4))));
  const m = max4(top) * scale;
  const s = f32x4.splat(scale), shift = f32x4.splat(m);
  let sum = f32x4.splat(0);
  for (i = 0; i < width; i += 4) {
    const at = row + <usize>(i * 4);
    let e = f32x4.splat(0);
    if (i < count) {
      e = exp4(f32x4.sub(f32x4.mul(v128.load(at), s), shift));
      if (count - i < 4) e = firstLanes(e, count - i);
    }
    v128.store(at, e);
    sum = f32x4.add(sum, e);
  }
  const total = sum4(sum);
  const factor = f32x4.splat(<f32>1 / total);
  for (i = 0; i < count; i += 4) {
    const at = row + <usize>(i * 4);
    v128.store(at, f32x4.mul(v128.load(at), factor));
  }
  return m + <f32>ln(<f64>total);
}
