// Attention to what is kept, a row and a head at a time: the cost is that of what the row sees.

import { dot } from "../../assembly/dot";
import { madd } from "../../assembly/elementary";
import { loadSome, storeSome } from "../../assembly/lanes";
import { softmaxRow } from "../../assembly/softmax";

export function cachedAttentionScratchBytes(length: i32): i32 {
  return (length + 4) * 4 + 16;
}

/** qkv: rows of H query, G key and G value heads; cache: rows of G keys and G values. */
export function cachedAttention(
  qkv: usize, places: usize, cache: usize, y: usize,
  rows: i32, heads: i32, kvHeads: i32, size: i32, scratch: usize,
): void {
  const scores = (scratch + 15) & ~15;
  const width = heads * size, kept = 2 * kvHeads * size;
  const stride = width + kept;
  const scale: f32 = <f32>1 / sqrt<f32>(<f32>size);
  for (let r = 0; r < rows; r++) {
    const to = cache + <usize>(load<i32>(places + <usize>(r * 4)) * kept * 4);
    memory.copy(to, qkv + <usize>((r * stride + width) * 4), <usize>(kept * 4));
  }
  for (let r = 0; r < rows; r++) {
    const seen = load<i32>(places + <usize>(r * 4)) + 1;
    for (let h = 0; h < heads; h++) {
      const q = qkv + <usize>((r * stride + h * size) * 4);
      const k = cache + <usize>((h / (heads / kvHeads)) * size * 4);
      for (let j = 0; j < seen; j++)
        store<f32>(scores + <usize>(j * 4), dot(q, k + <usize>(j * kept * 4), size));
      softmaxRow(scores, seen, (seen + 3) & ~3, scale);
      weighedSum(scores, k + <usize>(kvHeads * size * 4), kept, seen, y + <usize>((r * width + h * size) * 4), size);
    }
  }
}

/** Rows of v times their weights, `stride` numbers apart. */
function weighedSum(weights: usize, v: usize, stride: i32, count: i32, y: usize, size: i32): void {
  for (let i = 0; i < size; i += 4) {
    const o = <usize>(i * 4);
    let sum = f32x4.splat(0);
    for (let j = 0; j < count; j++)
      sum = madd(v128.load32_splat(weights + <usize>(j * 4)), loadSome(v + <usize>(j * stride * 4) + o, size - i), sum);
    storeSome(y + o, sum, size - i);
  }
}
