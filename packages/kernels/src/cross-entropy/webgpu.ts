// Softmax cross-entropy in WGSL, loss and gradient at once: three passes over a row of logits, none over a one-hot.

import type { Kernel, Program, Variant } from "../webgpu/gpu.ts";
import { lanesOf, reads, rowGroups, rowProgram, vector, vectorPrelude, writes } from "../webgpu/wgsl.ts";

const program = (variant: Variant, width: 1 | 4, gradient: boolean): Program => ({
  key: `cross-entropy ${variant} ${width} ${gradient}`,
  bindings: [
    reads("logits", vector(width)),
    reads("targets", "i32"),
    writes("losses"),
    ...(gradient ? [writes("dlogits", vector(width))] : []),
  ],
  uniforms: { rows: "u32", columns: "u32", share: "f32" },
  code: () =>
    vectorPrelude(width) +
    rowProgram(
      variant,
      `
  let at = row * u.columns;
  var largest = V(-3.4e38);
  for (var i = lane; i < u.columns; i += LANES) { largest = max(largest, logits[at + i]); }
  let top = maxOf(hmax(largest));
  var sums = V(0.0);
  for (var i = lane; i < u.columns; i += LANES) { sums += exp(logits[at + i] - top); }
  let sum = sumOf(hsum(sums));
  let goal = targets[row];
  let share = select(0.0, u.share, goal >= 0);
  let place = u32(max(goal, 0));
  let picked = logits[at + place / ${width}u]${width === 4 ? "[place % 4u]" : ""};
  if (lane == 0u) { losses[row] = share * (log(sum) - (picked - top)); }
  ${gradient ? gradientCode(width) : ""}`,
    ),
});

const gradientCode = (width: 1 | 4) => `
  let inverse = share / sum;
  for (var i = lane; i < u.columns; i += LANES) {
    var d = exp(logits[at + i] - top) * inverse;
    if (i == place / ${width}u) { d${width === 4 ? "[place % 4u]" : ""} -= share; }
    dlogits[at + i] = d;
  }`;

export const crossEntropyKernel: Kernel = (gpu, inputs, { count, gradient }) => {
  const [logits, targets] = [inputs.logits!, inputs.targets!];
  const [rows = 0, columns = 0] = logits.shape;
  const width = lanesOf(columns);
  const outputs = [gpu.make([rows]), ...(gradient ? [gpu.make(logits.shape)] : [])];
  const values = [rows, columns / width, 1 / Number(count)];
  const groups = rowGroups(rows, gpu.variant);
  gpu.run(program(gpu.variant, width, Boolean(gradient)), [logits, targets, ...outputs], values, groups);
  return outputs;
};
