// Element by element: GELU, SwiGLU, AdamW, sums. Lengths need not be multiples of four: what is left over goes
// through the same code by way of a padded buffer on the stack of four numbers (`tail`).

import { exp4 } from "./elementary";

const cubic: f32 = 0.044715;
const scale: f32 = 0.7978845608028654; // sqrt(2 / pi)

/** 1 / (1 + exp(-x)). */
// @ts-ignore: decorator
@inline
function sigmoid4(x: v128): v128 {
  return f32x4.div(f32x4.splat(1), f32x4.add(f32x4.splat(1), exp4(f32x4.neg(x))));
}

// @ts-ignore: decorator
@inline
function geluInner(x: v128): v128 {
  const x2 = f32x4.mul(x, x);
  const u = f32x4.mul(f32x4.splat(scale), f32x4.mul(x, f32x4.add(f32x4.splat(1), f32x4.mul(f32x4.splat(cubic), x2))));
  // tanh(u) = 2 sigmoid(2u) - 1
  return f32x4.sub(f32x4.mul(f32x4.splat(2), sigmoid4(f32x4.add(u, u))), f32x4.splat(1));
}

// @ts-ignore: decorator
@inline
function gelu4(x: v128): v128 {
  const t = geluInner(x);
  return f32x4.mul(f32x4.mul(f32x4.splat(0.5), x), f32x4.add(f32x4.splat(1), t));
}

// @ts-ignore: decorator
@inline
function geluGrad4(x: v128, dy: v128): v128 {
  const t = geluInner(x);
  const one = f32x4.splat(1);
  const slope = f32x4.mul(f32x4.splat(scale), f32x4.add(one, f32x4.mul(f32x4.splat(3 * cubic), f32x4.mul(x, x))));
  const bend = f32x4.mul(f32x4.mul(x, slope), f32x4.sub(one, f32x4.mul(t, t)));
  return f32x4.mul(dy, f32x4.mul(f32x4.splat(0.5), f32x4.add(f32x4.add(one, t), bend)));
}

// tfjs allocates at least 16 bytes apart, and its allocator keeps a word before and after: reading a whole vector at
// the end of a tensor stays within the memory; writing past it must not happen, so the last lanes are stored one by one.
// @ts-ignore: decorator
@inline
function storeSome(at: usize, x: v128, count: i32): void {
  if (count >= 4) {
    v128.store(at, x);
    return;
  }
  store<f32>(at, f32x4.extract_lane(x, 0));
  if (count > 1) store<f32>(at, f32x4.extract_lane(x, 1), 4);
  if (count > 2) store<f32>(at, f32x4.extract_lane(x, 2), 8);
}

// @ts-ignore: decorator
@inline
function loadSome(at: usize, count: i32): v128 {
  if (count >= 4) return v128.load(at);
  let x = f32x4.splat(0);
  x = f32x4.replace_lane(x, 0, load<f32>(at));
  if (count > 1) x = f32x4.replace_lane(x, 1, load<f32>(at, 4));
  if (count > 2) x = f32x4.replace_lane(x, 2, load<f32>(at, 8));
  return x;
}

export function gelu(x: usize, y: usize, size: i32): void {
  for (let i = 0; i < size; i += 4) {
    const at = <usize>(i * 4);
    storeSome(y + at, gelu4(loadSome(x + at, size - i)), size - i);
  }
}

export function geluGrad(x: usize, dy: usize, dx: usize, size: i32): void {
  for (let i = 0; i < size; i += 4) {
    const at = <usize>(i * 4);
    storeSome(dx + at, geluGrad4(loadSome(x + at, size - i), loadSome(dy + at, size - i)), size - i);
  }
}

export function swiglu(gate: usize, up: usize, y: usize, size: i32): void {
  for (let i = 0; i < size; i += 4) {
    const at = <usize>(i * 4);
    const g = loadSome(gate + at, size - i);
    storeSome(y + at, f32x4.mul(f32x4.mul(g, sigmoid4(g)), loadSome(up + at, size - i)), size - i);
  }
}

export function swigluGrad(gate: usize, up: usize, dy: usize, dgate: usize, dup: usize, size: i32): void {
  const one = f32x4.splat(1);
  for (let i = 0; i < size; i += 4) {
    const at = <usize>(i * 4);
    const g = loadSome(gate + at, size - i);
    const d = loadSome(dy + at, size - i);
    const s = sigmoid4(g);
    const slope = f32x4.mul(s, f32x4.add(one, f32x4.mul(g, f32x4.sub(one, s))));
    storeSome(dgate + at, f32x4.mul(f32x4.mul(d, loadSome(up + at, size - i)), slope), size - i);
    storeSome(dup + at, f32x4.mul(d, f32x4.mul(g, s)), size - i);
  }
}

/** In place. keep = 1 - lr * decay; rate = lr / (1 - b1^t); correction = 1 / (1 - b2^t). */
export function adamw(
  parameter: usize, gradient: usize, first: usize, second: usize, size: i32,
  beta1: f32, beta2: f32, epsilon: f32, keep: f32, rate: f32, correction: f32, clip: f32,
): void {
  const b1 = f32x4.splat(beta1), c1 = f32x4.splat(1 - beta1);
  const b2 = f32x4.splat(beta2), c2 = f32x4.splat(1 - beta2);
  for (let i = 0; i < size; i += 4) {
    const at = <usize>(i * 4);
    const left = size - i;
    const g = f32x4.mul(loadSome(gradient + at, left), f32x4.splat(clip));
    const m = f32x4.add(f32x4.mul(loadSome(first + at, left), b1), f32x4.mul(g, c1));
    const v = f32x4.add(f32x4.mul(loadSome(second + at, left), b2), f32x4.mul(f32x4.mul(g, g), c2));
    const deviation = f32x4.add(f32x4.sqrt(f32x4.mul(v, f32x4.splat(correction))), f32x4.splat(epsilon));
    const move = f32x4.div(f32x4.mul(m, f32x4.splat(rate)), deviation);
    const p = f32x4.sub(f32x4.mul(loadSome(parameter + at, left), f32x4.splat(keep)), move);
    storeSome(parameter + at, p, left);
    storeSome(first + at, m, left);
    storeSome(second + at, v, left);
  }
}

export function sumOfSquares(x: usize, size: i32): f32 {
  let low = f64x2.splat(0), high = low;
  for (let i = 0; i < size; i += 4) {
    const v = loadSome(x + <usize>(i * 4), size - i);
    const a = f64x2.promote_low_f32x4(v);
    const b = f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const sum = f64x2.add(low, high);
  return <f32>(f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
}

export { loadSome, storeSome };
