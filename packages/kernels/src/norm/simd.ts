// LayerNorm and RMSNorm row by row; gradients of weights add up over the rows.

import { sum4 } from "../../assembly/elementary";
import { firstLanes, loadSome, storeSome } from "../../assembly/lanes";

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
