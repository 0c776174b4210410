// The sum of squares in WGSL: rows of numbers summed side by side, then their sums, until one is left.

import * as tf from "@tensorflow/tfjs";
import type { Kernel, Program, Variant } from "../webgpu/gpu.ts";
import { ceilDiv, reads, rowGroups, rowProgram, writes } from "../webgpu/wgsl.ts";

/** Numbers that make a row: on a graphics card 16 for each lane. */
const rowSize = 2048;

const program = (variant: Variant, squares: boolean): Program => ({
  key: `sum of squares ${variant} ${squares}`,
  bindings: [reads("x"), writes("y")],
  uniforms: { rows: "u32", size: "u32" },
  code: () =>
    rowProgram(
      variant,
      `
  let start = row * ${rowSize}u;
  let end = min(start + ${rowSize}u, u.size);
  var sum = 0.0;
  for (var i = start + lane; i < end; i += LANES) { sum += ${squares ? "x[i] * x[i]" : "x[i]"}; }
  let total = sumOf(sum);
  if (lane == 0u) { y[row] = total; }`,
    ),
});

export const sumOfSquaresKernel: Kernel = (gpu, inputs) => {
  let x = inputs.x!;
  let size = tf.util.sizeFromShape(x.shape);
  for (let squares = true; ; squares = false) {
    const rows = ceilDiv(size, rowSize);
    const y = gpu.make(rows === 1 ? [] : [rows]);
    gpu.run(program(gpu.variant, squares), [x, y], [rows, size], rowGroups(rows, gpu.variant));
    if (!squares) gpu.release(x);
    if (rows === 1) return [y];
    x = y;
    size = rows;
  }
};
