// Embedding in WGSL: a gather; backwards an invocation for each place of the table, which walks its row's chain.

import type { WebgpuKernel } from "../webgpu/kernel.ts";
import {
  flat,
  flatGroups,
  type Program,
  reads,
  vector,
  type Width,
  widthOf,
  writes,
} from "../webgpu/wgsl.ts";

const gather = (width: Width, positions: boolean): Program => ({
  key: `embedding ${width} ${positions}`,
  bindings: [
    reads("ids"),
    reads("words", width),
    ...(positions ? [reads("positions", width)] : []),
    writes("y", width),
  ],
  uniforms: { size: "u32", columns: "u32", period: "u32" },
  code: () =>
    flat(`
  let row = u32(get_ids(index / u.columns));
  let word = get_words(row * u.columns + index % u.columns);
  put_y(index, word${positions ? " + get_positions(index % u.period)" : ""});`),
});

const scatter = (width: Width, accumulate: boolean): Program => ({
  key: `embedding grad ${width} ${accumulate}`,
  bindings: [reads("heads"), reads("links"), reads("dy", width), writes("gradient", width)],
  uniforms: { size: "u32", columns: "u32" },
  code: () =>
    flat(`
  let column = index % u.columns;
  var sum = ${accumulate ? "get_gradient(index)" : `${vector(width)}(0.0)`};
  for (var n = get_heads(index / u.columns); n >= 0; n = get_links(u32(n))) {
    sum += get_dy(u32(n) * u.columns + column);
  }
  put_gradient(index, sum);`),
});

export const Embedding: WebgpuKernel<"Embedding"> = (gpu, { operands, sizes: { N, C, T } }) => {
  const { ids, table, positions, y } = operands;
  const width = widthOf(C);
  const size = (N * C) / width;
  const period = T === undefined ? 1 : (T * C) / width;
  const all = positions === undefined ? [ids, table, y] : [ids, table, positions, y];
  const program = gather(width, positions !== undefined);
  gpu.dispatch(program, all, [size, C / width, period], flatGroups(size));
};

export const EmbeddingGrad: WebgpuKernel<"EmbeddingGrad"> = (
  gpu,
  { operands, sizes: { V, C }, attributes },
) => {
  const { heads, links, dy, dtable } = operands;
  const width = widthOf(C);
  const size = (V * C) / width;
  const program = scatter(width, attributes.accumulate);
  gpu.dispatch(program, [heads, links, dy, dtable], [size, C / width], flatGroups(size));
};
