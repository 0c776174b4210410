// The norm of all gradients, with sums in float64.

import { sumOfSquares } from "../../assembly/lanes";

/** control: the sum of losses, the norm of gradients, the clip (0 where either is not finite), the norm's square. */
export function gradientNorm(
  gradients: usize, size: i32, losses: usize, count: i32, control: usize, clip: f32, goesOn: i32,
): void {
  let loss: f64 = 0;
  for (let i = 0; i < count; i++) loss += <f64>load<f32>(losses + <usize>(i * 4));
  const before: f64 = goesOn != 0 ? <f64>load<f32>(control, 12) : 0;
  const square = before + sumOfSquares(gradients, size);
  const norm = <f32>sqrt<f64>(square);
  const scale: f32 = norm > clip ? clip / norm : 1;
  store<f32>(control, <f32>loss);
  store<f32>(control, norm, 4);
  store<f32>(control, isFinite<f32>(<f32>loss) && isFinite<f32>(norm) ? scale : 0, 8);
  store<f32>(control, <f32>square, 12);
}
