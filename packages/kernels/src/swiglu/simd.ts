// SwiGLU row by row: gate and up stand side by side.

import { sigmoid4 } from "../../assembly/elementary";
import { loadSome, storeSome } from "../../assembly/lanes";

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
