// Row by row: norms, cross-entropy, embedding, RoPE, column sums.

import { exp4, ln, max4, sum4 } from "./elementary";
import { loadSome, storeSome } from "./pointwise";

/** LayerNorm where there is a bias (not 0), else RMSNorm. stats: mean (0 in RMSNorm) and 1 / deviation of each row. */
export function norm(
  x: usize, weight: usize, bias: usize, y: usize, stats: usize, rows: i32, width: i32, epsilon: f32,
): void {
  for (let r = 0; r < rows; r++) {
    const at = <usize>(r * width * 4);
    const mean = bias != 0 ? rowSum(x + at, width) / <f32>width : <f32>0;
    const inverse = <f32>1 / sqrt<f32>(centredSquares(x + at, width, mean) / <f32>width + epsilon);
    store<f32>(stats + <usize>(r * 8), mean);
    store<f32>(stats + <usize>(r * 8), inverse, 4);
    const m = f32x4.splat(mean), s = f32x4.splat(inverse);
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      const left = width - i;
      const unit = f32x4.mul(f32x4.sub(loadSome(x + at + o, left), m), s);
      let v = f32x4.mul(unit, loadSome(weight + o, left));
      if (bias != 0) v = f32x4.add(v, loadSome(bias + o, left));
      storeSome(y + at + o, v, left);
    }
  }
}

/** skip: 0, or what is added to dx. centred: whether it is LayerNorm. */
export function normGrad(
  x: usize, weight: usize, stats: usize, dy: usize, skip: usize, dx: usize, rows: i32, width: i32, centred: i32,
): void {
  for (let r = 0; r < rows; r++) {
    const at = <usize>(r * width * 4);
    const m = v128.load32_splat(stats + <usize>(r * 8)), s = v128.load32_splat(stats + <usize>(r * 8), 4);
    let gSum = f32x4.splat(0), along = f32x4.splat(0);
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      const left = width - i;
      const unit = f32x4.mul(f32x4.sub(loadSome(x + at + o, left), m), s);
      const g = f32x4.mul(loadSome(dy + at + o, left), loadSome(weight + o, left));
      gSum = f32x4.add(gSum, g);
      along = f32x4.add(along, f32x4.mul(g, unit));
    }
    const gMean = f32x4.splat(centred != 0 ? sum4(gSum) / <f32>width : <f32>0);
    const aMean = f32x4.splat(sum4(along) / <f32>width);
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      const left = width - i;
      const unit = f32x4.mul(f32x4.sub(loadSome(x + at + o, left), m), s);
      const g = f32x4.mul(loadSome(dy + at + o, left), loadSome(weight + o, left));
      let d = f32x4.mul(f32x4.sub(f32x4.sub(g, gMean), f32x4.mul(unit, aMean)), s);
      if (skip != 0) d = f32x4.add(d, loadSome(skip + at + o, left));
      storeSome(dx + at + o, d, left);
    }
  }
}

/** dbias: 0 where there is none. */
export function normWeightGrad(
  x: usize, stats: usize, dy: usize, dweight: usize, dbias: usize, rows: i32, width: i32, accumulate: i32,
): void {
  if (accumulate == 0) {
    memory.fill(dweight, 0, <usize>(width * 4));
    if (dbias != 0) memory.fill(dbias, 0, <usize>(width * 4));
  }
  for (let r = 0; r < rows; r++) {
    const at = <usize>(r * width * 4);
    const m = v128.load32_splat(stats + <usize>(r * 8)), s = v128.load32_splat(stats + <usize>(r * 8), 4);
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      const left = width - i;
      const d = loadSome(dy + at + o, left);
      const unit = f32x4.mul(f32x4.sub(loadSome(x + at + o, left), m), s);
      storeSome(dweight + o, f32x4.add(loadSome(dweight + o, left), f32x4.mul(d, unit)), left);
      if (dbias != 0) storeSome(dbias + o, f32x4.add(loadSome(dbias + o, left), d), left);
    }
  }
}

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

/** positions: 0, or a table of `context` rows, of which row r % context is added. */
export function embedding(
  ids: usize, table: usize, positions: usize, y: usize, rows: i32, width: i32, context: i32,
): void {
  const bytes = <usize>(width * 4);
  for (let r = 0; r < rows; r++) {
    const to = y + <usize>r * bytes;
    const from = table + <usize>load<i32>(ids + <usize>(r * 4)) * bytes;
    if (positions == 0) {
      memory.copy(to, from, bytes);
      continue;
    }
    const position = positions + <usize>(r % context) * bytes;
    for (let i = 0; i < width; i += 4) {
      const o = <usize>(i * 4);
      storeSome(to + o, f32x4.add(loadSome(from + o, width - i), loadSome(position + o, width - i)), width - i);
    }
  }
}

/** Each row of the table sums the rows of dy along its chain. */
export function embeddingGrad(
  heads: usize, links: usize, dy: usize, dtable: usize, entries: i32, width: i32, accumulate: i32,
): void {
  if (accumulate == 0) memory.fill(dtable, 0, <usize>(entries * width * 4));
  for (let entry = 0; entry < entries; entry++) {
    const to = dtable + <usize>(entry * width * 4);
    for (let n = load<i32>(heads + <usize>(entry * 4)); n >= 0; n = load<i32>(links + <usize>(n * 4))) {
      const from = dy + <usize>(n * width * 4);
      for (let i = 0; i < width; i += 4) {
        const o = <usize>(i * 4);
        storeSome(to + o, f32x4.add(loadSome(to + o, width - i), loadSome(from + o, width - i)), width - i);
      }
    }
  }
}

/** In place, of the first heads of each row of `columns`. sign: 1 forward, -1 back. */
export function rope(
  cos: usize, sin: usize, x: usize, rows: i32, columns: i32, context: i32, heads: i32, half: i32, sign: f32,
): void {
  for (let r = 0; r < rows; r++) {
    const angles = <usize>((r % context) * half * 4);
    for (let h = 0; h < heads; h++) {
      const at = <usize>((r * columns + h * 2 * half) * 4);
      const other = at + <usize>(half * 4);
      for (let i = 0; i < half; i += 4) {
        const o = <usize>(i * 4);
        const left = half - i;
        const c = loadSome(cos + angles + o, left);
        const s = f32x4.mul(loadSome(sin + angles + o, left), f32x4.splat(sign));
        const a = loadSome(x + at + o, left);
        const b = loadSome(x + other + o, left);
        storeSome(x + at + o, f32x4.sub(f32x4.mul(a, c), f32x4.mul(b, s)), left);
        storeSome(x + other + o, f32x4.add(f32x4.mul(b, c), f32x4.mul(a, s)), left);
      }
    }
  }
}

/** y [width] = sums of the columns of x [rows, width]. */
export function columnSums(x: usize, y: usize, rows: i32, width: i32, accumulate: i32): void {
  if (accumulate == 0) memory.fill(y, 0, <usize>(width * 4));
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
