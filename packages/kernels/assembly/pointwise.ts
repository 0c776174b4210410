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

/** x [rows, 2 width]: gate and up side by side. */
export function swiglu(x: usize, y: usize, rows: i32, width: i32): void {
  const bytes = <usize>(width * 4);
  for (let r = 0; r < rows; r++) {
    const gate = x + 2 * <usize>r * bytes;
    const out = y + <usize>r * bytes;
    for (let i = 0; i < width; i += 4) {
      const at = <usize>(i * 4);
      const g = loadSome(gate + at, width - i);
      storeSome(out + at, f32x4.mul(f32x4.mul(g, sigmoid4(g)), loadSome(gate + bytes + at, width - i)), width - i);
    }
  }
}

export function swigluGrad(x: usize, dy: usize, dx: usize, rows: i32, width: i32): void {
  const one = f32x4.splat(1);
  const bytes = <usize>(width * 4);
  for (let r = 0; r < rows; r++) {
    const gate = x + 2 * <usize>r * bytes;
    const out = dx + 2 * <usize>r * bytes;
    for (let i = 0; i < width; i += 4) {
      const at = <usize>(i * 4);
      const left = width - i;
      const g = loadSome(gate + at, left);
      const d = loadSome(dy + <usize>r * bytes + at, left);
      const s = sigmoid4(g);
      const slope = f32x4.mul(s, f32x4.add(one, f32x4.mul(g, f32x4.sub(one, s))));
      storeSome(out + at, f32x4.mul(f32x4.mul(d, loadSome(gate + bytes + at, left)), slope), left);
      storeSome(out + bytes + at, f32x4.mul(d, f32x4.mul(g, s)), left);
    }
  }
}

/** In place; nothing moves where control's third number is 0. settings: share, rate, correction, kept. */
export function adamw(
  parameter: usize, gradient: usize, first: usize, second: usize, control: usize, settings: usize, size: i32,
  beta1: f32, rest1: f32, beta2: f32, rest2: f32, epsilon: f32, decays: i32,
): void {
  const scale = load<f32>(control, 8);
  if (scale == 0) return;
  const clip = f32x4.splat(scale), rate = v128.load32_splat(settings, 4), correction = v128.load32_splat(settings, 8);
  const keep = decays != 0 ? v128.load32_splat(settings, 12) : f32x4.splat(1);
  const b1 = f32x4.splat(beta1), c1 = f32x4.splat(rest1), b2 = f32x4.splat(beta2), c2 = f32x4.splat(rest2);
  for (let i = 0; i < size; i += 4) {
    const at = <usize>(i * 4);
    const left = size - i;
    const g = f32x4.mul(loadSome(gradient + at, left), clip);
    const m = f32x4.add(f32x4.mul(loadSome(first + at, left), b1), f32x4.mul(g, c1));
    const v = f32x4.add(f32x4.mul(loadSome(second + at, left), b2), f32x4.mul(f32x4.mul(g, g), c2));
    const deviation = f32x4.add(f32x4.sqrt(f32x4.mul(v, correction)), f32x4.splat(epsilon));
    const move = f32x4.div(f32x4.mul(m, rate), deviation);
    const p = f32x4.sub(f32x4.mul(loadSome(parameter + at, left), keep), move);
    storeSome(parameter + at, p, left);
    storeSome(first + at, m, left);
    storeSome(second + at, v, left);
  }
}

function sumOfSquares(x: usize, size: i32): f64 {
  let low = f64x2.splat(0), high = low;
  for (let i = 0; i < size; i += 4) {
    const v = loadSome(x + <usize>(i * 4), size - i);
    const a = f64x2.promote_low_f32x4(v);
    const b = f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/** control: the sum of losses, the norm of gradients, the clip (0 where either is not finite). */
export function gradientNorm(
  gradients: usize, size: i32, losses: usize, count: i32, control: usize, clip: f32,
): void {
  let loss: f64 = 0;
  for (let i = 0; i < count; i++) loss += <f64>load<f32>(losses + <usize>(i * 4));
  const norm = <f32>sqrt<f64>(sumOfSquares(gradients, size));
  const scale: f32 = norm > clip ? clip / norm : 1;
  store<f32>(control, <f32>loss);
  store<f32>(control, norm, 4);
  store<f32>(control, isFinite<f32>(<f32>loss) && isFinite<f32>(norm) ? scale : 0, 8);
  store<f32>(control, 0, 12);
}

export function normalize(x: usize, y: usize, size: i32, epsilon: f32): void {
  const factor = f32x4.splat(<f32>1 / (<f32>sqrt<f64>(sumOfSquares(x, size)) + epsilon));
  for (let i = 0; i < size; i += 4) {
    const at = <usize>(i * 4);
    storeSome(y + at, f32x4.mul(loadSome(x + at, size - i), factor), size - i);
  }
}

export function copy(from: usize, to: usize, size: i32): void {
  memory.copy(to, from, <usize>(size * 4));
}

/** c <- alpha c + beta r; r may be 0: none. */
export function blend(c: usize, r: usize, alpha: f32, beta: f32, size: i32): void {
  const a = f32x4.splat(alpha), b = f32x4.splat(beta);
  for (let i = 0; i < size; i += 4) {
    const at = <usize>(i * 4);
    let x = f32x4.mul(a, loadSome(c + at, size - i));
    if (r != 0) x = f32x4.add(x, f32x4.mul(b, loadSome(r + at, size - i)));
    storeSome(c + at, x, size - i);
  }
}

export { loadSome, storeSome };
