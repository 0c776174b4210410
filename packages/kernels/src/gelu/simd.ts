// GELU element by element, and its slope times a gradient.

import { sigmoid4 } from "../../assembly/elementary";
import { loadSome, storeSome } from "../../assembly/lanes";

const cubic: f32 = 0.044715;
const scale: f32 = 0.7978845608028654; // sqrt(2 / pi)

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
