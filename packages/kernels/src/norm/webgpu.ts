// LayerNorm and RMSNorm in WGSL: the same but for the mean that is taken away and the bias that is added.

import type { WebgpuKernel } from "../webgpu/kernel.ts";
import {
  columnGroups,
  columnProgram,
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

// Two passes for mean and variance: a difference of sums would cancel.
const forward = (design: DesignName, width: Width, centred: boolean): Program => ({
  key: `norm ${design} ${width} ${centred}`,
  bindings: [
    reads("x", width),
    reads("weight", width),
    ...(centred ? [reads("bias", width)] : []),
    writes("y", width),
    writes("stats"),
  ],
  uniforms: { rows: "u32", columns: "u32", epsilon: "f32" },
  code: () =>
    vectorPrelude(width) +
    rowProgram(
      design,
      `
  let at = row * u.columns;
  let n = f32(u.columns * ${width}u);
  ${centred ? meanCode : "let mean = 0.0;"}
  var squares = V(0.0);
  for (var i = lane; i < u.columns; i += LANES) { let c = get_x(at + i) - mean; squares += c * c; }
  let inverse = inverseSqrt(sumOf(hsum(squares)) / n + u.epsilon);
  for (var i = lane; i < u.columns; i += LANES) {
    put_y(at + i, (get_x(at + i) - mean) * inverse * get_weight(i)${centred ? " + get_bias(i)" : ""});
  }
  if (lane == 0u) { put_stats(2u * row, mean); put_stats(2u * row + 1u, inverse); }`,
    ),
});

const meanCode = `
  var sums = V(0.0);
  for (var i = lane; i < u.columns; i += LANES) { sums += get_x(at + i); }
  let mean = sumOf(hsum(sums)) / n;`;

// dx = (g - mean(g) - unit * mean(g * unit)) / deviation, with g = dy * weight; mean(g) for LayerNorm alone.
const backward = (design: DesignName, width: Width, centred: boolean, skip: boolean): Program => ({
  key: `norm grad ${design} ${width} ${centred} ${skip}`,
  bindings: [
    reads("x", width),
    reads("weight", width),
    reads("stats"),
    reads("dy", width),
    ...(skip ? [reads("skip", width)] : []),
    writes("dx", width),
  ],
  uniforms: { rows: "u32", columns: "u32" },
  code: () =>
    vectorPrelude(width) +
    rowProgram(
      design,
      `
  let at = row * u.columns;
  let n = f32(u.columns * ${width}u);
  let mean = get_stats(2u * row);
  let inverse = get_stats(2u * row + 1u);
  var plain = V(0.0);
  var along = V(0.0);
  for (var i = lane; i < u.columns; i += LANES) {
    let g = get_dy(at + i) * get_weight(i);
    plain += g;
    along += g * (get_x(at + i) - mean);
  }
  let joined = sum2Of(vec2<f32>(hsum(plain), hsum(along) * inverse)) / n;
  let offset = ${centred ? "joined.x" : "0.0"};
  for (var i = lane; i < u.columns; i += LANES) {
    let unit = (get_x(at + i) - mean) * inverse;
    let d = (get_dy(at + i) * get_weight(i) - offset - unit * joined.y) * inverse;
    put_dx(at + i, d${skip ? " + get_skip(at + i)" : ""});
  }`,
    ),
});

const weights = (design: DesignName, bias: boolean, accumulate: boolean): Program => ({
  key: `norm weight grad ${design} ${bias} ${accumulate}`,
  bindings: [reads("x"), reads("stats"), reads("dy"), writes("dweight"), ...(bias ? [writes("dbias")] : [])],
  uniforms: { rows: "u32", columns: "u32" },
  code: () => {
    const put = (name: string, sum: string) =>
      `put_${name}(column, ${sum}${accumulate ? ` + get_${name}(column)` : ""});`;
    return columnProgram(
      design,
      `for (var row = lane; row < u.rows; row += LANES) {
    let at = row * u.columns + column;
    let d = get_dy(at);
    sum += d * vec2<f32>((get_x(at) - get_stats(2u * row)) * get_stats(2u * row + 1u), 1.0);
  }`,
      `${put("dweight", "sum.x")} ${bias ? put("dbias", "sum.y") : ""}`,
    );
  },
});

export const Norm: WebgpuKernel<"Norm"> = (gpu, { operands, sizes: { N, C }, attributes }) => {
  const { x, weight, bias, y, stats } = operands;
  const { rows: design } = gpu.design;
  const width = widthOf(C);
  const all = bias === undefined ? [x, weight, y, stats] : [x, weight, bias, y, stats];
  const program = forward(design, width, bias !== undefined);
  gpu.dispatch(program, all, [N, C / width, attributes.epsilon], rowGroups(N, design));
};

export const NormGrad: WebgpuKernel<"NormGrad"> = (gpu, { operands, sizes: { N, C }, attributes }) => {
  const { x, weight, stats, dy, skip, dx } = operands;
  const { rows: design } = gpu.design;
  const width = widthOf(C);
  const all = [x, weight, stats, dy, ...(skip === undefined ? [] : [skip]), dx];
  const program = backward(design, width, attributes.centred, skip !== undefined);
  gpu.dispatch(program, all, [N, C / width], rowGroups(N, design));
};

export const NormWeightGrad: WebgpuKernel<"NormWeightGrad"> = (gpu, { operands, sizes, attributes }) => {
  const { x, stats, dy, dweight, dbias } = operands;
  const { N, C } = sizes;
  const { rows: design } = gpu.design;
  const all = [x, stats, dy, dweight, ...(dbias === undefined ? [] : [dbias])];
  const program = weights(design, dbias !== undefined, attributes.accumulate);
  gpu.dispatch(program, all, [N, C], columnGroups(C, design));
};
