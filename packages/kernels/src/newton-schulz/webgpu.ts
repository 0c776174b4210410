// A matrix over its norm, in WGSL: sums over parts, one workgroup over their sums, then number by number.

import { sumPartsProgram } from "../gradient-norm/webgpu.ts";
import type { WebgpuKernel } from "../webgpu/kernel.ts";
import {
  type DesignName,
  flat,
  flatGroups,
  type Program,
  reads,
  rowGroups,
  rowProgram,
  type Width,
  widthOf,
  writes,
} from "../webgpu/wgsl.ts";

const join = (design: DesignName): Program => ({
  key: `normalize norm ${design}`,
  bindings: [reads("parts"), writes("norm")],
  uniforms: { rows: "u32", parts: "u32" },
  code: () =>
    rowProgram(
      design,
      `
  var sum = 0.0;
  for (var i = lane; i < u.parts; i += LANES) { sum += get_parts(i); }
  let total = sumOf(sum);
  if (lane == 0u) { put_norm(0u, sqrt(total)); }`,
    ),
});

const divide = (width: Width): Program => ({
  key: `normalize ${width}`,
  bindings: [reads("x", width), reads("norm"), writes("y", width)],
  uniforms: { size: "u32", epsilon: "f32" },
  code: () => flat("put_y(index, get_x(index) / (get_norm(0u) + u.epsilon));"),
});

export const Normalize: WebgpuKernel<"Normalize"> = (gpu, { operands, sizes: { M, N, S }, attributes }) => {
  const { x, parts, norm, y } = operands;
  const { rows: design } = gpu.design;
  const size = M * N;
  const width = widthOf(size);
  gpu.dispatch(sumPartsProgram(design, width), [x, parts], [S, size / width], rowGroups(S, design));
  gpu.dispatch(join(design), [parts, norm], [1, S], [1, 1, 1]);
  gpu.dispatch(divide(width), [x, norm, y], [size / width, attributes.epsilon], flatGroups(size / width));
};
