// Softmax cross-entropy in place, row by row, with sums in float64.

import { exp4, ln, max4 } from "../../assembly/elementary";
import { firstLanes, loadSome, storeSome } from "../../assembly/lanes";

/** The gradient takes the place of the logits where it is wanted. settings: share first. */
export function crossEntropy(
  targets: usize, settings: usize, losses: usize, logits: usize, rows: i32, width: i32, gradient: i32, accumulate: i32,
): void {
  const share = load<f32>(settings);
  for (let r = 0; r < rows; r++) {
    const row = logits + <usize>(r * width * 4);
    const lossAt = losses + <usize>(r * 4);
    const before: f32 = accumulate != 0 ? load<f32>(lossAt) : 0;
    const target = load<i32>(targets + <usize>(r * 4));
    if (target < 0) {
      store<f32>(lossAt, before);
      if (gradient != 0) memory.fill(row, 0, <usize>(width * 4));
      continue;
    }
    const top = rowMax(row, width);
    const picked = <f64>load<f32>(row + <usize>(target * 4)) - <f64>top;
    const m = f32x4.splat(top);
    let low = f64x2.splat(0);
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      const left = width - i;
      let e = exp4(f32x4.sub(loadSome(row + o, left), m));
      if (left < 4) e = firstLanes(e, left);
      if (gradient != 0) storeSome(row + o, e, left);
      low = f64x2.add(low, f64x2.add(
        f64x2.promote_low_f32x4(e),
        f64x2.promote_low_f32x4(v128.shuffle<f32>(e, e, 2, 3, 2, 3)),
      ));
    }
    const sum = f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1);
    store<f32>(lossAt, before + <f32>((ln(sum) - picked) * <f64>share));
    if (gradient == 0) continue;
    const factor = f32x4.splat(<f32>(<f64>share / sum));
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      storeSome(row + o, f32x4.mul(loadSome(row + o, width - i), factor), width - i);
    }
    const hit = row + <usize>(target * 4);
    store<f32>(hit, load<f32>(hit) - share);
  }
}

function rowMax(x: usize, width: i32): f32 {
  let top = f32x4.splat(-Infinity);
  for (let i = 0; i < width; i += 4) {
    if (width - i >= 4) top = f32x4.max(top, v128.load(x + <usize>(i * 4)));
    else for (let j = i; j < width; j++) top = f32x4.max(top, f32x4.splat(load<f32>(x + <usize>(j * 4))));
  }
  return max4(top);
}
