// The norm of all gradients in WGSL: sums over parts, then one workgroup over their sums.

import { sizeOf } from "../plan/plan.ts";
import type { Kernel } from "../webgpu/kernels.ts";
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
import { partSize } from "./index.ts";

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

export const gradientNormKernel: Kernel = (gpu, { gradients, losses, parts, control }, attributes) => {
  const { rows: design } = gpu.design;
  const size = sizeOf(gradients!.shape);
  const width = widthOf(size);
  const rows = parts!.shape[0]!;
  gpu.dispatch(
    sumPartsProgram(design, width),
    [gradients!, parts!],
    [rows, size / width],
    rowGroups(rows, design),
  );
  const uniforms = [1, losses!.shape[0]!, rows, attributes.clip!, attributes.goesOn!];
  gpu.dispatch(join(design), [losses!, parts!, control!], uniforms, [1, 1, 1]);
};
