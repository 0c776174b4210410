// Addition in place in WGSL, in fours where the size allows.

import { sizeOf } from "../plan/plan.ts";
import type { Kernel } from "../webgpu/kernels.ts";
import { flat, flatGroups, type Program, reads, type Width, widthOf, writes } from "../webgpu/wgsl.ts";

const program = (width: Width): Program => ({
  key: `add ${width}`,
  bindings: [reads("x", width), writes("y", width)],
  uniforms: { size: "u32" },
  code: () => flat("put_y(index, get_y(index) + get_x(index));"),
});

export const addKernel: Kernel = (gpu, { x, y }) => {
  const size = sizeOf(x!.shape);
  const width = widthOf(size);
  gpu.dispatch(program(width), [x!, y!], [size / width], flatGroups(size / width));
};
