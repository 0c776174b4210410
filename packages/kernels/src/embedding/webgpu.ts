// Embedding in WGSL: a gather; backwards an invocation for each place of the table, which walks its row's chain.

import { sizeOf } from "../plan/plan.ts";
import type { Kernel } from "../webgpu/kernels.ts";
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

export const embeddingKernel: Kernel = (gpu, { ids, table, positions, y }) => {
  const columns = table!.shape[1]!;
  const width = widthOf(columns);
  const size = sizeOf(y!.shape) / width;
  const period = positions === undefined ? 1 : sizeOf(positions.shape) / width;
  const operands = positions === undefined ? [ids!, table!, y!] : [ids!, table!, positions, y!];
  const program = gather(width, positions !== undefined);
  gpu.dispatch(program, operands, [size, columns / width, period], flatGroups(size));
};

export const embeddingGradKernel: Kernel = (gpu, { heads, links, dy, dtable }, { accumulate }) => {
  const columns = dtable!.shape[1]!;
  const width = widthOf(columns);
  const size = sizeOf(dtable!.shape) / width;
  const operands = [heads!, links!, dy!, dtable!];
  gpu.dispatch(scatter(width, accumulate === 1), operands, [size, columns / width], flatGroups(size));
};
