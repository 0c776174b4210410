// Softmax cross-entropy in WGSL, loss and gradient at once: three passes over a row of logits, none over a one-hot.

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

// The target's logit is read before sumOf's barriers: lanes write over the logits after them.
const program = (design: DesignName, width: Width, gradient: boolean, accumulate: boolean): Program => ({
  key: `cross-entropy ${design} ${width} ${gradient} ${accumulate}`,
  bindings: [reads("targets"), reads("settings"), writes("losses"), writes("logits", width)],
  uniforms: { rows: "u32", columns: "u32" },
  code: () =>
    vectorPrelude(width) +
    rowProgram(
      design,
      `
  let at = row * u.columns;
  var largest = V(-3.4e38);
  for (var i = lane; i < u.columns; i += LANES) { largest = max(largest, get_logits(at + i)); }
  let top = maxOf(hmax(largest));
  let goal = get_targets(row);
  let share = select(0.0, get_settings(0u), goal >= 0);
  let place = u32(max(goal, 0));
  let picked = get_logits(at + place / ${width}u)${width === 4 ? "[place % 4u]" : ""};
  var sums = V(0.0);
  for (var i = lane; i < u.columns; i += LANES) { sums += exp(get_logits(at + i) - top); }
  let sum = sumOf(hsum(sums));
  if (lane == 0u) {
    let loss = share * (log(sum) - (picked - top));
    put_losses(row, loss${accumulate ? " + get_losses(row)" : ""});
  }
  ${gradient ? gradientCode(width) : ""}`,
    ),
});

const gradientCode = (width: Width) => `
  let inverse = share / sum;
  for (var i = lane; i < u.columns; i += LANES) {
    var d = exp(get_logits(at + i) - top) * inverse;
    if (i == place / ${width}u) { d${width === 4 ? "[place % 4u]" : ""} -= share; }
    put_logits(at + i, d);
  }`;

export const CrossEntropy: WebgpuKernel<"CrossEntropy"> = (
  gpu,
  { operands, sizes: { N, V }, attributes },
) => {
  const { targets, settings, losses, logits } = operands;
  const { rows: design } = gpu.design;
  const width = widthOf(V);
  gpu.dispatch(
    program(design, width, attributes.gradient, attributes.accumulate),
    [targets, settings, losses, logits],
    [N, V / width],
    rowGroups(N, design),
  );
};
