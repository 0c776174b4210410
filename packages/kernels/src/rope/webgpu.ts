// RoPE in WGSL, in place: an invocation turns one pair of one head of one row.

import type { WebgpuKernel } from "../webgpu/kernel.ts";
import { flat, flatGroups, type Program, reads, writes } from "../webgpu/wgsl.ts";

const program: Program = {
  key: "rope",
  bindings: [reads("cosines"), reads("sines"), writes("x")],
  uniforms: { size: "u32", context: "u32", columns: "u32", heads: "u32", half: "u32", sign: "f32" },
  code: () =>
    flat(`
  let i = index % u.half;
  let head = (index / u.half) % u.heads;
  let row = index / (u.half * u.heads);
  let angle = (row % u.context) * u.half + i;
  let c = get_cosines(angle);
  let s = u.sign * get_sines(angle);
  let at = row * u.columns + head * 2u * u.half + i;
  let a = get_x(at);
  let b = get_x(at + u.half);
  put_x(at, a * c - b * s);
  put_x(at + u.half, b * c + a * s);`),
};

export const Rope: WebgpuKernel<"Rope"> = (gpu, { operands: { cos, sin, x }, sizes, attributes }) => {
  const { N, W, T, H } = sizes;
  const { heads, sign } = attributes;
  const pairs = N * heads * H;
  gpu.dispatch(program, [cos, sin, x], [pairs, T, W, heads, H, sign], flatGroups(pairs));
};
