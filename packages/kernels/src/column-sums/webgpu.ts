// Column sums in WGSL: an invocation sums one column over some rows; a second pass joins these parts.

import type * as tf from "@tensorflow/tfjs";
import type { Gpu, Kernel, Program } from "../webgpu/gpu.ts";
import { ceilDiv, flat, flatGroups, reads, writes } from "../webgpu/wgsl.ts";

/** Rows that one invocation sums: few enough for parallel work, many enough for few parts. */
export const partRows = 32;

// Part p of column c: over the rows from p * u.step on.
const program: Program = {
  key: "column sums",
  bindings: [reads("x"), writes("y")],
  uniforms: { size: "u32", rows: "u32", columns: "u32", step: "u32" },
  code: () =>
    flat(`
  let column = index % u.columns;
  let start = (index / u.columns) * u.step;
  let end = min(start + u.step, u.rows);
  var sum = 0.0;
  for (var row = start; row < end; row++) { sum += x[row * u.columns + column]; }
  y[index] = sum;`),
};

/** Sums the rows of x, whatever its shape says: rows times columns numbers. Disposes of x's parts, not of x. */
export function sumColumns(gpu: Gpu, x: tf.TensorInfo, rows: number, columns: number): tf.TensorInfo {
  const parts = rows <= 2 * partRows ? 1 : ceilDiv(rows, partRows);
  const y = gpu.make(parts === 1 ? [columns] : [parts, columns]);
  const step = parts === 1 ? rows : partRows;
  gpu.run(program, [x, y], [parts * columns, rows, columns, step], flatGroups(parts * columns));
  if (parts === 1) return y;
  const joined = sumColumns(gpu, y, parts, columns);
  gpu.release(y);
  return joined;
}

export const columnSumsKernel: Kernel = (gpu, inputs) => {
  const x = inputs.x!;
  return [sumColumns(gpu, x, x.shape[0]!, x.shape[1]!)];
};
