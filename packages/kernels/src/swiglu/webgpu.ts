// SwiGLU in WGSL, element by element, in fours where the size allows.

import * as tf from "@tensorflow/tfjs";
import type { Kernel, Program } from "../webgpu/gpu.ts";
import { flat, flatGroups, lanesOf, reads, vector, writes } from "../webgpu/wgsl.ts";

// Beyond 80 exp would be infinite, which WGSL does not promise to handle.
const prelude = (width: 1 | 4) => `
alias V = ${vector(width)};
fn sigmoid(x: V) -> V { return 1.0 / (1.0 + exp(-clamp(x, V(-80.0), V(80.0)))); }
`;

const forward = (width: 1 | 4): Program => ({
  key: `swiglu ${width}`,
  bindings: [reads("gate", vector(width)), reads("up", vector(width)), writes("y", vector(width))],
  uniforms: { size: "u32" },
  code: () => prelude(width) + flat("let g = gate[index]; y[index] = g * sigmoid(g) * up[index];"),
});

const backward = (width: 1 | 4): Program => ({
  key: `swiglu grad ${width}`,
  bindings: [
    ...["gate", "up", "dy"].map((name) => reads(name, vector(width))),
    ...["dgate", "dup"].map((name) => writes(name, vector(width))),
  ],
  uniforms: { size: "u32" },
  code: () =>
    prelude(width) +
    flat(`
  let g = gate[index];
  let d = dy[index];
  let s = sigmoid(g);
  dgate[index] = d * up[index] * s * (1.0 + g * (1.0 - s));
  dup[index] = d * g * s;`),
});

export const swigluKernel: Kernel = (gpu, inputs) => {
  const gate = inputs.gate!;
  const y = gpu.make(gate.shape);
  const size = tf.util.sizeFromShape(gate.shape);
  const width = lanesOf(size);
  gpu.run(forward(width), [gate, inputs.up!, y], [size / width], flatGroups(size / width));
  return [y];
};

export const swigluGradKernel: Kernel = (gpu, inputs) => {
  const gate = inputs.gate!;
  const [dgate, dup] = [gpu.make(gate.shape), gpu.make(gate.shape)];
  const size = tf.util.sizeFromShape(gate.shape);
  const width = lanesOf(size);
  const tensors = [gate, inputs.up!, inputs.dy!, dgate, dup];
  gpu.run(backward(width), tensors, [size / width], flatGroups(size / width));
  return [dgate, dup];
};
