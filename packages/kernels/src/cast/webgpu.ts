// Float32 to float16 in WGSL, in fours: packing rounds.

import type { WebgpuKernel } from "../webgpu/kernel.ts";
import { flat, flatGroups, type Program, reads, writes } from "../webgpu/wgsl.ts";

const program: Program = {
  key: "cast",
  bindings: [reads("x", 4), writes("y", 4)],
  uniforms: { size: "u32" },
  code: () => flat("put_y(index, get_x(index));"),
};

export const Cast: WebgpuKernel<"Cast"> = (gpu, { operands: { x, y }, sizes: { P } }) => {
  if (P % 4 !== 0) throw new Error(`cast: expected a multiple of 4 numbers, got ${P}`);
  gpu.dispatch(program, [x, y], [P / 4], flatGroups(P / 4));
};
