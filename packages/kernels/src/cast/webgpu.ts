// Float32 to float16 in WGSL, in fours: packing rounds.

import { sizeOf } from "../plan/plan.ts";
import type { Kernel } from "../webgpu/kernels.ts";
import { flat, flatGroups, type Program, reads, writes } from "../webgpu/wgsl.ts";

const program: Program = {
  key: "cast",
  bindings: [reads("x", 4), writes("y", 4)],
  uniforms: { size: "u32" },
  code: () => flat("put_y(index, get_x(index));"),
};

export const castKernel: Kernel = (gpu, { x, y }) => {
  const size = sizeOf(x!.shape);
  if (size % 4 !== 0) throw new Error(`cast: expected a multiple of 4 numbers, got ${size}`);
  gpu.dispatch(program, [x!, y!], [size / 4], flatGroups(size / 4));
};
