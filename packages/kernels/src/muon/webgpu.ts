// Muon's momentum and its move in WGSL: an invocation a number of the block, in fours where sides allow.

import type { Attributes, Sizes } from "../plan/plan.ts";
import type { WebgpuKernel } from "../webgpu/kernel.ts";
import { flat, flatGroups, type Program, reads, type Width, widthOf, writes } from "../webgpu/wgsl.ts";

/** Where number `index` of the block stands in what is around it. */
const at = "let at = u.start + (index / u.columns) * u.stride + index % u.columns;";

const momentumProgram = (width: Width): Program => ({
  key: `momentum ${width}`,
  bindings: [reads("gradient", width), writes("moment", width), reads("control"), writes("y", width)],
  uniforms: { size: "u32", columns: "u32", start: "u32", stride: "u32", momentum: "f32" },
  code: () =>
    flat(`
  let scale = get_control(2u);
  if (scale == 0.0) { return; }
  ${at}
  let g = get_gradient(at) * scale;
  let m = u.momentum * get_moment(at) + g;
  put_moment(at, m);
  put_y(index, g + u.momentum * m);`),
});

const muonProgram = (width: Width, decays: boolean): Program => ({
  key: `muon ${width} ${decays}`,
  bindings: [reads("update", width), reads("control"), reads("settings"), writes("parameter", width)],
  uniforms: { size: "u32", columns: "u32", start: "u32", stride: "u32", scale: "f32" },
  code: () =>
    flat(`
  if (get_control(2u) == 0.0) { return; }
  ${at}
  let kept = ${decays ? "get_settings(3u) * " : ""}get_parameter(at);
  put_parameter(at, kept - get_settings(4u) * u.scale * get_update(index));`),
});

/** Uniforms that say where a block is, in units of `width` numbers; see `at`. */
function layoutOf({ M, N, C }: Sizes<"Muon">, { row, column }: Pick<Attributes<"Muon">, "row" | "column">) {
  const fours = [N, C, column].every((n) => n % 4 === 0);
  const width = fours ? widthOf(N) : 1;
  const size = (M * N) / width;
  return { width, size, uniforms: [size, N / width, (row * C + column) / width, C / width] };
}

export const Momentum: WebgpuKernel<"Momentum"> = (gpu, { operands, sizes, attributes }) => {
  const { gradient, moment, control, y } = operands;
  const { width, size, uniforms } = layoutOf(sizes, attributes);
  const all = [gradient, moment, control, y];
  gpu.dispatch(momentumProgram(width), all, [...uniforms, attributes.momentum], flatGroups(size));
};

export const Muon: WebgpuKernel<"Muon"> = (gpu, { operands, sizes, attributes }) => {
  const { update, control, settings, parameter } = operands;
  const { width, size, uniforms } = layoutOf(sizes, attributes);
  const program = muonProgram(width, attributes.decays);
  const all = [update, control, settings, parameter];
  gpu.dispatch(program, all, [...uniforms, attributes.scale], flatGroups(size));
};
