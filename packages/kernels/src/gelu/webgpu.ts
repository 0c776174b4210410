// GELU by tanh in WGSL, element by element, in fours where the size allows.

import * as tf from "@tensorflow/tfjs";
import type { Kernel, Program } from "../webgpu/gpu.ts";
import { flat, flatGroups, lanesOf, reads, vector, writes } from "../webgpu/wgsl.ts";

// tanh is 1 to the last bit from 9.1 on, and some drivers' tanh of large numbers is not a number.
const prelude = (width: 1 | 4) => `
alias V = ${vector(width)};
const SCALE = ${Math.sqrt(2 / Math.PI)};
fn bend(x: V) -> V { return tanh(clamp(SCALE * (x + 0.044715 * x * x * x), V(-10.0), V(10.0))); }
`;

const forward = (width: 1 | 4): Program => ({
  key: `gelu ${width}`,
  bindings: [reads("x", vector(width)), writes("y", vector(width))],
  uniforms: { size: "u32" },
  code: () => prelude(width) + flat("let v = x[index]; y[index] = 0.5 * v * (1.0 + bend(v));"),
});

const backward = (width: 1 | 4): Program => ({
  key: `gelu grad ${width}`,
  bindings: [reads("x", vector(width)), reads("dy", vector(width)), writes("dx", vector(width))],
  uniforms: { size: "u32" },
  code: () =>
    prelude(width) +
    flat(`
  let v = x[index];
  let t = bend(v);
  let slope = SCALE * (1.0 + ${3 * 0.044715} * v * v);
  dx[index] = dy[index] * 0.5 * (1.0 + t + v * slope * (1.0 - t * t));`),
});

export const geluKernel: Kernel = (gpu, inputs) => {
  const x = inputs.x!;
  const y = gpu.make(x.shape);
  const size = tf.util.sizeFromShape(x.shape);
  const width = lanesOf(size);
  gpu.run(forward(width), [x, y], [size / width], flatGroups(size / width));
  return [y];
};

export const geluGradKernel: Kernel = (gpu, inputs) => {
  const x = inputs.x!;
  const dx = gpu.make(x.shape);
  const size = tf.util.sizeFromShape(x.shape);
  const width = lanesOf(size);
  gpu.run(backward(width), [x, inputs.dy!, dx], [size / width], flatGroups(size / width));
  return [dx];
};
