// Causal attention by blocks of queries: no more than a block's scores are in memory (after FlashAttention, Dao 2022).
//
// A block of rows i0.. sees the keys up to its last row only, so half of the products are never made. Forward keeps
// the logarithm of each row's sum; backward makes the probabilities again from it. Scores of a block are [32, T].

import { exp4, sum4 } from "../../assembly/elementary";
import { firstLanes } from "../../assembly/lanes";
import { softmaxRow } from "../../assembly/softmax";
import { gemm } from "../matmul/simd";

const BLOCK: i32 = 32;

/** Beyond gemm's own: two blocks of scores. */
export function attentionScratchBytes(context: i32): i32 {
  return 2 * BLOCK * (context + 4) * 4 + 32;
}

/** qkv: rows of H query, G key and G value heads. */
export function attention(
  qkv: usize, y: usize, lse: usize,
  batch: i32, context: i32, heads: i32, kvHeads: i32, size: i32, scratch: usize, gemmScratch: usize,
): void {
  const scores = (scratch + 15) & ~15;
  const stride = (heads + 2 * kvHeads) * size, yStride = heads * size;
  const scale: f32 = <f32>1 / sqrt<f32>(<f32>size);
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++) {
      const group = h / (heads / kvHeads);
      const qAt = qkv + <usize>((b * context * stride + h * size) * 4);
      const kAt = qkv + <usize>((b * context * stride + (heads + group) * size) * 4);
      const vAt = kAt + <usize>(kvHeads * size * 4);
      const yAt = y + <usize>((b * context * yStride + h * size) * 4);
      const lseAt = lse + <usize>(((b * heads + h) * context) * 4);
      for (let i0 = 0; i0 < context; i0 += BLOCK) {
        const rows = min(BLOCK, context - i0);
        const seen = i0 + rows;
        const ld = (seen + 3) & ~3;
        gemm(0, 1, rows, seen, size, qAt + <usize>(i0 * stride * 4), stride, kAt, stride, scores, ld, 0, 0, gemmScratch);
        for (let r = 0; r < rows; r++)
          store<f32>(lseAt + <usize>((i0 + r) * 4), softmaxRow(scores + <usize>(r * ld * 4), i0 + r + 1, ld, scale));
        gemm(0, 0, rows, size, seen, scores, ld, vAt, stride, yAt + <usize>(i0 * yStride * 4), yStride, 0, 0, gemmScratch);
      }
    }
}

export function attentionGrad(
  qkv: usize, y: usize, lse: usize, dy: usize, dqkv: usize,
  batch: i32, context: i32, heads: i32, kvHeads: i32, size: i32, scratch: usize, gemmScratch: usize,
): void {
  const scores = (scratch + 15) & ~15;
  const slopes = scores + <usize>(BLOCK * (context + 4) * 4);
  const stride = (heads + 2 * kvHeads) * size, yStride = heads * size;
  const scale: f32 = <f32>1 / sqrt<f32>(<f32>size);
  memory.fill(dqkv, 0, <usize>(batch * context * stride * 4));
  for (let b = 0; b < batch; b++)
    for (let h = 0; h < heads; h++) {
      const group = h / (heads / kvHeads);
      const qOffset = <usize>((b * context * stride + h * size) * 4);
      const kOffset = <usize>((b * context * stride + (heads + group) * size) * 4);
      const vOffset = kOffset + <usize>(kvHeads * size * 4);
      const yOffset = <usize>((b * context * yStride + h * size) * 4);
      const lseAt = lse + <usize>(((b * heads + h) * context) * 4);
      for (let i0 = 0; i0 < context; i0 += BLOCK) {
        const rows = min(BLOCK, context - i0);
        const seen = i0 + rows;
        const ld = (seen + 3) & ~3;
        const at = qOffset + <usize>(i0 * stride * 4);
        const yAt = yOffset + <usize>(i0 * yStride * 4);
        // P = exp(q kT scale - lse), dP = dy vT
        gemm(0, 1, rows, seen, size, qkv + at, stride, qkv + kOffset, stride, scores, ld, 0, 0, gemmScratch);
        gemm(0, 1, rows, seen, size, dy + yAt, yStride, qkv + vOffset, stride, slopes, ld, 0, 0, gemmScratch);
        for (let r = 0; r < rows; r++) {
          const rowAt = yAt + <usize>(r * yStride * 4);
          gradRow(
            scores + <usize>(r * ld * 4), slopes + <usize>(r * ld * 4), i0 + r + 1, ld, scale,
            load<f32>(lseAt + <usize>((i0 + r) * 4)), dot(y + rowAt, dy + rowAt, size),
          );
        }
        // dv += PT dy, dq = dS k, dk += dST q
        gemm(1, 0, seen, size, rows, scores, ld, dy + yAt, yStride, dqkv + vOffset, stride, 1, 0, gemmScratch);
        gemm(0, 0, rows, size, seen, slopes, ld, qkv + kOffset, stride, dqkv + at, stride, 0, 0, gemmScratch);
        gemm(1, 0, seen, size, rows, slopes, ld, qkv + at, stride, dqkv + kOffset, stride, 1, 0, gemmScratch);
      }
    }
}

/** scores -> probabilities; slopes (dP) -> dS = P (dP - inner) scale; zeros where the key comes after the query. */
function gradRow(scores: usize, slopes: usize, count: i32, width: i32, scale: f32, lse: f32, inner: f32): void {
  const s = f32x4.splat(scale), l = f32x4.splat(lse), d = f32x4.splat(inner);
  for (let i = 0; i < width; i += 4) {
    const a = scores + <usize>(i * 4);
    const b = slopes + <usize>(i * 4);
    let p = f32x4.splat(0), t = p;
    if (i < count) {
      p = exp4(f32x4.sub(f32x4.mul(v128.load(a), s), l));
      t = f32x4.mul(f32x4.mul(p, f32x4.sub(v128.load(b), d)), s);
      if (count - i < 4) {
        p = firstLanes(p, count - i);
        t = firstLanes(t, count - i);
      }
    }
    v128.store(a, p);
    v128.store(b, t);
  }
}

function dot(a: usize, b: usize, size: i32): f32 {
  let sum = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= size; i += 4)
    sum = f32x4.add(sum, f32x4.mul(v128.load(a + <usize>(i * 4)), v128.load(b + <usize>(i * 4))));
  let total = sum4(sum);
  for (; i < size; i++) total += load<f32>(a + <usize>(i * 4)) * load<f32>(b + <usize>(i * 4));
  return total;
}
