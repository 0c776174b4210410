// LayerNorm and RMSNorm in WGSL: the same but for the mean that is taken away and the bias that is added.
//
// Forward one dispatch. Backward four: dx with each row's mean and 1 / deviation; the weight's and the bias's
// gradients as column sums over some rows each; their joining.

import type * as tf from "@tensorflow/tfjs";
import { partRows, sumColumns } from "../column-sums/webgpu.ts";
import type { Gpu, Program, Variant } from "./gpu.ts";
import {
  ceilDiv,
  flat,
  flatGroups,
  lanesOf,
  reads,
  rowGroups,
  rowProgram,
  vector,
  vectorPrelude,
  writes,
} from "./wgsl.ts";

/** Of a row of x: mean (0 if it is not taken away) and 1 / deviation. Two passes: a difference of sums cancels. */
const statistics = (centred: boolean) => `
  let at = row * u.columns;
  let n = f32(u.columns * PARTS);
  ${
    centred
      ? `
  var sums = V(0.0);
  for (var i = lane; i < u.columns; i += LANES) { sums += x[at + i]; }
  let mean = sumOf(hsum(sums)) / n;`
      : "let mean = 0.0;"
  }
  var squares = V(0.0);
  for (var i = lane; i < u.columns; i += LANES) { let c = x[at + i] - mean; squares += c * c; }
  let inverse = inverseSqrt(sumOf(hsum(squares)) / n + u.epsilon);`;

const prelude = (width: 1 | 4) => `${vectorPrelude(width)}const PARTS = ${width}u;`;

const forward = (variant: Variant, width: 1 | 4, centred: boolean): Program => ({
  key: `norm ${variant} ${width} ${centred}`,
  bindings: [
    reads("x", vector(width)),
    reads("weight", vector(width)),
    ...(centred ? [reads("bias", vector(width))] : []),
    writes("y", vector(width)),
  ],
  uniforms: { rows: "u32", columns: "u32", epsilon: "f32" },
  code: () =>
    prelude(width) +
    rowProgram(
      variant,
      `${statistics(centred)}
  for (var i = lane; i < u.columns; i += LANES) {
    y[at + i] = (x[at + i] - mean) * inverse * weight[i]${centred ? " + bias[i]" : ""};
  }`,
    ),
});

// dx = (g - mean(g) - unit * mean(g * unit)) / deviation, with g = dy * weight; mean(g) for LayerNorm alone.
const backward = (variant: Variant, width: 1 | 4, centred: boolean): Program => ({
  key: `norm grad ${variant} ${width} ${centred}`,
  bindings: [
    ...["x", "weight", "dy"].map((name) => reads(name, vector(width))),
    writes("dx", vector(width)),
    writes("stats", "vec2<f32>"),
  ],
  uniforms: { rows: "u32", columns: "u32", epsilon: "f32" },
  code: () =>
    prelude(width) +
    rowProgram(
      variant,
      `${statistics(centred)}
  var plain = V(0.0);
  var along = V(0.0);
  for (var i = lane; i < u.columns; i += LANES) {
    let g = dy[at + i] * weight[i];
    plain += g;
    along += g * (x[at + i] - mean);
  }
  let joined = sum2Of(vec2<f32>(hsum(plain), hsum(along) * inverse)) / n;
  let offset = ${centred ? "joined.x" : "0.0"};
  for (var i = lane; i < u.columns; i += LANES) {
    let unit = (x[at + i] - mean) * inverse;
    dx[at + i] = (dy[at + i] * weight[i] - offset - unit * joined.y) * inverse;
  }
  if (lane == 0u) { stats[row] = vec2<f32>(mean, inverse); }`,
    ),
});

// Parts [P, 2C] (or [P, C] without a bias): dweight's columns, then dbias's, over partRows rows each.
const weights = (centred: boolean): Program => ({
  key: `norm weight grad ${centred}`,
  bindings: [reads("x"), reads("dy"), reads("stats", "vec2<f32>"), writes("parts")],
  uniforms: { size: "u32", rows: "u32", columns: "u32" },
  code: () =>
    flat(`
  let column = index % u.columns;
  let part = index / u.columns;
  let start = part * ${partRows}u;
  let end = min(start + ${partRows}u, u.rows);
  var dweight = 0.0;
  var dbias = 0.0;
  for (var row = start; row < end; row++) {
    let at = row * u.columns + column;
    let d = dy[at];
    dweight += d * (x[at] - stats[row].x) * stats[row].y;
    dbias += d;
  }
  ${
    centred
      ? `
  parts[part * 2u * u.columns + column] = dweight;
  parts[(part * 2u + 1u) * u.columns + column] = dbias;`
      : "parts[index] = dweight;"
  }`),
});

// Halves of [2C] to tensors of their own.
const halves: Program = {
  key: "norm weight grad halves",
  bindings: [reads("both"), writes("dweight"), writes("dbias")],
  uniforms: { size: "u32" },
  code: () => flat("dweight[index] = both[index]; dbias[index] = both[u.size + index];"),
};

/** With a bias it is LayerNorm, without RMSNorm. */
export function runNorm(
  gpu: Gpu,
  x: tf.TensorInfo,
  weight: tf.TensorInfo,
  bias: tf.TensorInfo | null,
  epsilon: number,
): tf.TensorInfo {
  const [rows = 0, columns = 0] = x.shape;
  const width = lanesOf(columns);
  const y = gpu.make(x.shape);
  const tensors = bias === null ? [x, weight, y] : [x, weight, bias, y];
  const program = forward(gpu.variant, width, bias !== null);
  gpu.run(program, tensors, [rows, columns / width, epsilon], rowGroups(rows, gpu.variant));
  return y;
}

/** dx, dweight and, where the mean is taken away, dbias. */
export function runNormGrad(
  gpu: Gpu,
  x: tf.TensorInfo,
  weight: tf.TensorInfo,
  dy: tf.TensorInfo,
  epsilon: number,
  centred: boolean,
): tf.TensorInfo[] {
  const [rows = 0, columns = 0] = x.shape;
  const width = lanesOf(columns);
  const dx = gpu.make(x.shape);
  const stats = gpu.make([rows, 2]);
  const program = backward(gpu.variant, width, centred);
  const tensors = [x, weight, dy, dx, stats];
  gpu.run(program, tensors, [rows, columns / width, epsilon], rowGroups(rows, gpu.variant));
  const count = ceilDiv(rows, partRows);
  const across = centred ? 2 * columns : columns;
  const parts = gpu.make([count, across]);
  const size = count * columns;
  gpu.run(weights(centred), [x, dy, stats, parts], [size, rows, columns], flatGroups(size));
  const sums = sumColumns(gpu, parts, count, across);
  gpu.release(stats, parts);
  if (!centred) return [dx, sums];
  const [dweight, dbias] = [gpu.make([columns]), gpu.make([columns])];
  gpu.run(halves, [sums, dweight, dbias], [columns], flatGroups(columns));
  gpu.release(sums);
  return [dx, dweight, dbias];
}
