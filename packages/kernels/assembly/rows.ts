// Row by row: norms, cross-entropy, embedding, RoPE, column sums.

import { exp4, ln, max4, sum4 } from "./elementary";
import { loadSome, storeSome } from "./pointwise";

export function layerNorm(x: usize, weight: usize, bias: usize, y: usize, rows: i32, width: i32, epsilon: f32): void {
  for (let r = 0; r < rows; r++) {
    const at = <usize>(r * width * 4);
    const mean = rowSum(x + at, width) / <f32>width;
    const inverse = <f32>1 / sqrt<f32>(centredSquares(x + at, width, mean) / <f32>width + epsilon);
    const m = f32x4.splat(mean), s = f32x4.splat(inverse);
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      const left = width - i;
      const unit = f32x4.mul(f32x4.sub(loadSome(x + at + o, left), m), s);
      storeSome(y + at + o, f32x4.add(f32x4.mul(unit, loadSome(weight + o, left)), loadSome(bias + o, left)), left);
    }
  }
}

export function layerNormGrad(
  x: usize, weight: usize, dy: usize, dx: usize, dweight: usize, dbias: usize,
  rows: i32, width: i32, epsilon: f32,
): void {
  memory.fill(dweight, 0, <usize>(width * 4));
  memory.fill(dbias, 0, <usize>(width * 4));
  for (let r = 0; r < rows; r++) {
    const at = <usize>(r * width * 4);
    const mean = rowSum(x + at, width) / <f32>width;
    const inverse = <f32>1 / sqrt<f32>(centredSquares(x + at, width, mean) / <f32>width + epsilon);
    const m = f32x4.splat(mean), s = f32x4.splat(inverse);
    let gSum = f32x4.splat(0), along = f32x4.splat(0);
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      const left = width - i;
      const d = loadSome(dy + at + o, left);
      const unit = f32x4.mul(f32x4.sub(loadSome(x + at + o, left), m), s);
      const g = f32x4.mul(d, loadSome(weight + o, left));
      gSum = f32x4.add(gSum, g);
      along = f32x4.add(along, f32x4.mul(g, unit));
      storeSome(dweight + o, f32x4.add(loadSome(dweight + o, left), f32x4.mul(d, unit)), left);
      storeSome(dbias + o, f32x4.add(loadSome(dbias + o, left), d), left);
    }
    const gMean = f32x4.splat(sum4(gSum) / <f32>width);
    const aMean = f32x4.splat(sum4(along) / <f32>width);
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      const left = width - i;
      const unit = f32x4.mul(f32x4.sub(loadSome(x + at + o, left), m), s);
      const g = f32x4.mul(loadSome(dy + at + o, left), loadSome(weight + o, left));
      storeSome(dx + at + o, f32x4.mul(f32x4.sub(f32x4.sub(g, gMean), f32x4.mul(unit, aMean)), s), left);
    }
  }
}

export function rmsNorm(x: usize, weight: usize, y: usize, rows: i32, width: i32, epsilon: f32): void {
  for (let r = 0; r < rows; r++) {
    const at = <usize>(r * width * 4);
    const s = f32x4.splat(<f32>1 / sqrt<f32>(centredSquares(x + at, width, 0) / <f32>width + epsilon));
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      const left = width - i;
      storeSome(y + at + o, f32x4.mul(f32x4.mul(loadSome(x + at + o, left), s), loadSome(weight + o, left)), left);
    }
  }
}

export function rmsNormGrad(
  x: usize, weight: usize, dy: usize, dx: usize, dweight: usize, rows: i32, width: i32, epsilon: f32,
): void {
  memory.fill(dweight, 0, <usize>(width * 4));
  for (let r = 0; r < rows; r++) {
    const at = <usize>(r * width * 4);
    const s = f32x4.splat(<f32>1 / sqrt<f32>(centredSquares(x + at, width, 0) / <f32>width + epsilon));
    let along = f32x4.splat(0);
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      const left = width - i;
      const d = loadSome(dy + at + o, left);
      const unit = f32x4.mul(loadSome(x + at + o, left), s);
      along = f32x4.add(along, f32x4.mul(f32x4.mul(d, loadSome(weight + o, left)), unit));
      storeSome(dweight + o, f32x4.add(loadSome(dweight + o, left), f32x4.mul(d, unit)), left);
    }
    const aMean = f32x4.splat(sum4(along) / <f32>width);
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      const left = width - i;
      const unit = f32x4.mul(loadSome(x + at + o, left), s);
      const g = f32x4.mul(loadSome(dy + at + o, left), loadSome(weight + o, left));
      storeSome(dx + at + o, f32x4.mul(f32x4.sub(g, f32x4.mul(unit, aMean)), s), left);
    }
  }
}

