// Muon's momentum, and its move: row by row of a block, whose rows are `stride` numbers apart.

import { loadSome, storeSome } from "../../assembly/lanes";

/** gradient and moment begin at the block; y has rows without gaps. Nothing moves where control's third number is 0. */
export function momentum(
  gradient: usize, moment: usize, stride: i32, control: usize, y: usize, rows: i32, columns: i32, mu: f32,
): void {
  const scale = load<f32>(control, 8);
  if (scale == 0) return;
  const clip = f32x4.splat(scale), keep = f32x4.splat(mu);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < columns; i += 4) {
      const at = <usize>((row * stride + i) * 4);
      const left = columns - i;
      const g = f32x4.mul(loadSome(gradient + at, left), clip);
      const m = f32x4.add(f32x4.mul(loadSome(moment + at, left), keep), g);
      storeSome(moment + at, m, left);
      storeSome(y + <usize>((row * columns + i) * 4), f32x4.add(g, f32x4.mul(m, keep)), left);
    }
  }
}

/** parameter begins at the block. settings: kept, its fourth number; learning rate, its fifth. */
export function muon(
  update: usize, control: usize, settings: usize, parameter: usize, stride: i32, rows: i32, columns: i32,
  scale: f32, decays: i32,
): void {
  if (load<f32>(control, 8) == 0) return;
  const rate = f32x4.splat(load<f32>(settings, 16) * scale);
  const keep = decays != 0 ? v128.load32_splat(settings, 12) : f32x4.splat(1);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < columns; i += 4) {
      const at = parameter + <usize>((row * stride + i) * 4);
      const left = columns - i;
      const move = f32x4.mul(loadSome(update + <usize>((row * columns + i) * 4), left), rate);
      storeSome(at, f32x4.sub(f32x4.mul(loadSome(at, left), keep), move), left);
    }
  }
}
