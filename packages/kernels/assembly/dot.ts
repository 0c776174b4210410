// The inner product of two rows.

import { madd, sum4 } from "./elementary";
import { loadSome } from "./lanes";

export function dot(a: usize, b: usize, size: i32): f32 {
  let s0 = f32x4.splat(0), s1 = s0;
  let i = 0;
  for (; i + 8 <= size; i += 8) {
    const o = <usize>(i * 4);
    s0 = madd(v128.load(a + o), v128.load(b + o), s0);
    s1 = madd(v128.load(a + o, 16), v128.load(b + o, 16), s1);
  }
  for (; i < size; i += 4) {
    const o = <usize>(i * 4);
    s0 = madd(loadSome(a + o, size - i), loadSome(b + o, size - i), s0);
  }
  return sum4(f32x4.add(s0, s1));
}
