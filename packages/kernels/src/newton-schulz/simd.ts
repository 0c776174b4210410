// A matrix over its norm.

import { loadSome, storeSome, sumOfSquares } from "../../assembly/lanes";

export function normalize(x: usize, y: usize, size: i32, epsilon: f32): void {
  const factor = f32x4.splat(<f32>1 / (<f32>sqrt<f64>(sumOfSquares(x, size)) + epsilon));
  for (let i = 0; i < size; i += 4) {
    const at = <usize>(i * 4);
    storeSome(y + at, f32x4.mul(loadSome(x + at, size - i), factor), size - i);
  }
}