/** losses [rows], and dlogits unless it is 0. share = 1 / count. */
export function crossEntropy(
  logits: usize, targets: usize, losses: usize, dlogits: usize, rows: i32, width: i32, share: f32,
): void {
  for (let r = 0; r < rows; r++) {
    const row = logits + <usize>(r * width * 4);
    const out = dlogits == 0 ? <usize>0 : dlogits + <usize>(r * width * 4);
    const target = load<i32>(targets + <usize>(r * 4));
    if (target < 0) {
      store<f32>(losses + <usize>(r * 4), 0);
      if (out != 0) memory.fill(out, 0, <usize>(width * 4));
      continue;
    }
    const top = rowMax(row, width);
    const m = f32x4.splat(top);
    let low = f64x2.splat(0);
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      const left = width - i;
      let e = exp4(f32x4.sub(loadSome(row + o, left), m));
      if (left < 4) e = firstLanes(e, left);
      if (out != 0) storeSome(out + o, e, left);
      low = f64x2.add(low, f64x2.add(
        f64x2.promote_low_f32x4(e),
        f64x2.promote_low_f32x4(v128.shuffle<f32>(e, e, 2, 3, 2, 3)),
      ));
    }
    const sum = f64x2.extract_lane(low, 0) + f64x2.extract_lane(low, 1);
    const picked = <f64>load<f32>(row + <usize>(target * 4)) - <f64>top;
    store<f32>(losses + <usize>(r * 4), <f32>((ln(sum) - picked) * <f64>share));
    if (out == 0) continue;
    const factor = f32x4.splat(<f32>(<f64>share / sum));
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      storeSome(out + o, f32x4.mul(loadSome(out + o, width - i), factor), width - i);
    }
    const hit = out + <usize>(target * 4);
    store<f32>(hit, load<f32>(hit) - share);
  }
}

export function embedding(ids: usize, table: usize, y: usize, rows: i32, width: i32): void {
  const bytes = <usize>(width * 4);
  for (let r = 0; r < rows; r++)
    memory.copy(y + <usize>r * bytes, table + <usize>load<i32>(ids + <usize>(r * 4)) * bytes, bytes);
}

export function embeddingGrad(ids: usize, dy: usize, dtable: usize, rows: i32, width: i32, entries: i32): void {
  memory.fill(dtable, 0, <usize>(entries * width * 4));
  for (let r = 0; r < rows; r++) {
    const to = dtable + <usize>(load<i32>(ids + <usize>(r * 4)) * width * 4);
    const from = dy + <usize>(r * width * 4);
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      storeSome(to + o, f32x4.add(loadSome(to + o, width - i), loadSome(from + o, width - i)), width - i);
    }
  }
}

/** sign: 1 forward, -1 back. */
export function rope(
  x: usize, cos: usize, sin: usize, y: usize, rows: i32, context: i32, heads: i32, half: i32, sign: f32,
): void {
  for (let r = 0; r < rows; r++) {
    const angles = <usize>((r % context) * half * 4);
    for (let h = 0; h < heads; h++) {
      const at = <usize>(((r * heads + h) * 2 * half) * 4);
      const other = at + <usize>(half * 4);
      for (let i = 0; i < half; i += 4) {
        const o = <usize>(i * 4);
        const left = half - i;
        const c = loadSome(cos + angles + o, left);
        const s = f32x4.mul(loadSome(sin + angles + o, left), f32x4.splat(sign));
        const a = loadSome(x + at + o, left);
        const b = loadSome(x + other + o, left);
        storeSome(y + at + o, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)), left);
        storeSome(y + other + o, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)), left);
      }
    }
  }
}

/** y [width] = sums of the columns of x [rows, width]. */
export function columnSums(x: usize, y: usize, rows: i32, width: i32): void {
  memory.fill(y, 0, <usize>(width * 4));
  for (let r = 0; r < rows; r++)
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      const left = width - i;
      storeSome(y + o, f32x4.add(loadSome(y + o, left), loadSome(x + <usize>(r * width * 4) + o, left)), left);
    }
}

function rowSum(x: usize, width: i32): f32 {
  let sum = f32x4.splat(0);
  for (let i = 0; i < width; i += 4) sum = f32x4.add(sum, loadSome(x + <usize>(i * 4), width - i));
  return sum4(sum);
}

function centredSquares(x: usize, width: i32, mean: f32): f32 {
  const m = f32x4.splat(mean);
  let sum = f32x4.splat(0);
  for (let i = 0; i < width; i += 4) {
    let d = f32x4.sub(loadSome(x + <usize>(i * 4), width - i), m);
    if (width - i < 4) d = firstLanes(d, width - i);
    sum = f32x4.add(sum, f32x4.mul(d, d));
  }
  return sum4(sum);
}

function rowMax(x: usize, width: i32): f32 {
  let top = f32x4.splat(-Infinity);
  for (let i = 0; i < width; i += 4) {
    if (width - i >= 4) top = f32x4.max(top, v128.load(x + <usize>(i * 4)));
    else for (let j = i; j < width; j++) top = f32x4.max(top, f32x4.splat(load<f32>(x + <usize>(j * 4))));
  }
  return max4(top);
}

/** Zeros from lane `count` on. */
export function firstLanes(x: v128, count: i32): v128 {
  if (count <= 3) x = f32x4.replace_lane(x, 3, 0);
  if (count <= 2) x = f32x4.replace_lane(x, 2, 0);
  if (count <= 1) x = f32x4.replace_lane(x, 1, 0);
  return x;
}
