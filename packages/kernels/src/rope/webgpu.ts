// RoPE in WGSL: an invocation turns one pair of one head of one row.

import type { Kernel, Program } from "../webgpu/gpu.ts";
import { flat, flatGroups, reads, writes } from "../webgpu/wgsl.ts";

const program: Program = {
  key: "rope",
  bindings: [reads("x"), reads("cosines"), reads("sines"), writes("y")],
  uniforms: { size: "u32", context: "u32", heads: "u32", half: "u32", sign: "f32" },
  code: () =>
    flat(`
  let i = index % u.half;
  let head = (index / u.half) % u.heads;
  let row = index / (u.half * u.heads);
  let angle = (row % u.context) * u.half + i;
  let c = cosines[angle];
  let s = u.sign * sines[angle];
  let at = (row * u.heads + head) * 2u * u.half + i;
  let a = x[at];
  let b = x[at + u.half];
  y[at] = a * c - b * s;
  y[at + u.half] = b * c + a * s;`),
};

export const ropeKernel: Kernel = (gpu, inputs, { heads, back }) => {
  const [x, cos, sin] = [inputs.x!, inputs.cos!, inputs.sin!];
  const [context = 0, half = 0] = cos.shape;
  const y = gpu.make(x.shape);
  const pairs = x.shape[0]! * Number(heads) * half;
  const values = [pairs, context, Number(heads), half, back ? -1 : 1];
  gpu.run(program, [x, cos, sin, y], values, flatGroups(pairs));
  return [y];
};
