// Addition in place in WGSL, in fours where the size allows.

import type { WebgpuKernel } from "../webgpu/kernel.ts";
import { flat, flatGroups, type Program, reads, type Width, widthOf, writes } from "../webgpu/wgsl.ts";

const program = (width: Width): Program => ({
  key: `add ${width}`,
  bindings: [reads("x", width), writes("y", width)],
  uniforms: { size: "u32" },
  code: () => flat("put_y(index, get_y(index) + get_x(index));"),
});

export const Add: WebgpuKernel<"Add"> = (gpu, { operands: { x, y }, sizes: { P } }) => {
  const width = widthOf(P);
  gpu.dispatch(program(width), [x, y], [P / width], flatGroups(P / width));
};
