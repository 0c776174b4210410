// AdamW over all numbers side by side.

import { loadSome, storeSome } from "../../assembly/lanes";

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
