// The norm of all gradients in WGSL: sums over parts, then one workgroup over their sums.

import type { WebgpuKernel } from "../webgpu/kernel.ts";
import {
  type DesignName,
  type Program,
  reads,
  rowGroups,
  rowProgram,
  vectorPrelude,
  type Width,
  widthOf,
  writes,
} from "../webgpu/wgsl.ts";
import { partSize } from "./spec.ts";

export const sumPartsProgram = (design: DesignName, width: Width): Program => ({
  key: `gradient norm parts ${design} ${width}`,
  bindings: [reads("x", width), writes("parts")],
  uniforms: { rows: "u32", size: "u32" },
  code: () =>
    vectorPrelude(width) +
    rowProgram(
      design,
      `
  let start = row * ${partSize / width}u;
  let end = min(start + ${partSize / width}u, u.size);
  var squares = V(0.0);
  for (var i = start + lane; i < end; i += LANES) { let g = get_x(i); squares += g * g; }
  let total = sumOf(hsum(squares));
  if (lane == 0u) { put_parts(row, total); }`,
    ),
});

// Compilers may take for granted that numbers are finite, so exponents are looked at.
const join = (design: DesignName): Program => ({
  key: `gradient norm ${design}`,
  bindings: [reads("losses"), reads("parts"), writes("control")],
  uniforms: { rows: "u32", losses: "u32", parts: "u32", clip: "f32", goesOn: "u32" },
  code: () => `
fn finite(x: f32) -> bool { return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u; }
${rowProgram(
  design,
  `
  var sum = vec2<f32>(0.0);
  for (var i = lane; i < u.losses; i += LANES) { sum.x += get_losses(i); }
  for (var i = lane; i < u.parts; i += LANES) { sum.y += get_parts(i); }
  var total = sum2Of(sum);
  if (lane == 0u) {
    if (u.goesOn != 0u) { total.y += get_control(3u); }
    let norm = sqrt(total.y);
    let scale = select(1.0, u.clip / norm, norm > u.clip);
    put_control(0u, total.x);
    put_control(1u, norm);
    put_control(2u, select(0.0, scale, finite(total.x) && finite(total.y)));
    put_control(3u, total.y);
  }`,
)}`,
});

export const GradientNorm: WebgpuKernel<"GradientNorm"> = (gpu, { operands, sizes, attributes }) => {
  const { gradients, losses, parts, control } = operands;
  const { P, N, S } = sizes;
  const { rows: design } = gpu.design;
  const width = widthOf(P);
  gpu.dispatch(sumPartsProgram(design, width), [gradients, parts], [S, P / width], rowGroups(S, design));
  const uniforms = [1, N, S, attributes.clip, Number(attributes.goesOn)];
  gpu.dispatch(join(design), [losses, parts, control], uniforms, [1, 1, 1]);
};
