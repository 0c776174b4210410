// Pairs of numbers turned in place.

import { loadSome, storeSome } from "../../assembly/lanes";

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
